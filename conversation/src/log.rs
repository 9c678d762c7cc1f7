//! The log of a conversation: the entries that its client must receive, in order, even if pods fail.
//!
//! One writer per conversation, by epoch: a pod that takes a conversation over gets the next epoch, and from then on
//! the log refuses the previous one. Offsets increase by one and are never assigned twice.

use std::sync::Arc;

use crate::BoxError;

/// An offset that no conversation reaches. A higher offset from a client is false and is not used, so that offsets
/// stay safe integers in every reader.
pub const MOST_OFFSET: u64 = 1_000_000_000_000;

/// A conversation and the epoch of its owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedConversation {
    /// Id of the conversation.
    pub conversation: Arc<str>,
    /// Epoch of the owner: 1 for the pod that began it, one more with every takeover.
    pub epoch: u64,
}

/// An event of the conversation as the log stores it. [`StoredEntry::read`] returns the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its offset.
    pub offset: u64,
    /// JSON: a [`crate::LogEntry`] in its versioned form, or a visitor's frame of the previous version.
    pub text: Arc<str>,
}

/// One append: all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order, each offset one more than the previous one. May be empty when only the checkpoint changed.
    pub entries: Vec<StoredEntry>,
    /// The checkpoint for the next owner, if it changed. The log keeps the last one.
    pub checkpoint: Option<Arc<str>>,
}

/// A conversation that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The new owner's epoch.
    pub epoch: u64,
    /// The last offset that was assigned; the new owner continues after it.
    pub offset: u64,
    /// The entries that the client does not have.
    pub missed: MissedEntries,
    /// The checkpoint; none if none was stored.
    pub checkpoint: Option<Arc<str>>,
    /// The pod that owned it before; none if the same pod did.
    pub from: Option<Arc<str>>,
}

/// A conversation whose pod vanished during an answer, taken over to complete the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Id of the conversation.
    pub conversation: Arc<str>,
    /// The result of the takeover.
    pub taken: TakenOver,
}

/// What the log stores of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConversation {
    /// The current epoch.
    pub epoch: u64,
    /// The last offset that was assigned.
    pub offset: u64,
    /// The newest entries, in order. Older ones were dropped if the first has not offset 1.
    pub entries: Vec<StoredEntry>,
}

/// The position of a client in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientPosition {
    /// The epoch of the client's token, that of its last `welcome`. Its frames came from that epoch's owner, or from
    /// the log at that `welcome`.
    pub epoch: u64,
    /// The last offset that the client has.
    pub offset: u64,
}

/// The entries that a client does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissedEntries {
    /// All of them, in order; often none.
    All(Vec<StoredEntry>),
    /// Not complete: the window of the log has moved past the client.
    Gone,
    /// The client has a higher offset than its epoch left in the log, or an epoch that the log does not know: its
    /// last frames were never logged (the owner lost the log and continued), or the log was replaced. The log may
    /// contradict what the client has. Offset and epoch of [`TakenOver`] are greater than both, so that none is
    /// assigned twice, and the log's old entries are not sent to any client.
    Ahead,
}

/// Why a call to the log failed. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Another owner has the conversation: stop, and send nothing more.
    #[error("the conversation is owned by epoch {owner} now")]
    Stale {
        /// The current epoch.
        owner: u64,
    },
    /// The log has no entries of this conversation or of its owner: the conversation ended, or the log was
    /// lost or fell back to before the takeover. Only the owner can begin it again; a client that resumes it
    /// gets a new conversation.
    #[error("the log does not know this conversation")]
    Unknown,
    /// Offsets between the last one in the log and the first of the batch are missing.
    #[error("the log ends at {last}, the batch begins later")]
    Gap {
        /// The last offset in the log.
        last: u64,
    },
    /// The log is unavailable or refuses writes. Whether a batch was appended is unknown; appending the same batch
    /// again is safe.
    #[error("the log cannot be reached")]
    Unavailable {
        /// For the server's log.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl LogError {
    /// The log is unavailable for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }
}
