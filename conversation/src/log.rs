//! The log of a conversation: what its client must get, in order, whatever becomes of a pod.
//!
//! One writer a conversation, by epoch: who takes a conversation over gets the next epoch, and from
//! then on the log refuses the one before. Offsets go up by one and are never given twice.

use std::sync::Arc;

use crate::BoxError;

/// An offset that no conversation reaches. A client that says it has got more is lying; nothing is
/// counted on from what it says, so that offsets stay whole numbers for everybody who reads them.
pub const MOST_OFFSET: u64 = 1_000_000_000_000;

/// A conversation and the epoch of its owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedConversation {
    /// The conversation.
    pub conversation: Arc<str>,
    /// Who owns it now: 1 for the one that began it, one more with every take-over.
    pub epoch: u64,
}

/// An event of the conversation as the log stores it. [`StoredEntry::read`] gives the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place.
    pub offset: u64,
    /// JSON: a [`crate::LogEntry`] in its versioned form, or a visitor's frame of the version before.
    pub text: Arc<str>,
}

/// What is appended at once: all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order, each offset one more than the one before. May be empty when only the checkpoint changed.
    pub entries: Vec<StoredEntry>,
    /// What whoever goes on with the conversation has to know, where it changed. The log keeps the last.
    pub checkpoint: Option<Arc<str>>,
}

/// A conversation that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The new owner's epoch.
    pub epoch: u64,
    /// The last offset given out; the new owner goes on after it.
    pub offset: u64,
    /// What the client has not got yet.
    pub missed: MissedEntries,
    /// The checkpoint, where some were kept.
    pub checkpoint: Option<Arc<str>>,
    /// The pod that owned it before, where it was another one.
    pub from: Option<Arc<str>>,
}

/// A conversation whose pod vanished while it answered, taken over to complete the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The conversation.
    pub conversation: Arc<str>,
    /// As after any take-over.
    pub taken: TakenOver,
}

/// What the log stores of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConversation {
    /// The epoch in force.
    pub epoch: u64,
    /// The last offset given out.
    pub offset: u64,
    /// The newest messages, in order; older ones are not kept any more where the first is not the first.
    pub entries: Vec<StoredEntry>,
}

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientPosition {
    /// The epoch it was last welcomed in, by its token. What it got came from that epoch's owner, or
    /// from the log when it was welcomed.
    pub epoch: u64,
    /// The last offset it got.
    pub offset: u64,
}

/// What a client has not got yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissedEntries {
    /// All of it, in order; often nothing.
    All(Vec<StoredEntry>),
    /// It cannot be given whole any more: the window of the log has gone past it.
    Gone,
    /// The client has got more than its epoch left in the log, or comes from a later epoch than the log
    /// knows: what it got last was never logged (its owner was cut off from the log and went on), or the
    /// log is not what it was. Whatever the log has may contradict what the client has read. Offset and
    /// epoch of [`TakenOver`] lie past both, so that none is given twice, and what the log has is given to
    /// nobody any more.
    Ahead,
}

/// Why the log did not do what it was asked. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Another owner has the conversation now: stop, and send nothing more.
    #[error("the conversation is owned by epoch {owner} now")]
    Stale {
        /// The epoch in force.
        owner: u64,
    },
    /// The log holds nothing of this conversation, or nothing of what its owner wrote: it is over, or
    /// the log was lost or has fallen back to before its owner took it over. The owner, and nobody else,
    /// can begin it again; a client that asks for it gets a new conversation.
    #[error("the log does not know this conversation")]
    Unknown,
    /// Offsets between the last one in the log and the first of the batch are missing.
    #[error("the log ends at {last}, the batch begins later")]
    Gap {
        /// The last offset in the log.
        last: u64,
    },
    /// The log cannot be reached, or takes no writes. Whether a batch was appended is unknown; trying
    /// the same batch again is safe.
    #[error("the log cannot be reached")]
    Unavailable {
        /// For the log of the server.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl LogError {
    /// The log could not be reached, for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }
}
