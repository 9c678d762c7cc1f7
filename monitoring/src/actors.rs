//! Metrics of actors, by kind.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntGauge, IntGaugeVec};

use crate::counter_family::CounterFamily;
use crate::metrics_builder::MetricsBuilder;

/// Restarts, queues and undelivered messages, by kind of actor.
pub struct Actors {
    up: IntGaugeVec,
    restarts: CounterFamily,
    mailbox_depth: IntGaugeVec,
    handle_seconds: HistogramVec,
    undelivered: CounterFamily,
}

/// The metrics of one kind of actor that every message updates, looked up once.
#[derive(Clone)]
pub struct ActorMeter {
    up: IntGauge,
    mailbox_depth: IntGauge,
    handle_seconds: Histogram,
}

impl Actors {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        Self {
            up: maker.gauge("hsc_actor_up"),
            restarts: maker.counter("hsc_actor_restarts_total"),
            mailbox_depth: maker.gauge("hsc_actor_mailbox_depth"),
            handle_seconds: maker.histogram("hsc_actor_handle_seconds"),
            undelivered: maker.counter("hsc_actor_undelivered_total"),
        }
    }

    /// The meter of this kind of actor. Its series exist from now on, at zero.
    #[must_use]
    pub fn meter(&self, actor: &'static str) -> ActorMeter {
        self.restarts.begin(&[("actor", actor)]);
        self.undelivered.begin(&[("actor", actor)]);
        ActorMeter {
            up: self.up.with_label_values(&[actor]),
            mailbox_depth: self.mailbox_depth.with_label_values(&[actor]),
            handle_seconds: self.handle_seconds.with_label_values(&[actor]),
        }
    }

    /// An actor was restarted.
    pub fn restarted(&self, actor: &'static str, reason: &'static str) {
        self.restarts.with_label_values(&[actor, reason]).inc();
    }

    /// A message for an actor was handed back.
    pub fn undelivered(&self, actor: &'static str) {
        self.undelivered.with_label_values(&[actor]).inc();
    }
}

impl ActorMeter {
    /// An actor is up, or (when false) down.
    pub fn up(&self, up: bool) {
        self.up.add(if up { 1 } else { -1 });
    }

    /// Adds to the number of queued messages; negative subtracts.
    pub fn queued(&self, messages: i64) {
        self.mailbox_depth.add(messages);
    }

    /// A message was handled.
    pub fn handled(&self, took: Duration) {
        self.handle_seconds.observe(took.as_secs_f64());
    }
}
