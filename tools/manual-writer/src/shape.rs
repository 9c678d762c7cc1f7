//! Turns blocks into slices: parts of a sheet that are never split.

use crate::font::Face;
use crate::line::{break_lines, encoded};
use crate::sheet::{GREY, HAIR, INK, MEASURE, Mark};
use crate::slice::{BODY, Column, Setting, Slice, baseline, set, tint};
use crate::source::{About, NoteKind, Piece, Result, Span, Style};
use crate::table;

/// Lines in a monospaced font.
const CODE: Setting = Setting { size: 8.0, leading: 10.6 };
/// Indentation of the text of a list.
const LIST_INDENT: f32 = 16.0;
/// Distance of the text of a note from its bar and from the right edge.
const NOTE_INSET: f32 = 11.0;
/// Notes longer than so many lines may be split: they would leave half a sheet empty.
const NOTE_KEPT_LINES: usize = 14;

/// Shapes a whole manual.
pub(crate) fn shape(about: &About, pieces: &[Piece]) -> Result<Vec<Slice>> {
    column(pieces, Column { left: 0.0, width: MEASURE, accent: about.accent() })
}

fn column(pieces: &[Piece], within: Column) -> Result<Vec<Slice>> {
    let mut slices = Vec::new();
    for piece in pieces {
        slices.extend(match piece {
            Piece::Heading { level, number, text } => heading(*level, number, text, within)?,
            Piece::Paragraph(spans) => paragraph(spans, within)?,
            Piece::Steps(items) => {
                let label = |at: usize| format!("{}.", at + 1);
                list(items, label, within)?
            }
            Piece::Bullets(items) => list(items, |_| "•".to_owned(), within)?,
            Piece::Table { head, rows } => table::shape(head, rows, within)?,
            Piece::Note { kind, pieces } => note(*kind, pieces, within)?,
            Piece::Code(lines) => code(lines, within)?,
        });
    }
    Ok(slices)
}

fn heading(level: u8, number: &str, text: &str, within: Column) -> Result<Vec<Slice>> {
    let (setting, gap, colour, below) = match level {
        1 => (Setting { size: 20.0, leading: 24.0 }, 0.0, within.accent, 18.0),
        2 => (Setting { size: 12.5, leading: 15.5 }, 17.0, within.accent, 3.0),
        _ => (Setting { size: 10.0, leading: 13.0 }, 11.0, INK, 1.0),
    };
    let printed = if number.is_empty() { text.to_owned() } else { format!("{number}  {text}") };
    let lines = break_lines(
        &[Span { text: squeezed(&printed), style: Style::Bold }],
        within.width,
        setting.size,
        true,
    )?;
    let last = lines.len() - 1;
    Ok(lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let mut slice = set(line, setting, colour, within);
            slice.keeps = true;
            slice.gap = if at == 0 { gap } else { 0.0 };
            slice.opens = level == 1 && at == 0;
            slice.heading = (at == 0).then(|| (level, number.to_owned(), text.to_owned()));
            if at == last {
                if level == 1 {
                    let y = -slice.height - 5.0;
                    slice.marks.push(Mark::fill(within.left, y, within.width, 1.2, within.accent));
                }
                slice.height += below;
            }
            slice
        })
        .collect())
}

/// Words of a heading with single spaces, including one between number and text.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraph(spans: &[Span], within: Column) -> Result<Vec<Slice>> {
    let lines = break_lines(spans, within.width, BODY.size, false)?;
    let count = lines.len();
    let announces = spans.last().is_some_and(|span| span.text.ends_with(':'));
    Ok(lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let mut slice = set(line, BODY, INK, within);
            slice.gap = if at == 0 { 5.5 } else { 0.0 };
            // No widows and orphans: a single line of a paragraph is never alone on a sheet.
            slice.keeps = count > 1 && (at == 0 || at + 2 == count);
            // The line before a list or a table stays with it.
            slice.keeps |= at + 1 == count && announces;
            slice
        })
        .collect())
}

fn list(items: &[Vec<Piece>], label: fn(usize) -> String, within: Column) -> Result<Vec<Slice>> {
    let (left, width) = (within.left + LIST_INDENT, within.width - LIST_INDENT);
    let inner = Column { left, width, ..within };
    let mut slices = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut own = column(item, inner)?;
        if let Some(first) = own.first_mut() {
            let label = label(at);
            let face = if label == "•" { Face::Regular } else { Face::Bold };
            first.gap = if at == 0 { 5.0 } else { 3.2 };
            // First, so that the number precedes the text in reading order.
            first.marks.insert(
                0,
                Mark::Text {
                    x: within.left + 1.0,
                    y: -baseline(BODY),
                    face,
                    size: BODY.size,
                    colour: within.accent,
                    text: encoded(&label)?,
                },
            );
        }
        slices.extend(own);
    }
    Ok(slices)
}

fn note(kind: NoteKind, pieces: &[Piece], within: Column) -> Result<Vec<Slice>> {
    let colour = match kind {
        NoteKind::Note => within.accent,
        NoteKind::Tip => [0.16, 0.47, 0.29],
        NoteKind::Caution => [0.72, 0.46, 0.05],
        NoteKind::Warning => [0.70, 0.14, 0.14],
    };
    let (left, width) = (within.left + NOTE_INSET, within.width - 2.0 * NOTE_INSET);
    let mut slices = column(pieces, Column { left, width, accent: colour })?;
    let count = slices.len();
    for (at, slice) in slices.iter_mut().enumerate() {
        // The gap belongs to the box, else its background would show stripes.
        let above = if at == 0 { 5.0 } else { slice.gap };
        let below = if at + 1 == count { 6.0 } else { 0.0 };
        slice.marks = slice.marks.drain(..).map(|mark| mark.moved(0.0, -above)).collect();
        slice.height += above + below;
        slice.gap = if at == 0 { 8.0 } else { 0.0 };
        slice.keeps = count <= NOTE_KEPT_LINES && at + 1 < count;
        let ground =
            |width, colour| Mark::fill(within.left, -slice.height, width, slice.height, colour);
        let boxed = [ground(within.width, tint(colour, 0.07)), ground(2.6, colour)];
        slice.marks.splice(0..0, boxed);
    }
    slices.push(Slice { height: 4.0, ..Slice::default() });
    Ok(slices)
}

fn code(lines: &[String], within: Column) -> Result<Vec<Slice>> {
    let mut slices = Vec::new();
    for (at, text) in lines.iter().enumerate() {
        let text = encoded(text)?;
        slices.push(Slice {
            height: CODE.leading,
            gap: if at == 0 { 6.0 } else { 0.0 },
            keeps: at + 1 < lines.len(),
            marks: vec![
                Mark::fill(within.left, -CODE.leading, 1.0, CODE.leading, HAIR),
                Mark::Text {
                    x: within.left + 8.0,
                    y: -baseline(CODE),
                    face: Face::Mono,
                    size: CODE.size,
                    colour: GREY,
                    text,
                },
            ],
            ..Slice::default()
        });
    }
    Ok(slices)
}
