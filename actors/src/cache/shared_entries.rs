//! The values of one shard, readable without a message to the shard.
//!
//! Only the shard writes, and only in its current generation: that is checked under the write
//! lock, so a shard that hung and was replaced changes nothing when it wakes up. The entries
//! outlive the shard: a crash loses the order of its values, not the values.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::time::Instant;

use super::Contents;
use crate::supervision::Life;

/// Reads after which a value is hot: worth a refresh before it expires.
const HOT: u32 = 3;

/// A value or a failure, and how long it is valid.
pub(crate) struct CachedEntry<C: Contents> {
    pub(super) outcome: Result<C::Value, C::Error>,
    pub(super) weight: usize,
    pub(super) times: EntryAges,
    used: AtomicBool,
    reads: AtomicU32,
    refreshing: AtomicBool,
}

/// The lifetimes of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryAges {
    /// From then on a hot value is refreshed.
    pub(super) refresh_from: Instant,
    /// From then on it is stale.
    pub(super) fresh_until: Instant,
    /// From then on it is never used.
    pub(super) stale_until: Instant,
}

/// A read that found an entry.
pub(super) struct CacheHit<C: Contents> {
    pub(super) outcome: Result<C::Value, C::Error>,
    /// The value is hot and about to expire: the reader triggers one refresh.
    pub(super) wants_refresh: bool,
    /// This read made the value hot: the reader shares it with other pods once.
    pub(super) became_hot: bool,
}

/// The entries of one shard.
pub(crate) struct SharedEntries<C: Contents> {
    entries: RwLock<HashMap<C::Key, CachedEntry<C>>>,
    /// Entries and bytes last reported to the metrics.
    reported: (AtomicI64, AtomicI64),
}

impl<C: Contents> CachedEntry<C> {
    pub(super) fn new(
        outcome: Result<C::Value, C::Error>,
        weight: usize,
        times: EntryAges,
    ) -> Self {
        let (used, refreshing) = (AtomicBool::new(false), AtomicBool::new(false));
        let reads = AtomicU32::new(0);
        Self { outcome, weight, times, used, reads, refreshing }
    }

    /// Clears the mark of a hit.
    pub(super) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn read(&self, now: Instant) -> CacheHit<C> {
        // Written only when it changes, to keep a cache line that many cores read unmodified.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        let hot = self.reads.load(Ordering::Relaxed) >= HOT;
        let became_hot = !hot && self.reads.fetch_add(1, Ordering::Relaxed) + 1 == HOT;
        let due = hot && now >= self.times.refresh_from && self.outcome.is_ok();
        CacheHit {
            outcome: self.outcome.clone(),
            wants_refresh: due && !self.refreshing.swap(true, Ordering::Relaxed),
            became_hot: became_hot && self.outcome.is_ok(),
        }
    }
}

impl<C: Contents> SharedEntries<C> {
    pub(super) fn new() -> Self {
        Self { entries: RwLock::new(HashMap::new()), reported: Default::default() }
    }

    /// The fresh value of a key.
    pub(super) fn read(&self, key: &C::Key) -> Option<CacheHit<C>> {
        let now = Instant::now();
        let entries = self.shared();
        entries.get(key).filter(|entry| now < entry.times.fresh_until).map(|entry| entry.read(now))
    }

    /// The fresh value of a key, without marking it as used.
    pub(super) fn peek(&self, key: &C::Key) -> Option<Result<C::Value, C::Error>> {
        let now = Instant::now();
        let entries = self.shared();
        let fresh = entries.get(key).filter(|entry| now < entry.times.fresh_until)?;
        Some(fresh.outcome.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.shared().values().filter(|entry| entry.outcome.is_ok()).count()
    }

    /// Reads all entries under the lock.
    pub(super) fn look<R>(&self, look: impl FnOnce(&HashMap<C::Key, CachedEntry<C>>) -> R) -> R {
        look(&self.shared())
    }

    /// Changes the entries, if this generation of the shard is current.
    pub(super) fn change<R>(
        &self,
        life: &Life,
        change: impl FnOnce(&mut HashMap<C::Key, CachedEntry<C>>) -> R,
    ) -> Option<R> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        life.holds().then(|| change(&mut entries))
    }

    /// The difference to the last report to the metrics.
    pub(super) fn tell(&self, entries: usize, bytes: usize) -> (i64, i64) {
        let difference = |reported: &AtomicI64, now: usize| {
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            now - reported.swap(now, Ordering::Relaxed)
        };
        (difference(&self.reported.0, entries), difference(&self.reported.1, bytes))
    }

    fn shared(&self) -> RwLockReadGuard<'_, HashMap<C::Key, CachedEntry<C>>> {
        // A shard that panicked during a write left whole values: each is added or removed in one step.
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}
