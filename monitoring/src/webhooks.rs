//! Metrics of webhooks.

use std::time::Duration;

use prometheus::{Histogram, IntGauge};

use crate::counter_family::CounterFamily;
use crate::metrics_builder::{MetricsBuilder, NONE};

/// Results, duration and queue of webhook deliveries.
pub struct Webhooks {
    tries: CounterFamily,
    dead: CounterFamily,
    seconds: Histogram,
    waiting: IntGauge,
    letters: IntGauge,
}

impl Webhooks {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            tries: maker.counter("hsc_webhook_attempts_total"),
            dead: maker.counter("hsc_webhook_dead_total"),
            seconds: maker.histogram("hsc_webhook_seconds").with_label_values(NONE),
            waiting: maker.gauge("hsc_webhooks_waiting").with_label_values(NONE),
            letters: maker.gauge("hsc_webhook_dead_letters").with_label_values(NONE),
        }
    }

    /// An attempt ended as `delivered`, `failed` or `dead`.
    pub fn tried(&self, outcome: &'static str, took: Duration) {
        self.tries.with_label_values(&[outcome]).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A delivery became a dead letter: `attempts`, `gone` or `forbidden`.
    pub fn died(&self, reason: &'static str) {
        self.dead.with_label_values(&[reason]).inc();
    }

    /// Number of pending deliveries and of dead letters.
    pub fn standing(&self, waiting: u64, dead: u64) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.letters.set(i64::try_from(dead).unwrap_or(i64::MAX));
    }
}
