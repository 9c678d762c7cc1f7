//! Inputs and effects of a conversation, and its limits.
//!
//! A state machine of a conversation returns [`Step`]s: events and effects, in order. It does not know offsets; the
//! [`Conversation`](crate::Conversation) assigns them to the events of the steps.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::{AnswerEvent, AnswererName, ManualRequest, Question};
use crate::archive::MessageOutcome;
use crate::desk::{AgentChatMessage, DeskRequest, DeskUpdate};
use crate::event::{ConversationEvent, LogEntry};
use crate::log::{MissedEntries, OwnedConversation, TakenOver};
use crate::protocol::{
    Agent, ClientFrame, CloseReason, ErrorCode, InvalidMessage, Limits, MessageId, Resume,
    ServerMessage,
};
use crate::trace_context::QuestionTrace;

/// The notice to a client whose conversation cannot be stored for now.
pub const UNLOGGED: &str = "the conversation cannot be stored at the moment; until it can, it is not resumed after a lost connection";

/// The limits of a conversation, from the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Most questions in the queue behind the running answer.
    pub pending_questions: usize,
    /// Confidence (0 to 100) from which a prediction's manual is loaded ahead of the question.
    pub prefetch_confidence: u8,
    /// The limits that `welcome` sends to a client.
    pub limits: Limits,
}

/// An input of a conversation.
#[derive(Debug)]
pub enum Input {
    /// The client sent a message.
    Received(ClientFrame),
    /// The visitor sent a token that the embedding site signed.
    VisitorToken {
        /// The visitor token.
        token: String,
    },
    /// The client sent an invalid message.
    InvalidMessage(InvalidMessage),
    /// The client exceeded its rate limit.
    RateLimited,
    /// The running answer progressed. `answer` is its number, so that a late event is recognised.
    Answering {
        /// Number of the answer.
        answer: u64,
        /// The progress that the answerer reports.
        event: AnswerEvent,
    },
    /// The first words of the running answer arrived.
    FirstWords {
        /// Number of the answer.
        answer: u64,
        /// Time since the question, in milliseconds.
        after_ms: u64,
    },
    /// The running answer waits in the answer queue of this pod; 1 is next.
    AnswerWaits {
        /// Number of the answer.
        answer: u64,
        /// Its place; 1 is next.
        place: usize,
    },
    /// The answer queue is full.
    AnswerRefused {
        /// Number of the answer.
        answer: u64,
    },
    /// The running answer ended without its last event: the answerer failed.
    AnswerLost {
        /// Number of the answer.
        answer: u64,
    },
    /// The delay before a prefetch is over.
    PrefetchDue {
        /// Number of the prediction for which it was set.
        prediction: u64,
    },
    /// The result of [`Effect::Open`].
    Opened(OpeningResult),
    /// A report of the desk.
    Desk(DeskUpdate),
    /// An agent sends a message to the visitor.
    AgentChatMessage(Box<AgentChatMessage>),
    /// An agent starts or stops typing.
    AgentTyping {
        /// The agent who types.
        agent: Agent,
        /// True while the agent is typing.
        typing: bool,
    },
}

/// The end of a question, for its span.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedQuestion {
    /// The span of the question, and when it was asked.
    pub trace: QuestionTrace,
    /// Id of the product.
    pub product: String,
    /// How the answer ended.
    pub outcome: MessageOutcome,
    /// The answerer; none if the answer did not end.
    pub answerer: Option<AnswererName>,
}

/// An effect that the session performs.
#[derive(Debug)]
pub enum Effect {
    /// Send this message; it is not part of the conversation.
    Send {
        /// The message to the client.
        message: ServerMessage,
        /// The client's id that it answers.
        id: Option<MessageId>,
    },
    /// An event: it goes into the log, to the visitor and into the archive, each as a projection of its own.
    Event(Box<LogEntry>),
    /// Start an answer; its events return with this number.
    StartAnswer {
        /// Number of the answer.
        answer: u64,
        /// The question, with everything that its answer may use.
        question: Box<Question>,
    },
    /// Stop the running answer.
    StopAnswer,
    /// A question with a trace got its last event.
    QuestionEnded(Box<EndedQuestion>),
    /// Send [`Input::PrefetchDue`] after the configured delay.
    StartPrefetchTimer {
        /// Number of the prediction.
        prediction: u64,
    },
    /// Load this manual ahead of the question; no answer waits for it.
    Prefetch(ManualRequest),
    /// Open the log concurrently; the result returns as [`Input::Opened`].
    Open(Opening),
    /// From now on this is the session's conversation, and durable frames go through its log.
    UseLog {
        /// The conversation and its epoch.
        owned: OwnedConversation,
        /// The offset after which the log continues.
        offset: u64,
        /// False when the log is unavailable.
        is_logged: bool,
        /// True when the log must store the checkpoint before the client gets a frame.
        is_held: bool,
        /// The pod that owned it before; none if this pod did.
        from: Option<Arc<str>>,
    },
    /// Revoke the tokens of the conversation; the revocation is stored this long. Performed concurrently.
    EndTokens {
        /// The longest lifetime of a token.
        keep: Duration,
    },
    /// Send these entries: the client missed them.
    Replay(Vec<LogEntry>),
    /// Send a request to the desk; its reply returns as [`Input::Desk`].
    Desk(DeskRequest),
    /// Close the socket.
    Close(CloseReason),
}

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

/// Why a client does not get the entries that it missed. Each has a sentence for people that never changes, and a
/// value of a metric label.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
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

impl OpeningResult {
    /// The result for the named conversation, as the label of a metric; none if none was named.
    pub fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Begun { not_resumed, .. } => not_resumed.map(Into::into),
            Self::TakenOver { taken, .. } => Some(match taken.missed {
                MissedEntries::All(_) => "recovered",
                MissedEntries::Gone => NotResumed::Gone.into(),
                MissedEntries::Ahead => NotResumed::Ahead.into(),
            }),
        }
    }
}

/// A result of a state machine, performed in order.
#[derive(Debug)]
pub(crate) enum Step {
    /// An event, caused by the visitor's message with this id.
    Event(Box<ConversationEvent>, Option<MessageId>),
    /// An effect that is not part of the conversation.
    Effect(Effect),
}

impl Step {
    /// The step of an event.
    pub(crate) fn event(event: ConversationEvent, reply_to: Option<MessageId>) -> Self {
        Self::Event(Box::new(event), reply_to)
    }

    /// Sends a message that is not part of the conversation.
    pub(crate) fn send(message: ServerMessage, id: Option<MessageId>) -> Self {
        Self::Effect(Effect::Send { message, id })
    }

    /// Answers the message with this id with an error.
    pub(crate) fn error(
        code: ErrorCode,
        message: impl Into<String>,
        id: Option<MessageId>,
    ) -> Self {
        Self::send(ServerMessage::Error { message: message.into(), code }, id)
    }

    /// Sends a request to the desk.
    pub(crate) fn desk(request: DeskRequest) -> Self {
        Self::Effect(Effect::Desk(request))
    }
}
