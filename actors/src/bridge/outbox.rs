//! The queue of messages to publish. It outlives the bridge's actor, so a crash only delays them.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::mutex::Mutex;

/// Capacity of the queue. The actor drains it as fast as Redis accepts messages; a queue this long means
/// that Redis does not.
const WAITING: usize = 1_024;
/// Longest wait for a bridge that is starting: it is up within milliseconds, or Redis is down.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Channels with lost messages that are remembered. More than the conversations with an agent on a pod;
/// the subscribers of further channels are not notified.
const LOST: usize = 16_384;

/// Why a message may not have reached the other pods. Subscribers of this pod have received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotPublished {
    /// They cannot be reached.
    #[error("the other pods cannot be reached")]
    Down,
    /// The queue is full.
    #[error("too many messages wait to be published")]
    Full,
    /// The relay refused it.
    #[error("the message could not be published")]
    Failed,
    /// No reply came within the bound; other pods may have received it.
    #[error("it is not known whether the message was published")]
    #[strum(serialize = "failed")]
    TimedOut,
}

pub(super) struct Outgoing {
    pub(super) channel: String,
    pub(super) payload: Bytes,
    pub(super) kind: &'static str,
    pub(super) until: Instant,
    pub(super) reply: oneshot::Sender<Result<(), NotPublished>>,
}

/// In publication order.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<VecDeque<Outgoing>>,
    /// The channels with lost messages.
    lost: Mutex<HashSet<String>>,
    // Not a `Notify`: that may wake an actor that hangs, and its successor would miss the signal.
    change_signal: watch::Sender<()>,
}

impl Outbox {
    /// Hands it back when the queue is full.
    pub(super) fn put(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING {
            return Err(outgoing);
        }
        waiting.push_back(outgoing);
        drop(waiting);
        self.change_signal.send_replace(());
        Ok(())
    }

    pub(super) fn take(&self) -> Option<Outgoing> {
        self.waiting.lock().pop_front()
    }

    /// When the oldest message times out.
    pub(super) fn until(&self) -> Option<Instant> {
        self.waiting.lock().front().map(|outgoing| outgoing.until)
    }

    /// A message to this channel was lost: its subscribers are to be notified.
    pub(super) fn has_lost(&self, channel: String) {
        let mut lost = self.lost.lock();
        if lost.len() < LOST {
            lost.insert(channel);
        }
    }

    /// The channels with lost messages since the last call.
    pub(super) fn take_lost(&self) -> HashSet<String> {
        std::mem::take(&mut *self.lost.lock())
    }

    pub(super) fn is_something_lost(&self) -> bool {
        !self.lost.lock().is_empty()
    }

    pub(super) fn change_signal(&self) -> watch::Receiver<()> {
        self.change_signal.subscribe()
    }

    pub(super) fn depth(&self) -> usize {
        self.waiting.lock().len()
    }
}
