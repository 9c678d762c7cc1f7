//! Webhook deliveries and dead letters.

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, Page, Paged};

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
    ) -> BoxFuture<'_, Result<Vec<Delivery>, ArchiveError>>;

    /// Removes a delivery that arrived.
    fn delivered(&self, id: &str) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Records a failed attempt: the next attempt is due at the given time; without one it is a dead letter.
    fn failed(
        &self,
        id: &str,
        why: &str,
        next_try_ms: Option<u64>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// The backlog by endpoint; also of endpoints that are not in the settings any more.
    fn standing(&self) -> BoxFuture<'_, Result<Vec<EndpointBacklog>, ArchiveError>>;

    /// Dead letters, newest first.
    fn dead_letters(&self, page: Page) -> BoxFuture<'_, Result<Paged<Delivery>, ArchiveError>>;

    /// Restarts a dead letter from its first attempt; false if no dead letter has this id.
    fn try_again(&self, id: &str, now_ms: u64) -> BoxFuture<'_, Result<bool, ArchiveError>>;

    /// Deletes a dead letter; false if no dead letter has this id.
    fn discard(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>>;
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
