//! The subscriptions of this pod, by channel. Outlives the bridge's actor.
//!
//! The table states which channels are wanted; the actor subscribes to them. A change signal may stand
//! for many changes, and the actor then reads the table: a restarted actor misses nothing.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use dashmap::DashMap;
use futures::Stream;
use hsc_monitoring::Metrics;
use tokio::sync::{mpsc, watch};

use super::Envelope;
use crate::mutex::Mutex;
use crate::supervision::Life;

/// Messages that may be queued for one subscriber. A subscriber that is further behind has missed some and
/// receives `Missed`; one that needs all of them reads the log.
const WAITING: usize = 256;

/// What a subscriber receives.
#[derive(Debug, Clone)]
pub enum ChannelEvent {
    /// A message on the channel, of this pod or of another one.
    Message(Arc<Envelope>),
    /// Messages may be missing: the connection was lost for a while, another pod
    /// could not publish, or this subscriber was too slow.
    Missed,
}

/// The table. See above.
pub(super) struct ChannelTable {
    channels: DashMap<String, Channel>,
    next: AtomicU64,
    changed: Mutex<HashSet<String>>,
    change_signal: watch::Sender<()>,
    metrics: Arc<Metrics>,
}

struct Channel {
    subscribers: Vec<Subscriber>,
    /// True while messages of other pods arrive on it.
    live: watch::Sender<bool>,
}

struct Subscriber {
    number: u64,
    sender: mpsc::Sender<ChannelEvent>,
    missed: Arc<AtomicBool>,
}

/// Receives the messages of a channel until it is dropped.
pub struct Subscription {
    table: Arc<ChannelTable>,
    channel: String,
    number: u64,
    receiver: mpsc::Receiver<ChannelEvent>,
    missed: Arc<AtomicBool>,
    live: watch::Receiver<bool>,
}

impl ChannelTable {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            channels: DashMap::new(),
            next: AtomicU64::new(0),
            changed: Mutex::default(),
            change_signal: watch::Sender::new(()),
            metrics,
        }
    }

    pub(super) fn subscribe(self: &Arc<Self>, channel: String) -> Subscription {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(WAITING);
        let missed = Arc::<AtomicBool>::default();
        let subscriber = Subscriber { number, sender, missed: Arc::clone(&missed) };
        let (live, is_new) = {
            let mut entry = self.channels.entry(channel.clone()).or_insert_with(|| {
                let live = watch::Sender::new(false);
                Channel { subscribers: Vec::new(), live }
            });
            entry.subscribers.push(subscriber);
            (entry.live.subscribe(), entry.subscribers.len() == 1)
        };
        if is_new {
            self.has_changed(&channel);
        }
        Subscription { table: Arc::clone(self), channel, number, receiver, missed, live }
    }

    fn unsubscribe(&self, channel: &str, number: u64) {
        if let Some(mut entry) = self.channels.get_mut(channel) {
            entry.subscribers.retain(|subscriber| subscriber.number != number);
        }
        let is_last = |_: &String, entry: &Channel| entry.subscribers.is_empty();
        if self.channels.remove_if(channel, is_last).is_some() {
            self.has_changed(channel);
        }
    }

    /// After the map, never before: a reader woken by the signal then sees the change.
    fn has_changed(&self, channel: &str) {
        self.changed.lock().insert(channel.to_owned());
        self.metrics.bridge.listens_to(self.channels.len());
        self.change_signal.send_replace(());
    }

    /// Signals that channels became wanted or unwanted.
    pub(super) fn change_signal(&self) -> watch::Receiver<()> {
        self.change_signal.subscribe()
    }

    /// The channels that became wanted and unwanted since the last call.
    pub(super) fn changes(&self) -> (Vec<String>, Vec<String>) {
        let changed = std::mem::take(&mut *self.changed.lock());
        changed.into_iter().partition(|channel| self.channels.contains_key(channel))
    }

    /// All wanted channels.
    pub(super) fn subscribed(&self) -> Vec<String> {
        self.channels.iter().map(|entry| entry.key().clone()).collect()
    }

    pub(super) fn has_subscribers(&self, channel: &str) -> bool {
        self.channels.contains_key(channel)
    }

    pub(super) fn count(&self) -> usize {
        self.channels.len()
    }

    /// Delivers to all subscribers of this pod.
    pub(super) fn deliver(&self, channel: &str, envelope: &Arc<Envelope>) {
        let Some(entry) = self.channels.get(channel) else { return };
        for subscriber in &entry.subscribers {
            if subscriber.sender.try_send(ChannelEvent::Message(Arc::clone(envelope))).is_err() {
                subscriber.missed.store(true, Ordering::Release);
                self.metrics.bridge.dropped("slow_listener");
            }
        }
    }

    /// Notifies the subscribers of a channel that messages may be missing.
    pub(super) fn report_missed(&self, channel: &str) {
        if let Some(entry) = self.channels.get(channel) {
            entry.subscribers.iter().for_each(Subscriber::notify_missed);
        }
    }

    /// These channels are subscribed now; `None` means all of them.
    pub(super) fn set_live(&self, channels: Option<&[String]>) {
        match channels {
            None => self.channels.iter().for_each(|entry| entry.is_live(true)),
            Some(channels) => {
                let entries = channels.iter().filter_map(|channel| self.channels.get(channel));
                entries.for_each(|entry| entry.is_live(true));
            }
        }
    }

    /// No channel is subscribed any more, and messages may be missed.
    pub(super) fn set_unsubscribed(&self) {
        for entry in &self.channels {
            entry.is_live(false);
            entry.subscribers.iter().for_each(Subscriber::notify_missed);
        }
    }
}

impl Subscriber {
    fn notify_missed(&self) {
        if self.sender.try_send(ChannelEvent::Missed).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

impl Channel {
    fn is_live(&self, live: bool) {
        self.live.send_if_modified(|now| std::mem::replace(now, live) != live);
    }
}

impl Subscription {
    /// The next event; never ends by itself.
    pub async fn next(&mut self) -> ChannelEvent {
        std::future::poll_fn(|task| self.poll_receive(task)).await
    }

    /// Waits until messages of other pods, published from now on, arrive: one round trip to Redis after the
    /// first subscription of a channel. Waits forever while Redis is down, so callers set a time limit.
    pub async fn live(&mut self) {
        // The sender is in the table, which this holds.
        let _ = self.live.wait_for(|live| *live).await;
    }

    fn poll_receive(&mut self, task: &mut Context<'_>) -> Poll<ChannelEvent> {
        // Before the queued messages: a reader of the log now gets every message dropped so far. It is set only
        // while the queue is full, so it needs no waker of its own.
        if self.missed.swap(false, Ordering::AcqRel) {
            return Poll::Ready(ChannelEvent::Missed);
        }
        match self.receiver.poll_recv(task) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

/// A subscription that outlives every generation of the worker that reads it: a crash loses at most the event in work.
#[derive(Clone)]
pub(crate) struct WorkerSubscription(Arc<Mutex<Subscription>>);

impl WorkerSubscription {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self(Arc::new(Mutex::new(subscription)))
    }

    /// The next event, for the current generation of the worker only.
    pub(crate) async fn next(&self, life: &Life) -> ChannelEvent {
        std::future::poll_fn(|task| {
            if !life.holds() {
                return Poll::Pending;
            }
            // Never locked across an await: a hung task must not lock its successor out.
            self.0.lock().poll_receive(task)
        })
        .await
    }
}

impl Stream for Subscription {
    type Item = ChannelEvent;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        self.poll_receive(task).map(Some)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.table.unsubscribe(&self.channel, self.number);
    }
}
