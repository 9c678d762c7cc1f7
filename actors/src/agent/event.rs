//! Events and effects of an agent's view.

use crate::bridge::DeskBroadcast;
use hsc_conversation::AgentAction;
use hsc_conversation::answer::Answer;
use hsc_conversation::desk::AgentChatMessage;
use hsc_conversation::desk::{DeskChange, DeskError, DeskView, ReleaseKind};
use hsc_conversation::log::{LogError, StoredConversation, StoredEntry};
use hsc_conversation::protocol::{
    AgentFrame, DeskMessage, InvalidMessage, MessageId, Note, Presence,
};

use super::delivery::NotDelivered;

/// An event of an agent's socket.
#[derive(Debug)]
pub(crate) enum Event {
    /// The agent sent a message.
    MessageReceived(AgentFrame),
    /// The agent sent an invalid message.
    InvalidMessage(InvalidMessage),
    /// The agent exceeded its rate limit.
    RateLimited,
    /// The present agents.
    Agents(Vec<Presence>),
    /// A snapshot of the desk.
    DeskRead(Result<DeskView, DeskError>),
    /// A change at the desk.
    Changed(DeskChange),
    /// Changes may have been missed.
    Missed,
    /// A watched conversation was read before the subscription to other pods was live; it is live now.
    ReadBeforeLive {
        /// Id of the conversation.
        conversation: String,
    },
    /// The result of a request to the desk.
    DeskReplied {
        /// Id of the request.
        id: Option<MessageId>,
        /// The change; none if the desk has no change to report.
        outcome: Result<Option<DeskChange>, DeskError>,
    },
    /// A conversation was read to be watched.
    Read {
        /// Id of the request; none for a repeated read.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// Its entries in the log.
        stored: Result<StoredConversation, LogError>,
        /// Its stored notes.
        notes: Vec<Note>,
    },
    /// New entries of a watched conversation.
    Appended {
        /// Id of the conversation.
        conversation: String,
        /// The entries.
        frames: Vec<StoredEntry>,
    },
    /// A message about a watched conversation to agents only.
    BroadcastReceived(DeskBroadcast),
    /// The result of a delivery to the visitor.
    Delivered {
        /// Id of the request.
        id: Option<MessageId>,
        /// The result.
        outcome: Result<(), NotDelivered>,
    },
    /// A note was stored and sent to the watching agents.
    NoteWritten {
        /// Id of the request.
        id: Option<MessageId>,
    },
    /// The draft of the manual's answer.
    DraftMade {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// The answer; none if it could not be made.
        answer: Option<Box<Answer>>,
    },
}

impl Event {
    /// True if the event is the success of a request.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::DeskReplied { outcome, .. } => outcome.is_ok(),
            Self::Delivered { outcome, .. } => outcome.is_ok(),
            Self::NoteWritten { .. } => true,
            _ => false,
        }
    }
}

/// An effect of an agent's view.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a message to the agent.
    Send {
        /// The message.
        message: Box<DeskMessage>,
        /// Id of the agent's message that it answers.
        id: Option<MessageId>,
    },
    /// Read the whole desk.
    ReadDesk,
    /// Read the present agents.
    ReadAgents,
    /// Take a conversation.
    Take {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
    },
    /// Release a conversation.
    Release {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// The new owner.
        how: ReleaseKind,
    },
    /// Change whether the agent takes conversations.
    Available {
        /// Id of the request.
        id: Option<MessageId>,
        /// True when the agent takes conversations.
        available: bool,
    },
    /// Subscribe to a conversation, and read its transcript.
    Watch {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
    },
    /// Unsubscribe.
    Unwatch(String),
    /// Deliver a message to the visitor.
    SendMessage {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// The message.
        message: Box<AgentChatMessage>,
    },
    /// Publish a message to the owner of a conversation.
    NotifyOwner {
        /// Id of the conversation.
        conversation: String,
        /// The message.
        talk: DeskBroadcast,
    },
    /// Store a note, and send it to the watching agents.
    Note {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// The text.
        content: String,
    },
    /// Make a draft from the manual.
    Draft {
        /// Id of the request.
        id: Option<MessageId>,
        /// Id of the conversation.
        conversation: String,
        /// Id of the product.
        product: String,
        /// The question.
        question: String,
        /// The language, a BCP 47 tag.
        locale: Option<String>,
    },
}

impl Effect {
    /// The audited action; none if the effect only reads or reports.
    pub(super) fn audited(&self) -> Option<AgentAction<'_>> {
        Some(match self {
            Self::Take { conversation, .. } => AgentAction::Took { conversation },
            Self::Release { conversation, how, .. } => AgentAction::Released { conversation, how },
            Self::SendMessage { conversation, .. } => AgentAction::MessageSent { conversation },
            Self::Note { conversation, .. } => AgentAction::NoteWritten { conversation },
            Self::Available { available, .. } => {
                AgentAction::AvailabilityChanged { available: *available }
            }
            _ => return None,
        })
    }
}
