//! What is counted of the desk: who waits for a person, and which persons are there.

use std::time::Duration;

use prometheus::{IntGauge, IntGaugeVec};

use crate::metrics_builder::{MetricsBuilder, NONE};

/// The desk of all pods, as this one saw it last.
pub struct Desk {
    agents: IntGaugeVec,
    tickets: IntGaugeVec,
    oldest: IntGauge,
}

/// How the desk is at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskStanding {
    /// Agents who take conversations.
    pub available: usize,
    /// Agents who are there and have a break.
    pub on_break: usize,
    /// Conversations that wait for a person.
    pub waiting: usize,
    /// Conversations that a person has.
    pub with_agent: usize,
    /// How long the one that waits longest does.
    pub oldest_wait: Duration,
}

impl Desk {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        let desk = Self {
            agents: maker.gauge("hsc_desk_agents"),
            tickets: maker.gauge("hsc_desk_tickets"),
            oldest: maker.gauge("hsc_desk_oldest_wait_seconds").with_label_values(NONE),
        };
        // A desk that nobody has looked at is empty, not absent.
        desk.standing(DeskStanding::default());
        desk
    }

    /// The desk is like this now.
    pub fn standing(&self, now: DeskStanding) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.agents.with_label_values(&["available"]).set(number(now.available));
        self.agents.with_label_values(&["break"]).set(number(now.on_break));
        self.tickets.with_label_values(&["waiting"]).set(number(now.waiting));
        self.tickets.with_label_values(&["with_agent"]).set(number(now.with_agent));
        self.oldest.set(i64::try_from(now.oldest_wait.as_secs()).unwrap_or(i64::MAX));
    }
}
