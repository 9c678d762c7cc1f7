//! Prints what is read from a manual: the blocks of its passages under their headings, or the text of its pages.
//!
//!     cargo run --release -p hsc-manuals --example print -- FILE [FIRST [LAST]] [--text] [--time]
//!
//! `--text` prints the text of each page in place of its passages. `--time` prints only the milliseconds a page that
//! reading takes on one thread: the median of nine readings of the bytes in memory.

use std::error::Error;
use std::time::Instant;

use hsc_catalogs::{Block, DocumentationKind};
use hsc_manuals::{HtmlLimits, Limits, read};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, places): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|other| other == flag);
    let file = places.first().ok_or("usage: print FILE [FIRST [LAST]] [--text] [--time]")?;
    let first: u32 = places.get(1).map_or(Ok(1), |first| first.parse())?;
    let last: u32 = match (places.get(2), places.get(1)) {
        (Some(last), _) => last.parse()?,
        (None, Some(_)) => first,
        (None, None) => u32::MAX,
    };
    let limits = Limits {
        max_pages: 2_000,
        max_text_bytes: 32 << 20,
        timeout_ms: 60_000,
        threads: 1,
        html: HtmlLimits { max_nodes: 1_000_000, max_depth: 512, max_attributes: 256 },
    };
    let kind =
        if file.ends_with(".pdf") { DocumentationKind::Pdf } else { DocumentationKind::Html };
    let bytes = std::fs::read(file)?;
    if has("--time") {
        let mut times = Vec::new();
        let mut pages = 0;
        for _ in 0..9 {
            let begin = Instant::now();
            pages = read(&bytes, kind, None, limits)?.pages.len();
            times.push(begin.elapsed().as_secs_f64() * 1000.0 / pages.max(1) as f64);
        }
        times.sort_by(f64::total_cmp);
        println!("{:6.2} ms a page, {pages:4} pages  {file}", times[times.len() / 2]);
        return Ok(());
    }
    let manual = read(&bytes, kind, None, limits)?;
    if has("--text") {
        for page in manual.pages.iter().filter(|page| (first..=last).contains(&page.number)) {
            println!("--- page {}\n{}", page.number, page.text);
        }
        return Ok(());
    }
    let passages = manual.passages.iter();
    for passage in passages.filter(|passage| (first..=last).contains(&passage.page)) {
        println!("--- page {}: {}", passage.page, passage.headings.join(" > "));
        for block in &passage.blocks {
            let kind = match block {
                Block::Paragraph(_) => "P",
                Block::Step(_) => "S",
                Block::Bullet(_) => "B",
                Block::Row(_) => "R",
                Block::ColumnNames(_) => "C",
                Block::Note(_) => "N",
            };
            println!("{kind} {}", block.text());
        }
    }
    Ok(())
}
