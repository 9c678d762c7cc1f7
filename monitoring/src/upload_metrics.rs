//! Metrics of pictures and offline messages.

use prometheus::IntCounter;

use crate::counter_family::CounterFamily;
use crate::metrics_builder::{MetricsBuilder, NONE};

/// Pictures and offline messages.
pub struct UploadMetrics {
    uploads: CounterFamily,
    uploads_expired: IntCounter,
    offline_messages: CounterFamily,
}

impl UploadMetrics {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            uploads: maker.counter("hsc_uploads_total"),
            uploads_expired: maker.counter("hsc_uploads_expired_total").with_label_values(NONE),
            offline_messages: maker.counter("hsc_offline_messages_total"),
        }
    }

    /// An upload ended: `kept`, `too_large`, `not_a_picture`, `too_many`, `busy` or `failed`.
    pub fn upload(&self, outcome: &'static str) {
        self.uploads.with_label_values(&[outcome]).inc();
    }

    /// Pictures were removed because they expired.
    pub fn expired(&self, pictures: usize) {
        self.uploads_expired.inc_by(u64::try_from(pictures).unwrap_or(u64::MAX));
    }

    /// A `message` was left, or a `transcript` requested: `taken` or `too_many`.
    pub fn offline_message(&self, kind: &'static str, outcome: &'static str) {
        self.offline_messages.with_label_values(&[kind, outcome]).inc();
    }
}
