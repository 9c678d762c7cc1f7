//! A manual written as Markdown, set as PDF:
//!
//!     cargo run -p hsc-catalogs --example typeset -- catalogs/manual-sources/wirrabel-wr-1800.md out.pdf

use hsc_catalogs::typeset::{Source, pdf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("give a source and a file to write".into());
    };
    let set = pdf(&Source::parse(&std::fs::read_to_string(from)?)?)?;
    println!("{} pages, {} bytes", set.pages, set.bytes.len());
    std::fs::write(to, set.bytes)?;
    Ok(())
}
