//! What waits to be published. Outlives the bridge's actor, so that a crash publishes it a little later.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// Messages that may wait. The actor takes them as fast as Redis does; a queue this long means that it
/// does not.
const WAITING: usize = 1_024;
/// How long one may wait for a bridge that is being started: it is up within milliseconds, or Redis is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Channels to which something was not published that are remembered. More than there are conversations
/// with a person on a pod; those past it are told of nothing, as before.
const LOST: usize = 16_384;

/// Why a message may not have reached the other pods. Subscribers of this pod have received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// They cannot be reached just now.
    #[error("the other pods cannot be reached")]
    Down,
    /// As many messages wait as may.
    #[error("too many messages wait to be published")]
    Full,
    /// The relay did not take it.
    #[error("the message could not be published")]
    Failed,
    /// No answer came within the bound; other pods may have received it.
    #[error("it is not known whether the message was published")]
    TimedOut,
}

impl NotPublished {
    /// As the label of a metric.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Full => "full",
            Self::Failed | Self::TimedOut => "failed",
        }
    }
}

/// A message on its way out.
pub(super) struct Outgoing {
    pub(super) channel: String,
    pub(super) payload: Bytes,
    pub(super) kind: &'static str,
    pub(super) until: Instant,
    pub(super) reply: oneshot::Sender<Result<(), NotPublished>>,
}

/// In the order in which it was asked for.
pub(super) struct Outbox {
    waiting: Mutex<VecDeque<Outgoing>>,
    /// The channels to which something was not published.
    lost: Mutex<HashSet<String>>,
    // Not a `Notify`: that may ring at an actor that hangs, and its successor would never hear.
    bell: watch::Sender<()>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { waiting: Mutex::default(), lost: Mutex::default(), bell: watch::Sender::new(()) }
    }
}

impl Outbox {
    /// Hands it back when too many wait.
    pub(super) fn put(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        let mut waiting = self.lock();
        if waiting.len() >= WAITING {
            return Err(outgoing);
        }
        waiting.push_back(outgoing);
        drop(waiting);
        self.bell.send_replace(());
        Ok(())
    }

    pub(super) fn take(&self) -> Option<Outgoing> {
        self.lock().pop_front()
    }

    /// When the one that waits longest has waited long enough.
    pub(super) fn until(&self) -> Option<Instant> {
        self.lock().front().map(|outgoing| outgoing.until)
    }

    /// Something was not published to this channel: whoever listens there is to be told.
    pub(super) fn has_lost(&self, channel: String) {
        let mut lost = self.lost();
        if lost.len() < LOST {
            lost.insert(channel);
        }
    }

    /// The channels to which something was not published since it was last asked.
    pub(super) fn take_lost(&self) -> HashSet<String> {
        std::mem::take(&mut *self.lost())
    }

    pub(super) fn is_something_lost(&self) -> bool {
        !self.lost().is_empty()
    }

    fn lost(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    pub(super) fn depth(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Outgoing>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
