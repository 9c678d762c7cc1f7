//! A part of a sheet that is not split: a line of a paragraph, a row of a table.

use std::rc::Rc;

use crate::line::Line;
use crate::sheet::{Colour, Mark};

/// A part of a sheet: a line of a paragraph, a row of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slice {
    /// Its height without the gap.
    pub(crate) height: f32,
    /// Space above it, omitted at the top of a sheet.
    pub(crate) gap: f32,
    /// Marks, relative to the left end of the text and its own upper edge.
    pub(crate) marks: Vec<Mark>,
    /// It stays on one sheet with the next one.
    pub(crate) keeps: bool,
    /// A chapter: it begins a sheet.
    pub(crate) opens: bool,
    /// Its heading: level, number, text.
    pub(crate) heading: Option<(u8, String, String)>,
    /// The slice that is repeated before it at the top of a sheet: the header of its table.
    pub(crate) head: Option<Rc<Slice>>,
}

/// Font size and line spacing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) size: f32,
    pub(crate) leading: f32,
}

pub(crate) const BODY: Setting = Setting { size: 9.2, leading: 12.8 };
/// Text in tables.
pub(crate) const TABLE: Setting = Setting { size: 8.2, leading: 10.8 };

/// A column of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) left: f32,
    pub(crate) width: f32,
    /// The colour of headings, numbers and rules in it.
    pub(crate) accent: Colour,
}

/// A line as a slice.
pub(crate) fn set(line: &Line, setting: Setting, colour: Colour, within: Column) -> Slice {
    Slice {
        height: setting.leading,
        marks: marks_of(line, setting, colour, within.left, 0.0),
        ..Slice::default()
    }
}

/// The marks of a line at this position; `top` is its upper edge.
pub(crate) fn marks_of(
    line: &Line,
    setting: Setting,
    colour: Colour,
    left: f32,
    top: f32,
) -> Vec<Mark> {
    line.runs
        .iter()
        .map(|run| Mark::Text {
            x: left + run.x,
            y: top - baseline(setting),
            face: run.face,
            size: setting.size,
            colour,
            text: run.text.clone(),
        })
        .collect()
}

/// Distance of the baseline from the upper edge: the letters are centred in the line.
pub(crate) fn baseline(setting: Setting) -> f32 {
    (setting.leading - setting.size) / 2.0 + setting.size * 0.78
}

/// A colour blended with white.
pub(crate) fn tint(colour: Colour, strength: f32) -> Colour {
    colour.map(|part| 1.0 - (1.0 - part) * strength)
}
