//! Writes sheets as the bytes of a PDF file.

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{ActionType, AnnotationType, PageMode};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::font::Face;
use crate::sheet::{Colour, HEIGHT, Mark, Place, Sheet, WIDTH};
use crate::source::About;

/// Compression level of pages: the highest one that is worth its time; the output is the same on every
/// machine.
const COMPRESSION: u8 = 8;

/// Object numbers, assigned in order.
struct Refs(i32);

impl Refs {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// Writes the file. `offset` is the number of sheets before the body, whose `places` become bookmarks.
/// It contains no date: the same sheets give the same bytes.
pub(crate) fn write(about: &About, sheets: &[Sheet], places: &[Place], offset: usize) -> Vec<u8> {
    let mut refs = Refs(0);
    let (catalog, tree, info) = (refs.next(), refs.next(), refs.next());
    let fonts = Face::ALL.map(|face| (face, refs.next()));
    let pages: Vec<Ref> = sheets.iter().map(|_| refs.next()).collect();
    let mut pdf = Pdf::new();
    let outline = outline(&mut pdf, &mut refs, places, &pages, offset);

    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(&about.language));
    root.viewer_preferences().display_doc_title(true);
    if let Some(outline) = outline {
        root.outlines(outline).page_mode(PageMode::UseOutlines);
    }
    root.finish();
    pdf.pages(tree).kids(pages.iter().copied()).count(count(pages.len()));
    let mut about_file = pdf.document_info(info);
    about_file.title(TextStr(&about.full_title()));
    about_file.author(TextStr(&about.maker));
    about_file.creator(TextStr("manual-writer"));
    about_file.finish();
    for (face, font) in fonts {
        let mut font = pdf.type1_font(font);
        font.base_font(Name(face.base_font()));
        font.encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (sheet, id) in sheets.iter().zip(&pages) {
        let content = refs.next();
        let links: Vec<Ref> = sheet.links.iter().map(|_| refs.next()).collect();
        let mut page = pdf.page(*id);
        page.parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content);
        if !links.is_empty() {
            page.annotations(links.iter().copied());
        }
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for (face, font) in fonts {
            named.pair(Name(face.resource()), font);
        }
        named.finish();
        resources.finish();
        page.finish();
        for ((area, target), id) in sheet.links.iter().zip(links) {
            let [left, bottom, right, top] = *area;
            let mut link = pdf.annotation(id);
            link.subtype(AnnotationType::Link).rect(Rect::new(left, bottom, right, top));
            link.border(0.0, 0.0, 0.0, None);
            link.action().action_type(ActionType::GoTo).destination().page(pages[*target]).fit();
        }
        let bytes = compress_to_vec_zlib(&marks(&sheet.marks), COMPRESSION);
        pdf.stream(content, &bytes).filter(Filter::FlateDecode);
    }
    pdf.finish()
}

fn marks(marks: &[Mark]) -> Vec<u8> {
    let mut content = Content::new();
    // The current state; black is the initial colour of a page.
    let mut fill: Colour = [0.0; 3];
    for mark in marks {
        let (Mark::Text { colour, .. } | Mark::Fill { colour, .. }) = mark;
        if *colour != fill {
            let [red, green, blue] = colour.map(rounded);
            content.set_fill_rgb(red, green, blue);
            fill = *colour;
        }
        match mark {
            Mark::Fill { x, y, width, height, .. } => {
                content.rect(rounded(*x), rounded(*y), rounded(*width), rounded(*height));
                content.fill_nonzero();
            }
            Mark::Text { x, y, face, size, text, .. } => {
                content.begin_text();
                content.set_font(Name(face.resource()), rounded(*size));
                content.next_line(rounded(*x), rounded(*y));
                content.show(Str(text));
                content.end_text();
            }
        }
    }
    content.finish().to_vec()
}

/// Hundredths of a point are finer than any printer; more digits only enlarge the file.
fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

/// Bookmarks: chapters, with their sections below. `None` when there is no heading.
fn outline(
    pdf: &mut Pdf,
    refs: &mut Refs,
    places: &[Place],
    pages: &[Ref],
    offset: usize,
) -> Option<Ref> {
    let listed: Vec<&Place> = places.iter().filter(|place| place.level <= 2).collect();
    // A chapter and its sections.
    let chapters: Vec<&[&Place]> = listed.chunk_by(|_, next| next.level == 2).collect();
    if chapters.is_empty() {
        return None;
    }
    let root = refs.next();
    let ids: Vec<Vec<Ref>> =
        chapters.iter().map(|places| places.iter().map(|_| refs.next()).collect()).collect();
    let own: Vec<Ref> = ids.iter().map(|ids| ids[0]).collect();
    pdf.outline(root).first(own[0]).last(own[own.len() - 1]).count(count(own.len()));
    for (at, (places, ids)) in chapters.iter().zip(&ids).enumerate() {
        let below = &ids[1..];
        item(pdf, root, &own, at, places[0], pages, offset, below);
        for (at, section) in places[1..].iter().enumerate() {
            item(pdf, ids[0], below, at, section, pages, offset, &[]);
        }
    }
    Some(root)
}

/// The bookmark of a place, the one at `at` among its siblings.
#[expect(clippy::too_many_arguments, reason = "the links of one bookmark, all of them needed once")]
fn item(
    pdf: &mut Pdf,
    parent: Ref,
    siblings: &[Ref],
    at: usize,
    place: &Place,
    pages: &[Ref],
    offset: usize,
    below: &[Ref],
) {
    let title = place.printed();
    let mut item = pdf.outline_item(siblings[at]);
    item.title(TextStr(&title)).parent(parent);
    if at > 0 {
        item.prev(siblings[at - 1]);
    }
    if let Some(next) = siblings.get(at + 1) {
        item.next(*next);
    }
    if let (Some(first), Some(last)) = (below.first(), below.last()) {
        // Negative: closed when the file is opened.
        item.first(*first).last(*last).count(-count(below.len()));
    }
    item.dest().page(pages[place.sheet + offset]).xyz(0.0, rounded(place.top + 12.0), None);
}

fn count(length: usize) -> i32 {
    i32::try_from(length).expect("fewer pages than two thousand million")
}
