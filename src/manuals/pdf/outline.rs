//! Bookmarks and title of a PDF.
//!
//! The library's own walk follows `/First` and `/Next` wherever they lead, and a circle of bookmarks
//! would lead it until memory or stack run out. This one is bounded.

use std::collections::HashSet;

use hsc_catalogs::Heading;
use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};
use pdf_oxide::optional_content::decode_pdf_text_string;

/// Most bookmarks that are read. The largest manuals have a few thousand.
const MOST: usize = 20_000;
/// Deepest bookmark, and deepest node of the page tree.
const DEEPEST: u8 = 16;
/// Longest title of a bookmark in characters; a longer one is no heading.
const LONGEST: usize = 300;

/// The bookmarks in order, as headings with the page they open.
pub(super) fn headings(document: &PdfDocument, pages: usize) -> Vec<Heading> {
    let Some(first) = (|| {
        let catalog = document.catalog().ok()?;
        let outlines = child(document, &catalog, "Outlines")?;
        outlines.as_dict()?.get("First")?.as_reference()
    })() else {
        return Vec::new();
    };
    let mut walk = Walk {
        document,
        order: page_order(document, pages),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    walk.level(first, 1);
    walk.found
}

/// The title of the document information, empty when there is none.
pub(super) fn title(document: &PdfDocument) -> String {
    let title = (|| {
        let info = child(document, document.trailer(), "Info")?;
        let title = child(document, &info, "Title")?;
        Some(decode_pdf_text_string(title.as_string()?))
    })();
    title.unwrap_or_default().trim().to_owned()
}

/// The number of pages that the page tree says it has.
pub(super) fn claimed_pages(document: &PdfDocument) -> usize {
    let count = (|| {
        let pages = child(document, &document.catalog().ok()?, "Pages")?;
        child(document, &pages, "Count")?.as_integer()
    })();
    usize::try_from(count.unwrap_or(0)).unwrap_or(0)
}

fn child(document: &PdfDocument, object: &Object, key: &str) -> Option<Object> {
    let value = object.as_dict()?.get(key)?;
    match value.as_reference() {
        Some(reference) => document.load_object(reference).ok(),
        None => Some(value.clone()),
    }
}

struct Walk<'a> {
    document: &'a PdfDocument,
    order: Vec<ObjectRef>,
    seen: HashSet<ObjectRef>,
    found: Vec<Heading>,
}

impl Walk<'_> {
    fn level(&mut self, first: ObjectRef, depth: u8) {
        let mut next = Some(first);
        while let Some(reference) = next {
            if depth > DEEPEST || self.found.len() >= MOST || !self.seen.insert(reference) {
                return;
            }
            let Ok(item) = self.document.load_object(reference) else { return };
            let Some(dictionary) = item.as_dict() else { return };
            if let Some(heading) = self.heading(&item, depth) {
                self.found.push(heading);
            }
            if let Some(first) = dictionary.get("First").and_then(Object::as_reference) {
                self.level(first, depth + 1);
            }
            next = dictionary.get("Next").and_then(Object::as_reference);
        }
    }

    fn heading(&self, item: &Object, level: u8) -> Option<Heading> {
        let title = child(self.document, item, "Title")?;
        let text = decode_pdf_text_string(title.as_string()?);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() || text.chars().count() > LONGEST {
            return None;
        }
        let target = child(self.document, item, "Dest").or_else(|| {
            let action = child(self.document, item, "A")?;
            child(self.document, &action, "D")
        })?;
        let page = u32::try_from(self.page(target)?).ok()?;
        Some(Heading { level, text, page: page + 1 })
    }

    /// The page a destination opens, counted from 0. A name stands for an array that begins with a
    /// page; a page is a reference, or a number in files that bend the rule.
    fn page(&self, target: Object) -> Option<usize> {
        if let Object::String(name) = &target {
            return self.named(&String::from_utf8_lossy(name));
        }
        if let Some(name) = target.as_name() {
            return self.named(name);
        }
        let first = target.as_array()?.first()?;
        match first.as_reference() {
            Some(reference) => self.order.iter().position(|page| *page == reference),
            None => {
                usize::try_from(first.as_integer()?).ok().filter(|page| *page < self.order.len())
            }
        }
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.document.resolve_named_destination(name).ok().flatten()
    }
}

/// The references of the pages in order.
fn page_order(document: &PdfDocument, pages: usize) -> Vec<ObjectRef> {
    let mut order = Vec::with_capacity(pages.min(MOST));
    let root =
        document.catalog().ok().and_then(|catalog| catalog.as_dict()?.get("Pages")?.as_reference());
    let mut seen = HashSet::new();
    let mut waiting: Vec<(ObjectRef, u8)> = root.map(|root| (root, 0)).into_iter().collect();
    while let Some((reference, depth)) = waiting.pop() {
        if depth > DEEPEST || order.len() >= pages || !seen.insert(reference) {
            continue;
        }
        let Ok(node) = document.load_object(reference) else { continue };
        match child(document, &node, "Kids") {
            Some(kids) => waiting.extend(
                kids.as_array()
                    .into_iter()
                    .flatten()
                    .rev()
                    .filter_map(|kid| Some((kid.as_reference()?, depth + 1))),
            ),
            None => order.push(reference),
        }
    }
    order
}
