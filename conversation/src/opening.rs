//! What a `hello` asks of the log, and what came of it.

use std::sync::Arc;

use crate::log::{MissedEntries, TakenOver};
use crate::protocol::Resume;

/// The log of a conversation is to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The conversation to go on with; a new one where there is none.
    pub resume: Option<Resume>,
    /// The last offset this conversation has given out, before it was logged.
    pub offset: u64,
}

/// What came of it.
#[derive(Debug)]
pub enum OpeningResult {
    /// The conversation of this connection goes on as its own.
    Begun {
        /// What proves that a client may continue it.
        token: String,
        /// False when the log could not be reached.
        is_logged: bool,
        /// Why the conversation that was named is not gone on with.
        not_resumed: Option<NotResumed>,
    },
    /// The conversation that was named goes on here.
    TakenOver {
        /// Its id.
        conversation: Arc<str>,
        /// A fresh proof.
        token: String,
        /// What the log knew of it.
        taken: Box<TakenOver>,
    },
}

/// Why a client does not get what it missed. Each has a sentence for people that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResumed {
    /// The token was not given for this conversation.
    #[error("the token does not belong to this conversation; a new one was begun")]
    BadToken,
    /// The token was given too long ago.
    #[error("the conversation is too long ago to be continued; a new one was begun")]
    Expired,
    /// The visitor has ended it.
    #[error("the conversation was ended; a new one was begun")]
    Ended,
    /// Another was begun on this connection.
    #[error("a conversation can only be continued by the first message of a connection")]
    Late,
    /// The log does not know it any more.
    #[error("the conversation is not kept any more; a new one was begun")]
    Unknown,
    /// The log cannot be reached.
    #[error("the conversation cannot be reached just now; a new one was begun")]
    Unavailable,
    /// The window of the log has gone past the client.
    #[error("more was said since than is kept; the conversation goes on without it")]
    Gone,
    /// The client has got more than the log.
    #[error("the last part of the conversation was lost on our side; it goes on without it")]
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

    /// The word of the metric label.
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
    /// What became of the conversation that was named, as the label of a metric; none where none was.
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

/// What a client is told whose conversation cannot be kept for now.
pub const UNLOGGED: &str =
    "the conversation cannot be kept just now; until it can, it is not continued after a loss";
