//! Shared by the bridge's handles and each generation of its actor. It outlives the actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::debug;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::outbox::{NotPublished, Outbox, Outgoing, PATIENCE};
use super::table::ChannelTable;
use super::{Body, Envelope};
use crate::ports::Relay;

/// Longest wait for the result of a publication: the wait for the bridge, and the relay's own
/// bound with room.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

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

/// The pending result of a publication; see [`Bridge::publish`](super::Bridge::publish).
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
                self.metrics.bridge.dropped(why.as_str());
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
                self.metrics.bridge.dropped(unread.as_str());
            }
        }
    }
}
