//! A web page as sections, and back to a plain page for a browser.
//!
//! A page of such a manual is a section: what stands under an `h1` or `h2`. Its number is its place in
//! the document, and the plain page that [`print()`] makes has an anchor of that name, so that
//! `/manuals/<id>#page=3` opens the third section.

mod chaff;
mod parse;
mod print;
mod walk;

use hsc_catalogs::{Manual, ManualFormat, ManualSource};
use scraper::{Html, Selector};

pub(super) use self::print::print;
use super::ReadError;
use super::sheet::Budget;

/// Reads a web page.
pub(super) fn read(bytes: &[u8], budget: &Budget) -> Result<Manual, ReadError> {
    // Any bytes at all parse as HTML; a page without a single tag is something else.
    if !bytes.contains(&b'<') || bytes[..bytes.len().min(1024)].contains(&0) && !is_utf16(bytes) {
        return Err(ReadError::WrongKind { expected: "HTML" });
    }
    let mut page = decode(bytes);
    // The parser passes over each of them, one token at a time.
    page.retain(|letter| letter != '\0');
    let document = parse::parse(&page, budget)?;
    drop(page);
    let walked = walk::walk(&document, budget)?;
    if walked.passages.is_empty() {
        return Err(ReadError::Empty);
    }
    budget.check_pages(walked.pages.len())?;
    Ok(Manual {
        title: title(&document),
        format: ManualFormat::Html,
        source: ManualSource { location: String::new(), stale: false },
        pages: walked.pages,
        passages: walked.passages,
        outline: walked.headings,
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
}

/// Text of the two encodings that are left on the web, and of what Windows wrote before them.
fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // One bad byte in a page of UTF-8 is a slip; a page of Windows-1252 has one in every word
        // with an accent and, as UTF-8, hardly any good one.
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_)
                if bytes
                    .windows(2)
                    .any(|pair| pair[0] >= 0xc3 && (0x80..0xc0).contains(&pair[1])) =>
            {
                String::from_utf8_lossy(bytes).into_owned()
            }
            Err(_) => bytes.iter().map(|&byte| windows_1252(byte)).collect(),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
}

/// Latin-1, but for the quotes, dashes and the euro that Windows put among its control characters.
fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x95 => '•',
        0x96 => '–',
        0x97 => '—',
        0x99 => '™',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests;
