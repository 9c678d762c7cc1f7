//! The handle of a cache: reads without a hop, asks the shard that owns the key for the rest.

use std::borrow::Borrow;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::debug;

use super::l2::{OptionalL2, aided};
use super::shard::{Adopt, Forget, ForgetScope, Get, Put, Refresh, Share, Shared};
use super::{
    CacheLimits, CacheTag, Contents, L2Policy, LoadFailure, Outcome, Scope, Shard, SharedEntries,
};
use crate::supervision::{AskError, Care, ChildSpec, Handle};

/// Time a shard gets on top of a load's own bound before its asker is told that it does not answer.
const GRACE: Duration = Duration::from_secs(2);

/// Longest that somebody who waits for a value waits for the second layer to look. Its own bound is far
/// shorter; this holds where it does not keep it.
const SEEK: Duration = Duration::from_secs(1);
/// The same for what is taken over at the start, which nobody waits for.
const WARM: Duration = Duration::from_secs(10);

/// Handle of a cache. Cheap to clone.
pub struct Cache<C: Contents> {
    inner: Arc<Inner<C>>,
}

/// What a shard keeps, read without asking it, and the shard itself.
type ShardSlot<C> = (Arc<SharedEntries<C>>, Handle<Shard<C>>);

struct Inner<C: Contents> {
    name: &'static str,
    shards: Vec<ShardSlot<C>>,
    specs: Vec<ChildSpec>,
    shared: Arc<Shared<C>>,
    hasher: RandomState,
}

impl<C: Contents> Cache<C> {
    /// A cache whose shards, [`Cache::children`], are yet to be hung into a tree. Until then, and while
    /// they are down, reads go on and loads wait.
    #[must_use]
    pub fn new(
        name: &'static str,
        contents: C,
        second: OptionalL2<C>,
        limits: CacheLimits,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let meter = metrics.caches.meter(name);
        let shared = Arc::new(Shared { contents: Arc::new(contents), second, limits, meter });
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

    /// The value where it is there and fresh, without waiting. A failure that is remembered is there too.
    pub fn get_cached<Q>(&self, key: &Q) -> Option<Result<C::Value, C::Error>>
    where
        C::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = C::Key> + ?Sized,
    {
        let (outcome, due) = self.get_to_renew(key)?;
        if due && self.shard_of(key).1.post(Refresh(key.to_owned())).is_err() {
            debug!(cache = self.inner.name; "too busy to load a hot value ahead");
        }
        Some(outcome)
    }

    /// The value where it is there and fresh, for somebody who only looks: it is not counted and not used.
    #[must_use]
    pub fn peek(&self, key: &C::Key) -> Option<Outcome<C>> {
        self.shard_of(key).0.peek(key)
    }

    /// The same for a cache that its users fill. True for one reader of a hot value whose time is nearly
    /// over: it makes the value again and puts it in, so that nobody finds it gone.
    pub fn get_to_renew<Q>(&self, key: &Q) -> Option<(Outcome<C>, bool)>
    where
        C::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = C::Key> + ?Sized,
    {
        if self.is_off() {
            return None;
        }
        let (pages, shard) = self.shard_of(key);
        let Some(found) = pages.read(key) else {
            self.inner.shared.meter.missed();
            return None;
        };
        self.inner.shared.meter.hit();
        if found.became_hot && self.has_second() {
            let key = key.to_owned();
            if C::sharing(&key) == L2Policy::WhenHot {
                // Too busy to share it is no loss to anybody here.
                let _ = shard.post(Share(key));
            }
        }
        Some((found.outcome, found.wants_refresh))
    }

    /// The value, loaded when it is not there. One load a key, however many ask.
    ///
    /// # Errors
    /// Why it could not be had, the same for everybody who waited.
    pub async fn get(&self, key: C::Key) -> Result<C::Value, C::Error> {
        if let Some(outcome) = self.get_cached(&key) {
            return outcome;
        }
        let (_, shard) = self.shard_of(&key);
        let bound = self.inner.shared.limits.load_timeout + GRACE;
        let mut asked = shard.ask_within(bound, Get(key.clone())).await;
        if matches!(asked, Ok(None) | Err(AskError::Restarting)) {
            // Its shard ended with the load in hand. Loading twice does no harm, so ask the next one.
            asked = shard.ask_within(bound, Get(key)).await;
        }
        let lost = |failure| Err(self.inner.shared.contents.lost(failure));
        match asked {
            Ok(Some(outcome)) => outcome,
            Ok(None) => lost(LoadFailure::Restarting),
            Err(error) => lost(why(error)),
        }
    }

    /// The value out of either layer, for a cache that its users fill.
    pub async fn seek(&self, key: &C::Key) -> Option<C::Value> {
        if let Some(outcome) = self.get_cached(key) {
            return outcome.ok();
        }
        let second = self.inner.shared.second_for(key)?;
        let wanted = key.clone();
        let held = aided(SEEK, move || second.get(wanted)).await.flatten();
        self.inner.shared.met_second(held.is_some());
        let held = held?;
        let value = held.value.clone();
        if !self.is_off() && self.shard_of(key).1.post(Adopt(key.clone(), held)).is_err() {
            debug!(cache = self.inner.name; "too busy to keep a value of the second layer");
        }
        Some(value)
    }

    /// Takes over what other pods shared last and rests on this, at most so many; says how many they
    /// were, and nothing when the second layer cannot be asked just now.
    pub async fn warm(&self, ground: CacheTag, most: usize) -> Option<usize> {
        let second = Arc::clone(self.inner.shared.second.as_ref()?);
        let shared = aided(WARM, move || second.recent(ground, most)).await.flatten()?;
        let mut taken = 0;
        // The newest last, so that they are the last to go.
        for (key, held) in shared.into_iter().rev() {
            self.inner.shared.met_second(true);
            taken += usize::from(self.shard_of(&key).1.post(Adopt(key, held)).is_ok());
        }
        Some(taken)
    }

    /// True where there is a second layer.
    #[must_use]
    pub fn has_second(&self) -> bool {
        self.inner.shared.second.is_some()
    }

    /// True where the value of this key is worth being sought in the second layer.
    #[must_use]
    pub fn is_shared(&self, key: &C::Key) -> bool {
        self.has_second() && C::sharing(key) == L2Policy::AtOnce
    }

    /// Keeps a value. An aid and no duty: when the shard has too much to do it is dropped, and counted.
    pub fn put(&self, key: C::Key, value: C::Value) {
        if !self.is_off() && self.shard_of(&key).1.post(Put(key, value)).is_err() {
            debug!(cache = self.inner.name; "too busy to keep a value");
        }
    }

    /// Forgets one key; says whether it was there.
    ///
    /// # Errors
    /// When its shard did not answer.
    pub async fn forget(&self, key: C::Key) -> Result<bool, AskError> {
        let (_, shard) = self.shard_of(&key);
        Ok(shard.ask(Forget(ForgetScope::Key(key))).await? > 0)
    }

    /// Forgets what a scope takes away, in the second layer too; says how many values that were.
    ///
    /// # Errors
    /// When a shard did not answer; the others have forgotten.
    pub async fn invalidate(&self, scope: Scope) -> Result<usize, AskError> {
        if let Some(second) = &self.inner.shared.second {
            let (second, scope) = (Arc::clone(second), scope.clone());
            aided(SEEK, move || second.forget(scope)).await;
        }
        let ask = |(_, shard): &(_, Handle<Shard<C>>)| {
            let (shard, scope) = (shard.clone(), scope.clone());
            async move { shard.ask(Forget(ForgetScope::Scope(scope))).await }
        };
        let told = futures::future::join_all(self.inner.shards.iter().map(ask)).await;
        told.into_iter().sum()
    }

    /// Values now, remembered failures left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.shards.iter().map(|(pages, _)| pages.len()).sum()
    }

    /// True when it holds no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its name: the label of its metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.inner.name
    }

    fn is_off(&self) -> bool {
        self.inner.shared.limits.entries == 0
    }

    fn shard_of<Q: Hash + ?Sized>(&self, key: &Q) -> &ShardSlot<C> {
        let hash = self.inner.hasher.hash_one(key);
        let index = usize::try_from(hash % self.inner.shards.len() as u64).unwrap_or(0);
        &self.inner.shards[index]
    }
}

fn why(error: AskError) -> LoadFailure {
    match error {
        AskError::Restarting => LoadFailure::Restarting,
        AskError::GaveUp => LoadFailure::GaveUp,
        AskError::Overloaded => LoadFailure::Overloaded,
        AskError::TimedOut => LoadFailure::TimedOut,
    }
}

impl<C: Contents> Clone for Cache<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<C: Contents> std::fmt::Debug for Cache<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("name", &self.inner.name).field("len", &self.len()).finish()
    }
}
