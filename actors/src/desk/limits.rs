//! How much the desk takes, and how long it waits for people.

use std::time::Duration;

use hsc_config::DeskSettings;

/// The bounds of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskLimits {
    /// Conversations that may wait for a person.
    pub max_waiting: usize,
    /// An agent, or a visitor's pod, that says nothing for so long is not there.
    pub present_for: Duration,
    /// What an agent had waits again when nothing was heard of the agent for so long.
    pub returns_after: Duration,
    /// What an agent has waits again when its visitor got no answer for so long; none is without end.
    pub answer_within: Option<Duration>,
    /// A visitor who waits, has gone and does not come back for so long does not wait any more.
    pub expires_after: Duration,
    /// How long it is known how a conversation went from the desk.
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
    /// How often the desk is told who is here: two of three may be lost.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.present_for / 3
    }
}
