//! The desk: which conversations wait for an agent and which agent has which, over all pods.
//!
//! Everything is decided here, in one step each: of two agents who take one conversation at the same
//! instant, on whatever pods, one gets it. Whoever changes something is given the change, to announce.

use std::sync::Arc;

use futures::future::BoxFuture;

use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone};

/// The answer of the desk.
pub type DeskReply<T> = BoxFuture<'static, Result<T, DeskError>>;

/// Keeps the tickets. Every call ends within a bounded time of its own, and may be repeated.
pub trait HandoffDesk: Send + Sync + 'static {
    /// A visitor wants a person. One who waits already, or has one, keeps place and person.
    fn wait(&self, wanted: HandoffRequest) -> DeskReply<Ticket>;

    /// A visitor wants no person any more. Nothing when that changes nothing.
    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>>;

    /// An agent takes a conversation that waits. One's own is taken again without a change.
    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket>;

    /// An agent lets go of a conversation: its owner may, and an admin.
    fn let_go(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> DeskReply<DeskChange>;

    /// This was said last, and by whom: a message of the visitor starts the agent's time to answer, unless
    /// it runs already, and one of the agent ends it. Nothing when the conversation is not at the desk.
    fn touch(&self, conversation: Arc<str>, last: String, by: Speaker)
    -> DeskReply<Option<Ticket>>;

    /// More is known of the visitor of a conversation. Nothing when that changes nothing, or when the
    /// conversation is not at the desk.
    fn describe(&self, conversation: Arc<str>, details: TicketDetails)
    -> DeskReply<Option<Ticket>>;

    /// The visitors of these conversations are connected to this pod. Gives the changes that this made
    /// (a visitor who came back), and what each is at the desk now: whoever missed a change sees it.
    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors>;

    /// The visitor has gone from this pod. Nothing when another pod has the visitor by now.
    fn visitor_left(&self, conversation: Arc<str>) -> DeskReply<Option<Ticket>>;

    /// What became of a conversation: its ticket, or how it went from the desk not long ago.
    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>>;

    /// The place in line of these that wait, the others left out.
    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>>;

    /// Everything at the desk.
    fn look(&self) -> DeskReply<DeskView>;

    /// An agent is there, at this socket (a seat); said again and again, or the agent counts as gone.
    /// `available` where the agent said so just now. True when that changed who is there.
    fn agent_here(&self, agent: Agent, seat: Arc<str>, available: Option<bool>) -> DeskReply<bool>;

    /// The agent has left this seat. True when that changed who is there.
    fn agent_left(&self, agent: Agent, seat: Arc<str>) -> DeskReply<bool>;

    /// Sees to what time has changed: agents who are not heard of any more and what they had, which
    /// waits again; agents who did not answer in time, whose conversation waits again; visitors who went
    /// and did not come back. Any pod may, at any time; each change is
    /// given to one of them.
    fn tidy(&self) -> DeskReply<Vec<DeskChange>>;
}
