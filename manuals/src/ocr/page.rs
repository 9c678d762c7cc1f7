//! The OCR result of one page.

use serde::{Deserialize, Serialize};

use super::super::pdf::NoRaster;
use super::super::sheet::Run;

/// The text of a scanned page, or why there is none. Stored, and sent from the child to its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageText {
    /// It was recognized. A page without letters has no runs.
    Read {
        /// Height of the upright page in points.
        height: f32,
        /// Its text with positions.
        runs: Vec<Run>,
    },
    /// It cannot be recognized. The next attempt is after a day.
    Failed(PageFault),
}

/// Why a page cannot be recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFault {
    /// None of its images can be decoded.
    Damaged,
    /// Its images have too many pixels.
    TooLarge,
    /// Recognition took longer than `manuals.ocr.page_timeout_ms`.
    TooSlow,
    /// tesseract failed on it.
    Engine,
    /// The process ended during it, more than once.
    Died,
}

impl PageFault {
    /// Its name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Engine => "engine",
            Self::Died => "died",
        }
    }
}

impl From<NoRaster> for PageFault {
    fn from(why: NoRaster) -> Self {
        match why {
            NoRaster::Damaged => Self::Damaged,
            NoRaster::TooLarge => Self::TooLarge,
        }
    }
}
