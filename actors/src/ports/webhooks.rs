//! Webhooks: announces events to the endpoints that subscribe, stores their deliveries, and reports on the endpoints.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::archive::{ArchiveReply, Page, Paged};

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
    pub fn silent() -> Self {
        Self::new(|_| false, |_| ())
    }

    /// True if an endpoint subscribes to such events.
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

/// Reports on the endpoints and sends them test events.
pub trait WebhookAdmin: Send + Sync + 'static {
    /// The endpoints in the order of the settings, with the counters of this pod. Those of all pods are zero: the
    /// archive has them ([`Deliveries::standing`]).
    fn endpoints(&self) -> Vec<EndpointCounters>;

    /// Sends a `test` event to the endpoint with this address, or to all, whatever events they subscribe to. Returns
    /// the ids of the deliveries.
    fn test(&self, url: Option<&str>) -> Vec<String>;
}

/// An endpoint and its deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Endpoint)]
pub struct EndpointCounters {
    /// The address that deliveries are sent to.
    pub url: String,
    /// Its events; `all` is every event. Empty if the endpoint is not in the settings any more.
    pub events: Vec<String>,
    /// Deliveries that this pod made since its start.
    pub delivered: u64,
    /// Failed attempts of this pod since its start.
    pub failed: u64,
    /// Waiting deliveries of all pods.
    pub waiting: u64,
    /// Dead letters of all pods.
    pub dead: u64,
}

/// Stores deliveries until they arrive. New ones are written as [`hsc_conversation::archive::Record::Deliver`],
/// asynchronously.
pub trait Deliveries: Send + Sync + 'static {
    /// Takes at most this many due deliveries of the endpoint, oldest first, and hides them from other pods until
    /// `hidden_until`. If the caller dies they become due again.
    fn take_due(
        &self,
        endpoint: &str,
        now_ms: u64,
        until_ms: u64,
        limit: u32,
    ) -> ArchiveReply<'_, Vec<Delivery>>;

    /// Removes a delivery that arrived.
    fn delivered(&self, id: &str) -> ArchiveReply<'_, ()>;

    /// Records a failed attempt: the next attempt is due at the given time; without one it is a dead letter.
    fn failed(&self, id: &str, why: &str, next_try_ms: Option<u64>) -> ArchiveReply<'_, ()>;

    /// The backlog by endpoint; also of endpoints that are not in the settings any more.
    fn standing(&self) -> ArchiveReply<'_, Vec<EndpointBacklog>>;

    /// Dead letters, newest first.
    fn dead_letters(&self, page: Page) -> ArchiveReply<'_, Paged<Delivery>>;

    /// Restarts a dead letter from its first attempt; false if no dead letter has this id.
    fn try_again(&self, id: &str, now_ms: u64) -> ArchiveReply<'_, bool>;

    /// Deletes a dead letter; false if no dead letter has this id.
    fn discard(&self, id: &str) -> ArchiveReply<'_, bool>;
}

/// The deliveries of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointBacklog {
    /// The endpoint.
    pub endpoint: String,
    /// Deliveries that wait for their first or next attempt.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
}

/// A delivery and its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// When the event happened.
    pub at_ms: u64,
    /// The endpoint.
    pub endpoint: String,
    /// The event's name.
    pub event: String,
    /// The body.
    pub body: String,
    /// Number of attempts.
    pub attempts: u32,
    /// Error of the last attempt.
    pub last_error: Option<String>,
}
