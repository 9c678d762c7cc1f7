//! The handle of the bridge, and the state that it shares with each generation of the actor, which both outlive: the
//! subscriptions, and the queue of messages to publish, which a crash only delays.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hsc_monitoring::Metrics;
use log::debug;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::table::{ChannelTable, Subscription};
use super::{Body, Envelope};
use crate::mutex::Mutex;
use crate::ports::Relay;
use hsc_conversation::log::{Batch, OwnedConversation};

/// Longest wait for the result of a publication: the wait for the bridge, and the relay's own
/// bound with room.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// Capacity of the queue. The actor drains it as fast as Redis accepts messages; a queue this long means
/// that Redis does not.
const WAITING: usize = 1_024;
/// Longest wait for a bridge that is starting: it is up within milliseconds, or Redis is down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Channels with lost messages that are remembered. More than the conversations with an agent on a pod;
/// the subscribers of further channels are not notified.
const LOST: usize = 16_384;

/// Publishes to and receives from other pods. Cheap to clone.
#[derive(Clone)]
pub struct Bridge {
    pub(super) shared: Arc<Shared>,
}

impl Bridge {
    /// The name of this pod.
    pub fn pod(&self) -> &Arc<str> {
        &self.shared.pod
    }

    /// True while other pods can be reached and every wanted channel is subscribed.
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
    kind: &'static str,
    until: Instant,
    reply: oneshot::Sender<Result<(), NotPublished>>,
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
    fn put(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
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
    fn has_lost(&self, channel: String) {
        let mut lost = self.lost.lock();
        if lost.len() < LOST {
            lost.insert(channel);
        }
    }

    /// The channels with lost messages since the last call.
    fn take_lost(&self) -> HashSet<String> {
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

/// The names of the channels. A relay may add a prefix.
pub mod channels {
    /// Messages to every pod.
    pub const PODS: &str = "pods";

    /// Changes of the desk.
    pub const DESK: &str = "desk";

    /// Messages to the owner of a conversation.
    pub fn to_owner(id: &str) -> String {
        format!("conversation.{id}.in")
    }

    /// Messages about a conversation to agents only.
    pub fn to_agents(id: &str) -> String {
        format!("conversation.{id}.agents")
    }

    /// Messages about one conversation.
    pub fn conversation(id: &str) -> String {
        format!("conversation.{id}")
    }

    /// Messages to one pod.
    pub fn pod(name: &str) -> String {
        format!("pod.{name}")
    }
}
