//! The handle by which everybody writes into the archive.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsc_monitoring::Metrics;
use tokio::sync::Notify;

use super::limits::ArchiveLimits;
use super::queue::RecordQueue;
use hsc_conversation::archive::{Record, StampedRecord};
use hsc_conversation::desk::DeskDecision;
use hsc_conversation::{
    LogEntry, WebhookEvent, archive_row, counted_as, decision_row, decision_webhook_events,
    webhook_events,
};

/// Writes into the archive, behind whatever goes on. Cheap to clone.
#[derive(Clone)]
pub struct ArchiveHandle {
    pub(super) queue: Arc<RecordQueue>,
    written: Arc<ArchivedConversations>,
    is_up: Arc<AtomicBool>,
    observer: Option<Observer>,
    metrics: Arc<Metrics>,
    /// Every record, in order, for the tests of others.
    #[cfg(test)]
    pub(crate) recorded: Arc<Mutex<Vec<Record>>>,
}

/// Conversations that the archive knows more of than was announced.
#[derive(Debug, Default)]
struct ArchivedConversations {
    conversations: Mutex<BTreeSet<String>>,
    changed: Notify,
}

/// Conversations that are gathered between two announcements: of more it is only known that there are more.
const MOST_WRITTEN: usize = 64;

/// What endpoints outside are told of a conversation, with the time and the identity of the archive's record.
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

/// What makes a record one: time and identity.
struct Stamp {
    id: String,
    at_ms: u64,
}

impl ArchiveHandle {
    /// A handle and the queue behind it. What is recorded waits there until a writer takes it.
    #[must_use]
    pub fn new(limits: ArchiveLimits, metrics: &Arc<Metrics>) -> Self {
        let queue = Arc::new(RecordQueue::new(limits, Arc::clone(metrics)));
        // Before the writer's first check no fault is reported.
        let written = Arc::default();
        Self {
            queue,
            written,
            is_up: Arc::new(AtomicBool::new(true)),
            observer: None,
            metrics: Arc::clone(metrics),
            #[cfg(test)]
            recorded: Arc::default(),
        }
    }

    /// The same, and this observes every event and decision that is recorded by it, once.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(ObservedEvent<'_>) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Records an event of a conversation: its counter, the row of the archive, and what the observer receives.
    /// Never waits and never fails: what the archive cannot take is counted there.
    pub fn event(&self, conversation: &str, entry: &LogEntry) {
        if let Some(name) = counted_as(&entry.event) {
            self.metrics.conversations.event(name);
        }
        let (row, events) = (archive_row(conversation, entry), webhook_events(entry));
        self.project(conversation, row, events);
    }

    /// The same for a decision of the desk.
    pub fn decision(&self, conversation: &str, decision: DeskDecision<'_>) {
        let events = decision_webhook_events(decision);
        self.project(conversation, Some(decision_row(conversation, decision)), events);
    }

    fn project(&self, conversation: &str, row: Option<Record>, events: Vec<WebhookEvent>) {
        let stamp = Stamp::new();
        if let Some(observer) = &self.observer {
            let (id, at_ms) = (&*stamp.id, stamp.at_ms);
            events
                .into_iter()
                .for_each(|event| observer(ObservedEvent { id, at_ms, conversation, event }));
        }
        if let Some(record) = row {
            self.keep(stamp.of(record));
        }
    }

    /// Records what is not an event of a conversation. Never waits and never fails, like [`ArchiveHandle::event`].
    pub fn record(&self, record: Record) {
        self.keep(Self::stamp(record));
    }

    /// The same, and gives the identity by which the archive knows it.
    #[must_use]
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

    /// Keeps what its owner has tried to write at once. No observer hears of it, and one that was written all
    /// the same is passed over by the archive.
    pub fn write_behind(&self, stamped: StampedRecord) {
        self.queue.push(stamped);
    }

    /// Gives a record its time and its identity, for who writes into the archive by himself.
    ///
    /// The identities of one process increase: of two records of the same millisecond the one that was
    /// stamped first comes first wherever the archive sorts by time and identity.
    #[must_use]
    pub fn stamp(record: Record) -> StampedRecord {
        Stamp::new().of(record)
    }

    /// False while the archive does not take what is written.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// The archive has taken these.
    pub(crate) fn has_written<'a>(&self, records: impl IntoIterator<Item = &'a Record>) {
        let mut conversations = self.gathered();
        let before = conversations.len();
        for conversation in records.into_iter().filter_map(shown_as_past) {
            // One more than fit says that there are more.
            if conversations.len() <= MOST_WRITTEN && !conversations.contains(conversation) {
                conversations.insert(conversation.to_owned());
            }
        }
        if conversations.len() > before {
            self.written.changed.notify_one();
        }
    }

    /// Ends when the archive has taken more. One waiter: a second one would miss what the first one hears.
    pub(crate) async fn more_written(&self) {
        self.written.changed.notified().await;
    }

    /// The conversations that the archive knows more of since this was asked last; empty where there are more
    /// than are gathered.
    pub(crate) fn take_written(&self) -> Vec<String> {
        let taken = std::mem::take(&mut *self.gathered());
        if taken.len() > MOST_WRITTEN { Vec::new() } else { taken.into_iter().collect() }
    }

    fn gathered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.written.conversations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Waits until everything is written, at most so long; says how many records still wait. For the
    /// end of a server, which stops the writer after it.
    pub async fn flush(&self, within: Duration) -> usize {
        self.queue.emptied(within).await
    }

    pub(super) fn set_up(&self, up: bool) -> bool {
        self.is_up.swap(up, Ordering::Relaxed)
    }
}

impl Stamp {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The number before the time: of two that are stamped one after the other, the later has both
        // greater, but for a clock that is set back.
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

impl std::fmt::Debug for ArchiveHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArchiveHandle({} queued, up: {})", self.queued(), self.is_up())
    }
}

/// The conversation of a record that a list or a transcript of the past shows; empty for an offline message
/// outside of any.
fn shown_as_past(record: &Record) -> Option<&str> {
    match record {
        Record::Began(began) => Some(&began.conversation),
        Record::Said(said) => Some(&said.conversation),
        Record::Turned(turn) => Some(&turn.conversation),
        Record::Feedback(feedback) => Some(&feedback.conversation),
        Record::Rated(rated) => Some(&rated.conversation),
        Record::Left { conversation, .. } => Some(conversation.as_deref().unwrap_or_default()),
        Record::UploadKept(upload) => Some(&upload.conversation),
        Record::UploadExpired { .. } | Record::Audit(_) | Record::Deliver(_) => None,
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
