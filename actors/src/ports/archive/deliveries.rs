//! Webhook deliveries: what is on its way, and what came to nothing.

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, Page, Paged};

/// Keeps deliveries until they arrive. New ones come as [`hsc_conversation::archive::Record::Deliver`], behind the chat.
pub trait Deliveries: Send + Sync + 'static {
    /// Takes up to so many to this endpoint that are due, oldest first, and hides them from other pods
    /// until then. Who takes one and dies leaves it to be due again.
    fn take_due(
        &self,
        endpoint: &str,
        now_ms: u64,
        until_ms: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, ArchiveError>>;

    /// It arrived; it is forgotten.
    fn delivered(&self, id: &str) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// It did not arrive. Tried again then, or a dead letter when there is no then.
    fn failed(
        &self,
        id: &str,
        why: &str,
        next_try_ms: Option<u64>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// How many there are, by endpoint; also of endpoints that nobody knows any more.
    fn standing(&self) -> BoxFuture<'_, Result<Vec<EndpointBacklog>, ArchiveError>>;

    /// Those that came to nothing, newest first.
    fn dead_letters(&self, page: Page) -> BoxFuture<'_, Result<Paged<Delivery>, ArchiveError>>;

    /// Tries a dead letter again from the beginning; false when there is none of this id.
    fn try_again(&self, id: &str, now_ms: u64) -> BoxFuture<'_, Result<bool, ArchiveError>>;

    /// Throws a dead letter away; false when there is none of this id.
    fn discard(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>>;
}

/// What is kept for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointBacklog {
    /// The endpoint.
    pub endpoint: String,
    /// Deliveries that wait to be made, or to be tried again.
    pub waiting: u64,
    /// Those that came to nothing.
    pub dead: u64,
}

/// A delivery and how it went so far.
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
    /// Tries so far.
    pub attempts: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
}
