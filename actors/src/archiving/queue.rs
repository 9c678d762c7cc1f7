//! The queue of records. It outlives the writer, so a crash of the writer loses no record.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hsc_config::ArchiveSettings;
use hsc_monitoring::Metrics;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::mutex::Mutex;
use hsc_conversation::archive::{Record, StampedRecord};

/// Bytes of a record without its texts: its fields and its slot in the queue.
const WEIGHT_OF_A_RECORD: usize = 256;

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

/// Records in order, bounded in number and bytes.
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

    /// All queued records, in order. They stay.
    pub(super) fn all(&self) -> Vec<Arc<StampedRecord>> {
        self.held.lock().places.iter().map(|place| Arc::clone(&place.record)).collect()
    }

    /// Removes every record before the one with this number.
    pub(super) fn settle(&self, number: u64) {
        let mut held = self.held.lock();
        while held.first < number && held.pop() {}
        self.metrics.archive.queued(held.places.len());
        drop(held);
        self.removed.notify_waiters();
    }

    /// Number of queued records.
    pub(super) fn len(&self) -> usize {
        self.held.lock().places.len()
    }

    /// Waits until the present records are written, for at most `within`; returns the number that remain.
    pub(super) async fn emptied(&self, within: Duration) -> usize {
        let until = Instant::now() + within;
        loop {
            let removed = self.removed.notified();
            let remaining = self.len();
            if remaining == 0 || timeout_at(until, removed).await.is_err() {
                return remaining;
            }
        }
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
            let texts = [&began.page, &began.reason];
            texts.into_iter().flatten().map(String::len).sum()
        }
        Record::UploadKept(_) | Record::UploadExpired { .. } => 0,
    };
    WEIGHT_OF_A_RECORD + texts
}
