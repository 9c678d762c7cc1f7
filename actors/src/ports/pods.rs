//! What pods share: messages to each other, the directory of pods, quotas, vectors of manuals, and Redis behind them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use hsc_conversation::BoxError;

/// A report of a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    /// A message on a subscribed channel, including messages of this pod.
    Message {
        /// The subscribed channel that it was published on.
        channel: String,
        /// The published bytes.
        payload: Bytes,
    },
    /// All wanted channels are subscribed. Messages published from now on arrive.
    Up,
    /// Channels that became wanted after [`Relayed::Up`] are subscribed as well. Messages published to them from
    /// now on arrive.
    Listening {
        /// Those that are subscribed now.
        channels: Vec<String>,
    },
    /// The connection is lost; messages published from now on may be missed until [`Relayed::Up`].
    Down {
        /// Why, for the log.
        why: String,
    },
}

/// Carries messages between pods: loopback, or Redis. It has channels and bytes; the bridge interprets the bytes and
/// knows the subscribers. A message reaches every pod that subscribes to its channel, at most once.
///
/// Order: the messages of one pod arrive in the order of the calls of [`Relay::publish`], over all channels. The call
/// fixes the order, not the first poll of its future: a message whose future is polled late, never, or dropped keeps
/// its place. Messages of two pods have no order. A message that a conversation log publishes with an append takes
/// another path and has no order with these. A client that needs more reads the log.
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

/// The report of a pod. Other pods may be of another version: fields are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PodReport {
    /// Its name; unique over all runs.
    #[schema(value_type = String)]
    pub pod: Arc<str>,
    /// Its address.
    pub address: String,
    /// Version of the server.
    pub version: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// True if it takes no new sessions and ends soon.
    pub draining: bool,
    /// Number of open sockets.
    pub sessions: usize,
    /// Number of their conversations.
    pub conversations: usize,
    /// Number of running answers.
    pub answering: usize,
    /// Number of queued questions.
    pub waiting: usize,
}

/// The directory, as it was a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodList {
    /// Every pod with a recent heartbeat, including the caller.
    pub pods: Vec<PodReport>,
    /// Pods with a recent heartbeat whose report cannot be read.
    pub unread: usize,
    /// Vanished pods that the caller takes over. Each is given to one caller, and to another one a while later, in
    /// case the first vanished too.
    pub vanished: Vec<MissingPod>,
}

/// A pod without a recent heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPod {
    /// The name that it had in the directory.
    pub pod: Arc<str>,
    /// True if it was not given to any pod before.
    pub is_new: bool,
}

/// Stores the directory. Every call ends within a time limit of its own.
pub trait PodDirectory: Send + Sync + 'static {
    /// Stores the caller's heartbeat, and returns the directory.
    fn answer(&self, report: PodReport) -> BoxFuture<'static, Result<PodList, BoxError>>;

    /// Removes a pod. One that `leaves_work` is treated as vanished, at once: another pod completes its answers.
    fn leave(&self, pod: Arc<str>, leaves_work: bool) -> BoxFuture<'static, Result<(), BoxError>>;
}

/// Counts events of all pods within a window.
pub trait SharedQuota: Send + Sync + 'static {
    /// Counts one under each key; or under none if one of them has reached its number, and then returns the wait. A
    /// key expires `within` after it was first counted.
    ///
    /// Fails within a time limit when the store is unavailable; the caller then counts for itself.
    fn take(
        &self,
        keys: Vec<(String, u32)>,
        within: Duration,
    ) -> BoxFuture<'static, Result<Result<(), Duration>, BoxError>>;
}

/// The right to embed a manual.
pub enum Claim {
    /// It is this pod's for as long as the value lives.
    Ours(Box<dyn Any + Send>),
    /// Another pod embeds it: look again a little later.
    Theirs,
}

/// Where pods put vectors for each other. Without an answer of the store a pod embeds for itself.
pub trait SharedVectors: Send + Sync + 'static {
    /// The bytes stored under `key`.
    fn get(&self, key: String) -> BoxFuture<'static, Option<Vec<u8>>>;
    /// Stores bytes; what is not stored is embedded again.
    fn put(&self, key: String, bytes: Vec<u8>) -> BoxFuture<'static, ()>;
    /// Asks for the right to embed what is stored under `key`.
    fn claim(&self, key: String) -> BoxFuture<'static, Claim>;
}

/// Reports the state of the connection to Redis.
pub trait RedisStatus: Send + Sync + 'static {
    /// True while Redis answers.
    fn is_up(&self) -> bool;

    /// Why Redis refuses the login of this pod; `None` while it accepts it or cannot be reached.
    fn refuses_login(&self) -> Option<&'static str>;

    /// Why Redis takes no writes although it answers; `None` while it takes them.
    fn refuses_writes(&self) -> Option<&'static str>;
}
