//! The output of the PDF reader: runs of text with positions, without interpretation.

use std::ops::Range;
use std::time::Instant;

use hsc_catalogs::Heading;
use serde::{Deserialize, Serialize};

use super::{Complexity, ReadError};

/// A run of text in one style on one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub text: String,
    /// Left edge, in points from the left of the page.
    pub x: f32,
    /// Baseline, in points from the bottom of the page.
    pub y: f32,
    pub width: f32,
    pub size: f32,
    pub bold: bool,
    pub mono: bool,
}

impl Run {
    pub(super) fn end(&self) -> f32 {
        self.x + self.width
    }

    /// Number of its letters and digits.
    pub(super) fn letters(&self) -> usize {
        self.text.chars().filter(|letter| letter.is_alphanumeric()).count()
    }
}

/// A thin horizontal bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub x: f32,
    pub end: f32,
    pub y: f32,
}

/// A small picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Picture {
    pub x: f32,
    pub end: f32,
    pub bottom: f32,
    pub top: f32,
}

/// The part of a page that images cover: a grid of 32 by 32 fields, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cover([u32; 32]);

impl Cover {
    /// Adds an image, given as fractions of the page's width and height.
    pub(super) fn add(&mut self, x: Range<f32>, y: Range<f32>) {
        let is_in = |range: &Range<f32>, field: u8| {
            let middle = (f32::from(field) + 0.5) / 32.0;
            range.contains(&middle)
        };
        let row = (0..32).filter(|field| is_in(&x, *field)).fold(0, |row, field| row | 1 << field);
        for (fields, field) in self.0.iter_mut().zip(0..) {
            if is_in(&y, field) {
                *fields |= row;
            }
        }
    }

    /// The covered part, from 0 to 1.
    pub(super) fn share(self) -> f32 {
        self.0.iter().map(|row| row.count_ones()).sum::<u32>() as f32 / 1024.0
    }
}

/// One page as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sheet {
    /// Height of the upright page in points.
    pub height: f32,
    /// Runs by their angle in degrees, rotated upright, each list in drawing order.
    pub runs_by_angle: Vec<(i32, Vec<Run>)>,
    /// Thin horizontal bars: rules between the rows of a table, underlines.
    pub bars: Vec<Bar>,
    /// Pictures that are small enough to be inline.
    pub pictures: Vec<Picture>,
    /// The part of the page that images cover.
    pub images: Cover,
    /// Shapes like letters, on a page with hardly any text.
    pub outlined: usize,
    /// Letters without a known meaning.
    pub unknown: usize,
    /// Bytes of text that the page draws, including text outside of its edges.
    pub text_bytes: usize,
}

impl Sheet {
    /// The runs at an angle.
    pub(super) fn runs_at(&mut self, angle: i32) -> &mut Vec<Run> {
        let at =
            self.runs_by_angle.iter().position(|(other, _)| *other == angle).unwrap_or_else(|| {
                self.runs_by_angle.push((angle, Vec::new()));
                self.runs_by_angle.len() - 1
            });
        &mut self.runs_by_angle[at].1
    }

    /// Every run of the page.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs_by_angle.iter().flat_map(|(_, runs)| runs)
    }

    /// Number of letters and digits of the page.
    pub(super) fn letters(&self) -> usize {
        self.runs().map(Run::letters).sum()
    }
}

/// A document as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draft {
    pub title: String,
    pub sheets: Vec<Sheet>,
    /// The page labels of the document, one per page; empty if it has none.
    pub labels: Vec<Option<String>>,
    pub outline: Vec<Heading>,
}

/// Limits on the complexity of a web page. Parsing takes time and memory in proportion to each of these, and some
/// of it in proportion to the product of two.
#[derive(Debug, Clone, Copy)]
pub struct HtmlLimits {
    /// Most elements, texts and comments.
    pub max_nodes: u32,
    /// Deepest nesting of elements.
    pub max_depth: u32,
    /// Most attributes of one element.
    pub max_attributes: u32,
}

impl HtmlLimits {
    /// The limit of one of them.
    pub(super) fn of(self, what: Complexity) -> u32 {
        match what {
            Complexity::Nodes => self.max_nodes,
            Complexity::Depth => self.max_depth,
            Complexity::Attributes => self.max_attributes,
        }
    }
}

/// Bounds of a reading.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most pages of a document.
    pub max_pages: u32,
    /// Most text of a document, in bytes.
    pub max_text_bytes: usize,
    /// Time limit, in milliseconds.
    pub timeout_ms: u64,
    /// Threads that read pages of one document in parallel.
    pub threads: usize,
    /// Limits of a web page.
    pub html: HtmlLimits,
}

impl Limits {
    /// One thread per core.
    pub fn all_cores() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

/// The limits of one reading, with its deadline. Checked between pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub limits: Limits,
    end: Instant,
}

impl Budget {
    pub(super) fn starting_now(limits: Limits) -> Self {
        let end = Instant::now() + std::time::Duration::from_millis(limits.timeout_ms);
        Self { limits, end }
    }

    pub(super) fn check_time(&self) -> Result<(), ReadError> {
        if Instant::now() < self.end {
            Ok(())
        } else {
            Err(ReadError::TooSlow { limit_ms: self.limits.timeout_ms })
        }
    }

    pub(super) fn check_pages(&self, pages: usize) -> Result<(), ReadError> {
        let limit = self.limits.max_pages;
        if pages > limit as usize {
            return Err(ReadError::TooManyPages { got: pages as u64, limit });
        }
        Ok(())
    }

    /// The error for an exceeded limit.
    pub(super) fn too_complex(&self, what: Complexity) -> ReadError {
        ReadError::TooComplex { what, limit: self.limits.html.of(what) }
    }

    pub(super) fn check_text(&self, bytes: usize) -> Result<(), ReadError> {
        let limit = self.limits.max_text_bytes;
        if bytes > limit { Err(ReadError::TooMuchText { limit }) } else { Ok(()) }
    }
}
