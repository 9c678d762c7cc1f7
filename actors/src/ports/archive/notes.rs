//! Notes of agents about a conversation, written and read synchronously.
//!
//! The only part of the archive that the agents' sockets use.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::ArchiveError;
use hsc_conversation::archive::{AgentRef, StampedRecord};

/// Stores notes. Every call ends within a time limit of its own.
pub trait Notes: Send + Sync + 'static {
    /// The newest notes about a conversation, at most `most`, in the order in which they were written.
    fn notes(
        &self,
        conversation: &str,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<StoredNote>, ArchiveError>>;

    /// Writes a note synchronously: every later read on any pod returns it. A note that exists already is skipped, so
    /// a note whose write is in doubt can be written again.
    fn write_note(&self, note: Arc<StampedRecord>) -> BoxFuture<'_, Result<(), ArchiveError>>;
}

/// A stored note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNote {
    /// The id of its record.
    pub id: String,
    /// Time of the note, in milliseconds since 1970.
    pub at_ms: u64,
    /// The author.
    pub agent: AgentRef,
    /// The text.
    pub text: String,
}
