//! What carries messages from pod to pod.
//!
//! A relay knows channels and bytes. What the bytes mean is the bridge's business; who listens here is
//! too. A message reaches every pod that listens to its channel, at most once.
//!
//! Order: the messages of one pod arrive in the order in which [`Relay::publish`] was called, over all
//! channels. The call fixes the order, not the first poll of the future that it returns: a message
//! whose future is never polled, polled late or dropped keeps its place. Messages of two pods have no
//! order. What a conversation log publishes with an append goes another way and has no order with these.
//! A client that needs more than that reads the log.

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use hsc_conversation::BoxError;

/// What a relay reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    /// A message on a channel that is listened to. Also those this pod published itself.
    Message {
        /// The channel.
        channel: String,
        /// What was published.
        payload: Bytes,
    },
    /// Everything wanted is listened to. Messages published from now on arrive.
    Up,
    /// These, which came to be wanted since [`Relayed::Up`], are listened to as well. Messages published
    /// to them from now on arrive.
    Listening {
        /// The channels.
        channels: Vec<String>,
    },
    /// The connection is lost; messages published from now on may be missed until [`Relayed::Up`].
    Down {
        /// Why, for the log.
        why: String,
    },
}

/// Carries messages between pods: loopback, or Redis.
pub trait Relay: Send + Sync + 'static {
    /// Connects and reports, for as long as the stream is held. It reconnects by itself and listens to
    /// everything wanted again before it says [`Relayed::Up`]. One stream at a time: a new one ends the old.
    fn open(&self) -> BoxStream<'static, Relayed>;

    /// From now on these channels are wanted, and those are not. Never waits: changes are gathered and
    /// sent in one piece.
    fn want(&self, these: Vec<String>, not_those: Vec<String>);

    /// Publishes. The message has its place among the messages of this pod when this returns; the future
    /// only waits for the outcome, within a bounded time, and may be dropped. Never waits and never
    /// reorders: a relay whose queue is full, or that is not connected, refuses the message, and the
    /// future is an error at once. A message whose future is an error may have been published all the
    /// same, but never after a message that was published later.
    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>>;
}
