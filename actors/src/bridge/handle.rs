//! The handle of the bridge. It outlives the bridge's actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hsc_monitoring::Metrics;
use tokio::sync::watch;

use super::actor::{BridgeActor, RelayState};
use super::outbox::Outbox;
use super::state::{Published, Shared};
use super::table::{ChannelTable, Subscription};
use super::{Body, Envelope, channels};
use crate::ports::Relay;
use crate::supervision::{Care, ChildSpec};
use hsc_conversation::log::{Batch, OwnedConversation};

/// Publishes to and receives from other pods. Cheap to clone.
#[derive(Clone)]
pub struct Bridge {
    shared: Arc<Shared>,
}

impl Bridge {
    /// The bridge as a child of the tree, and its handle.
    pub(crate) fn new(
        pod: Arc<str>,
        relay: Arc<dyn Relay>,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> (ChildSpec, Self) {
        let shared = Arc::new(Shared {
            pod,
            relay,
            table: Arc::new(ChannelTable::new(Arc::clone(metrics))),
            outbox: Outbox::default(),
            metrics: Arc::clone(metrics),
            is_up: AtomicBool::new(false),
            was_up: AtomicBool::new(false),
        });
        let bridge = Self { shared: Arc::clone(&shared) };
        // The actor itself receives no message: its handle is not needed.
        let (spec, _) = ChildSpec::actor("bridge", "bridge", care, metrics, move |life| {
            let relay_state = watch::Sender::new(RelayState::Opening);
            Ok(BridgeActor { shared: Arc::clone(&shared), life: life.clone(), relay_state })
        });
        (spec, bridge)
    }

    /// The name of this pod.
    #[must_use]
    pub fn pod(&self) -> &Arc<str> {
        &self.shared.pod
    }

    /// True while other pods can be reached and every wanted channel is subscribed.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.shared.is_up.load(Ordering::Acquire)
    }

    /// Subscribes to a channel (see [`channels`]) until the subscription is dropped.
    /// Messages of this pod arrive at once, those of other pods as soon as [`Subscription::live`] returns.
    #[must_use]
    pub fn subscribe(&self, channel: impl Into<String>) -> Subscription {
        self.shared.table.subscribe(channel.into())
    }

    /// Publishes on a channel. Subscribers of this pod have received the message when this returns; for
    /// other pods it is queued. The result of the delivery is available within a bound, and may be
    /// dropped. It is never `Ok` before every wanted channel is subscribed here.
    pub fn publish(&self, channel: &str, body: Body) -> Published {
        let envelope = Arc::new(Envelope::new(Arc::clone(&self.shared.pod), body));
        self.shared.table.deliver(channel, &envelope);
        self.shared.put(channel, &envelope)
    }

    /// The message for this pod's subscribers about a batch, sent once the batch is appended: other pods get it from
    /// the log, and the copy that comes back from there is ignored. Copies nothing without subscribers.
    #[must_use]
    pub(crate) fn of_append(
        &self,
        owned: &OwnedConversation,
        batch: &Batch,
    ) -> Option<AppendSubscriptions> {
        let channel = channels::conversation(&owned.conversation);
        (!batch.entries.is_empty() && self.shared.table.has_subscribers(&channel)).then(|| {
            let OwnedConversation { conversation, epoch } = owned.clone();
            let body = Body::Appended { conversation, epoch, frames: batch.entries.clone() };
            AppendSubscriptions { bridge: self.clone(), channel, body }
        })
    }

    /// Publishes on a channel to subscribers of this pod only, when other pods get the message
    /// another way. Returns the number of subscribers.
    fn publish_locally(&self, channel: &str, body: Body) -> usize {
        let envelope = Envelope::new(Arc::clone(&self.shared.pod), body);
        self.shared.table.deliver(channel, &Arc::new(envelope))
    }
}

/// The subscribers of an append; see [`Bridge::of_append`].
#[derive(Debug)]
pub(crate) struct AppendSubscriptions {
    bridge: Bridge,
    channel: String,
    body: Body,
}

impl AppendSubscriptions {
    /// Delivers the message: the batch is in the log.
    pub(crate) fn publish(self) {
        self.bridge.publish_locally(&self.channel, self.body);
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let channels = self.shared.table.count();
        f.debug_struct("Bridge").field("up", &self.is_up()).field("channels", &channels).finish()
    }
}
