//! The handle by which all parts of the server write into the archive, and the queue of records behind it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hsc_config::ArchiveSettings;
use hsc_monitoring::Metrics;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::mutex::Mutex;
use hsc_conversation::archive::{Record, StampedRecord};
use hsc_conversation::desk::DeskDecision;
use hsc_conversation::{
    LogEntry, WebhookEvent, archive_row, archived_event, counted_as, decision_row,
    decision_webhook_events, now_ms, webhook_events,
};

/// Bytes of a record without its texts: its fields and its slot in the queue.
const WEIGHT_OF_A_RECORD: usize = 256;
/// Most conversations that are collected between two announcements; beyond it only the fact is kept.
const MOST_WRITTEN: usize = 64;

/// The limits of the archive's queue, in size and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Most queued records.
    pub queue_records: usize,
    /// Most bytes of queued records.
    pub queue_bytes: usize,
    /// Most records of one batch.
    pub batch_records: usize,
    /// Longest time that a record waits for a batch to fill.
    pub batch_after: Duration,
}

impl From<&ArchiveSettings> for ArchiveLimits {
    fn from(settings: &ArchiveSettings) -> Self {
        Self {
            queue_records: settings.queue_records,
            queue_bytes: settings.queue_bytes,
            batch_records: settings.batch_records,
            batch_after: Duration::from_millis(settings.batch_delay_ms),
        }
    }
}

/// Writes into the archive asynchronously. Cheap to clone.
#[derive(Clone)]
pub struct ArchiveHandle {
    pub(super) queue: Arc<RecordQueue>,
    written: Arc<ArchivedConversations>,
    is_up: Arc<AtomicBool>,
    excluded: Arc<Mutex<Option<String>>>,
    observer: Option<Observer>,
    metrics: Arc<Metrics>,
    /// Every record, in order, for tests of other modules.
    #[cfg(test)]
    pub(crate) recorded: Arc<std::sync::Mutex<Vec<Record>>>,
}

/// Conversations with archived records that were not announced yet.
#[derive(Debug, Default)]
struct ArchivedConversations {
    conversations: Mutex<BTreeSet<String>>,
    changed: Notify,
}

/// An event of a conversation for the webhook endpoints, with the time and the id of the archive's record.
#[derive(Debug)]
pub struct ObservedEvent<'a> {
    /// Identity of the record.
    pub id: &'a str,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: u64,
    /// The conversation.
    pub conversation: &'a str,
    /// The event.
    pub event: WebhookEvent,
}

/// Observes events of conversations. Must not wait.
type Observer = Arc<dyn Fn(ObservedEvent<'_>) + Send + Sync>;

/// Time and id of a record.
struct Stamp {
    id: String,
    at_ms: u64,
}

impl ArchiveHandle {
    /// A handle and its queue. Records wait in the queue until a writer takes them.
    pub fn new(limits: ArchiveLimits, metrics: &Arc<Metrics>) -> Self {
        let queue = Arc::new(RecordQueue::new(limits, Arc::clone(metrics)));
        // Before the writer's first check no fault is reported.
        let written = Arc::default();
        Self {
            queue,
            written,
            is_up: Arc::new(AtomicBool::new(true)),
            excluded: Arc::default(),
            observer: None,
            metrics: Arc::clone(metrics),
            #[cfg(test)]
            recorded: Arc::default(),
        }
    }

    /// Sets the observer of every event and decision that this handle records, called once for each.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(ObservedEvent<'_>) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Records an event of a conversation: its counter, the event and its row in the archive, and the observer's event.
    /// Never waits and never fails: a record that the archive does not accept is counted.
    pub fn event(&self, conversation: &str, entry: &LogEntry) {
        if let Some(name) = counted_as(&entry.event) {
            self.metrics.conversations.event(name);
        }
        let stored = archived_event(conversation, entry).map(Record::Event);
        let records = stored.into_iter().chain(archive_row(conversation, entry));
        self.project(conversation, records, webhook_events(entry));
    }

    /// The same for a decision of the desk.
    pub fn decision(&self, conversation: &str, decision: DeskDecision<'_>) {
        let events = decision_webhook_events(decision);
        self.project(conversation, [decision_row(conversation, decision)], events);
    }

    fn project(
        &self,
        conversation: &str,
        records: impl IntoIterator<Item = Record>,
        events: Vec<WebhookEvent>,
    ) {
        let stamp = Stamp::new();
        if let Some(observer) = &self.observer {
            let (id, at_ms) = (&*stamp.id, stamp.at_ms);
            events
                .into_iter()
                .for_each(|event| observer(ObservedEvent { id, at_ms, conversation, event }));
        }
        // An event and its row are in different tables, under the same id.
        for record in records {
            let (id, at_ms) = (stamp.id.clone(), stamp.at_ms);
            self.keep(StampedRecord { id, at_ms, record });
        }
    }

    /// Records what is not an event of a conversation. Never waits and never fails, like [`ArchiveHandle::event`].
    pub fn record(&self, record: Record) {
        self.keep(Self::stamp(record));
    }

    /// The same, and returns the record's id.
    pub fn record_and_name(&self, record: Record) -> String {
        let stamped = Self::stamp(record);
        let id = stamped.id.clone();
        self.keep(stamped);
        id
    }

    fn keep(&self, stamped: StampedRecord) {
        #[cfg(test)]
        self.recorded.lock().expect("no test panics under it").push(stamped.record.clone());
        self.queue.push(stamped);
    }

    /// Queues a record whose direct write failed. It is not passed to the observer; if it was written after all, the
    /// archive skips it.
    pub fn write_behind(&self, stamped: StampedRecord) {
        self.queue.push(stamped);
    }

    /// Assigns time and id to a record, for callers that write into the archive directly.
    ///
    /// The ids of one process increase: of two records of the same millisecond the one that was stamped first is
    /// sorted first by time and id.
    pub fn stamp(record: Record) -> StampedRecord {
        Stamp::new().of(record)
    }

    /// False while the archive accepts no writes.
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Why the archive excludes this release; none while it does not.
    pub fn excluded(&self) -> Option<String> {
        self.excluded.lock().clone()
    }

    /// The archive has stored these.
    pub(crate) fn has_written<'a>(&self, records: impl IntoIterator<Item = &'a Record>) {
        let mut conversations = self.written.conversations.lock();
        let before = conversations.len();
        for conversation in records.into_iter().filter_map(shown_as_past) {
            // One more than the maximum means that there are more.
            if conversations.len() <= MOST_WRITTEN && !conversations.contains(conversation) {
                conversations.insert(conversation.to_owned());
            }
        }
        if conversations.len() > before {
            self.written.changed.notify_one();
        }
    }

    /// Returns when the archive has stored more. One waiter only: a second one would miss the signal of the first.
    pub(crate) async fn more_written(&self) {
        self.written.changed.notified().await;
    }

    /// The conversations with new archived records since the last call; empty if there are too many.
    pub(crate) fn take_written(&self) -> Vec<String> {
        let taken = std::mem::take(&mut *self.written.conversations.lock());
        if taken.len() > MOST_WRITTEN { Vec::new() } else { taken.into_iter().collect() }
    }

    /// Number of queued records.
    pub fn queued(&self) -> usize {
        self.queue.held.lock().places.len()
    }

    /// Waits until the queue is empty, for at most `within`; returns the number of records that remain. Called at the
    /// end of a server, before the writer is stopped.
    pub async fn flush(&self, within: Duration) -> usize {
        let until = Instant::now() + within;
        loop {
            let removed = self.queue.removed.notified();
            let remaining = self.queued();
            if remaining == 0 || timeout_at(until, removed).await.is_err() {
                return remaining;
            }
        }
    }

    /// The records that are not written, in order, for a server that stops. Writing one of them again is safe.
    #[must_use]
    pub fn unwritten(&self) -> Vec<Arc<StampedRecord>> {
        let held = self.queue.held.lock();
        held.places.iter().map(|place| Arc::clone(&place.record)).collect()
    }

    pub(super) fn set_up(&self, up: bool) -> bool {
        self.is_up.swap(up, Ordering::Relaxed)
    }

    /// True if that is new.
    pub(super) fn set_excluded(&self, why: Option<String>) -> bool {
        let mut excluded = self.excluded.lock();
        let is_new = *excluded != why;
        *excluded = why;
        is_new
    }
}

impl Stamp {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The number is taken before the time: of two records that are stamped one after the other, the later has
        // both greater, unless the clock is set back.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) & 0x00ff_ffff;
        let at_ms = now_ms();
        let chance = rand::random::<u64>() >> 8;
        let id = format!("{:012x}{number:06x}{chance:014x}", at_ms & 0xffff_ffff_ffff);
        Self { id, at_ms }
    }

    fn of(self, record: Record) -> StampedRecord {
        StampedRecord { id: self.id, at_ms: self.at_ms, record }
    }
}

/// The conversation of a record that lists or transcripts of past conversations show; empty for an offline
/// message without one.
fn shown_as_past(record: &Record) -> Option<&str> {
    match record {
        Record::ConversationBegan(began) => Some(&began.conversation),
        Record::Message(message) => Some(&message.conversation),
        Record::Handoff(turn) => Some(&turn.conversation),
        Record::Feedback(feedback) => Some(&feedback.conversation),
        Record::Rated(rated) => Some(&rated.conversation),
        Record::OfflineMessage { conversation, .. } => {
            Some(conversation.as_deref().unwrap_or_default())
        }
        Record::UploadKept(upload) => Some(&upload.conversation),
        // An event that these show has a row.
        Record::Event(_) | Record::UploadExpired { .. } | Record::Audit(_) | Record::Deliver(_) => {
            None
        }
    }
}

/// Records in order, bounded in number and bytes. It outlives the writer, so a crash of the writer loses no record.
pub(super) struct RecordQueue {
    held: Mutex<QueuedRecord>,
    limits: ArchiveLimits,
    metrics: Arc<Metrics>,
    /// A record was added.
    added: Notify,
    /// Records were removed.
    removed: Notify,
}

#[derive(Default)]
struct QueuedRecord {
    places: VecDeque<QueuePosition>,
    bytes: usize,
    /// The number of the first record; those behind it are numbered from there.
    first: u64,
}

struct QueuePosition {
    weight: usize,
    since: Instant,
    record: Arc<StampedRecord>,
}

impl RecordQueue {
    pub(super) fn new(limits: ArchiveLimits, metrics: Arc<Metrics>) -> Self {
        let (added, removed) = (Notify::new(), Notify::new());
        Self { held: Mutex::default(), limits, metrics, added, removed }
    }

    /// Appends a record. The oldest ones are dropped when there is no room: after an outage the recent
    /// ones matter most.
    pub(super) fn push(&self, record: StampedRecord) {
        let weight = weight(&record.record);
        let mut held = self.held.lock();
        let mut dropped = 0;
        while !held.places.is_empty()
            && (held.places.len() >= self.limits.queue_records
                || held.bytes + weight > self.limits.queue_bytes)
        {
            held.pop();
            dropped += 1;
        }
        held.bytes += weight;
        let (since, record) = (Instant::now(), Arc::new(record));
        held.places.push_back(QueuePosition { weight, since, record });
        self.metrics.archive.queued(held.places.len());
        drop(held);
        if dropped > 0 {
            self.metrics.archive.dropped("full", dropped);
        }
        self.added.notify_one();
    }

    /// Waits until a batch is ready: it is full, or its oldest record has waited long enough.
    pub(super) async fn ready(&self) {
        loop {
            let oldest = {
                let held = self.held.lock();
                if held.places.len() >= self.limits.batch_records {
                    return;
                }
                held.places.front().map(|place| place.since + self.limits.batch_after)
            };
            match oldest {
                None => self.added.notified().await,
                Some(until) if timeout_at(until, self.added.notified()).await.is_err() => return,
                Some(_) => {}
            }
        }
    }

    /// The next batch, and the number of its first record. The records stay queued until they are settled.
    pub(super) fn front(&self) -> (u64, Vec<Arc<StampedRecord>>) {
        let held = self.held.lock();
        let batch = held.places.iter().take(self.limits.batch_records);
        (held.first, batch.map(|place| Arc::clone(&place.record)).collect())
    }

    /// Most records of a batch.
    pub(super) fn batch_records(&self) -> usize {
        self.limits.batch_records
    }

    /// Removes every record before the one with this number.
    pub(super) fn settle(&self, number: u64) {
        let mut held = self.held.lock();
        while held.first < number && held.pop() {}
        self.metrics.archive.queued(held.places.len());
        drop(held);
        self.removed.notify_waiters();
    }
}

impl QueuedRecord {
    /// Removes the first record; false if there is none.
    fn pop(&mut self) -> bool {
        let Some(place) = self.places.pop_front() else { return false };
        self.bytes -= place.weight;
        self.first += 1;
        true
    }
}

/// Approximate size of a record in bytes, for the bound.
fn weight(record: &Record) -> usize {
    let texts = match record {
        Record::Message(message) => {
            let quotes = message.citations.iter().map(|citation| citation.quote.len() + 128);
            message.text.len() + message.html.len() + quotes.sum::<usize>()
        }
        Record::Event(event) => event.entry.len(),
        Record::Deliver(delivery) => delivery.body.len(),
        Record::OfflineMessage { text, .. } => text.len(),
        Record::Feedback(feedback) => feedback.comment.as_deref().map_or(0, str::len),
        Record::Rated(rated) => rated.comment.as_deref().map_or(0, str::len),
        Record::Handoff(turn) => turn.reason.as_deref().map_or(0, str::len),
        Record::Audit(audit) => audit.detail.len(),
        Record::ConversationBegan(began) => {
            let texts = [&began.described.page, &began.described.reason];
            texts.into_iter().flatten().map(String::len).sum()
        }
        Record::UploadKept(_) | Record::UploadExpired { .. } => 0,
    };
    WEIGHT_OF_A_RECORD + texts
}
