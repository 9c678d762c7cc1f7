//! Word recall and word order of read pages against `pdftotext`, for each PDF of a folder.
//!
//!     cargo run --release -p hsc-manuals --example recall -- FOLDER [--pages] [--words]
//!
//! Recall is the part of the words that `pdftotext -layout` finds on a page and the reader does too, counted as often as
//! they stand there; a word is a run of letters and digits, in lower case, compatibility forms decomposed. It is given for
//! the text of the page and for its passages, which leave running headers and footers out. Order is counted over the
//! words that stand once on a page in both modes of `pdftotext` (`-layout` and the default): of the pairs whose order
//! both modes agree on, the part that the reader has in that order: of neighbours, which are next to each other among these
//! words in the first mode, and of all pairs, most of which stand in different columns and paragraphs. `--pages` lists pages whose recall is below 0.95,
//! `--words` the words that they lack.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use hsc_catalogs::{DocumentationKind, Manual};
use hsc_manuals::{HtmlLimits, Limits, read};
use unicode_normalization::UnicodeNormalization as _;

/// Recall from which a page is not listed.
const LISTED_BELOW: f64 = 0.95;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let folder = arguments.first().ok_or("usage: recall FOLDER [--pages] [--words]")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "pdf"));
    files.sort();
    let mut all = Figures::default();
    println!("pages  text   passages  <0.80  neighbours  all pairs  file");
    for file in files {
        let figures = measure(&file, has("--pages"), has("--words"))?;
        println!("{figures}  {}", file.file_name().unwrap_or_default().to_string_lossy());
        all.add(figures);
    }
    println!("{all}  all");
    Ok(())
}

/// Sums over pages.
#[derive(Default)]
struct Figures {
    pages: usize,
    text: f64,
    passages: f64,
    low: usize,
    neighbours: Order,
    pairs: Order,
}

/// Pairs whose order two modes of `pdftotext` agree on, and those that the reader has in that order.
#[derive(Default, Clone, Copy)]
struct Order {
    agreed: u64,
    ordered: u64,
}

impl Order {
    fn add(&mut self, other: Self) {
        self.agreed += other.agreed;
        self.ordered += other.ordered;
    }

    fn share(self) -> f64 {
        self.ordered as f64 / self.agreed.max(1) as f64
    }
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.pages += other.pages;
        self.text += other.text;
        self.passages += other.passages;
        self.low += other.low;
        self.neighbours.add(other.neighbours);
        self.pairs.add(other.pairs);
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pages = self.pages.max(1) as f64;
        let (text, passages) = (self.text / pages, self.passages / pages);
        let (neighbours, pairs) = (self.neighbours.share(), self.pairs.share());
        write!(
            out,
            "{:5}  {text:.4}  {passages:.4}  {:5}  {neighbours:.4}      {pairs:.4}   ",
            self.pages, self.low
        )
    }
}

fn measure(file: &Path, list_pages: bool, list_words: bool) -> Result<Figures, Box<dyn Error>> {
    let limits = Limits {
        max_pages: 2_000,
        max_text_bytes: 32 << 20,
        timeout_ms: 60_000,
        threads: Limits::all_cores(),
        html: HtmlLimits { max_nodes: 1_000_000, max_depth: 512, max_attributes: 256 },
    };
    let manual = read(&std::fs::read(file)?, DocumentationKind::Pdf, None, limits)?;
    let (layout, plain) = (pdftotext(file, &["-layout"])?, pdftotext(file, &[])?);
    let mut figures = Figures::default();
    for (at, page) in manual.pages.iter().enumerate() {
        let expected = words(layout.get(at).map_or("", String::as_str));
        let has = words(&page.text);
        let order = ordered(&expected, &words(plain.get(at).map_or("", String::as_str)), &has);
        figures.neighbours.add(order.0);
        figures.pairs.add(order.1);
        if expected.is_empty() {
            continue;
        }
        let (text, lacking) = recall(&expected, &has);
        figures.pages += 1;
        figures.text += text;
        figures.passages += recall(&expected, &words(&passages(&manual, page.number))).0;
        figures.low += usize::from(text < 0.8);
        if list_pages && text < LISTED_BELOW {
            println!("    page {}: {text:.3} of {} words", page.number, expected.len());
            if list_words {
                println!("      {}", lacking.join(" "));
            }
        }
    }
    Ok(figures)
}

/// The text of the passages of a page and of the headings above them.
fn passages(manual: &Manual, page: u32) -> String {
    let mut text = String::new();
    for passage in manual.passages.iter().filter(|passage| passage.page == page) {
        for piece in passage.headings.iter().map(String::as_str).chain([passage.text().as_str()]) {
            text.push_str(piece);
            text.push('\n');
        }
    }
    text
}

/// The pages of a file as `pdftotext` writes them.
fn pdftotext(file: &Path, mode: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let output =
        Command::new("pdftotext").args(mode).args(["-enc", "UTF-8"]).arg(file).arg("-").output()?;
    if !output.status.success() {
        return Err(format!("pdftotext fails on {}", file.display()).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split('\u{c}').map(str::to_owned).collect())
}

fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The part of the wanted words that are there, and those that are not.
fn recall(expected: &[String], has: &[String]) -> (f64, Vec<String>) {
    let mut remaining: HashMap<&str, usize> = HashMap::new();
    for word in has {
        *remaining.entry(word).or_default() += 1;
    }
    let mut lacking = Vec::new();
    for word in expected {
        match remaining.get_mut(word.as_str()) {
            Some(count @ 1..) => *count -= 1,
            _ => lacking.push(word.clone()),
        }
    }
    (1.0 - lacking.len() as f64 / expected.len() as f64, lacking)
}

/// The order of neighbours and of all pairs.
fn ordered(layout: &[String], plain: &[String], has: &[String]) -> (Order, Order) {
    let (layout, plain, has) = (once(layout), once(plain), once(has));
    let mut places: Vec<[usize; 3]> = layout
        .iter()
        .filter_map(|(word, at)| Some([*at, *plain.get(word)?, *has.get(word)?]))
        .collect();
    places.sort_unstable();
    let (mut neighbours, mut pairs) = (Order::default(), Order::default());
    for (at, one) in places.iter().enumerate() {
        for (distance, other) in places[at + 1..].iter().enumerate() {
            if one[1] < other[1] {
                let found = Order { agreed: 1, ordered: u64::from(one[2] < other[2]) };
                pairs.add(found);
                if distance == 0 {
                    neighbours.add(found);
                }
            }
        }
    }
    (neighbours, pairs)
}

/// The words that stand once, and where.
fn once(words: &[String]) -> BTreeMap<&str, usize> {
    let mut places: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        places.entry(word).and_modify(|place| *place = None).or_insert(Some(at));
    }
    places.into_iter().filter_map(|(word, place)| Some((word, place?))).collect()
}
