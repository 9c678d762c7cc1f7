//! Errors on the wire: one code per error, one number per close.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Stable, machine-readable name of an error; stands beside `message` on every `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
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
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why the server closes a socket, and its close code (RFC 6455, section 7.4; IANA for 1012 and 1013). As text, the line
/// of the documents about the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, thiserror::Error)]
#[repr(u16)]
pub enum CloseReason {
    /// The client closed, or went away.
    #[error("the client closed, or was silent for too long")]
    Normal = 1000,
    /// The client broke the WebSocket protocol.
    #[error("the client broke the framing (RFC 6455)")]
    Protocol = 1002,
    /// A text message was not UTF-8.
    #[error("a text message was not UTF-8")]
    InvalidText = 1007,
    /// The client broke a rule: it kept exceeding a limit, sent a message too slowly, or did not read its messages;
    /// or its agent signed out.
    #[error(
        "the client kept flooding, sent a message too slowly, did not read its messages or is not signed in any more"
    )]
    Policy = 1008,
    /// A frame or message was larger than the limit.
    #[error("a message was larger than limits.message_bytes")]
    TooLarge = 1009,
    /// The session failed permanently.
    #[error("the session failed for good")]
    Internal = 1011,
    /// The pod drains.
    #[error("the pod drains: connect again after reconnect.after_ms")]
    Restart = 1012,
    /// The pod is full, or has no memory left for an unfinished message.
    #[error("the pod is full, or out of memory for unfinished messages: connect again later")]
    TryAgainLater = 1013,
    /// The conversation continues on another connection.
    #[error("the conversation continues over another connection: do not connect again")]
    TakenOver = 4001,
    /// An admin closed the session.
    #[error("an admin closed the session: connect again only when the visitor asks")]
    Dismissed = 4002,
}

impl CloseReason {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        self as u16
    }
}
