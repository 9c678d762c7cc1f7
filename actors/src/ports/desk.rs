//! The desk: the queue of handoffs, and which agent has which conversation, over all pods.
//!
//! Every decision is one atomic step: of two agents who take a conversation at the same instant, on any pods, one
//! gets it. Each call returns its changes, for the caller to announce.

use std::sync::Arc;

use futures::future::BoxFuture;

use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone};

/// The reply of the desk.
pub type DeskReply<T> = BoxFuture<'static, Result<T, DeskError>>;

/// Stores the tickets. Every call ends within a time limit of its own, and may be repeated.
pub trait HandoffDesk: Send + Sync + 'static {
    /// A visitor wants an agent. A visitor who already waits, or has an agent, keeps place and agent.
    fn request(&self, request: HandoffRequest) -> DeskReply<Ticket>;

    /// A visitor does not want an agent any more. None if that changes nothing.
    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>>;

    /// An agent takes a waiting conversation. Taking one's own again changes nothing.
    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket>;

    /// Releases a conversation: allowed to its owner and to an admin.
    fn release(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> DeskReply<DeskChange>;

    /// Reports the last message: one of the visitor starts the agent's time to reply, unless it runs already, and one
    /// of the agent ends it. None if the conversation is not at the desk.
    fn touch(&self, conversation: Arc<str>, last: String, by: Speaker)
    -> DeskReply<Option<Ticket>>;

    /// Reports new facts about the visitor. None if that changes nothing, or if the conversation is not at the desk.
    fn describe(&self, conversation: Arc<str>, details: TicketDetails)
    -> DeskReply<Option<Ticket>>;

    /// The visitors of these conversations are connected to this pod. Returns the changes of this call (a visitor who
    /// returned), and the state of each at the desk: callers see changes that they missed.
    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors>;

    /// The visitor has disconnected from this pod. None if the visitor is on another pod by now.
    fn visitor_left(&self, conversation: Arc<str>) -> DeskReply<Option<Ticket>>;

    /// The state of a conversation: its ticket, or how it left the desk recently.
    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>>;

    /// The places of these conversations in the queue; those that do not wait are left out.
    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>>;

    /// Everything at the desk.
    fn snapshot(&self) -> DeskReply<DeskView>;

    /// Heartbeat of an agent at this socket (a socket_id); without it the agent counts as gone. `available` if the agent
    /// just changed it. True when that changed the list of present agents.
    fn agent_here(
        &self,
        agent: Agent,
        socket_id: Arc<str>,
        available: Option<bool>,
    ) -> DeskReply<bool>;

    /// The agent has closed this socket. True when that changed the list of present agents.
    fn agent_left(&self, agent: Agent, socket_id: Arc<str>) -> DeskReply<bool>;

    /// Applies timeouts: conversations of agents without heartbeats, or without a reply in time, return to the queue;
    /// requests of visitors who disconnected and did not return end. Any pod may call it at any time; each change is
    /// returned to one caller.
    fn apply_timeouts(&self) -> DeskReply<Vec<DeskChange>>;
}
