//! Between pods: what they say to each other, and who hears it.
//!
//! [`Envelope`] is what is said, [`channels`] where. What carries it is a [`Relay`](crate::ports::Relay):
//! [`Loopback`] here, Redis in the server.

pub mod channels;
mod envelope;
mod loopback;

pub use envelope::{Body, Envelope, Unread, around_frames, now_ms};
pub use loopback::{Ether, Loopback};
