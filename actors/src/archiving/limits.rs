//! The limits of what waits to be written into the archive.

use std::time::Duration;

use hsc_config::ArchiveSettings;

/// How much waits to be written, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Records that may wait.
    pub queue_records: usize,
    /// Bytes of them.
    pub queue_bytes: usize,
    /// Records written at once.
    pub batch_records: usize,
    /// How long a record waits for others.
    pub batch_after: Duration,
}

impl From<&ArchiveSettings> for ArchiveLimits {
    fn from(settings: &ArchiveSettings) -> Self {
        Self {
            queue_records: settings.queue_records,
            queue_bytes: settings.queue_bytes,
            batch_records: settings.batch_records,
            batch_after: Duration::from_millis(settings.batch_delay_ms),
        }
    }
}
