//! Events and effects of an agent's view.

use crate::bridge::DeskBroadcast;
use hsc_conversation::AgentAction;
use hsc_conversation::answer::Answer;
use hsc_conversation::desk::{AgentChatMessage, DeskChange, DeskError, DeskView, ReleaseKind};
use hsc_conversation::log::{LogError, StoredConversation, StoredEntry};
use hsc_conversation::protocol::{
    AgentFrame, DeskMessage, InvalidMessage, MessageId, Note, Presence,
};

use super::delivery::NotDelivered;

/// An event of an agent's socket. An `id` is that of the agent's request.
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
    ReadBeforeLive { conversation: String },
    /// The result of a request to the desk.
    DeskReplied {
        id: Option<MessageId>,
        /// The change; none if the desk has no change to report.
        outcome: Result<Option<DeskChange>, DeskError>,
    },
    /// A conversation was read to be watched.
    Read {
        /// Id of the request; none for a repeated read.
        id: Option<MessageId>,
        conversation: String,
        /// Its entries in the log.
        stored: Result<StoredConversation, LogError>,
        /// Its stored notes.
        notes: Vec<Note>,
    },
    /// New entries of a watched conversation.
    Appended { conversation: String, frames: Vec<StoredEntry> },
    /// A message about a watched conversation to agents only.
    BroadcastReceived(DeskBroadcast),
    /// The result of a delivery to the visitor.
    Delivered { id: Option<MessageId>, outcome: Result<(), NotDelivered> },
    /// A note was stored and sent to the watching agents.
    NoteWritten { id: Option<MessageId> },
    /// The draft of the manual's answer.
    DraftMade {
        id: Option<MessageId>,
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

/// An effect of an agent's view. An `id` is that of the agent's request.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a message to the agent.
    Send {
        message: Box<DeskMessage>,
        /// Id of the agent's message that it answers.
        id: Option<MessageId>,
    },
    /// Read the whole desk.
    ReadDesk,
    /// Read the present agents.
    ReadAgents,
    /// Take a conversation.
    Take { id: Option<MessageId>, conversation: String },
    /// Release a conversation.
    Release { id: Option<MessageId>, conversation: String, how: ReleaseKind },
    /// Change whether the agent takes conversations.
    Available {
        id: Option<MessageId>,
        /// True when the agent takes conversations.
        available: bool,
    },
    /// Subscribe to a conversation, and read its transcript.
    Watch { id: Option<MessageId>, conversation: String },
    /// Unsubscribe.
    Unwatch(String),
    /// Deliver a message to the visitor.
    SendMessage { id: Option<MessageId>, conversation: String, message: Box<AgentChatMessage> },
    /// Publish a message to the owner of a conversation.
    NotifyOwner { conversation: String, talk: DeskBroadcast },
    /// Store a note, and send it to the watching agents.
    Note { id: Option<MessageId>, conversation: String, content: String },
    /// Make a draft from the manual.
    Draft {
        id: Option<MessageId>,
        conversation: String,
        product: String,
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
