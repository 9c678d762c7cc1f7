//! Metrics of the archive.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};

use crate::counter_family::CounterFamily;
use crate::metrics_builder::{MetricsBuilder, NONE};

/// State, queue and writes of the archive.
pub struct Archives {
    up: IntGauge,
    queued: IntGauge,
    written: IntCounter,
    dropped: CounterFamily,
    batch_seconds: Histogram,
}

impl Archives {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            up: maker.gauge("hsc_archive_up").with_label_values(NONE),
            queued: maker.gauge("hsc_archive_queued").with_label_values(NONE),
            written: maker.counter("hsc_archive_written_total").with_label_values(NONE),
            dropped: maker.counter("hsc_archive_dropped_total"),
            batch_seconds: maker.histogram("hsc_archive_batch_seconds").with_label_values(NONE),
        }
    }

    /// The archive accepts writes, or (when false) does not.
    pub fn up(&self, up: bool) {
        self.up.set(i64::from(up));
    }

    /// Number of queued records.
    pub fn queued(&self, records: usize) {
        self.queued.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    /// A batch of `records` was written.
    pub fn written(&self, records: usize, took: Duration) {
        self.written.inc_by(u64::try_from(records).unwrap_or(u64::MAX));
        self.batch_seconds.observe(took.as_secs_f64());
    }

    /// Records were dropped: `full` or `refused`.
    pub fn dropped(&self, reason: &'static str, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.dropped.with_label_values(&[reason]).inc_by(records);
    }
}
