//! Manuals as the routes show them: their files on this machine, and the state of the sentence encoder.

use std::path::PathBuf;
use std::time::SystemTime;

use hsc_catalogs::Documentation;
use serde::Serialize;
use utoipa::ToSchema;

use super::ManualReply;

/// Gives a manual's file as its maker published it, and reports how manuals were loaded.
pub trait ManualFiles: Send + Sync + 'static {
    /// The manual's file, fetched if it is not on this machine yet. Ends within a bounded time of its own.
    fn original(&self, documentation: &Documentation) -> ManualReply<OriginalFile>;

    /// How the last load of a manual ended; `None` if it was never loaded by this process.
    fn last_load(&self, documentation: &Documentation) -> Option<LastLoad>;

    /// The manual's file on this machine, fetched from its address or from its backup address; `None` if there is
    /// none. Reads the disk and sends no request.
    fn cached_file(&self, documentation: &Documentation) -> Option<CachedFile>;
}

/// A manual's file as a browser receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalFile {
    /// The file. A newer one may replace it at any time; a process that has it open keeps the old one.
    pub path: PathBuf,
    /// `application/pdf`, or `text/html; charset=utf-8` for a plain page of our own making without scripts.
    pub media_type: &'static str,
    /// True when the host did not answer and the file is an older copy.
    pub stale: bool,
}

/// How the last load of a manual ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LastLoad {
    /// When it ended.
    pub at: SystemTime,
    /// Pages; `None` if the manual was never read.
    pub pages: Option<usize>,
    /// Why the last load failed, or why it used an older copy.
    pub fault: Option<String>,
}

/// The size and age of a manual's file on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedFile {
    /// Size in bytes.
    pub bytes: u64,
    /// When the host last confirmed it; for a file below the catalog folder, when it was written.
    pub at: SystemTime,
}

/// Reports the state of the sentence encoder.
pub trait EncoderStatus: Send + Sync + 'static {
    /// The state now.
    fn health(&self) -> EncoderHealth;

    /// Why the model cannot be used, if it is damaged.
    fn damage(&self) -> Option<String>;

    /// How many windows of the manual read from `location` are embedded, and of how many; `None` if no question
    /// asked for its vectors since the start.
    fn progress(&self, location: &str) -> Option<(usize, usize)>;
}

/// The state of the sentence encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EncoderHealth {
    /// `ready`, `missing` (there is no model: words alone), `damaged` (the model cannot be used: words alone) or
    /// `disabled`.
    pub state: &'static str,
    /// The models that are loaded.
    pub models: Vec<String>,
    /// Manuals that wait to be embedded or are being embedded.
    pub waiting: usize,
}
