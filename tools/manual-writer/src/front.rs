//! The whole document: title page, contents, body, page headers and footers.

use crate::font::Face;
use crate::line::encoded;
use crate::paginate::paginate;
use crate::shape::shape;
use crate::sheet::{
    BOTTOM, Colour, DEPTH, GREY, HAIR, HEIGHT, INK, MEASURE, Mark, Place, SIDE, Sheet, TOP, WIDTH,
};
use crate::slice::{Setting, tint};
use crate::source::{About, Result, Source, SourceError};
use crate::write::write;

/// A typeset manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typeset {
    /// The bytes of the PDF.
    pub bytes: Vec<u8>,
    /// Number of pages, including title and contents.
    pub pages: usize,
}

/// Typesets a source as PDF: the same source gives the same bytes.
///
/// # Errors
/// When it contains a character that the PDF fonts lack.
pub fn pdf(source: &Source) -> Result<Typeset, SourceError> {
    let about = &source.about;
    let (body, places) = paginate(shape(about, &source.pieces)?);
    let mut sheets = vec![title_page(about)?];
    // The number of pages of the contents does not depend on the page numbers in them.
    let offset = sheets.len() + contents(about, &places, 0)?.len();
    sheets.extend(contents(about, &places, offset)?);
    sheets.extend(body);
    for (at, sheet) in sheets.iter_mut().enumerate().skip(1) {
        running(about, sheet, at + 1)?;
    }
    let pages = sheets.len();
    Ok(Typeset { bytes: write(about, &sheets, &places, offset), pages })
}

fn text(x: f32, y: f32, face: Face, size: f32, colour: Colour, text: &str) -> Result<Mark> {
    Ok(Mark::Text { x, y, face, size, colour, text: encoded(text)? })
}

/// Text that ends at `right`.
fn text_to(right: f32, y: f32, face: Face, size: f32, colour: Colour, words: &str) -> Result<Mark> {
    let width = face.width(&encoded(words)?, size);
    text(right - width, y, face, size, colour, words)
}

fn title_page(about: &About) -> Result<Sheet> {
    /// Height of the coloured upper part.
    const BANNER: f32 = 330.0;
    let colour = about.accent();
    let foot = HEIGHT - BANNER;
    let mut marks = vec![
        Mark::fill(0.0, foot, WIDTH, BANNER, colour),
        Mark::fill(0.0, foot - 5.0, WIDTH, 5.0, tint(colour, 0.45)),
        text(SIDE, HEIGHT - 62.0, Face::Bold, 15.0, [1.0; 3], &about.maker)?,
    ];
    // The model in the largest size that fits the line.
    let model = encoded(&about.model)?;
    let size = (MEASURE / Face::Bold.width(&model, 1.0).max(0.01)).min(64.0);
    marks.push(text(SIDE, foot + 86.0, Face::Bold, size, [1.0; 3], &about.model)?);
    let product = encoded(&about.product)?;
    let size = (MEASURE / Face::Regular.width(&product, 1.0).max(0.01)).min(14.0);
    marks.push(text(SIDE, foot + 52.0, Face::Regular, size, tint(colour, 0.12), &about.product)?);
    marks.push(text(SIDE, foot - 58.0, Face::Bold, 22.0, INK, &about.title)?);
    marks.push(text(SIDE, 62.0, Face::Regular, 9.0, GREY, &about.edition)?);
    marks.push(text_to(WIDTH - SIDE, 62.0, Face::Regular, 9.0, GREY, &about.code)?);
    Ok(Sheet { marks, ..Sheet::default() })
}

/// Lines of the contents.
const CHAPTER: Setting = Setting { size: 9.6, leading: 17.4 };
const SECTION: Setting = Setting { size: 8.8, leading: 12.2 };
/// Height of the heading above the contents.
const CONTENTS_HEAD: f32 = 36.0;

/// The pages of the contents. `offset` is the number of sheets before the body.
fn contents(about: &About, places: &[Place], offset: usize) -> Result<Vec<Sheet>> {
    let colour = about.accent();
    let right = WIDTH - SIDE;
    let mut sheets = vec![Sheet::default()];
    sheets[0].marks.push(text(SIDE, HEIGHT - TOP - 18.0, Face::Bold, 20.0, colour, "Contents")?);
    let mut remaining = DEPTH - CONTENTS_HEAD;
    for place in places.iter().filter(|place| place.level <= 2) {
        let (face, setting, x) = if place.level == 1 {
            (Face::Bold, CHAPTER, SIDE)
        } else {
            (Face::Regular, SECTION, SIDE + 14.0)
        };
        if setting.leading > remaining {
            sheets.push(Sheet::default());
            remaining = DEPTH;
        }
        remaining -= setting.leading;
        let y = BOTTOM + remaining + 3.0;
        let page = place.sheet + offset;
        let number = (page + 1).to_string();
        let sheet = sheets.last_mut().expect("begun with one");
        // One run per line: entry, dots, number, in reading order.
        let entry = place.printed();
        let room = right - x - face.width(&encoded(&number)?, setting.size);
        let used = face.width(&encoded(&format!("{entry}  "))?, setting.size);
        let dot = face.width(b" .", setting.size);
        let dots = ((room - used) / dot).floor().max(0.0) as usize;
        let entry = format!("{entry} {}", " .".repeat(dots));
        sheet.marks.push(text(x, y, face, setting.size, INK, &entry)?);
        sheet.marks.push(text_to(right, y, face, setting.size, INK, &number)?);
        sheet.links.push(([x, y - 3.0, right, y + setting.size], page));
    }
    Ok(sheets)
}

/// Header with product and chapter, footer with the page number.
fn running(about: &About, sheet: &mut Sheet, page: usize) -> Result<()> {
    const SIZE: f32 = 7.6;
    let (right, head, foot) = (WIDTH - SIDE, HEIGHT - 38.0, 30.0);
    let own = if about.model.is_empty() { &about.product } else { &about.model };
    let chapter = if sheet.chapter.is_empty() { "Contents" } else { sheet.chapter.as_str() };
    let mut marks = vec![
        text(SIDE, head, Face::Regular, SIZE, GREY, own)?,
        text_to(right, head, Face::Regular, SIZE, GREY, chapter)?,
        Mark::fill(SIDE, head - 7.0, MEASURE, 0.5, HAIR),
    ];
    if !about.code.is_empty() {
        marks.push(text(SIDE, foot, Face::Regular, SIZE, GREY, &about.code)?);
    }
    marks.push(text_to(right, foot, Face::Bold, 8.4, INK, &page.to_string())?);
    // The header precedes the text and the footer follows it, in reading order.
    let below = marks.split_off(3);
    sheet.marks.splice(0..0, marks);
    sheet.marks.extend(below);
    Ok(())
}
