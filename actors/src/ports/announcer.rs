//! Telling the outside world what happened, as far as it wants to hear it.

use std::sync::Arc;

use serde_json::Value;

/// Something that happened, for endpoints outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// What, e.g. `message.left`.
    pub event: &'static str,
    /// In which conversation, where it was in one.
    pub conversation: Option<String>,
    /// What there is to know of it.
    pub data: Value,
}

/// Announces. Never waits and never fails: delivery is later. Cheap to clone.
#[derive(Clone)]
pub struct Announcer {
    takes: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    announce: Arc<dyn Fn(Announcement) + Send + Sync>,
}

impl Announcer {
    /// Tells those that are taken, by this.
    pub fn new(
        takes: impl Fn(&str) -> bool + Send + Sync + 'static,
        announce: impl Fn(Announcement) + Send + Sync + 'static,
    ) -> Self {
        Self { takes: Arc::new(takes), announce: Arc::new(announce) }
    }

    /// No endpoint subscribes.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| false, |_| ())
    }

    /// True if an endpoint subscribes to such events.
    #[must_use]
    pub fn takes(&self, event: &str) -> bool {
        (self.takes)(event)
    }

    /// This happened. An event without a subscriber is dropped.
    pub fn announce(&self, announcement: Announcement) {
        if self.takes(announcement.event) {
            (self.announce)(announcement);
        }
    }
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announcer").finish_non_exhaustive()
    }
}
