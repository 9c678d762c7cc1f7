//! Canned replies: what agents write again and again.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ArchiveError;

/// Keeps canned replies.
pub trait Replies: Send + Sync + 'static {
    /// All of them, by shortcut.
    fn replies(&self) -> BoxFuture<'_, Result<Vec<CannedReply>, ArchiveError>>;

    /// Adds one, or puts it in place of the one with this shortcut for this product.
    fn put_reply(&self, reply: CannedReply) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Removes one; false when there was none.
    fn remove_reply(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>>;
}

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CannedReply {
    /// Its id.
    pub id: String,
    /// What an agent types after the slash: lower case, no space.
    pub shortcut: String,
    /// What goes into the message.
    pub text: String,
    /// The product it is for; none is any.
    pub product: Option<String>,
}
