//! The opening of the log after a `hello`, and its result.

use std::sync::Arc;

use crate::log::{MissedEntries, TakenOver};
use crate::protocol::Resume;

/// A request to open the log of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The conversation to continue; none for a new one.
    pub resume: Option<Resume>,
    /// The last offset that this conversation assigned before it was logged.
    pub offset: u64,
}

/// The result of an opening.
#[derive(Debug)]
pub enum OpeningResult {
    /// The conversation of this connection begins.
    Begun {
        /// Proves that a client may continue it.
        token: String,
        /// False when the log is unavailable.
        is_logged: bool,
        /// Why the named conversation is not continued.
        not_resumed: Option<NotResumed>,
    },
    /// The named conversation continues here.
    TakenOver {
        /// Its id.
        conversation: Arc<str>,
        /// A new token.
        token: String,
        /// The state from the log.
        taken: Box<TakenOver>,
    },
}

/// Why a client does not get the entries that it missed. Each has a sentence for people that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResumed {
    /// The token belongs to another conversation.
    #[error("the token does not belong to this conversation; a new one was begun")]
    BadToken,
    /// The token has expired.
    #[error("the conversation is too long ago to be continued; a new one was begun")]
    Expired,
    /// The visitor has ended the conversation.
    #[error("the conversation was ended; a new one was begun")]
    Ended,
    /// Another conversation was begun on this connection.
    #[error("a conversation can only be continued by the first message of a connection")]
    Late,
    /// The log does not know the conversation any more.
    #[error("the conversation is not kept any more; a new one was begun")]
    Unknown,
    /// The log is unavailable.
    #[error("the conversation is not available at the moment; a new one was started")]
    Unavailable,
    /// The window of the log has moved past the client.
    #[error(
        "more messages were sent since than are stored; the conversation continues without them"
    )]
    Gone,
    /// The client has a higher offset than the log.
    #[error("the last part of the conversation was lost on the server; it continues without it")]
    Ahead,
}

impl NotResumed {
    /// Every reason, for the documents that list them.
    pub const ALL: [Self; 8] = [
        Self::BadToken,
        Self::Expired,
        Self::Ended,
        Self::Late,
        Self::Unknown,
        Self::Unavailable,
        Self::Gone,
        Self::Ahead,
    ];

    /// The value of the metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadToken => "bad_token",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Late => "late",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Gone => "gone",
            Self::Ahead => "ahead",
        }
    }
}

impl OpeningResult {
    /// The result for the named conversation, as the label of a metric; none if none was named.
    #[must_use]
    pub fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Begun { not_resumed, .. } => not_resumed.map(NotResumed::as_str),
            Self::TakenOver { taken, .. } => Some(match taken.missed {
                MissedEntries::All(_) => "recovered",
                MissedEntries::Gone => NotResumed::Gone.as_str(),
                MissedEntries::Ahead => NotResumed::Ahead.as_str(),
            }),
        }
    }
}

/// The notice to a client whose conversation cannot be stored for now.
pub const UNLOGGED: &str = "the conversation cannot be stored at the moment; until it can, it is not resumed after a lost connection";
