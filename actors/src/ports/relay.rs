//! What carries messages from pod to pod.
//!
//! A relay knows channels and bytes. What the bytes mean is the bridge's business; who listens here is
//! too. One message a channel reaches every pod that listens to it, in the order one pod published it,
//! at most once; whoever needs more than that asks the log.

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use super::BoxError;

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

    /// Publishes, within a bounded time.
    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>>;
}
