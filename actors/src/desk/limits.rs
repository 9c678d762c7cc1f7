//! Limits of the desk in size and time.

use std::time::Duration;

use hsc_config::DeskSettings;

/// The limits of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskLimits {
    /// Most conversations in the queue.
    pub max_waiting: usize,
    /// Silence after which an agent, or a visitor's pod, counts as absent.
    pub present_for: Duration,
    /// Silence of an agent after which the agent's conversations are queued again.
    pub returns_after: Duration,
    /// Time without a reply to the visitor after which an agent's conversation is queued again; none is unlimited.
    pub answer_within: Option<Duration>,
    /// Absence of a waiting visitor after which the request ends.
    pub expires_after: Duration,
    /// How long the end of a handoff is remembered.
    pub remembers_for: Duration,
}

impl From<&DeskSettings> for DeskLimits {
    fn from(settings: &DeskSettings) -> Self {
        Self {
            max_waiting: settings.max_waiting,
            present_for: Duration::from_millis(settings.presence_timeout_ms),
            returns_after: Duration::from_millis(settings.requeue_after_ms),
            answer_within: (settings.answer_within_ms > 0)
                .then(|| Duration::from_millis(settings.answer_within_ms)),
            expires_after: Duration::from_millis(settings.visitor_timeout_ms),
            remembers_for: Duration::from_millis(settings.history_ttl_ms),
        }
    }
}

impl DeskLimits {
    /// Interval of the reports to the desk: two of three may be lost.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.present_for / 3
    }
}
