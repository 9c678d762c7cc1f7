//! What agents tell each other about a conversation, written and read at once.
//!
//! A narrow part of the archive for the agents' sockets: they know nothing else of it.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::ArchiveError;
use hsc_conversation::archive::{AgentRef, StampedRecord};

/// Keeps notes. Every call ends within a bounded time of its own.
pub trait Notes: Send + Sync + 'static {
    /// The newest notes about a conversation, at most so many, in the order they were written.
    fn notes(
        &self,
        conversation: &str,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<StoredNote>, ArchiveError>>;

    /// Writes one now, not behind: whoever asks next finds it, on whichever pod. One that is there
    /// already is passed over, so a note whose fate is unknown can be written again.
    fn keep_note(&self, note: Arc<StampedRecord>) -> BoxFuture<'_, Result<(), ArchiveError>>;
}

/// A note that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNote {
    /// Its identity: that of the record it came in as.
    pub id: String,
    /// When it was written.
    pub at_ms: u64,
    /// Whose it is.
    pub agent: AgentRef,
    /// The words.
    pub text: String,
}
