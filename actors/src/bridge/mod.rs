//! Between pods: what they say to each other, who hears it, and the one actor that carries it.
//!
//! ```text
//! publish ──► Table: who listens here hears at once
//!    │
//!    └─► Outbox ─► bridge (actor) ─► Relay ─► … other pods … ─► Relay ─► bridge ─► Table ─► Listening
//! ```
//!
//! [`Envelope`] is what is said, [`channels`] where, [`Bridge`] what others hold. The relay is
//! [`Loopback`] for a pod on its own, and Redis in the server. A pod listens to a channel only while
//! somebody here does. Messages are heard at most once; whoever needs all of them asks the log when it
//! hears [`ChannelEvent::Missed`].
//!
//! What must never be: a wait for Redis in whoever publishes or listens, a queue without a bound, a
//! listener that has missed something and is not told.

mod actor;
mod announcements;
pub mod channels;
mod desk_broadcast;
mod envelope;
mod handle;
mod loopback;
mod outbox;
mod state;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use announcements::announcements;
pub use desk_broadcast::DeskBroadcast;
pub use envelope::{Body, Envelope, EnvelopeError, around_frames};
pub use handle::Bridge;
pub use loopback::{InMemoryBus, Loopback};
pub use outbox::NotPublished;
pub use state::Published;
pub use table::{ChannelEvent, Subscription};
