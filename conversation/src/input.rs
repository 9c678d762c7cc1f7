//! Inputs and effects of a conversation.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::{AnswerEvent, AnswererName, ManualRequest, Question};
use crate::archive::MessageOutcome;
use crate::desk::{AgentChatMessage, DeskRequest, DeskUpdate};
use crate::event::LogEntry;
use crate::log::OwnedConversation;
use crate::opening::{Opening, OpeningResult};
use crate::protocol::{Agent, ClientFrame, CloseReason, InvalidMessage, MessageId, ServerMessage};
use crate::trace_context::QuestionTrace;

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
        /// The event.
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
        /// Its place.
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
        /// The agent.
        agent: Agent,
        /// True while the agent is typing.
        typing: bool,
    },
}

/// The end of a question, for its span.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedQuestion {
    /// The trace.
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
        /// The message.
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
        /// The question.
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
