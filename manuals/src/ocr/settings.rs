//! The settings of OCR.

use std::path::PathBuf;

/// How scanned pages are recognized.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    /// False where no scanned page is recognized.
    pub enabled: bool,
    /// tesseract, by its path or by its name in the folders of `PATH`.
    pub command: String,
    /// Languages as tesseract names them; those that are not installed are left out.
    pub languages: Vec<String>,
    /// Longest recognition of a page, in milliseconds.
    pub page_timeout_ms: u64,
    /// Longest recognition of a manual, in milliseconds.
    pub timeout_ms: u64,
    /// Most bytes of the page store.
    pub cache_max_bytes: u64,
    /// Most memory of the recognizing process and, for itself, of tesseract, in bytes.
    pub memory_bytes: u64,
    /// Most bytes of a file.
    pub max_bytes: u64,
    /// The page store.
    pub folder: PathBuf,
    /// The binary whose `recognize` is run.
    pub program: PathBuf,
}
