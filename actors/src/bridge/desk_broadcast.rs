//! Messages between pods about the desk, and about a conversation with an agent.

use hsc_conversation::desk::AgentChatMessage;
use serde::{Deserialize, Serialize};

use hsc_conversation::protocol::{Agent, Note, Ticket, TicketGone};

/// A message on the channels of the desk and of conversations at the desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeskBroadcast {
    /// The new state of a conversation at the desk.
    Ticket {
        /// The conversation at the desk.
        ticket: Box<Ticket>,
    },
    /// A conversation has left the desk.
    TicketGone {
        /// Its last state.
        gone: TicketGone,
    },
    /// Agents have come, gone or changed: read the desk again.
    Agents,
    /// To the owner of a conversation: a message of its agent to the visitor.
    // The JSON names are those of earlier versions: pods of two versions run during an update.
    #[serde(rename = "agent_said")]
    AgentChatMessage {
        /// The message of the agent.
        #[serde(rename = "said")]
        message: Box<AgentChatMessage>,
    },
    /// To the owner of a conversation: its agent started or stopped typing.
    AgentTyping {
        /// The agent who types.
        agent: Agent,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: an agent's message was added to the conversation, or was refused.
    Accepted {
        /// Id of the conversation.
        conversation: String,
        /// Number of the agent's message.
        request: String,
        /// False when the conversation is not assigned to that agent.
        accepted: bool,
    },
    /// To the agents: the visitor started or stopped typing.
    VisitorTyping {
        /// Id of the conversation.
        conversation: String,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: the archive has new data of these conversations; empty when there are too many to name.
    Archived {
        /// Ids of the conversations.
        conversations: Vec<String>,
    },
    /// To the agents: a new note.
    Note {
        /// The note as stored.
        note: Note,
    },
}

impl DeskBroadcast {
    pub(super) const KINDS: [&'static str; 9] = [
        "ticket",
        "ticket_gone",
        "agents",
        "agent_said",
        "agent_typing",
        "accepted",
        "visitor_typing",
        "archived",
        "note",
    ];

    /// Its kind on the wire and in the label of a metric.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Ticket { .. } => "ticket",
            Self::TicketGone { .. } => "ticket_gone",
            Self::Agents => "agents",
            Self::AgentChatMessage { .. } => "agent_said",
            Self::AgentTyping { .. } => "agent_typing",
            Self::Accepted { .. } => "accepted",
            Self::VisitorTyping { .. } => "visitor_typing",
            Self::Archived { .. } => "archived",
            Self::Note { .. } => "note",
        }
    }
}
