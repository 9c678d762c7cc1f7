//! The desk as it is told: who waits for a person, who has one, and which persons are there.

use hsc_catalogs::Scenario;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person who answers visitors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// The account.
    pub id: String,
    /// What visitors and colleagues call the person.
    pub name: String,
}

/// A person who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The person.
    pub agent: Agent,
    /// Takes conversations; false while having a break.
    pub available: bool,
}

/// A conversation that waits for a person, or has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// The conversation.
    pub conversation: String,
    /// The product it is about, where the visitor named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<AboutProduct>,
    /// The visitor's name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// The visitor's language, a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How the visitor uses the product, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Why the visitor wants a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was said last, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Since when the visitor waits, in milliseconds since 1970. Kept when it is given away and comes
    /// back, so that who waits longest comes first.
    pub since_ms: u64,
    /// Who has it; nobody while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The agent it was taken from last, because the visitor got no answer. None once it is taken again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_by: Option<Box<Agent>>,
    /// True while the visitor is connected.
    pub online: bool,
    /// The pod that holds the visitor's socket, or held it last.
    pub pod: String,
    /// Goes up with every change at the desk: of two tickets of one conversation the greater is newer.
    pub rev: u64,
}

/// The product of a conversation, as much of it as a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AboutProduct {
    /// Its id in the catalog.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A conversation that does not wait for a person any more, nor has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketGone {
    /// The conversation.
    pub conversation: String,
    /// Why.
    pub why: TicketGoneReason,
    /// Who had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// As [`Ticket::rev`].
    pub rev: u64,
}

/// Why a conversation is not at the desk any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketGoneReason {
    /// The visitor does not want a person any more.
    Withdrawn,
    /// The person gave it back to the machine.
    Returned,
    /// The person closed it.
    Closed,
    /// The visitor ended it.
    Ended,
    /// The visitor waited, left and did not come back.
    Expired,
}

impl TicketGoneReason {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Withdrawn, Self::Returned, Self::Closed, Self::Ended, Self::Expired];

    /// The word on the wire.
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
    /// True while nobody has it.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.agent.is_none()
    }
}
