//! The handle of the bridge, and the state that it shares with each generation of the actor, which both outlive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::debug;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::outbox::{NotPublished, Outbox, Outgoing, PATIENCE};
use super::table::{ChannelTable, Subscription};
use super::{Body, Envelope};
use crate::ports::Relay;
use hsc_conversation::log::{Batch, OwnedConversation};

/// Longest wait for the result of a publication: the wait for the bridge, and the relay's own
/// bound with room.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// Publishes to and receives from other pods. Cheap to clone.
#[derive(Clone)]
pub struct Bridge {
    pub(super) shared: Arc<Shared>,
}

impl Bridge {
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

    /// Delivers a batch to this pod's subscribers. The caller calls it once the batch is appended: other pods get it from
    /// the log, and the copy that comes back from there is ignored. None without subscribers, so that nothing is copied.
    #[must_use]
    pub(crate) fn of_append(
        &self,
        owned: &OwnedConversation,
        batch: &Batch,
    ) -> Option<impl FnOnce() + Send + use<>> {
        let channel = channels::conversation(&owned.conversation);
        if batch.entries.is_empty() || !self.shared.table.has_subscribers(&channel) {
            return None;
        }
        let OwnedConversation { conversation, epoch } = owned.clone();
        let body = Body::Appended { conversation, epoch, frames: batch.entries.clone() };
        let shared = Arc::clone(&self.shared);
        Some(move || {
            let envelope = Envelope::new(Arc::clone(&shared.pod), body);
            shared.table.deliver(&channel, &Arc::new(envelope));
        })
    }
}

/// The connection to the relay, the subscriptions and the outgoing queue.
pub(super) struct Shared {
    pub(super) pod: Arc<str>,
    pub(super) relay: Arc<dyn Relay>,
    pub(super) table: Arc<ChannelTable>,
    pub(super) outbox: Outbox,
    pub(super) metrics: Arc<Metrics>,
    pub(super) is_up: AtomicBool,
    pub(super) was_up: AtomicBool,
}

/// The pending result of a publication; see [`Bridge::publish`].
#[derive(Debug)]
pub struct Published {
    replied: oneshot::Receiver<Result<(), NotPublished>>,
}

impl Published {
    /// Waits for the result, within a bound.
    ///
    /// # Errors
    /// Why other pods may not receive the message.
    pub async fn outcome(self) -> Result<(), NotPublished> {
        match tokio::time::timeout(PUBLISHED_WITHIN, self.replied).await {
            Ok(Ok(outcome)) => outcome,
            // The actor ended with the message in work, or hangs.
            Ok(Err(_)) | Err(_) => Err(NotPublished::TimedOut),
        }
    }
}

impl Shared {
    /// Queues a message.
    pub(super) fn put(&self, channel: &str, envelope: &Envelope) -> Published {
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

    /// Reports to other pods the channels on which a message was lost. A report that fails is sent again next time.
    pub(super) fn report_lost(&self) {
        for channel in self.outbox.take_lost() {
            drop(self.put(&channel, &Envelope::new(Arc::clone(&self.pod), Body::Lost)));
        }
    }

    /// The result of one publication.
    pub(super) fn published(&self, outgoing: Outgoing, outcome: Result<(), NotPublished>) {
        match outcome {
            Ok(()) => self.metrics.bridge.published(outgoing.kind),
            Err(why) => {
                self.metrics.bridge.dropped(why.into());
                self.outbox.has_lost(outgoing.channel.clone());
            }
        }
        // The publisher may have dropped its receiver.
        let _ = outgoing.reply.send(outcome);
    }

    pub(super) fn is_up(&self, up: bool) {
        self.is_up.store(up, Ordering::Release);
        let again = up && self.was_up.swap(true, Ordering::Relaxed);
        self.metrics.bridge.connected(up, again);
    }

    /// Decodes a message of another pod and passes it to the subscribers.
    pub(super) fn received(&self, channel: &str, payload: &[u8]) {
        match Envelope::read(payload) {
            // Subscribers of this pod received it when it was published.
            Ok(envelope) if envelope.from == self.pod => {}
            Ok(envelope) => {
                self.metrics.bridge.received(envelope.body.kind(), envelope.age());
                if envelope.body == Body::Lost {
                    return self.table.report_missed(channel);
                }
                self.table.deliver(channel, &Arc::new(envelope));
            }
            Err(unread) => {
                debug!(channel:%, unread:%; "skipped a message of another pod");
                self.metrics.bridge.dropped(unread.into());
            }
        }
    }
}

/// The names of the channels. A relay may add a prefix.
pub mod channels {
    /// Messages to every pod.
    pub const PODS: &str = "pods";

    /// Changes of the desk.
    pub const DESK: &str = "desk";

    /// Messages to the owner of a conversation.
    #[must_use]
    pub fn to_owner(id: &str) -> String {
        format!("conversation.{id}.in")
    }

    /// Messages about a conversation to agents only.
    #[must_use]
    pub fn to_agents(id: &str) -> String {
        format!("conversation.{id}.agents")
    }

    /// Messages about one conversation.
    #[must_use]
    pub fn conversation(id: &str) -> String {
        format!("conversation.{id}")
    }

    /// Messages to one pod.
    #[must_use]
    pub fn pod(name: &str) -> String {
        format!("pod.{name}")
    }
}
