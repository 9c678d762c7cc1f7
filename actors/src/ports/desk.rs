//! The desk: which conversations wait for a person and which person has which, over all pods.
//!
//! Everything is decided here, in one step each: of two agents who take one conversation at the same
//! instant, on whatever pods, one gets it. Whoever changes something is given the change, to announce.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hsc_catalogs::Scenario;

use super::BoxError;
use crate::protocol::{AboutProduct, Agent, Gone, GoneWhy, Presence, Speaker, Ticket};

/// A conversation whose visitor wants a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
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

impl Wanted {
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
    Gone(Gone),
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
pub struct Place {
    /// 1 is next.
    pub number: usize,
    /// About how long, going by how fast conversations were taken lately; none when none was.
    pub wait: Option<Duration>,
}

/// On whose behalf a ticket is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByAgent {
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

impl From<VisitorEnds> for GoneWhy {
    fn from(ends: VisitorEnds) -> Self {
        match ends {
            VisitorEnds::Withdraws => Self::Withdrawn,
            VisitorEnds::Leaves => Self::Ended,
        }
    }
}

/// How an agent lets go of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetGo {
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
    /// Somebody has the conversation already.
    #[error("{} has the conversation", by.name)]
    Taken {
        /// Who.
        by: Agent,
    },
    /// The conversation is somebody else's, or nobody's.
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

/// The answer of the desk.
pub type AtDesk<T> = BoxFuture<'static, Result<T, DeskError>>;

/// Keeps the tickets. Every call ends within a bounded time of its own, and may be repeated.
pub trait Desk: Send + Sync + 'static {
    /// A visitor wants a person. One who waits already, or has one, keeps place and person.
    fn wait(&self, wanted: Wanted) -> AtDesk<Ticket>;

    /// A visitor wants no person any more. Nothing when that changes nothing.
    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> AtDesk<Option<Gone>>;

    /// An agent takes a conversation that waits. One's own is taken again without a change.
    fn take(&self, conversation: Arc<str>, agent: Agent) -> AtDesk<Ticket>;

    /// An agent lets go of a conversation: its owner may, and an admin.
    fn let_go(&self, conversation: Arc<str>, by: ByAgent, how: LetGo) -> AtDesk<DeskChange>;

    /// This was said last, and by whom: a message of the visitor starts the agent's time to answer, unless
    /// it runs already, and one of the agent ends it. Nothing when the conversation is not at the desk.
    fn touch(&self, conversation: Arc<str>, last: String, by: Speaker) -> AtDesk<Option<Ticket>>;

    /// More is known of the visitor of a conversation. Nothing when that changes nothing, or when the
    /// conversation is not at the desk.
    fn describe(&self, conversation: Arc<str>, details: TicketDetails) -> AtDesk<Option<Ticket>>;

    /// The visitors of these conversations are connected to this pod. Gives the changes that this made
    /// (a visitor who came back), and what each is at the desk now: whoever missed a change sees it.
    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> AtDesk<VisitorsSeen>;

    /// The visitor has gone from this pod. Nothing when another pod has the visitor by now.
    fn visitor_left(&self, conversation: Arc<str>) -> AtDesk<Option<Ticket>>;

    /// What became of a conversation: its ticket, or how it went from the desk not long ago.
    fn find(&self, conversation: Arc<str>) -> AtDesk<Option<DeskChange>>;

    /// The place in line of these that wait, the others left out.
    fn places(&self, conversations: Vec<Arc<str>>) -> AtDesk<Vec<(Arc<str>, Place)>>;

    /// Everything at the desk.
    fn look(&self) -> AtDesk<DeskView>;

    /// An agent is there, at this socket (a seat); said again and again, or the agent counts as gone.
    /// `available` where the agent said so just now. True when that changed who is there.
    fn agent_here(&self, agent: Agent, seat: Arc<str>, available: Option<bool>) -> AtDesk<bool>;

    /// The agent has left this seat. True when that changed who is there.
    fn agent_left(&self, agent: Agent, seat: Arc<str>) -> AtDesk<bool>;

    /// Sees to what time has changed: agents who are not heard of any more and what they had, which
    /// waits again; agents who did not answer in time, whose conversation waits again; visitors who went
    /// and did not come back. Any pod may, at any time; each change is
    /// given to one of them.
    fn tidy(&self) -> AtDesk<Vec<DeskChange>>;
}

/// What [`Desk::visitors_here`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VisitorsSeen {
    /// Changes that this made, to be announced.
    pub changed: Vec<Ticket>,
    /// What each of the conversations is at the desk; those it does not know are left out.
    pub now: Vec<DeskChange>,
}
