//! What others hold of the bridge, and what outlives its actor.

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

/// The way to the other pods. Cheap to clone.
#[derive(Clone)]
pub struct Bridge {
    shared: Arc<Shared>,
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
            table: Arc::new(ChannelTable::new(Arc::clone(metrics))),
            outbox: Outbox::default(),
            metrics: Arc::clone(metrics),
            is_up: AtomicBool::new(false),
            was_up: AtomicBool::new(false),
        });
        let bridge = Self { shared: Arc::clone(&shared) };
        // Nothing is asked of the actor itself: its handle is not needed.
        let (spec, _) = ChildSpec::actor("bridge", "bridge", care, metrics, move |life| {
            let way = watch::Sender::new(RelayState::Opening);
            Ok(BridgeActor { shared: Arc::clone(&shared), life: life.clone(), way })
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
    /// Messages of this pod are heard at once, those of others as soon as [`Subscription::live`] says so.
    #[must_use]
    pub fn listen(&self, channel: impl Into<String>) -> Subscription {
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
    pub(crate) fn of_append(
        &self,
        owned: &OwnedConversation,
        batch: &Batch,
    ) -> Option<AppendSubscriptions> {
        let channel = channels::conversation(&owned.conversation);
        (!batch.entries.is_empty() && self.shared.table.is_heard(&channel)).then(|| {
            let OwnedConversation { conversation, epoch } = owned.clone();
            let body = Body::Appended { conversation, epoch, frames: batch.entries.clone() };
            AppendSubscriptions { bridge: self.clone(), channel, body }
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
pub(crate) struct AppendSubscriptions {
    bridge: Bridge,
    channel: String,
    body: Body,
}

impl AppendSubscriptions {
    /// Says it: the batch is in the log.
    pub(crate) fn say(self) {
        self.bridge.say_here(&self.channel, self.body);
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let channels = self.shared.table.count();
        f.debug_struct("Bridge").field("up", &self.is_up()).field("channels", &channels).finish()
    }
}
