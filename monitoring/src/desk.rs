//! Metrics of the desk: queue, conversations and agents.

use std::time::Duration;

use prometheus::{IntGauge, IntGaugeVec};

use crate::metrics_builder::{MetricsBuilder, NONE};

/// The desk of all pods, as this one last saw it.
pub struct Desk {
    agents: IntGaugeVec,
    tickets: IntGaugeVec,
    oldest: IntGauge,
}

/// The state of the desk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskStanding {
    /// Agents who take conversations.
    pub available: usize,
    /// Agents who are present and on a break.
    pub on_break: usize,
    /// Conversations in the queue.
    pub waiting: usize,
    /// Conversations with an agent.
    pub with_agent: usize,
    /// Age of the oldest queued conversation.
    pub oldest_wait: Duration,
}

impl Desk {
    pub(crate) fn new(maker: &MetricsBuilder) -> Self {
        let desk = Self {
            agents: maker.gauge("hsc_desk_agents"),
            tickets: maker.gauge("hsc_desk_tickets"),
            oldest: maker.gauge("hsc_desk_oldest_wait_seconds").with_label_values(NONE),
        };
        // The gauges exist, at zero, before the first look.
        desk.standing(DeskStanding::default());
        desk
    }

    /// Sets the state of the desk.
    pub fn standing(&self, now: DeskStanding) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.agents.with_label_values(&["available"]).set(number(now.available));
        self.agents.with_label_values(&["break"]).set(number(now.on_break));
        self.tickets.with_label_values(&["waiting"]).set(number(now.waiting));
        self.tickets.with_label_values(&["with_agent"]).set(number(now.with_agent));
        self.oldest.set(i64::try_from(now.oldest_wait.as_secs()).unwrap_or(i64::MAX));
    }
}
