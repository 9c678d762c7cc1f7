//! The page labels of a PDF: the page numbers that a viewer shows.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};

use super::drawn::decode;

/// Deepest node of the tree of labels, and most ranges that are read.
const DEEPEST: u8 = 16;
const MOST: usize = 20_000;
/// Longest label in characters. A longer one is not a page number.
const LONGEST: usize = 20;

/// A range of pages with one label style.
struct Range {
    first: usize,
    style: Option<u8>,
    prefix: String,
    start: u32,
}

/// The label of each page; empty if the document has none, or only the numbers of the file.
pub(super) fn labels(pdf: &Pdf) -> Vec<Option<String>> {
    let count = pdf.pages().len();
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let root = catalog.and_then(|catalog| catalog.get::<Dict<'_>>(b"PageLabels".as_slice()));
    let mut ranges = root.map(ranges).unwrap_or_default();
    ranges.retain(|range| range.first < count);
    ranges.sort_by_key(|range| range.first);
    let mut labels = vec![None; count];
    for (at, range) in ranges.iter().enumerate() {
        let end = ranges.get(at + 1).map_or(count, |next| next.first);
        for (number, label) in (range.start..).zip(&mut labels[range.first..end]) {
            let text = format!("{}{}", range.prefix, numeral(range.style, number));
            *label = Some(text.trim().to_owned())
                .filter(|text| !text.is_empty() && text.chars().count() <= LONGEST);
        }
    }
    let is_own = (1..).zip(&labels).any(|(number, label): (usize, _)| {
        label.as_ref().is_some_and(|label| *label != number.to_string())
    });
    if is_own { labels } else { Vec::new() }
}

fn ranges(root: Dict<'_>) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut waiting = vec![(root, 0)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > DEEPEST || ranges.len() >= MOST || waiting.len() > MOST {
            break;
        }
        if let Some(pairs) = node.get::<Array<'_>>(b"Nums".as_slice()) {
            let mut pairs = pairs.iter::<Object<'_>>();
            while let (Some(Object::Number(first)), Some(Object::Dict(range))) =
                (pairs.next(), pairs.next())
            {
                let Ok(first) = usize::try_from(first.as_i64()) else { continue };
                let style = range.get::<Name<'_>>(b"S".as_slice());
                let prefix = range.get::<PdfString<'_>>(b"P".as_slice());
                let start =
                    range.get::<i32>(b"St".as_slice()).and_then(|start| u32::try_from(start).ok());
                ranges.push(Range {
                    first,
                    style: style.and_then(|style| style.as_ref().first().copied()),
                    prefix: prefix.map(|prefix| decode(prefix.as_bytes())).unwrap_or_default(),
                    start: start.unwrap_or(1).max(1),
                });
            }
        }
        if let Some(kids) = node.get::<Array<'_>>(b"Kids".as_slice()) {
            waiting.extend(kids.iter::<Dict<'_>>().take(MOST).map(|kid| (kid, depth + 1)));
        }
    }
    ranges
}

/// A number in the style of a range; empty without a style.
fn numeral(style: Option<u8>, number: u32) -> String {
    match style {
        Some(b'D') => number.to_string(),
        Some(b'R') => roman(number),
        Some(b'r') => roman(number).to_lowercase(),
        Some(b'A') => letters(number),
        Some(b'a') => letters(number).to_lowercase(),
        _ => String::new(),
    }
}

fn roman(mut number: u32) -> String {
    if number > 4_000 {
        return number.to_string();
    }
    let mut text = String::new();
    for (value, letters) in [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ] {
        while number >= value {
            text.push_str(letters);
            number -= value;
        }
    }
    text
}

/// A to Z, then AA to ZZ, and so on.
fn letters(number: u32) -> String {
    let (times, letter) = ((number - 1) / 26 + 1, (number - 1) % 26);
    let letter = char::from(b'A' + u8::try_from(letter).unwrap_or(0));
    std::iter::repeat_n(letter, (times as usize).min(LONGEST)).collect()
}
