//! What pods tell each other of the desk, and of a conversation that a person has.

use hsc_conversation::desk::AgentSaid;
use serde::{Deserialize, Serialize};

use hsc_conversation::protocol::{Agent, Note, Ticket, TicketGone};

/// Said on the channels of the desk and of conversations at the desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeskBroadcast {
    /// A conversation is at the desk, like this.
    Ticket {
        /// The conversation there.
        ticket: Box<Ticket>,
    },
    /// A conversation is not at the desk any more.
    TicketGone {
        /// How it went.
        gone: TicketGone,
    },
    /// Agents have come, gone or changed: look again.
    Agents,
    /// To the owner of a conversation: its agent says this to the visitor.
    AgentSaid {
        /// The message, rating or other act of the agent.
        said: Box<AgentSaid>,
    },
    /// To the owner of a conversation: its agent is typing, or no more.
    AgentTyping {
        /// The agent who types.
        agent: Agent,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: what an agent said has become part of the conversation, or has not.
    Accepted {
        /// Id of the conversation.
        conversation: String,
        /// The number of what was said.
        request: String,
        /// False where the conversation is not that agent's.
        accepted: bool,
    },
    /// To the agents: the visitor is typing, or no more.
    VisitorTyping {
        /// In which conversation.
        conversation: String,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: the archive knows more of these conversations; empty where there are more than are named.
    Archived {
        /// Ids of the conversations.
        conversations: Vec<String>,
    },
    /// To the agents: a note.
    Note {
        /// As it is stored.
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

    /// Its kind, as on the wire and as the label of a metric.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Ticket { .. } => "ticket",
            Self::TicketGone { .. } => "ticket_gone",
            Self::Agents => "agents",
            Self::AgentSaid { .. } => "agent_said",
            Self::AgentTyping { .. } => "agent_typing",
            Self::Accepted { .. } => "accepted",
            Self::VisitorTyping { .. } => "visitor_typing",
            Self::Archived { .. } => "archived",
            Self::Note { .. } => "note",
        }
    }
}
