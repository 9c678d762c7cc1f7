//! The values of one shard, where everybody can read them without asking the shard.
//!
//! Only the shard writes, and only while its life holds: that is checked under the lock that it
//! writes under, so a shard that hung and was replaced can change nothing when it wakes. The pages
//! outlive the shard: a crash costs the order of its values, not the values.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::time::Instant;

use super::Contents;
use crate::supervision::Life;

/// Reads after which a value is hot: worth loading again before its time is over.
const HOT: u32 = 3;

/// One value, or why there is none, and how long that holds.
pub(crate) struct CachedEntry<C: Contents> {
    pub(super) outcome: Result<C::Value, C::Error>,
    pub(super) weight: usize,
    pub(super) times: EntryAges,
    used: AtomicBool,
    reads: AtomicU32,
    refreshing: AtomicBool,
}

/// The ages of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryAges {
    /// From then on a hot value is loaded ahead.
    pub(super) refresh_from: Instant,
    /// From then on it is old.
    pub(super) fresh_until: Instant,
    /// From then on it is not used any more, whatever happens.
    pub(super) stale_until: Instant,
}

/// A read that found something.
pub(super) struct CacheHit<C: Contents> {
    pub(super) outcome: Result<C::Value, C::Error>,
    /// It is hot and its time is nearly over: whoever reads this has it loaded ahead, once.
    pub(super) wants_refresh: bool,
    /// This read made it hot: whoever reads this has it shared with other pods, once.
    pub(super) became_hot: bool,
}

/// The pages of one shard.
pub(crate) struct SharedEntries<C: Contents> {
    kept: RwLock<HashMap<C::Key, CachedEntry<C>>>,
    /// What the metrics were last told.
    told: (AtomicI64, AtomicI64),
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

    /// Takes the mark of a hit away.
    pub(super) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn read(&self, now: Instant) -> CacheHit<C> {
        // Written only when it changes: a line of memory that many cores read is best left alone.
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
        Self { kept: RwLock::new(HashMap::new()), told: Default::default() }
    }

    /// The fresh value of a key.
    pub(super) fn read<Q>(&self, key: &Q) -> Option<CacheHit<C>>
    where
        C::Key: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let now = Instant::now();
        let kept = self.shared();
        kept.get(key).filter(|kept| now < kept.times.fresh_until).map(|kept| kept.read(now))
    }

    /// The fresh value of a key, without it being used.
    pub(super) fn peek(&self, key: &C::Key) -> Option<Result<C::Value, C::Error>> {
        let now = Instant::now();
        let kept = self.shared();
        kept.get(key).filter(|kept| now < kept.times.fresh_until).map(|kept| kept.outcome.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.shared().values().filter(|kept| kept.outcome.is_ok()).count()
    }

    /// Looks at all of them, as they are now.
    pub(super) fn look<R>(&self, look: impl FnOnce(&HashMap<C::Key, CachedEntry<C>>) -> R) -> R {
        look(&self.shared())
    }

    /// Changes them, if this life of the shard still holds.
    pub(super) fn change<R>(
        &self,
        life: &Life,
        change: impl FnOnce(&mut HashMap<C::Key, CachedEntry<C>>) -> R,
    ) -> Option<R> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        life.holds().then(|| change(&mut kept))
    }

    /// The difference to what the metrics were told before.
    pub(super) fn tell(&self, entries: usize, bytes: usize) -> (i64, i64) {
        let difference = |told: &AtomicI64, now: usize| {
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            now - told.swap(now, Ordering::Relaxed)
        };
        (difference(&self.told.0, entries), difference(&self.told.1, bytes))
    }

    fn shared(&self) -> RwLockReadGuard<'_, HashMap<C::Key, CachedEntry<C>>> {
        // A shard that panicked while it wrote left whole values: each goes in or out in one step.
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }
}
