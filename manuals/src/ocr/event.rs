//! Events of the recognizer, which its caller counts and logs.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::super::PageFault;

/// An event during the recognition of scanned pages.
#[derive(Debug)]
pub enum OcrEvent<'a> {
    /// tesseract was found, at the first scanned page.
    EngineFound {
        /// The first line of `--version`.
        version: String,
        /// Languages in use.
        languages: Vec<String>,
        /// Configured languages that are not installed.
        missing: Vec<String>,
    },
    /// No usable tesseract: scanned pages stay without text.
    EngineMissing(NoEngine),
    /// A page is done.
    PageDone(Result<(), PageFault>),
    /// A recognized page could not be stored. It will be recognized again.
    NotStored {
        /// Number of the page.
        page: u32,
        /// The error of the system.
        cause: &'a io::Error,
    },
    /// The recognizing process could not be started, or its output could not be read.
    NoProcess(&'a io::Error),
    /// The recognizing process ended before its first page; the remaining pages are given up.
    EndedEarly {
        /// Number of remaining pages.
        pages: usize,
    },
    /// The recognizing process ended during a page.
    EndedOver {
        /// Number of the page.
        page: u32,
    },
    /// The recognition of a manual has ended.
    JobEnded {
        /// Address of the manual.
        url: &'a str,
        /// Number of recognized pages.
        read: usize,
        /// Pages that cannot be recognized.
        failed: &'a [(u32, PageFault)],
        /// Number of remaining pages.
        remaining: usize,
        /// Duration of the job.
        took: Duration,
    },
    /// Recognized pages were removed, because the page store was full.
    Pruned {
        /// Number of affected manuals.
        manuals: usize,
    },
}

/// Why no tesseract can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEngine {
    /// It is not installed.
    NotInstalled {
        /// Its configured name or path.
        command: String,
    },
    /// It does not report its version and languages.
    NoAnswer {
        /// Absolute path of tesseract.
        command: PathBuf,
    },
    /// None of the configured languages is installed.
    NoLanguage {
        /// Absolute path of tesseract.
        command: PathBuf,
        /// The configured languages.
        missing: Vec<String>,
    },
}
