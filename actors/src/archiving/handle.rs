//! The handle by which everybody writes into the archive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsc_config::ArchiveSettings;
use hsc_monitoring::Metrics;

use super::queue::Queue;
use crate::ports::archive::{Record, Stamped};

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
            batch_after: Duration::from_millis(settings.batch_after_ms),
        }
    }
}

/// Writes into the archive, behind whatever goes on. Cheap to clone.
#[derive(Clone)]
pub struct ArchiveHandle {
    pub(super) queue: Arc<Queue>,
    is_up: Arc<AtomicBool>,
    observer: Option<Observer>,
}

/// Hears of what is recorded, before it is written. Must not wait.
type Observer = Arc<dyn Fn(&Stamped) + Send + Sync>;

impl ArchiveHandle {
    /// A handle and the queue behind it. What is recorded waits there until a writer takes it.
    #[must_use]
    pub fn new(limits: ArchiveLimits, metrics: &Arc<Metrics>) -> Self {
        let queue = Arc::new(Queue::new(limits, Arc::clone(metrics)));
        // Until the writer has looked, nobody is told that something is wrong.
        Self { queue, is_up: Arc::new(AtomicBool::new(true)), observer: None }
    }

    /// The same, and whatever is recorded by it is heard by this too, once. What the observer itself
    /// records goes by the handle of before, else it would hear itself.
    #[must_use]
    pub fn heard_by(self, observer: impl Fn(&Stamped) + Send + Sync + 'static) -> Self {
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

    fn keep(&self, stamped: Stamped) {
        if let Some(observer) = &self.observer {
            observer(&stamped);
        }
        self.queue.push(stamped);
    }

    /// Keeps what its owner has tried to write at once. No observer hears of it, and one that was written all
    /// the same is passed over by the archive.
    pub fn write_behind(&self, stamped: Stamped) {
        self.queue.push(stamped);
    }

    /// Gives a record its time and its identity, for who writes into the archive by himself.
    ///
    /// The identities of one process increase: of two records of the same millisecond the one that was
    /// stamped first comes first wherever the archive sorts by time and identity.
    #[must_use]
    pub fn stamp(record: Record) -> Stamped {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The number before the time: of two that are stamped one after the other, the later has both
        // greater, but for a clock that is set back.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) & 0x00ff_ffff;
        let at_ms = now_ms();
        let chance = rand::random::<u64>() >> 8;
        let id = format!("{:012x}{number:06x}{chance:014x}", at_ms & 0xffff_ffff_ffff);
        Stamped { id, at_ms, record }
    }

    /// False while the archive does not take what is written.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
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

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
