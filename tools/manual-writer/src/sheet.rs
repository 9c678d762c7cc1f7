//! A sheet and its marks, in points from the lower left corner, before they become a PDF.

use crate::font::Face;

/// Width of a sheet: A5 portrait, a usual size of small manuals.
pub(crate) const WIDTH: f32 = 419.53;
/// Height of a sheet.
pub(crate) const HEIGHT: f32 = 595.28;
/// Left and right margin.
pub(crate) const SIDE: f32 = 45.0;
/// Top of the text, from the upper edge: below the header.
pub(crate) const TOP: f32 = 66.0;
/// Bottom of the text, from the lower edge: above the footer.
pub(crate) const BOTTOM: f32 = 54.0;
/// Width of the text.
pub(crate) const MEASURE: f32 = WIDTH - 2.0 * SIDE;
/// Height of the text.
pub(crate) const DEPTH: f32 = HEIGHT - TOP - BOTTOM;

/// Red, green and blue from 0 to 1.
pub(crate) type Colour = [f32; 3];

/// The colour of running text.
pub(crate) const INK: Colour = [0.11, 0.11, 0.13];
/// The colour of secondary text.
pub(crate) const GREY: Colour = [0.42, 0.43, 0.46];
/// The colour of thin rules.
pub(crate) const HAIR: Colour = [0.78, 0.79, 0.82];

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// Text with its baseline starting here.
    Text { x: f32, y: f32, face: Face, size: f32, colour: Colour, text: Vec<u8> },
    /// A filled rectangle, or a rule.
    Fill { x: f32, y: f32, width: f32, height: f32, colour: Colour },
}

impl Mark {
    /// A filled rectangle with this lower left corner.
    pub(crate) fn fill(x: f32, y: f32, width: f32, height: f32, colour: Colour) -> Self {
        Self::Fill { x, y, width, height, colour }
    }

    /// The same mark, moved.
    pub(crate) fn moved(mut self, right: f32, up: f32) -> Self {
        match &mut self {
            Self::Text { x, y, .. } | Self::Fill { x, y, .. } => {
                *x += right;
                *y += up;
            }
        }
        self
    }
}

/// One finished sheet.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) marks: Vec<Mark>,
    /// The chapter of the page, for the header; empty on title and contents.
    pub(crate) chapter: String,
    /// Link areas: left, bottom, right, top, and the index of the target page.
    pub(crate) links: Vec<([f32; 4], usize)>,
}

/// A heading and its position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) level: u8,
    pub(crate) number: String,
    pub(crate) text: String,
    /// Index of the sheet in the body; the front matter precedes it.
    pub(crate) sheet: usize,
    /// Upper edge, from the lower edge of the sheet.
    pub(crate) top: f32,
}

impl Place {
    /// Number and text as printed.
    pub(crate) fn printed(&self) -> String {
        if self.number.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.number, self.text)
        }
    }
}
