//! The desk on the wire: waiting and assigned conversations, and present agents.

use hsc_catalogs::Scenario;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An agent, who answers visitors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Id of the account.
    pub id: String,
    /// The name that visitors and colleagues see.
    pub name: String,
}

/// A present agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The agent.
    pub agent: Agent,
    /// True when the agent takes conversations; false during a break.
    pub available: bool,
}

/// A conversation that waits for an agent, or has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// The conversation.
    pub conversation: String,
    /// The product of the conversation; none if the visitor named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<AboutProduct>,
    /// The visitor's name, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// The visitor's language, a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How the visitor uses the product, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Why the visitor wants an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last message, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Start of the wait, in milliseconds since 1970. It stays when the conversation is returned to the queue, so
    /// that the longest wait is first.
    pub since_ms: u64,
    /// The agent who has it; none while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The agent it was taken from last, because the visitor got no reply. None once it is taken again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_by: Option<Box<Agent>>,
    /// True while the visitor is connected.
    pub online: bool,
    /// The pod of the visitor's socket, or of the last one.
    pub pod: String,
    /// Increases with every change at the desk: of two tickets of one conversation the greater is newer.
    pub rev: u64,
}

/// The product of a conversation, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AboutProduct {
    /// Its id in the catalog.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A conversation that left the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketGone {
    /// The conversation.
    pub conversation: String,
    /// Why.
    pub why: TicketGoneReason,
    /// The last agent who had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// As [`Ticket::rev`].
    pub rev: u64,
}

/// Why a conversation left the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketGoneReason {
    /// The visitor does not want an agent any more.
    Withdrawn,
    /// The agent returned it to the assistant.
    Returned,
    /// The agent closed it.
    Closed,
    /// The visitor ended it.
    Ended,
    /// The waiting visitor disconnected and did not return.
    Expired,
}

impl TicketGoneReason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Withdrawn, Self::Returned, Self::Closed, Self::Ended, Self::Expired];

    /// The value on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Returned => "returned",
            Self::Closed => "closed",
            Self::Ended => "ended",
            Self::Expired => "expired",
        }
    }
}

impl Ticket {
    /// True while no agent has it.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.agent.is_none()
    }
}
