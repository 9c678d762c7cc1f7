//! What can go wrong on the wire: one code an error, one number a close.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Stable, machine-readable name of an error; stands beside `message` on every `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame is not JSON.
    InvalidJson,
    /// The frame is JSON but not a message of this protocol.
    InvalidMessage,
    /// The message says a type that this server does not know.
    UnknownType,
    /// More messages than the connection may send.
    RateLimited,
    /// More questions wait than a conversation may have.
    TooManyQuestions,
    /// The picture is not one, or too large.
    InvalidImage,
    /// There is no such picture in the conversation, or its time is over.
    NoSuchUpload,
    /// Nobody is there to hear the message: no person has the conversation.
    NoAgent,
    /// There is no such answer in the conversation.
    NoSuchAnswer,
    /// A colleague has the conversation already.
    Taken,
    /// The conversation is somebody else's.
    NotYours,
    /// Nobody waits in, or has, a conversation of this id.
    NoSuchConversation,
    /// The colleague is not there.
    NotPresent,
    /// The queue of conversations cannot be reached just now.
    DeskAway,
    /// What the embedding site signed for the visitor has expired; the visitor is anonymous.
    VisitorExpired,
    /// What the visitor brought is not signed by the embedding site; the visitor is anonymous.
    VisitorRefused,
    /// The server failed; the message can be sent again.
    Internal,
}

impl ErrorCode {
    /// Every code, for the documents that list them.
    pub const ALL: [Self; 17] = [
        Self::InvalidJson,
        Self::InvalidMessage,
        Self::UnknownType,
        Self::RateLimited,
        Self::TooManyQuestions,
        Self::InvalidImage,
        Self::NoSuchUpload,
        Self::NoAgent,
        Self::NoSuchAnswer,
        Self::Taken,
        Self::NotYours,
        Self::NoSuchConversation,
        Self::NotPresent,
        Self::DeskAway,
        Self::VisitorExpired,
        Self::VisitorRefused,
        Self::Internal,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidMessage => "invalid_message",
            Self::UnknownType => "unknown_type",
            Self::RateLimited => "rate_limited",
            Self::TooManyQuestions => "too_many_questions",
            Self::InvalidImage => "invalid_image",
            Self::NoSuchUpload => "no_such_upload",
            Self::NoAgent => "no_agent",
            Self::NoSuchAnswer => "no_such_answer",
            Self::Taken => "taken",
            Self::NotYours => "not_yours",
            Self::NoSuchConversation => "no_such_conversation",
            Self::NotPresent => "not_present",
            Self::DeskAway => "desk_away",
            Self::VisitorExpired => "visitor_expired",
            Self::VisitorRefused => "visitor_refused",
            Self::Internal => "internal",
        }
    }
}

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client closed, or went away (1000).
    Normal,
    /// The client broke the WebSocket protocol (1002).
    Protocol,
    /// A text message was not UTF-8 (1007).
    InvalidText,
    /// The client broke a rule: kept flooding, sent a message too slowly, or did not read its messages; or
    /// its agent has signed out (1008).
    Policy,
    /// A frame or message was larger than the limit (1009).
    TooLarge,
    /// The session failed for good (1011).
    Internal,
    /// The pod drains (1012).
    Restart,
    /// The pod is full, or has no memory left for a message that is not finished (1013).
    TryAgainLater,
    /// The conversation goes on over another connection (4001).
    TakenOver,
    /// An admin closed the session (4002).
    Dismissed,
}

impl CloseReason {
    /// Every reason, for the documents that list them.
    pub const ALL: [Self; 10] = [
        Self::Normal,
        Self::Protocol,
        Self::InvalidText,
        Self::Policy,
        Self::TooLarge,
        Self::Internal,
        Self::Restart,
        Self::TryAgainLater,
        Self::TakenOver,
        Self::Dismissed,
    ];

    /// What it tells a client, in one line.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "the client closed, or was silent for too long",
            Self::Protocol => "the client broke the framing (RFC 6455)",
            Self::InvalidText => "a text message was not UTF-8",
            Self::Policy => {
                "the client kept flooding, sent a message too slowly, did not read its messages or is not signed in any more"
            }
            Self::TooLarge => "a message was larger than limits.message_bytes",
            Self::Internal => "the session failed for good",
            Self::Restart => "the pod drains: connect again after reconnect.after_ms",
            Self::TryAgainLater => {
                "the pod is full, or out of memory for unfinished messages: connect again later"
            }
            Self::TakenOver => {
                "the conversation goes on over another connection: do not connect again"
            }
            Self::Dismissed => {
                "an admin closed the session: connect again only when the visitor asks"
            }
        }
    }

    /// The WebSocket close code (RFC 6455, section 7.4; IANA for 1012 and 1013).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::InvalidText => 1007,
            Self::Policy => 1008,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::Restart => 1012,
            Self::TryAgainLater => 1013,
            Self::TakenOver => 4001,
            Self::Dismissed => 4002,
        }
    }
}
