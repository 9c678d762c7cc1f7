//! What the recognizer reports: facts, which its caller counts and logs.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::PageFault;

/// Something that happened while scanned pages were recognized.
#[derive(Debug)]
pub enum OcrEvent<'a> {
    /// tesseract was found, at the first scanned page.
    EngineFound {
        /// The first line of `--version`.
        version: String,
        /// Languages that are used.
        languages: Vec<String>,
        /// Languages of the settings that are not installed.
        missing: Vec<String>,
    },
    /// There is no tesseract that can be used: scanned pages stay without text.
    EngineMissing(NoEngine),
    /// A page is done.
    PageDone(Result<(), PageFault>),
    /// A page that is done could not be stored. It is recognized again.
    NotStored {
        /// Number of the page.
        page: u32,
        /// What the system said.
        cause: &'a io::Error,
    },
    /// The recognizing process could not be started, or its output could not be read.
    NoProcess(&'a io::Error),
    /// The recognizing process ended before its first page; the pages that are left are given up.
    EndedEarly {
        /// How many pages are left.
        pages: usize,
    },
    /// The recognizing process ended over a page.
    EndedOver {
        /// Number of the page.
        page: u32,
    },
    /// The recognition of a manual is over.
    JobEnded {
        /// Address of the manual.
        url: &'a str,
        /// How many pages were read.
        read: usize,
        /// Pages that cannot be recognized.
        failed: &'a [(u32, PageFault)],
        /// How many pages are left.
        left: usize,
        /// How long it took.
        took: Duration,
    },
    /// Recognized pages were removed, because the page store was full.
    Pruned {
        /// Of how many manuals.
        manuals: usize,
    },
}

/// Why there is no tesseract that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEngine {
    /// It is not installed.
    NotInstalled {
        /// Its name or path in the settings.
        command: String,
    },
    /// It does not say which version it is and which languages it has.
    NoAnswer {
        /// Its path.
        command: PathBuf,
    },
    /// None of the languages of the settings is installed.
    NoLanguage {
        /// Its path.
        command: PathBuf,
        /// The languages.
        missing: Vec<String>,
    },
}
