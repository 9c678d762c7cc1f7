//! One agent's socket: a thin actor around a plain state machine.
//!
//! `AgentView` has every rule and no runtime: what the agent sees of the desk and of the conversations that
//! are watched, and what each message asks for. [`AgentSocket`] has every effect and no rule. What an
//! agent says to a visitor takes the way of [`delivery`], what agents tell each other that of [`note_writer`].
//! What must never be: another agent's conversation changed from here without the desk's word; an agent who
//! believes that something was said that was not; a note in the log of a conversation.

mod actor;
mod deliver;
mod delivery;
mod event;
#[cfg(test)]
mod live_tests;
mod note_writer;
mod table;
mod view;
#[cfg(test)]
mod view_tests;

pub(crate) use actor::{AgentContext, AgentSocket};
#[cfg(test)]
pub(crate) use deliver::Deliver;
pub(crate) use table::AgentSockets;
