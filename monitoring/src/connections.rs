//! Metrics of TCP connections, apart from their requests.

use prometheus::{IntCounter, IntGauge};

use crate::counter_family::CounterFamily;
use crate::metrics_builder::{MetricsBuilder, NONE};

/// Connections of every listener.
pub struct Connections {
    open: IntGauge,
    opened: IntCounter,
    refused: CounterFamily,
    closed: CounterFamily,
    malformed: CounterFamily,
    reloads: CounterFamily,
}

impl Connections {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            open: maker.gauge("hsc_connections").with_label_values(NONE),
            opened: maker.counter("hsc_connections_served_total").with_label_values(NONE),
            refused: maker.counter("hsc_connections_refused_total"),
            closed: maker.counter("hsc_connections_closed_total"),
            malformed: maker.counter("hsc_malformed_total"),
            reloads: maker.counter("hsc_tls_reloads_total"),
        }
    }

    /// A connection was accepted.
    pub fn opened(&self) {
        self.open.inc();
        self.opened.inc();
    }

    /// A connection was closed, by either side.
    pub fn ended(&self) {
        self.open.dec();
    }

    /// A connection was refused: `address` (its client has too many) or `full`.
    pub fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// The server closed a connection: `header_timeout`, `body_timeout`, `idle_timeout`, `write_timeout` or `evicted`.
    pub fn closed(&self, reason: &'static str) {
        self.closed.with_label_values(&[reason]).inc();
    }

    /// The data of a client cannot be parsed: as a `request`, as `tls` or as a `proxy_header`.
    pub fn malformed(&self, what: &'static str) {
        self.malformed.with_label_values(&[what]).inc();
    }

    /// The certificate files have changed: `taken`, or `kept` (the previous one stays in use).
    pub fn certificate_reloaded(&self, outcome: &'static str) {
        self.reloads.with_label_values(&[outcome]).inc();
    }
}
