//! The WebSocket itself: the only module that names actix-web-actors.
//!
//! That library decodes frames from a buffer without a bound, and writes into a queue without one. Both
//! directions are bounded here. Incoming bytes pass the frame guard ([`frames`]), which replaces the
//! library's decoder; the messages that come out of it are handed to the actor's context. The context
//! runs in a task of its own, so that an actor whose client does not read still hears its timers, and
//! what it writes is counted until the connection takes it ([`outgoing`]).
//!
//! What must never be: a byte buffered that no bound counts; a connection that runs more than a bounded
//! number of frames before it yields its thread.

mod budget;
mod connection;
pub mod frames;
mod incoming;
mod outgoing;

pub use connection::turn_away;
pub(crate) use connection::{
    Received, SocketContext, SocketEvent, SocketRules, close, open, understand,
};
pub(crate) use outgoing::Outgoing;
