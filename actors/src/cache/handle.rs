//! The handle of a cache: reads without a message to an actor, sends the rest to the shard that owns the key.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::debug;

use super::contents::{OptionalL2, aided};
use super::shard::{Forget, Get, Shared, Update};
use super::{
    CacheLimits, CacheTag, Contents, L2Policy, LoadFailure, Outcome, Shard, SharedEntries,
};
use crate::supervision::{AskError, Care, ChildSpec, Handle};

/// Added to a load's own time limit before the caller gets an error that the shard does not respond.
const GRACE: Duration = Duration::from_secs(2);

/// Upper bound of an L2 lookup that a caller waits for. The L2 cache has a far shorter bound of its own;
/// this one holds if it fails.
const SEEK: Duration = Duration::from_secs(1);
/// The same for entries taken over at the start, which no caller waits for.
const WARM: Duration = Duration::from_secs(10);

/// Handle of a cache. Cheap to clone.
pub struct Cache<C: Contents> {
    inner: Arc<Inner<C>>,
}

/// The values of a shard, readable without a message, and the shard itself.
type ShardSlot<C> = (Arc<SharedEntries<C>>, Handle<Shard<C>>);

struct Inner<C: Contents> {
    name: &'static str,
    shards: Vec<ShardSlot<C>>,
    specs: Vec<ChildSpec>,
    shared: Arc<Shared<C>>,
    hasher: RandomState,
}

impl<C: Contents> Cache<C> {
    /// A cache whose shards, [`Cache::children`], still have to be added to a tree. Until then, and while
    /// they are down, reads work and loads wait.
    pub fn new(
        name: &'static str,
        contents: C,
        l2: OptionalL2<C>,
        limits: CacheLimits,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let meter = metrics.caches.meter(name);
        let shared = Arc::new(Shared { contents, l2, limits, meter });
        let mut specs = Vec::new();
        let mut shards = Vec::new();
        for index in 0..limits.shards.max(1) {
            let pages = Arc::new(SharedEntries::new());
            let (born_with, born_of) = (Arc::clone(&pages), Arc::clone(&shared));
            let make = move |life: &crate::supervision::Life| {
                Ok(Shard::new(life.clone(), Arc::clone(&born_of), Arc::clone(&born_with)))
            };
            let name = format!("cache.{name}.{index}");
            let (spec, handle) = ChildSpec::actor(name, "cache_shard", care, metrics, make);
            specs.push(spec);
            shards.push((pages, handle));
        }
        let inner = Inner { name, shards, specs, shared, hasher: RandomState::new() };
        Self { inner: Arc::new(inner) }
    }

    /// Its shards, for the tree.
    #[must_use]
    pub fn children(&self) -> Vec<ChildSpec> {
        self.inner.specs.clone()
    }

    /// How its values are loaded.
    pub(crate) fn contents(&self) -> &C {
        &self.inner.shared.contents
    }

    /// The fresh value, if it is cached, without waiting. A remembered failure counts as cached.
    pub fn get_cached(&self, key: &C::Key) -> Option<Outcome<C>> {
        let (outcome, due) = self.get_to_renew(key)?;
        if due && self.shard_of(key).1.post(Update::Refresh(key.clone())).is_err() {
            debug!(cache = self.inner.name; "the shard is full, a hot value is not refreshed");
        }
        Some(outcome)
    }

    /// The fresh value, if it is cached, without an effect on metrics or on the eviction order.
    pub fn peek(&self, key: &C::Key) -> Option<Outcome<C>> {
        self.shard_of(key).0.peek(key)
    }

    /// The same for a cache that its users fill. True for one reader of a hot value that is about to expire:
    /// that reader makes the value again and puts it in, so that no reader finds it expired.
    pub fn get_to_renew(&self, key: &C::Key) -> Option<(Outcome<C>, bool)> {
        if self.is_off() {
            return None;
        }
        let (pages, shard) = self.shard_of(key);
        let Some(found) = pages.read(key) else {
            self.inner.shared.meter.missed();
            return None;
        };
        self.inner.shared.meter.hit();
        if found.became_hot && self.has_l2() && C::sharing(key) == L2Policy::WhenHot {
            // A full shard skips the sharing: no value is lost here.
            let _ = shard.post(Update::Share(key.clone()));
        }
        Some((found.outcome, found.wants_refresh))
    }

    /// The value, loaded if it is not cached. One load per key, for any number of callers.
    ///
    /// # Errors
    /// Why the load failed, the same for all callers that waited.
    pub async fn get(&self, key: C::Key) -> Result<C::Value, C::Error> {
        if let Some(outcome) = self.get_cached(&key) {
            return outcome;
        }
        let (_, shard) = self.shard_of(&key);
        let bound = self.inner.shared.limits.load_timeout + GRACE;
        let mut outcome = shard.ask_within(bound, Get(key.clone())).await;
        if matches!(outcome, Ok(None) | Err(AskError::Restarting)) {
            // The shard ended during the load. A second load does no harm, so ask the next generation.
            outcome = shard.ask_within(bound, Get(key)).await;
        }
        match outcome {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(LoadFailure::Restarting.into()),
            Err(error) => Err(LoadFailure::from(error).into()),
        }
    }

    /// The value from L1 or L2, for a cache that its users fill.
    pub async fn seek(&self, key: &C::Key) -> Option<C::Value> {
        if let Some(outcome) = self.get_cached(key) {
            return outcome.ok();
        }
        let l2 = self.inner.shared.l2_for(key)?;
        let requested = key.clone();
        let held = aided(SEEK, move || l2.get(requested)).await.flatten();
        self.inner.shared.count_l2(held.is_some());
        let held = held?;
        let value = held.value.clone();
        if !self.is_off() && self.shard_of(key).1.post(Update::Adopt(key.clone(), held)).is_err() {
            debug!(cache = self.inner.name; "the shard is full, a value of the L2 cache is not stored");
        }
        Some(value)
    }

    /// Takes over at most `most` values with this tag that other pods shared last; returns their number, or
    /// `None` when the L2 cache cannot be reached.
    pub async fn warm(&self, tag: CacheTag, most: usize) -> Option<usize> {
        let l2 = Arc::clone(self.inner.shared.l2.as_ref()?);
        let shared = aided(WARM, move || l2.recent(tag, most)).await.flatten()?;
        let mut taken = 0;
        // The newest last, so that they are evicted last.
        for (key, held) in shared.into_iter().rev() {
            self.inner.shared.count_l2(true);
            taken += usize::from(self.shard_of(&key).1.post(Update::Adopt(key, held)).is_ok());
        }
        Some(taken)
    }

    /// True if the cache has an L2 cache.
    pub fn has_l2(&self) -> bool {
        self.inner.shared.l2.is_some()
    }

    /// True if the value of this key may be in the L2 cache.
    pub fn is_shared(&self, key: &C::Key) -> bool {
        self.has_l2() && C::sharing(key) == L2Policy::AtOnce
    }

    /// Stores a value. Best effort: when the shard's inbox is full the value is dropped, and counted.
    pub fn put(&self, key: C::Key, value: C::Value) {
        if !self.is_off() && self.shard_of(&key).1.post(Update::Put(key, value)).is_err() {
            debug!(cache = self.inner.name; "the shard is full, a value is not stored");
        }
    }

    /// Forgets the values with one of these tags, also in the L2 cache if `in_l2`; returns their number in this pod.
    ///
    /// # Errors
    /// When a shard did not reply; the others have forgotten.
    pub async fn invalidate(&self, tags: &[CacheTag], in_l2: bool) -> Result<usize, AskError> {
        if let Some(l2) = self.inner.shared.l2.clone().filter(|_| in_l2) {
            let tags = tags.to_vec();
            aided(SEEK, move || l2.forget(tags)).await;
        }
        let ask = |(_, shard): &ShardSlot<C>| {
            let (shard, tags) = (shard.clone(), tags.to_vec());
            async move { shard.ask(Forget(tags)).await }
        };
        let counts = futures::future::join_all(self.inner.shards.iter().map(ask)).await;
        counts.into_iter().sum()
    }

    /// Number of values, without remembered failures.
    pub fn len(&self) -> usize {
        self.inner.shards.iter().map(|(pages, _)| pages.len()).sum()
    }

    /// True when it holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Label of its metrics.
    pub fn name(&self) -> &'static str {
        self.inner.name
    }

    fn is_off(&self) -> bool {
        self.inner.shared.limits.entries == 0
    }

    fn shard_of(&self, key: &C::Key) -> &ShardSlot<C> {
        let hash = self.inner.hasher.hash_one(key);
        let index = usize::try_from(hash % self.inner.shards.len() as u64).unwrap_or(0);
        &self.inner.shards[index]
    }
}

impl<C: Contents> Clone for Cache<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}
