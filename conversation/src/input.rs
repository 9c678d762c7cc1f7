//! What goes into a conversation and what comes out of it.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::{AnswerEvent, ManualRequest, Question};
use crate::desk::{AgentSaid, DeskRequest, DeskUpdate};
use crate::event::LogEntry;
use crate::log::OwnedConversation;
use crate::opening::{Opening, OpeningResult};
use crate::protocol::{Agent, ClientFrame, CloseReason, InvalidMessage, MessageId, ServerMessage};

/// What can happen to a conversation.
#[derive(Debug)]
pub enum Input {
    /// The client said something.
    Heard(ClientFrame),
    /// The visitor came with the embedding site's word for who they are.
    Introduced {
        /// What the site has signed.
        token: String,
    },
    /// The client said something that is no message.
    Misheard(InvalidMessage),
    /// The client says more than it may.
    Flooded,
    /// The running answer went on. `answer` is its number, so that a late event is recognised.
    Answering {
        /// Number of the answer.
        answer: u64,
        /// What happened.
        event: AnswerEvent,
    },
    /// The running answer's first words have come.
    FirstWords {
        /// Number of the answer.
        answer: u64,
        /// So long after it was begun.
        after_ms: u64,
    },
    /// The running answer waits in line for others of this pod; 1 is next.
    AnswerWaits {
        /// Number of the answer.
        answer: u64,
        /// Its place.
        place: usize,
    },
    /// The line of answers is full.
    AnswerRefused {
        /// Number of the answer.
        answer: u64,
    },
    /// The running answer ended without its last event: whoever made it failed.
    AnswerLost {
        /// Number of the answer.
        answer: u64,
    },
    /// The time to wait before a prefetch is over.
    Settled {
        /// Number of the prediction it was set for.
        prediction: u64,
    },
    /// What [`Effect::Open`] came to.
    Opened(OpeningResult),
    /// Something became known of the conversation at the desk.
    Desk(DeskUpdate),
    /// An agent says something to the visitor.
    AgentSaid(Box<AgentSaid>),
    /// An agent is typing, or no more.
    AgentTyping {
        /// Who.
        agent: Agent,
        /// Whether.
        typing: bool,
    },
}

/// What a conversation wants done.
#[derive(Debug)]
pub enum Effect {
    /// Send this; it is no part of the conversation.
    Send {
        /// The message.
        message: ServerMessage,
        /// The client's id that it answers.
        id: Option<MessageId>,
    },
    /// This happened: it goes into the log, to the visitor and into the archive, each as a projection of its own.
    Happened(Box<LogEntry>),
    /// Start to answer; events come back with this number.
    StartAnswer {
        /// Number of the answer.
        answer: u64,
        /// What to answer.
        question: Box<Question>,
    },
    /// Stop the answer that is running.
    StopAnswer,
    /// Come back with [`Input::Settled`] after the time the settings say.
    AwaitCalm {
        /// Number of the prediction.
        prediction: u64,
    },
    /// Open this manual ahead of the question; nobody waits for it.
    Prefetch(ManualRequest),
    /// Open the log, beside everything else; come back with [`Input::Opened`].
    Open(Opening),
    /// The conversation is this one from now on, and what is durable goes through its log.
    Follow {
        /// The conversation and its epoch.
        owned: OwnedConversation,
        /// The offset after which the log goes on.
        offset: u64,
        /// False when the log cannot be reached.
        is_logged: bool,
        /// True when the log must know the checkpoint before the client hears a word.
        is_held: bool,
        /// The pod that owned it before, where it was another one.
        from: Option<Arc<str>>,
    },
    /// The tokens that were given for the conversation are over; known for so long. Beside everything else.
    EndTokens {
        /// The longest time that one of them is good.
        keep: Duration,
    },
    /// Send these: the client missed them.
    Replay(Vec<LogEntry>),
    /// Ask the desk, or tell it; what comes of it comes back as [`Input::Desk`].
    Desk(DeskRequest),
    /// Close the socket.
    Close(CloseReason),
}
