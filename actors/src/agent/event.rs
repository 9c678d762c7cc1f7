//! What goes into an agent's view and what comes out of it.

use crate::bridge::DeskBroadcast;
use hsc_conversation::AgentAction;
use hsc_conversation::answer::Answer;
use hsc_conversation::desk::AgentSaid;
use hsc_conversation::desk::{DeskChange, DeskError, DeskView, ReleaseKind};
use hsc_conversation::log::{LogError, StoredConversation, StoredEntry};
use hsc_conversation::protocol::{
    AgentFrame, DeskMessage, InvalidMessage, MessageId, Note, Presence,
};

use super::delivery::NotDelivered;

/// What can happen to an agent's socket.
#[derive(Debug)]
pub(crate) enum Event {
    /// The agent said something.
    Heard(AgentFrame),
    /// The agent said something that is no message.
    Misheard(InvalidMessage),
    /// The agent says more than may be said.
    Flooded,
    /// The agents who are there.
    Agents(Vec<Presence>),
    /// The desk as it is.
    Looked(Result<DeskView, DeskError>),
    /// Something changed at the desk.
    Changed(DeskChange),
    /// Something may have changed that nobody heard.
    Missed,
    /// A watched conversation was read before other pods were heard on it; they are now.
    Unheard {
        /// Which.
        conversation: String,
    },
    /// What the desk was asked came to this.
    Asked {
        /// The message that asked.
        id: Option<MessageId>,
        /// The change; none where the desk has nothing to show for it.
        outcome: Result<Option<DeskChange>, DeskError>,
    },
    /// A conversation that is to be watched was read.
    Read {
        /// The message that asked; none when it is read again.
        id: Option<MessageId>,
        /// Which.
        conversation: String,
        /// What is kept of it.
        kept: Result<StoredConversation, LogError>,
        /// The notes about it that are kept.
        notes: Vec<Note>,
    },
    /// A watched conversation went on.
    Appended {
        /// Which.
        conversation: String,
        /// By this.
        frames: Vec<StoredEntry>,
    },
    /// Something was said about a watched conversation to agents alone.
    Talked(DeskBroadcast),
    /// What the agent said was delivered, or not.
    Delivered {
        /// The message that said it.
        id: Option<MessageId>,
        /// How that ended.
        outcome: Result<(), NotDelivered>,
    },
    /// A note was kept, and the agents who watch were told.
    Noted {
        /// The message that brought it.
        id: Option<MessageId>,
    },
    /// The manual says this.
    Drafted {
        /// The message that asked.
        id: Option<MessageId>,
        /// In which conversation.
        conversation: String,
        /// What it says; none when it could not be asked.
        answer: Option<Box<Answer>>,
    },
}

impl Event {
    /// True where it says that what the agent asked for is done.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Asked { outcome, .. } => outcome.is_ok(),
            Self::Delivered { outcome, .. } => outcome.is_ok(),
            Self::Noted { .. } => true,
            _ => false,
        }
    }
}

/// What an agent's view wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send this.
    Send {
        /// The message.
        message: Box<DeskMessage>,
        /// The agent's id that it answers.
        id: Option<MessageId>,
    },
    /// Look at the whole desk.
    Look,
    /// Look which agents are there.
    LookForAgents,
    /// Take a conversation.
    Take {
        /// The message that asks.
        id: Option<MessageId>,
        /// Which.
        conversation: String,
    },
    /// Let go of one.
    LetGo {
        /// The message that asks.
        id: Option<MessageId>,
        /// Which.
        conversation: String,
        /// How.
        how: ReleaseKind,
    },
    /// Say whether conversations are taken.
    Available {
        /// The message that asks.
        id: Option<MessageId>,
        /// Whether.
        available: bool,
    },
    /// Hear what happens in a conversation from now on, and read what was said.
    Watch {
        /// The message that asks.
        id: Option<MessageId>,
        /// Which.
        conversation: String,
    },
    /// Hear it no more.
    Unwatch(String),
    /// Say this to the visitor.
    Say {
        /// The message that says it.
        id: Option<MessageId>,
        /// In which conversation.
        conversation: String,
        /// What.
        said: Box<AgentSaid>,
    },
    /// Tell the owner of a conversation.
    TellOwner {
        /// Which.
        conversation: String,
        /// What.
        talk: DeskBroadcast,
    },
    /// Keep a note, and tell the agents who watch.
    Note {
        /// The message that brought it.
        id: Option<MessageId>,
        /// About which conversation.
        conversation: String,
        /// The words.
        content: String,
    },
    /// Ask the manual.
    Draft {
        /// The message that asks.
        id: Option<MessageId>,
        /// In which conversation.
        conversation: String,
        /// About which product.
        product: String,
        /// What.
        question: String,
        /// In which language.
        locale: Option<String>,
    },
}

impl Effect {
    /// What the agent does by this, as the audit names it; none where it only looks or tells.
    pub(super) fn audited(&self) -> Option<AgentAction<'_>> {
        Some(match self {
            Self::Take { conversation, .. } => AgentAction::Took { conversation },
            Self::LetGo { conversation, how, .. } => AgentAction::Released { conversation, how },
            Self::Say { conversation, .. } => AgentAction::MessageSent { conversation },
            Self::Note { conversation, .. } => AgentAction::NoteWritten { conversation },
            Self::Available { available, .. } => {
                AgentAction::AvailabilityChanged { available: *available }
            }
            _ => return None,
        })
    }
}
