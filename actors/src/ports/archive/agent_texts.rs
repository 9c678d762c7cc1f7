//! Texts of agents: notes about a conversation, and canned replies.
//!
//! The notes, written and read synchronously, are the only part of the archive that the agents' sockets use.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ArchiveReply;
use hsc_conversation::archive::StampedRecord;
use hsc_conversation::protocol::Note;

/// Stores notes. Every call ends within a time limit of its own.
pub trait Notes: Send + Sync + 'static {
    /// The newest notes about a conversation, at most `most`, in the order in which they were written.
    fn notes(&self, conversation: &str, most: u32) -> ArchiveReply<'_, Vec<Note>>;

    /// Writes a note synchronously: every later read on any pod returns it. A note that exists already is skipped, so
    /// a note whose write is in doubt can be written again.
    fn write_note(&self, note: Arc<StampedRecord>) -> ArchiveReply<'_, ()>;
}

/// Stores canned replies.
pub trait Replies: Send + Sync + 'static {
    /// All of them, by shortcut.
    fn replies(&self) -> ArchiveReply<'_, Vec<CannedReply>>;

    /// Adds a reply, or replaces the one with this shortcut for this product.
    fn put_reply(&self, reply: CannedReply) -> ArchiveReply<'_, ()>;

    /// Removes a reply; false if there was none.
    fn remove_reply(&self, id: &str) -> ArchiveReply<'_, bool>;
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
