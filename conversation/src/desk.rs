//! What a conversation asks of the desk, and what the desk says of it: data, no calls.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::{Citation, Scenario};
use serde::{Deserialize, Serialize};

use crate::BoxError;
use crate::protocol::{
    AboutProduct, Agent, Presence, Speaker, Ticket, TicketGone, TicketGoneReason,
};

/// A conversation whose visitor wants a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffRequest {
    /// The conversation.
    pub conversation: Arc<str>,
    /// The product it is about.
    pub product: Option<AboutProduct>,
    /// The visitor's name, where it is known.
    pub visitor: Option<String>,
    /// The visitor's language.
    pub locale: Option<String>,
    /// How the visitor uses the product.
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    pub page: Option<String>,
    /// Why the visitor wants a person.
    pub reason: Option<String>,
    /// What was said last, cut short.
    pub last: Option<String>,
    /// Since when the visitor waits, where the desk has lost a conversation that was there; else from
    /// now on.
    pub since_ms: Option<u64>,
    /// Who had it, where the desk has lost it.
    pub agent: Option<Agent>,
    /// True when the visitor waits for an answer of that agent.
    pub awaits_answer: bool,
}

/// What a ticket says of its visitor and changes while the conversation goes on. What is none is not known
/// and changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketDetails {
    /// The product that was chosen or asked about last.
    pub product: Option<AboutProduct>,
    /// The visitor's name.
    pub visitor: Option<String>,
    /// The visitor's language, a BCP 47 tag.
    pub locale: Option<String>,
    /// How the visitor uses the product.
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    pub page: Option<String>,
    /// Why the visitor wants a person.
    pub reason: Option<String>,
}

impl TicketDetails {
    /// Writes what is known into a ticket; true when that changed it.
    pub fn write_to(self, ticket: &mut Ticket) -> bool {
        let before = Self::of(ticket);
        ticket.product = self.product.or(ticket.product.take());
        ticket.visitor = self.visitor.or(ticket.visitor.take());
        ticket.locale = self.locale.or(ticket.locale.take());
        ticket.scenario = self.scenario.or(ticket.scenario.take());
        ticket.page = self.page.or(ticket.page.take());
        ticket.reason = self.reason.or(ticket.reason.take());
        before != Self::of(ticket)
    }

    fn of(ticket: &Ticket) -> Self {
        Self {
            product: ticket.product.clone(),
            visitor: ticket.visitor.clone(),
            locale: ticket.locale.clone(),
            scenario: ticket.scenario,
            page: ticket.page.clone(),
            reason: ticket.reason.clone(),
        }
    }
}

impl HandoffRequest {
    /// What the ticket is to say of its visitor.
    #[must_use]
    pub fn details(&self) -> TicketDetails {
        TicketDetails {
            product: self.product.clone(),
            visitor: self.visitor.clone(),
            locale: self.locale.clone(),
            scenario: self.scenario,
            page: self.page.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// Something changed at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is a ticket")]
pub enum DeskChange {
    /// A conversation is at the desk, like this.
    Ticket(Ticket),
    /// A conversation is not at the desk any more.
    Gone(TicketGone),
    /// Agents have come, gone, or changed: look again.
    Agents,
}

/// The desk at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeskView {
    /// Every ticket, the longest wait first.
    pub tickets: Vec<Ticket>,
    /// Every agent who is there, by name.
    pub agents: Vec<Presence>,
}

/// A place in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePlace {
    /// 1 is next.
    pub number: usize,
    /// About how long, going by how fast conversations were taken lately; none when none was.
    pub wait: Option<Duration>,
}

/// On whose behalf a ticket is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// The agent.
    pub agent: Agent,
    /// True when the agent may change what colleagues have.
    pub is_admin: bool,
}

/// How a visitor's wish for a person ends, from the visitor's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitorEnds {
    /// The visitor does not want one any more; without effect once a person has the conversation.
    Withdraws,
    /// The visitor ends the conversation.
    Leaves,
}

impl From<VisitorEnds> for TicketGoneReason {
    fn from(ends: VisitorEnds) -> Self {
        match ends {
            VisitorEnds::Withdraws => Self::Withdrawn,
            VisitorEnds::Leaves => Self::Ended,
        }
    }
}

/// How an agent lets go of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseKind {
    /// To a colleague, who has to be there.
    To(String),
    /// To the machine.
    ToMachine,
    /// It is over.
    Close,
}

/// Why the desk did not do what it was asked. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// Another agent already has the conversation.
    #[error("{} has the conversation", by.name)]
    Taken {
        /// Who.
        by: Agent,
    },
    /// The conversation belongs to another agent, or to none.
    #[error("the conversation is not this agent's")]
    NotYours {
        /// Whose it is.
        by: Option<Agent>,
    },
    /// The conversation is not at the desk.
    #[error("the conversation is not at the desk")]
    NoSuchConversation,
    /// The colleague is not there.
    #[error("the colleague is not there")]
    NotPresent,
    /// As many wait as may.
    #[error("as many wait for a person as may")]
    Full,
    /// The desk cannot be reached. Whether it was done is unknown; asking again is safe.
    #[error("the desk cannot be reached")]
    Unavailable {
        /// For the log of the server.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl DeskError {
    /// The desk could not be reached, for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }
}

/// Why there is no person for a visitor just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandoffUnavailable {
    /// It is outside of the opening hours.
    #[error("We are closed just now. Leave us a message and we will write back.")]
    Closed,
    /// No agent is there who takes conversations.
    #[error("Nobody is available just now. Leave us a message and we will write back.")]
    NobodyThere,
    /// As many wait as may.
    #[error("Too many people are waiting just now. Leave us a message and we will write back.")]
    Full,
    /// This client has asked as often as one may.
    #[error(
        "You have asked for a person several times already. Leave us a message and we will write back."
    )]
    TooMany,
    /// The desk cannot be reached.
    #[error("We cannot reach anybody just now. Leave us a message and we will write back.")]
    Away,
}

impl HandoffUnavailable {
    /// The code in the archive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NobodyThere => "nobody_there",
            Self::Full => "full",
            Self::TooMany => "too_many",
            Self::Away => "away",
        }
    }
}

/// What an agent says to a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentSaid {
    /// Unique: it may be told again, and is said once.
    pub request: String,
    /// Who.
    pub agent: Agent,
    /// The words.
    pub content: String,
    /// The pages of the manual they rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// A picture that was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// What the desk knows of conversations whose visitors are connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectedVisitors {
    /// Changes that this made, to be announced.
    pub changed: Vec<Ticket>,
    /// What each of the conversations is at the desk; those it does not know are left out.
    pub now: Vec<DeskChange>,
}

/// What a conversation asks of the desk, or tells it.
#[derive(Debug)]
pub enum DeskRequest {
    /// The visitor wants an agent.
    Person(Box<HandoffRequest>),
    /// The desk has lost the conversation.
    PutBack(Box<HandoffRequest>),
    /// The visitor does not want an agent any more.
    End(VisitorEnds),
    /// The conversation is at the desk, or not any more: subscribe to its changes, or unsubscribe.
    Attend(bool),
    /// The conversation continues on this pod: what is its state at the desk?
    Here,
    /// What is the state of the conversation at the desk? Comes back as [`DeskUpdate::Found`].
    Find,
    /// The last message.
    Touch {
        /// Its text.
        words: String,
        /// Its author.
        by: Speaker,
    },
    /// More is known of the visitor.
    Describe(Box<TicketDetails>),
    /// The visitor is typing, or not any more.
    Typing(bool),
    /// A message of an agent was accepted, or not.
    Accepted {
        /// [`AgentSaid::request`].
        request: String,
        /// True when it is in the conversation.
        accepted: bool,
    },
}

/// What the desk reports of a conversation.
#[derive(Debug, Clone)]
pub enum DeskUpdate {
    /// The conversation changed, or is not at the desk any more.
    Changed(Box<DeskChange>),
    /// The desk does not know it.
    Lost,
    /// The state of the conversation; none where the desk does not know it or cannot be reached.
    Found(Option<Box<DeskChange>>),
    /// Its place in the queue.
    Placed(QueuePlace),
    /// No agent can come.
    NoPerson(HandoffUnavailable),
}

/// What the desk decided about a conversation. `rev` is the number of its change ([`Ticket::rev`]).
#[derive(Debug, Clone, Copy)]
pub enum DeskDecision<'a> {
    /// The visitor waits for an agent.
    Requested {
        /// The change.
        rev: u64,
        /// Why, in the visitor's words.
        reason: Option<&'a str>,
    },
    /// No agent can come.
    Unavailable {
        /// Why.
        why: HandoffUnavailable,
    },
    /// An agent took the conversation.
    Joined {
        /// The change.
        rev: u64,
        /// The agent.
        agent: &'a Agent,
    },
    /// An agent handed the conversation to a colleague.
    Transferred {
        /// The change.
        rev: u64,
        /// The agent who did it.
        from: &'a Agent,
        /// The colleague.
        to: Option<&'a Agent>,
    },
    /// The conversation is not at the desk any more.
    Ended {
        /// How it ended.
        gone: &'a TicketGone,
        /// The agent who ended it, where one did.
        by: Option<&'a Agent>,
    },
}
