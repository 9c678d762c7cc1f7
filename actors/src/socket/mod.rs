//! The WebSocket: the only module that names actix-web-actors.
//!
//! That library decodes frames from a buffer without a bound, and writes into a queue without one. Both
//! directions are bounded here. Incoming bytes pass the frame guard ([`frames`]), which replaces the
//! library's decoder; the decoded messages are passed to the actor's context. The context
//! runs in a task of its own, so that the timers of an actor run even if its client does not read; the
//! data it writes is counted until the connection takes it ([`outgoing`]).
//!
//! Never: a buffered byte that no bound counts; a connection that runs more than a bounded
//! number of frames before it yields its thread.

mod budget;
mod connection;
pub mod frames;
mod outgoing;

pub use connection::turn_away;
pub(crate) use connection::{
    ClientSocket, Received, SocketContext, SocketEvent, SocketRules, open,
};
pub(crate) use outgoing::Outgoing;
