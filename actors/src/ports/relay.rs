//! The transport of messages between pods.
//!
//! A relay has channels and bytes; the bridge interprets the bytes and knows the subscribers. A message reaches every
//! pod that subscribes to its channel, at most once.
//!
//! Order: the messages of one pod arrive in the order of the calls of [`Relay::publish`], over all channels. The call
//! fixes the order, not the first poll of its future: a message whose future is polled late, never, or dropped keeps
//! its place. Messages of two pods have no order. A message that a conversation log publishes with an append takes
//! another path and has no order with these. A client that needs more reads the log.

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use hsc_conversation::BoxError;

/// A report of a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    /// A message on a subscribed channel, including messages of this pod.
    Message {
        /// The channel.
        channel: String,
        /// The published bytes.
        payload: Bytes,
    },
    /// All wanted channels are subscribed. Messages published from now on arrive.
    Up,
    /// Channels that became wanted after [`Relayed::Up`] are subscribed as well. Messages published to them from
    /// now on arrive.
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
    /// Connects and reports, as long as the stream is held. It reconnects by itself and subscribes to every wanted
    /// channel again before it reports [`Relayed::Up`]. One stream at a time: a new one ends the previous one.
    fn open(&self) -> BoxStream<'static, Relayed>;

    /// Adds and removes wanted channels. Never waits: changes are collected and sent together.
    fn change_subscriptions(&self, these: Vec<String>, not_those: Vec<String>);

    /// Publishes a message. When this returns, the message has its place among the messages of this pod; the future
    /// only waits for the result, within a time limit, and may be dropped. Never waits and never reorders: a relay
    /// with a full queue or without a connection refuses the message, and the future is an error at once. A message
    /// whose future is an error may have been published nevertheless, but never after a later message.
    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>>;
}
