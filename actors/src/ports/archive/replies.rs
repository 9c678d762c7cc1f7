//! Canned replies of agents.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ArchiveError;

/// Stores canned replies.
pub trait Replies: Send + Sync + 'static {
    /// All of them, by shortcut.
    fn replies(&self) -> BoxFuture<'_, Result<Vec<CannedReply>, ArchiveError>>;

    /// Adds a reply, or replaces the one with this shortcut for this product.
    fn put_reply(&self, reply: CannedReply) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Removes a reply; false if there was none.
    fn remove_reply(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>>;
}

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CannedReply {
    /// Its id.
    pub id: String,
    /// What an agent types after the slash: lower case, no space.
    pub shortcut: String,
    /// The text of the message.
    pub text: String,
    /// Id of its product; none for any.
    pub product: Option<String>,
}
