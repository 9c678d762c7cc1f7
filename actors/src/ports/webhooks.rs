//! Webhooks: announces events to the endpoints that subscribe, and reports on the endpoints to their administrators.

use std::sync::Arc;

use serde_json::Value;

/// An event for webhook endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// Name of the event, e.g. `message.left`.
    pub event: &'static str,
    /// Its conversation, if it has one.
    pub conversation: Option<String>,
    /// The fields of the event.
    pub data: Value,
}

/// Announces. Never waits and never fails: delivery is later. Cheap to clone.
#[derive(Clone)]
pub struct Announcer {
    takes: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    announce: Arc<dyn Fn(Announcement) + Send + Sync>,
}

impl Announcer {
    /// Over a filter of subscribed events and a function that delivers.
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

    /// Announces an event. An event without a subscriber is dropped.
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

/// Reports on the endpoints and sends them test events.
pub trait WebhookAdmin: Send + Sync + 'static {
    /// The endpoints in the order of the settings, with the counters of this pod.
    fn endpoints(&self) -> Vec<EndpointCounters>;

    /// Sends a `test` event to the endpoint with this address, or to all, whatever events they subscribe to. Returns
    /// the ids of the deliveries.
    fn test(&self, url: Option<&str>) -> Vec<String>;
}

/// An endpoint, and this pod's deliveries to it since its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCounters {
    /// Its address.
    pub url: String,
    /// Its events; `all` is every event.
    pub events: Vec<String>,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
}
