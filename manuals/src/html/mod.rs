//! A web page as sections, and a plain page for a browser.
//!
//! A page of such a manual is a section: the content below an `h1` or `h2`. Its number is its position in
//! the document, and the plain page that [`print()`] makes has an anchor with that number, so that
//! `/manuals/<id>#page=3` opens the third section.

mod charset;
mod parse;
mod print;
mod walk;

use encoding_rs::Encoding;
use hsc_catalogs::{Manual, ManualFormat, ManualSource};
use scraper::{Html, Selector};

pub use self::print::print;
use super::ReadError;
use super::sheet::Budget;

/// Reads a web page. `declared` is the charset of `Content-Type`.
pub(super) fn read(
    bytes: &[u8],
    declared: Option<&'static Encoding>,
    budget: &Budget,
) -> Result<Manual, ReadError> {
    // Any bytes parse as HTML; a page without a single tag is another format.
    if !bytes.contains(&b'<') || bytes[..bytes.len().min(1024)].contains(&0) && !is_utf16(bytes) {
        return Err(ReadError::WrongKind { expected: "HTML" });
    }
    let mut page = charset::decode(bytes, declared);
    // The parser handles each of them as a token.
    page.retain(|letter| letter != '\0');
    let document = parse::parse(&page, budget)?;
    drop(page);
    let (pages, mut binder) = walk::walk(&document, budget)?;
    if binder.passages.is_empty() {
        return Err(ReadError::Empty);
    }
    budget.check_pages(pages.len())?;
    super::language::mark(&mut binder.passages);
    Ok(Manual {
        title: title(&document),
        format: ManualFormat::Html,
        source: ManualSource::default(),
        pages,
        passages: binder.passages,
        outline: binder.headings,
    })
}

fn title(document: &Html) -> String {
    let selector = Selector::parse("head > title").expect("a selector");
    let title = document.select(&selector).next();
    let text = title.map(|title| title.text().collect::<String>()).unwrap_or_default();
    super::mending::clean(&text)
}

fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || charset::unmarked_utf_16(bytes).is_some()
}

#[cfg(test)]
mod tests;
