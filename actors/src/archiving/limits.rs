//! The limits of the archive's queue.

use std::time::Duration;

use hsc_config::ArchiveSettings;

/// The limits of the archive's queue, in size and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Most queued records.
    pub queue_records: usize,
    /// Most bytes of queued records.
    pub queue_bytes: usize,
    /// Most records of one batch.
    pub batch_records: usize,
    /// Longest time that a record waits for a batch to fill.
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
