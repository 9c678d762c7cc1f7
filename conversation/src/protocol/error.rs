//! Errors on the wire: one code per error, one number per close.

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
    /// The message has a type that this server does not know.
    UnknownType,
    /// More messages than the connection may send.
    RateLimited,
    /// The conversation has its maximum of queued questions.
    TooManyQuestions,
    /// The picture is invalid or too large.
    InvalidImage,
    /// The conversation has no such picture, or the picture has expired.
    NoSuchUpload,
    /// The message has no recipient: no agent has the conversation.
    NoAgent,
    /// The conversation has no such answer.
    NoSuchAnswer,
    /// A colleague already has the conversation.
    Taken,
    /// The conversation belongs to another agent.
    NotYours,
    /// No conversation with this id is at the desk.
    NoSuchConversation,
    /// The colleague is not present.
    NotPresent,
    /// The desk is unavailable.
    DeskAway,
    /// The visitor token has expired; the visitor is anonymous.
    VisitorExpired,
    /// The visitor token is not signed by the embedding site; the visitor is anonymous.
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

    /// The value on the wire.
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
    /// The client broke a rule: it kept exceeding a limit, sent a message too slowly, or did not read its messages;
    /// or its agent signed out (1008).
    Policy,
    /// A frame or message was larger than the limit (1009).
    TooLarge,
    /// The session failed permanently (1011).
    Internal,
    /// The pod drains (1012).
    Restart,
    /// The pod is full, or has no memory left for an unfinished message (1013).
    TryAgainLater,
    /// The conversation continues on another connection (4001).
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

    /// The meaning of the reason, in one line.
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
                "the conversation continues over another connection: do not connect again"
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
