//! What is counted of what visitors do beside the socket: pictures, and what they leave or have sent.

use prometheus::{IntCounter, IntCounterVec};

use crate::metrics_builder::{MetricsBuilder, NONE};

/// Pictures and letters.
pub struct UploadMetrics {
    uploads: IntCounterVec,
    uploads_expired: IntCounter,
    letters: IntCounterVec,
}

impl UploadMetrics {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            uploads: maker.counter("hsc_uploads_total"),
            uploads_expired: maker.counter("hsc_uploads_expired_total").with_label_values(NONE),
            letters: maker.counter("hsc_offline_messages_total"),
        }
    }

    /// A picture was to be kept: `kept`, `too_large`, `not_a_picture`, `too_many`, `busy` or `failed`.
    pub fn upload(&self, outcome: &'static str) {
        self.uploads.with_label_values(&[outcome]).inc();
    }

    /// So many pictures were removed because their time was over.
    pub fn uploads_expired(&self, pictures: usize) {
        self.uploads_expired.inc_by(u64::try_from(pictures).unwrap_or(u64::MAX));
    }

    /// A `message` was left, or a `transcript` was to be sent: `taken` or `too_many`.
    pub fn letter(&self, kind: &'static str, outcome: &'static str) {
        self.letters.with_label_values(&[kind, outcome]).inc();
    }
}
