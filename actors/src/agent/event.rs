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
    /// The result of an action.
    ActionEnded {
        id: Option<MessageId>,
        /// The change at the desk, if the action made one.
        outcome: Result<Option<DeskChange>, ActionError>,
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
    /// The draft of the manual's answer.
    DraftMade {
        id: Option<MessageId>,
        conversation: String,
        /// The answer; none if it could not be made.
        answer: Option<Box<Answer>>,
    },
}

/// Why an action failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum ActionError {
    /// The desk refused it.
    Desk(#[from] DeskError),
    /// The visitor did not get the message.
    Delivery(#[from] NotDelivered),
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
    /// Perform an action after the agent's earlier ones on the same conversation, and audit it when it is done.
    Act { id: Option<MessageId>, action: Action },
    /// Subscribe to a conversation, and read its transcript.
    Watch { id: Option<MessageId>, conversation: String },
    /// Unsubscribe.
    Unwatch(String),
    /// Publish a message to the owner of a conversation.
    NotifyOwner { conversation: String, talk: DeskBroadcast },
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

/// An action that other agents or the visitor see.
#[derive(Debug)]
pub(crate) enum Action {
    /// Take a conversation.
    Take { conversation: String },
    /// Release a conversation.
    Release { conversation: String, how: ReleaseKind },
    /// Change whether the agent takes conversations.
    ChangeAvailability { available: bool },
    /// Deliver a message to the visitor.
    SendMessage { conversation: String, message: Box<AgentChatMessage> },
    /// Store a note, and send it to the watching agents.
    WriteNote { conversation: String, content: String },
}

impl Action {
    /// The conversation that it changes; none for the agent's own state.
    pub(super) fn conversation(&self) -> Option<&String> {
        match self {
            Self::Take { conversation }
            | Self::Release { conversation, .. }
            | Self::SendMessage { conversation, .. }
            | Self::WriteNote { conversation, .. } => Some(conversation),
            Self::ChangeAvailability { .. } => None,
        }
    }

    /// The action for the audit.
    pub(super) fn audited(&self) -> AgentAction<'_> {
        match self {
            Self::Take { conversation } => AgentAction::Took { conversation },
            Self::Release { conversation, how } => AgentAction::Released { conversation, how },
            Self::ChangeAvailability { available } => {
                AgentAction::AvailabilityChanged { available: *available }
            }
            Self::SendMessage { conversation, .. } => AgentAction::MessageSent { conversation },
            Self::WriteNote { conversation, .. } => AgentAction::NoteWritten { conversation },
        }
    }
}
