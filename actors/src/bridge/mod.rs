//! Communication between pods: the messages, the subscriptions, and the one actor that carries them.
//!
//! ```text
//! publish ──► ChannelTable: subscribers of this pod receive it at once
//!    │
//!    └─► Outbox ─► BridgeActor ─► Relay ─► … other pods … ─► Relay ─► BridgeActor ─► ChannelTable ─► Subscription
//! ```
//!
//! [`Envelope`] is the message, [`channels`] holds the names, [`Bridge`] is the handle. The relay is
//! [`Loopback`] for a single pod, and Redis in the server. A pod subscribes to a channel only while
//! it has a subscriber. Messages are delivered at most once; a subscriber that needs all of them reads the
//! log when it receives [`ChannelEvent::Missed`].
//!
//! Never: a publisher or subscriber that waits for Redis, a queue without a bound, a
//! subscriber that missed a message and is not notified.

mod actor;
mod announcements;
mod envelope;
mod handle;
mod loopback;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use actor::bridge_actor;
pub(crate) use announcements::{announcements, notify_owner, ownership_watcher};
pub use envelope::{Body, DeskBroadcast, Envelope, EnvelopeError, around_entries};
pub use handle::{Bridge, NotPublished, Published, channels};
pub use loopback::{InMemoryBus, Loopback};
pub(crate) use table::WorkerSubscription;
pub use table::{ChannelEvent, Subscription};
