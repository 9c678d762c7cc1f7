//! What others hold of the bridge, and what outlives its actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hsc_monitoring::Metrics;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::actor::{Crossing, Way};
use super::outbox::{Outbox, Outgoing, PATIENCE};
use super::table::{Listening, Table};
use super::{Body, Envelope, channels};
use crate::ports::Relay;
use crate::supervision::{Care, ChildSpec};
use hsc_conversation::log::{Batch, Owned};

/// Longest anybody waits to learn what became of a message: the wait for the bridge, and the relay's own
/// bound with room.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// Why a message may not have reached the other pods. Whoever listens here has heard it.
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
    /// Nobody knows.
    #[error("it is not known whether the message was published")]
    TimedOut,
}

/// The way to the other pods. Cheap to clone.
#[derive(Clone)]
pub struct Bridge {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) pod: Arc<str>,
    pub(super) relay: Arc<dyn Relay>,
    pub(super) table: Arc<Table>,
    pub(super) outbox: Outbox,
    pub(super) metrics: Arc<Metrics>,
    is_up: AtomicBool,
    was_up: AtomicBool,
}

impl Bridge {
    /// The bridge as a child of the tree, and what reaches it.
    pub(crate) fn new(
        pod: Arc<str>,
        relay: Arc<dyn Relay>,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> (ChildSpec, Self) {
        let shared = Arc::new(Shared {
            pod,
            relay,
            table: Arc::new(Table::new(Arc::clone(metrics))),
            outbox: Outbox::default(),
            metrics: Arc::clone(metrics),
            is_up: AtomicBool::new(false),
            was_up: AtomicBool::new(false),
        });
        let bridge = Self { shared: Arc::clone(&shared) };
        // Nothing is asked of the actor itself: its handle is not needed.
        let (spec, _) = ChildSpec::actor("bridge", "bridge", care, metrics, move |life| {
            let way = watch::Sender::new(Way::Opening);
            Ok(Crossing { shared: Arc::clone(&shared), life: life.clone(), way })
        });
        (spec, bridge)
    }

    /// The name of this pod.
    #[must_use]
    pub fn pod(&self) -> &Arc<str> {
        &self.shared.pod
    }

    /// True while other pods can be reached and everything wanted is listened to.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.shared.is_up.load(Ordering::Acquire)
    }

    /// Listens to a channel (see [`channels`]) for as long as the outcome is held.
    /// Messages of this pod are heard at once, those of others as soon as [`Listening::live`] says so.
    #[must_use]
    pub fn listen(&self, channel: impl Into<String>) -> Listening {
        self.shared.table.listen(channel.into())
    }

    /// Says something on a channel. Whoever listens on this pod has heard it when this returns; it is on
    /// its way to other pods then. The outcome tells what became of that, within a bound, and may be
    /// dropped. It is never good before everything wanted here is listened to.
    pub fn publish(&self, channel: &str, body: Body) -> Published {
        let envelope = Arc::new(Envelope::new(Arc::clone(&self.shared.pod), body));
        self.shared.table.say(channel, &envelope);
        self.shared.put(channel, &envelope)
    }

    /// What whoever listens on this pod is to hear of a batch once it is appended: other pods are told by
    /// the log, and what comes back from there as this pod's own is passed over. Nothing is copied while
    /// nobody listens.
    #[must_use]
    pub(crate) fn of_append(&self, owned: &Owned, batch: &Batch) -> Option<OfAppend> {
        let channel = channels::conversation(&owned.conversation);
        (!batch.entries.is_empty() && self.shared.table.is_heard(&channel)).then(|| {
            let Owned { conversation, epoch } = owned.clone();
            let body = Body::Appended { conversation, epoch, frames: batch.entries.clone() };
            OfAppend { bridge: self.clone(), channel, body }
        })
    }

    /// Says something on a channel to whoever listens on this pod, because the other pods are told in
    /// another way. Says how many that are.
    fn say_here(&self, channel: &str, body: Body) -> usize {
        let envelope = Envelope::new(Arc::clone(&self.shared.pod), body);
        self.shared.table.say(channel, &Arc::new(envelope))
    }
}

/// What is heard of an append; see [`Bridge::of_append`].
#[derive(Debug)]
pub(crate) struct OfAppend {
    bridge: Bridge,
    channel: String,
    body: Body,
}

impl OfAppend {
    /// Says it: the batch is in the log.
    pub(crate) fn say(self) {
        self.bridge.say_here(&self.channel, self.body);
    }
}

/// What becomes of a message; see [`Bridge::publish`].
#[derive(Debug)]
pub struct Published {
    replied: oneshot::Receiver<Result<(), NotPublished>>,
}

impl Published {
    /// Waits until it is known, within a bound.
    ///
    /// # Errors
    /// Why other pods may not hear it.
    pub async fn outcome(self) -> Result<(), NotPublished> {
        match tokio::time::timeout(PUBLISHED_WITHIN, self.replied).await {
            Ok(Ok(outcome)) => outcome,
            // The actor ended with the message in hand, or hangs.
            Ok(Err(_)) | Err(_) => Err(NotPublished::TimedOut),
        }
    }
}

impl Shared {
    /// Gives a message its place among those that go out.
    fn put(&self, channel: &str, envelope: &Envelope) -> Published {
        let (reply, replied) = oneshot::channel();
        let outgoing = Outgoing {
            channel: channel.to_owned(),
            payload: envelope.write().into(),
            kind: envelope.body.kind(),
            until: Instant::now() + PATIENCE,
            reply,
        };
        if let Err(outgoing) = self.outbox.put(outgoing) {
            self.published(outgoing, Err(NotPublished::Full));
        }
        Published { replied }
    }

    /// Tells other pods to which channels something was not published. One that is not told now is told
    /// next time.
    pub(super) fn tell_of_lost(&self) {
        for channel in self.outbox.take_lost() {
            drop(self.put(&channel, &Envelope::new(Arc::clone(&self.pod), Body::Lost)));
        }
    }

    /// A message has gone out, or has not.
    pub(super) fn published(&self, outgoing: Outgoing, outcome: Result<(), NotPublished>) {
        match outcome {
            Ok(()) => self.metrics.bridge.published(outgoing.kind),
            Err(why) => {
                self.metrics.bridge.dropped(why.as_str());
                self.outbox.has_lost(outgoing.channel.clone());
            }
        }
        // Whoever published may not care.
        let _ = outgoing.reply.send(outcome);
    }

    pub(super) fn is_up(&self, up: bool) {
        self.is_up.store(up, Ordering::Release);
        let again = up && self.was_up.swap(true, Ordering::Relaxed);
        self.metrics.bridge.connected(up, again);
    }
}

impl NotPublished {
    /// As the label of a metric.
    fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Full => "full",
            Self::Failed | Self::TimedOut => "failed",
        }
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let channels = self.shared.table.count();
        f.debug_struct("Bridge").field("up", &self.is_up()).field("channels", &channels).finish()
    }
}
