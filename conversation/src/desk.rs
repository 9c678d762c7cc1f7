//! The requests of a conversation to the desk, and the desk's reports: data, no calls.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::{Citation, Scenario};
use serde::{Deserialize, Serialize};

use crate::BoxError;
use crate::protocol::{
    AboutProduct, Agent, Presence, Speaker, Ticket, TicketGone, TicketGoneReason,
};

/// A conversation whose visitor wants an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffRequest {
    /// Id of the conversation.
    pub conversation: Arc<str>,
    /// The facts about the visitor.
    pub details: TicketDetails,
    /// The last message, cut short.
    pub last: Option<String>,
    /// Start of the wait. Set when the desk has lost a conversation that was there; else the wait starts now.
    pub since_ms: Option<u64>,
    /// The agent who had it, when the desk has lost it.
    pub agent: Option<Agent>,
    /// True when the visitor waits for an answer of that agent.
    pub awaits_answer: bool,
}

/// The fields of a ticket that describe the visitor and change while the conversation goes on. A field that is none
/// is unknown and changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketDetails {
    /// The last product that was chosen or asked about.
    pub product: Option<AboutProduct>,
    /// The visitor's name.
    pub visitor: Option<String>,
    /// The visitor's language, a BCP 47 tag.
    pub locale: Option<String>,
    /// How the visitor uses the product.
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    pub page: Option<String>,
    /// Why the visitor wants an agent.
    pub reason: Option<String>,
}

impl TicketDetails {
    /// Writes the known fields into a ticket; true when that changed it.
    pub fn write_to(self, ticket: &mut Ticket) -> bool {
        fn write<T: PartialEq>(known: Option<T>, field: &mut Option<T>) -> bool {
            let is_new = known.is_some() && known != *field;
            if is_new {
                *field = known;
            }
            is_new
        }
        [
            write(self.product, &mut ticket.product),
            write(self.visitor, &mut ticket.visitor),
            write(self.locale, &mut ticket.locale),
            write(self.scenario, &mut ticket.scenario),
            write(self.page, &mut ticket.page),
            write(self.reason, &mut ticket.reason),
        ]
        .contains(&true)
    }
}

/// A change at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is a ticket")]
pub enum DeskChange {
    /// A conversation is at the desk in this state.
    Ticket(Ticket),
    /// A conversation is not at the desk any more.
    Gone(TicketGone),
    /// The list of agents changed: read it again.
    Agents,
}

/// A snapshot of the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeskView {
    /// Every ticket, the longest wait first.
    pub tickets: Vec<Ticket>,
    /// Every agent who is present, by name.
    pub agents: Vec<Presence>,
}

/// A place in the queue of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePlace {
    /// 1 is next.
    pub number: usize,
    /// Estimated wait, from the rate at which conversations were taken lately; none without recent takes.
    pub wait: Option<Duration>,
}

/// The agent on whose behalf a ticket is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// The agent.
    pub agent: Agent,
    /// True when the agent may change the conversations of colleagues.
    pub is_admin: bool,
}

/// How the visitor ends a request for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitorEnds {
    /// The visitor withdraws the request; no effect once an agent has the conversation.
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

/// How an agent releases a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseKind {
    /// To a colleague, who has to be present.
    To(String),
    /// To the assistant.
    ToMachine,
    /// The conversation is over.
    Close,
}

/// Why the desk refused a request. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// Another agent already has the conversation.
    #[error("{} has the conversation", by.name)]
    Taken {
        /// The agent who has it.
        by: Agent,
    },
    /// Another agent has the conversation, or no agent has it.
    #[error("the conversation is not this agent's")]
    NotYours {
        /// The agent who has it.
        by: Option<Agent>,
    },
    /// The conversation is not at the desk.
    #[error("the conversation is not at the desk")]
    NoSuchConversation,
    /// The colleague is not present.
    #[error("the colleague is not there")]
    NotPresent,
    /// The queue is full.
    #[error("as many wait for a person as may")]
    Full,
    /// The desk is unavailable. Whether the request was performed is unknown; repeating it is safe.
    #[error("the desk cannot be reached")]
    Unavailable {
        /// For the server's log.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl DeskError {
    /// The desk is unavailable for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }
}

/// Why no agent is available for a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HandoffUnavailable {
    /// Outside of the opening hours.
    #[error("We are closed just now. Leave us a message and we will write back.")]
    Closed,
    /// No agent who takes conversations is present.
    #[error("Nobody is available just now. Leave us a message and we will write back.")]
    NobodyThere,
    /// The queue is full.
    #[error("Too many people are waiting just now. Leave us a message and we will write back.")]
    Full,
    /// The client has reached its limit of requests.
    #[error(
        "You have asked for a person several times already. Leave us a message and we will write back."
    )]
    TooMany,
    /// The desk is unavailable.
    #[error("We cannot reach anybody just now. Leave us a message and we will write back.")]
    Away,
}

/// A message of an agent to a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentChatMessage {
    /// Unique id of the request: it may arrive more than once and has its effect once.
    pub request: String,
    /// The agent.
    pub agent: Agent,
    /// The text.
    pub content: String,
    /// The cited pages of the manual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// Id of an uploaded picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// Time of the message, in milliseconds since 1970.
    pub at_ms: u64,
}

/// The desk's state of conversations whose visitors are connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectedVisitors {
    /// Tickets that this call changed, to be announced.
    pub changed: Vec<Ticket>,
    /// The state of each conversation at the desk; unknown conversations are left out.
    pub now: Vec<DeskChange>,
}

/// A request or a report of a conversation to the desk.
#[derive(Debug)]
pub enum DeskRequest {
    /// The visitor wants an agent.
    Person(Box<HandoffRequest>),
    /// Puts a conversation back that the desk has lost.
    PutBack(Box<HandoffRequest>),
    /// The visitor does not want an agent any more.
    End(VisitorEnds),
    /// Subscribe to changes of the conversation (true), or unsubscribe.
    Attend(bool),
    /// The conversation continues on this pod; asks for its state at the desk.
    Here,
    /// Asks for the state of the conversation at the desk. The reply is [`DeskUpdate::Found`].
    Find,
    /// The last message.
    Touch {
        /// Its text.
        words: String,
        /// Its author.
        by: Speaker,
    },
    /// New facts about the visitor.
    Describe(Box<TicketDetails>),
    /// The visitor starts or stops typing.
    Typing(bool),
    /// A message of an agent was accepted or refused.
    Accepted {
        /// [`AgentChatMessage::request`].
        request: String,
        /// True when the message is in the conversation.
        accepted: bool,
    },
}

/// A report of the desk about a conversation.
#[derive(Debug, Clone)]
pub enum DeskUpdate {
    /// The conversation changed, or is not at the desk any more.
    Changed(Box<DeskChange>),
    /// The desk does not know the conversation.
    Lost,
    /// The state of the conversation; none if the desk does not know it or is unavailable.
    Found(Option<Box<DeskChange>>),
    /// Its place in the queue.
    Placed(QueuePlace),
    /// No agent is available.
    NoPerson(HandoffUnavailable),
}

/// A decision of the desk about a conversation. `rev` is the number of its change ([`Ticket::rev`]).
#[derive(Debug, Clone, Copy)]
pub enum DeskDecision<'a> {
    /// The visitor waits for an agent.
    Requested {
        /// Number of the change.
        rev: u64,
        /// The visitor's reason.
        reason: Option<&'a str>,
    },
    /// No agent is available.
    Unavailable {
        /// Why.
        why: HandoffUnavailable,
    },
    /// An agent took the conversation.
    Joined {
        /// Number of the change.
        rev: u64,
        /// The agent who took it.
        agent: &'a Agent,
    },
    /// An agent handed the conversation to a colleague.
    Transferred {
        /// Number of the change.
        rev: u64,
        /// The agent who handed it over.
        from: &'a Agent,
        /// The colleague who gets it.
        to: Option<&'a Agent>,
    },
    /// The conversation is not at the desk any more.
    Ended {
        /// How it ended.
        gone: &'a TicketGone,
        /// The agent who ended it; none if no agent did.
        by: Option<&'a Agent>,
    },
}
