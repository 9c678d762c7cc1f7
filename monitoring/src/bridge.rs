//! Metrics of the messages between pods.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};

use crate::counter_family::CounterFamily;
use crate::metrics_builder::{MetricsBuilder, NONE};

/// Messages between pods.
pub struct Bridge {
    connected: IntGauge,
    channels: IntGauge,
    published: CounterFamily,
    received: CounterFamily,
    dropped: CounterFamily,
    latency: Histogram,
    reconnects: IntCounter,
}

impl Bridge {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            connected: maker.gauge("hsc_bridge_connected").with_label_values(NONE),
            channels: maker.gauge("hsc_bridge_channels").with_label_values(NONE),
            published: maker.counter("hsc_bridge_published_total"),
            received: maker.counter("hsc_bridge_received_total"),
            dropped: maker.counter("hsc_bridge_dropped_total"),
            latency: maker.histogram("hsc_bridge_latency_seconds").with_label_values(NONE),
            reconnects: maker.counter("hsc_bridge_reconnects_total").with_label_values(NONE),
        }
    }

    /// Other pods can be reached, perhaps again, or cannot.
    pub fn connected(&self, connected: bool, again: bool) {
        self.connected.set(i64::from(connected));
        if again {
            self.reconnects.inc();
        }
    }

    /// Number of channels with a subscriber on this pod.
    pub fn listens_to(&self, channels: usize) {
        self.channels.set(i64::try_from(channels).unwrap_or(i64::MAX));
    }

    /// A message was published to the other pods.
    pub fn published(&self, kind: &'static str) {
        self.published.with_label_values(&[kind]).inc();
    }

    /// A message of another pod was received; `age` is the time since it was written.
    pub fn received(&self, kind: &'static str, age: Duration) {
        self.received.with_label_values(&[kind]).inc();
        self.latency.observe(age.as_secs_f64());
    }

    /// A message was lost: `down`, `full`, `failed`, `version`, `kind`, `malformed` or `slow_listener`.
    pub fn dropped(&self, reason: &'static str) {
        self.dropped.with_label_values(&[reason]).inc();
    }
}
