//! An agent's socket: a thin actor around a plain state machine.
//!
//! `AgentView` has every rule and no runtime: what the agent sees of the desk and of the watched conversations, and
//! the effects of each message. [`AgentSocket`] has every effect and no rule. [`delivery`] delivers messages to
//! visitors, [`note_writer`] stores notes for the team.
//!
//! What must never be: a change of another agent's conversation without a decision of the desk; a message that the
//! agent believes to be delivered and that is not; a note in the log of a conversation.

mod actor;
mod delivery;
mod event;
#[cfg(test)]
mod live_tests;
mod note_writer;
mod table;
mod view;
#[cfg(test)]
mod view_tests;

pub(crate) use actor::AgentSocket;
pub(crate) use table::AgentSockets;
#[cfg(test)]
pub(crate) use table::Deliver;
