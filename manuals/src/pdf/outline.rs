//! What a PDF declares about itself: its title, its bookmarks, and its page labels, the numbers that a viewer shows.
//! Every walk is bounded: cyclic links are read once.

use std::collections::{HashMap, HashSet};

use hayro_syntax::Pdf;
use hayro_syntax::object::{
    Array, Dict, MaybeRef, Name, ObjRef, Object, ObjectIdentifier, String as PdfString,
};
use hsc_catalogs::Heading;

use super::super::page_headers::roman_numeral;
use super::drawn::decode;

/// Most bookmarks and most ranges of labels that are read. The largest manuals have a few thousand.
const MOST: usize = 20_000;
/// Deepest bookmark, and deepest node of a tree of names or labels.
const DEEPEST: u8 = 16;
/// Longest title of a bookmark in characters; a longer one is not a heading.
const LONGEST: usize = 300;
/// Longest label in characters. A longer one is not a page number.
const LONGEST_LABEL: usize = 20;
/// Largest page number that is written in Roman numerals: they grow with the number.
const LARGEST_ROMAN: u32 = 4_000;

/// The title of the document information; may be empty.
pub(super) fn title(pdf: &Pdf) -> String {
    pdf.metadata().title.as_deref().map(decode).unwrap_or_default().trim().to_owned()
}

/// The bookmarks in order, as headings with their target page.
pub(super) fn headings(pdf: &Pdf) -> Vec<Heading> {
    let Some(catalog) = catalog(pdf) else { return Vec::new() };
    let Some(outlines) = catalog.get::<Dict<'_>>(b"Outlines".as_slice()) else { return Vec::new() };
    let pages = pdf.pages().iter().enumerate();
    let mut walk = Walk {
        pages: pages.filter_map(|(number, page)| Some((page.raw().obj_id()?, number))).collect(),
        count: pdf.pages().len(),
        names: None,
        catalog,
        seen: HashSet::new(),
        found: Vec::new(),
    };
    walk.level(&outlines, 1);
    walk.found
}

fn catalog(pdf: &Pdf) -> Option<Dict<'_>> {
    pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())
}

struct Walk<'a> {
    pages: HashMap<ObjectIdentifier, usize>,
    count: usize,
    /// Named destinations, read at the first bookmark that needs them.
    names: Option<HashMap<Vec<u8>, Object<'a>>>,
    catalog: Dict<'a>,
    seen: HashSet<ObjRef>,
    found: Vec<Heading>,
}

impl<'a> Walk<'a> {
    fn level(&mut self, above: &Dict<'a>, depth: u8) {
        let (mut from, mut key) = (above.clone(), b"First".as_slice());
        while let Some(reference) = from.get_ref(key) {
            if depth > DEEPEST || self.found.len() >= MOST || !self.seen.insert(reference) {
                return;
            }
            let Some(item) = from.get::<Dict<'a>>(key) else { return };
            if let Some(heading) = self.heading(&item, depth) {
                self.found.push(heading);
            }
            self.level(&item, depth + 1);
            (from, key) = (item, b"Next");
        }
    }

    fn heading(&mut self, item: &Dict<'a>, level: u8) -> Option<Heading> {
        let text = decode(item.get::<PdfString<'_>>(b"Title".as_slice())?.as_bytes());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() || text.chars().count() > LONGEST {
            return None;
        }
        let target = item.get::<Object<'a>>(b"Dest".as_slice()).or_else(|| {
            item.get::<Dict<'a>>(b"A".as_slice())?.get::<Object<'a>>(b"D".as_slice())
        })?;
        let page = u32::try_from(self.page(target)?).ok()?;
        Some(Heading { level, text, page: page + 1 })
    }

    /// The target page of a destination, from 0. A name refers to an array that begins with a page, or to a dictionary
    /// with such an array; a page is a reference, or a number in non-conforming files.
    fn page(&mut self, target: Object<'a>) -> Option<usize> {
        let target = match target {
            Object::String(name) => self.named(name.as_bytes())?,
            Object::Name(name) => self.named(name.as_ref())?,
            other => other,
        };
        let target = match target {
            Object::Dict(target) => target.get::<Array<'a>>(b"D".as_slice())?,
            Object::Array(target) => target,
            _ => return None,
        };
        match target.raw_iter().next()? {
            MaybeRef::Ref(reference) => self.pages.get(&reference.into()).copied(),
            MaybeRef::NotRef(Object::Number(number)) => {
                usize::try_from(number.as_i64()).ok().filter(|page| *page < self.count)
            }
            MaybeRef::NotRef(_) => None,
        }
    }

    fn named(&mut self, name: &[u8]) -> Option<Object<'a>> {
        if self.names.is_none() {
            self.names = Some(names(&self.catalog));
        }
        self.names.as_ref()?.get(name).cloned()
    }
}

/// The named destinations of a document: a name tree, and a dictionary in older files.
fn names<'a>(catalog: &Dict<'a>) -> HashMap<Vec<u8>, Object<'a>> {
    let mut names = HashMap::new();
    if let Some(older) = catalog.get::<Dict<'a>>(b"Dests".as_slice()) {
        for key in older.keys().take(MOST) {
            if let Some(target) = older.get::<Object<'a>>(key.as_ref()) {
                names.insert(key.as_ref().to_vec(), target);
            }
        }
    }
    let root = catalog.get::<Dict<'a>>(b"Names".as_slice());
    if let Some(root) = root.and_then(|names| names.get::<Dict<'a>>(b"Dests".as_slice())) {
        names.extend(entries(root, b"Names", |name, target| match name {
            Object::String(name) => Some((name.as_bytes().to_vec(), target)),
            _ => None,
        }));
    }
    names
}

/// The entries of a tree of names or of numbers, whose nodes have pairs of a key and a value below `pairs`. The pairs
/// of a node end at the first that is no entry.
fn entries<'a, Entry>(
    root: Dict<'a>,
    pairs: &[u8],
    entry: impl Fn(Object<'a>, Object<'a>) -> Option<Entry>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut waiting = vec![(root, 0)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > DEEPEST || entries.len() >= MOST || waiting.len() > MOST {
            break;
        }
        if let Some(pairs) = node.get::<Array<'a>>(pairs) {
            let mut pairs = pairs.iter::<Object<'a>>();
            entries.extend(std::iter::from_fn(|| entry(pairs.next()?, pairs.next()?)));
        }
        if let Some(kids) = node.get::<Array<'a>>(b"Kids".as_slice()) {
            waiting.extend(kids.iter::<Dict<'a>>().take(MOST).map(|kid| (kid, depth + 1)));
        }
    }
    entries
}

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
    let root = catalog(pdf).and_then(|catalog| catalog.get::<Dict<'_>>(b"PageLabels".as_slice()));
    let mut ranges = root.map(ranges).unwrap_or_default();
    ranges.retain(|range| range.first < count);
    ranges.sort_by_key(|range| range.first);
    let mut labels = vec![None; count];
    for (at, range) in ranges.iter().enumerate() {
        let end = ranges.get(at + 1).map_or(count, |next| next.first);
        for (number, label) in (range.start..).zip(&mut labels[range.first..end]) {
            let text = format!("{}{}", range.prefix, numeral(range.style, number));
            *label = Some(text.trim().to_owned())
                .filter(|text| !text.is_empty() && text.chars().count() <= LONGEST_LABEL);
        }
    }
    let is_own = (1..).zip(&labels).any(|(number, label): (usize, _)| {
        label.as_ref().is_some_and(|label| *label != number.to_string())
    });
    if is_own { labels } else { Vec::new() }
}

fn ranges(root: Dict<'_>) -> Vec<Range> {
    let ranges = entries(root, b"Nums", |first, range| match (first, range) {
        (Object::Number(first), Object::Dict(range)) => Some((first.as_i64(), range)),
        _ => None,
    });
    let range = |(first, range): (i64, Dict<'_>)| {
        let style = range.get::<Name<'_>>(b"S".as_slice());
        let prefix = range.get::<PdfString<'_>>(b"P".as_slice());
        let start = range.get::<i32>(b"St".as_slice());
        Some(Range {
            first: usize::try_from(first).ok()?,
            style: style.and_then(|style| style.as_ref().first().copied()),
            prefix: prefix.map(|prefix| decode(prefix.as_bytes())).unwrap_or_default(),
            start: start.and_then(|start| u32::try_from(start).ok()).unwrap_or(1).max(1),
        })
    };
    ranges.into_iter().filter_map(range).collect()
}

/// A number in the style of a range; empty without a style.
fn numeral(style: Option<u8>, number: u32) -> String {
    match style {
        Some(b'D') => number.to_string(),
        Some(b'R' | b'r') if number > LARGEST_ROMAN => number.to_string(),
        Some(b'R') => roman_numeral(number.into()),
        Some(b'r') => roman_numeral(number.into()).to_lowercase(),
        Some(b'A') => letters(number),
        Some(b'a') => letters(number).to_lowercase(),
        _ => String::new(),
    }
}

/// A to Z, then AA to ZZ, and so on.
fn letters(number: u32) -> String {
    let (times, letter) = ((number - 1) / 26 + 1, (number - 1) % 26);
    let letter = char::from(b'A' + u8::try_from(letter).unwrap_or(0));
    std::iter::repeat_n(letter, (times as usize).min(LONGEST_LABEL)).collect()
}
