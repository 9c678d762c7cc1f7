//! The settings of OCR.

use std::path::PathBuf;

/// How scanned pages are recognized.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    /// False disables recognition.
    pub enabled: bool,
    /// Path of tesseract, or its name in the folders of `PATH`.
    pub command: String,
    /// Languages as tesseract names them; those that are not installed are skipped.
    pub languages: Vec<String>,
    /// Time limit per page, in milliseconds.
    pub page_timeout_ms: u64,
    /// Time limit per manual, in milliseconds.
    pub timeout_ms: u64,
    /// Largest size of the page store, in bytes.
    pub cache_max_bytes: u64,
    /// Memory limit of the recognizing process and, separately, of tesseract, in bytes.
    pub memory_bytes: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Folder of the page store.
    pub folder: PathBuf,
    /// The binary whose `recognize` command is run.
    pub program: PathBuf,
}
