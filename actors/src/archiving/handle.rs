//! The handle by which everybody writes into the archive.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsc_config::ArchiveSettings;
use hsc_monitoring::Metrics;
use tokio::sync::Notify;

use super::queue::RecordQueue;
use hsc_conversation::archive::{Record, StampedRecord};

/// How much waits to be written, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Records that may wait.
    pub queue_records: usize,
    /// Bytes of them.
    pub queue_bytes: usize,
    /// Records written at once.
    pub batch_records: usize,
    /// How long a record waits for others.
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

/// Writes into the archive, behind whatever goes on. Cheap to clone.
#[derive(Clone)]
pub struct ArchiveHandle {
    pub(super) queue: Arc<RecordQueue>,
    written: Arc<ArchivedConversations>,
    is_up: Arc<AtomicBool>,
    observer: Option<Observer>,
}

/// Conversations that the archive knows more of than was announced.
#[derive(Debug, Default)]
struct ArchivedConversations {
    conversations: Mutex<BTreeSet<String>>,
    changed: Notify,
}

/// Conversations that are gathered between two announcements: of more it is only known that there are more.
const MOST_WRITTEN: usize = 64;

/// Hears of what is recorded, before it is written. Must not wait.
type Observer = Arc<dyn Fn(&StampedRecord) + Send + Sync>;

impl ArchiveHandle {
    /// A handle and the queue behind it. What is recorded waits there until a writer takes it.
    #[must_use]
    pub fn new(limits: ArchiveLimits, metrics: &Arc<Metrics>) -> Self {
        let queue = Arc::new(RecordQueue::new(limits, Arc::clone(metrics)));
        // Until the writer has looked, nobody is told that something is wrong.
        let written = Arc::default();
        Self { queue, written, is_up: Arc::new(AtomicBool::new(true)), observer: None }
    }

    /// The same, and whatever is recorded by it is heard by this too, once. What the observer itself
    /// records goes by the handle of before, else it would hear itself.
    #[must_use]
    pub fn heard_by(self, observer: impl Fn(&StampedRecord) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Keeps this. Never waits and never fails: what the archive cannot take is counted there.
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
        if let Some(observer) = &self.observer {
            observer(&stamped);
        }
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
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The number before the time: of two that are stamped one after the other, the later has both
        // greater, but for a clock that is set back.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) & 0x00ff_ffff;
        let at_ms = now_ms();
        let chance = rand::random::<u64>() >> 8;
        let id = format!("{:012x}{number:06x}{chance:014x}", at_ms & 0xffff_ffff_ffff);
        StampedRecord { id, at_ms, record }
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
