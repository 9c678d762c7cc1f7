//! One shard of a cache.
//!
//! Owns      the order of its values, bounded in entries and in bytes, and the running loads.
//! Receives  [`Get`], [`Update`] and [`Forget`] from the cache's handle.
//! Calls     the L2 cache and the source, beside itself: a load returns as an event.
//! Never     starts two loads of one key, waits in a handler, or writes once it is replaced.
//! On crash  loses the order of its values, and the running loads: their callers ask again.

use std::collections::HashMap;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseFuture,
    WrapFuture as _,
};
use futures::FutureExt as _;
use hsc_monitoring::CacheMeter;
use lru::LruCache;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::contents::{OptionalL2, aided, has_any};
use super::shared_entries::{CachedEntry, EntryAges, SharedEntries};
use super::{CacheLimits, CacheTag, Contents, L2Entry, L2Lookup, L2Policy, LoadFailure};
use crate::supervision::{Child, Life};

/// Concurrent loads of one shard. Each may hold a whole manual's bytes while it is read; more than this
/// is a flood of keys that are read once, and the callers get an overload error.
const LOADS_AT_ONCE: usize = 64;
/// Interval of the sweep that removes expired values that are never read again.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// Part of its lifetime after which a hot value is refreshed: late enough to be worth it, early enough
/// that a slow load ends in time.
const REFRESH_AT: f64 = 0.8;
/// Time limit for a write to the L2 cache. No caller waits for it; without a bound a hung L2 cache
/// would keep every value alive.
const SHARE: Duration = Duration::from_secs(5);

/// A value, or why the load failed.
pub type Outcome<C> = Result<<C as Contents>::Value, <C as Contents>::Error>;

/// Shared by every generation of a shard and the handle.
pub(crate) struct Shared<C: Contents> {
    pub(super) contents: C,
    pub(super) l2: OptionalL2<C>,
    pub(super) limits: CacheLimits,
    pub(super) meter: CacheMeter,
}

impl<C: Contents> Shared<C> {
    /// The L2 cache, if values of this key are shared.
    pub(super) fn l2_for(&self, key: &C::Key) -> OptionalL2<C> {
        self.l2.clone().filter(|_| C::sharing(key) != L2Policy::Never)
    }

    /// Counts an L2 hit or miss.
    pub(super) fn count_l2(&self, was_there: bool) {
        if was_there { self.meter.l2_hit() } else { self.meter.l2_missed() }
    }
}

/// The actor. See the card above.
pub(crate) struct Shard<C: Contents> {
    life: Life,
    shared: Arc<Shared<C>>,
    pages: Arc<SharedEntries<C>>,
    order: Order<C::Key>,
    loads: HashMap<C::Key, InFlightLoad<C>>,
}

/// A running load.
struct InFlightLoad<C: Contents> {
    waiting: Vec<oneshot::Sender<Outcome<C>>>,
    /// False when the key was forgotten during the load: the waiters get the value, later callers do not.
    keep: bool,
}

/// Returns a value. The first caller starts the load; later callers wait for the same one. The reply is
/// `None` when the key was dropped with the shard's generation.
#[derive(Message)]
#[rtype(result = "Option<Outcome<C>>")]
pub(crate) struct Get<C: Contents>(pub(super) C::Key);

/// A message without a reply.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Update<C: Contents> {
    /// Stores a value that the caller made.
    Put(C::Key, C::Value),
    /// Stores a value of the L2 cache.
    Adopt(C::Key, L2Entry<C::Value>),
    /// A value has become hot: shares it with other pods.
    Share(C::Key),
    /// A hot value is about to expire: loads it again.
    Refresh(C::Key),
}

/// Forgets the values with one of these tags; returns their number.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct Forget(pub(super) Vec<CacheTag>);

impl<C: Contents> Shard<C> {
    pub(super) fn new(life: Life, shared: Arc<Shared<C>>, pages: Arc<SharedEntries<C>>) -> Self {
        let share = shared.limits.share();
        let order = Order::new(share.entries, share.bytes);
        let mut shard = Self { life, shared, pages, order, loads: HashMap::new() };
        shard.take_over();
        shard
    }

    /// The entries of the previous generation are valid: only their order is lost.
    fn take_over(&mut self) {
        let (pages, order) = (&self.pages, &mut self.order);
        pages.look(|entries| {
            for (key, entry) in entries {
                order.put(key.clone(), entry.weight);
            }
        });
        self.make_room();
    }

    /// Starts a load. A value of the L2 cache is taken if it stays valid for at least `at_least`.
    fn begin_load(&mut self, key: C::Key, at_least: Duration, ctx: &mut Context<Self>) {
        let shared = Arc::clone(&self.shared);
        let requested = key.clone();
        let began = Instant::now();
        let bounded = async move {
            // Called inside the future, so that a panic before its first await is caught too.
            let load = load(Arc::clone(&shared), requested, at_least);
            let load = AssertUnwindSafe(load).catch_unwind();
            match tokio::time::timeout(shared.limits.load_timeout, load).await {
                Ok(Ok(loaded)) => loaded,
                Ok(Err(_)) => (Err(LoadFailure::Panicked.into()), None),
                Err(_) => (Err(LoadFailure::TimedOut.into()), None),
            }
        };
        ctx.spawn(bounded.into_actor(self).map(move |(outcome, ttl), shard, _| {
            shard.shared.meter.loaded(began.elapsed());
            shard.loaded(key, outcome, ttl);
        }));
    }

    /// `ttl` is set for a value of the L2 cache: it bounds how long it is cached here.
    fn loaded(&mut self, key: C::Key, outcome: Outcome<C>, ttl: Option<Duration>) {
        let Some(InFlightLoad { waiting, keep }) = self.loads.remove(&key) else { return };
        if outcome.is_err() && waiting.is_empty() && self.pages.read(&key).is_some() {
            // A refresh ahead of time has failed: the present value stays valid until it expires.
            return;
        }
        let old = if outcome.is_err() { self.old_value(&key) } else { None };
        let (outcome, stale_until) = match old {
            Some((value, until)) => (Ok(value), Some(until)),
            None => (outcome, None),
        };
        for waiter in waiting {
            // A waiter that went away needs no reply.
            let _ = waiter.send(outcome.clone());
        }
        if keep {
            self.store(key, outcome, ttl, stale_until);
        }
    }

    /// The stale value of a key, marked, if it may still be used, and until when.
    fn old_value(&self, key: &C::Key) -> Option<(C::Value, Instant)> {
        let now = Instant::now();
        self.pages.look(|entries| {
            let old = entries.get(key).filter(|entry| now < entry.times.stale_until)?;
            let value = old.outcome.as_ref().ok()?.clone();
            Some((self.shared.contents.aged(value), old.times.stale_until))
        })
    }

    /// Stores an outcome, for `ttl` at most. `stale_until` is set for a stale value that is used once more: it is
    /// requested again soon, and its lifetime does not grow.
    fn store(
        &mut self,
        key: C::Key,
        outcome: Outcome<C>,
        ttl: Option<Duration>,
        stale_until: Option<Instant>,
    ) {
        let Shared { contents, limits, .. } = &*self.shared;
        let weight = outcome.as_ref().map_or(0, |value| contents.weight(&key, value));
        let lasts = match &outcome {
            Ok(value) if stale_until.is_none() && !contents.is_degraded(value) => limits.ttl,
            _ => limits.negative_ttl,
        };
        // A tenth more or less, so that values loaded together do not expire together.
        let lasts = lasts.mul_f64(rand::random_range(0.9..=1.1)).min(ttl.unwrap_or(Duration::MAX));
        let now = Instant::now();
        let entry = CachedEntry::new(
            outcome,
            weight,
            EntryAges {
                fresh_until: now + lasts,
                refresh_from: now + lasts.mul_f64(REFRESH_AT),
                stale_until: stale_until.unwrap_or(now + lasts + limits.stale),
            },
        );
        let written = self.pages.change(&self.life, |pages| pages.insert(key.clone(), entry));
        if written.is_some() {
            self.order.put(key, weight);
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let (pages, order, meter) = (&self.pages, &mut self.order, &self.shared.meter);
        pages.change(&self.life, |pages| {
            let used = |pages: &HashMap<C::Key, CachedEntry<C>>, key: &C::Key| {
                pages.get(key).is_some_and(CachedEntry::take_used)
            };
            while let Some((key, reason)) = order.next_out(|key| used(pages, key)) {
                pages.remove(&key);
                meter.evicted(reason);
            }
        });
        self.tell();
    }

    /// Removes values; returns their number.
    fn remove(
        &mut self,
        reason: &'static str,
        goes: impl Fn(&C::Key, &CachedEntry<C>) -> bool,
    ) -> usize {
        let (order, meter) = (&mut self.order, &self.shared.meter);
        let gone = self.pages.change(&self.life, |pages| {
            let before = pages.len();
            pages.retain(|key, entry| {
                let stays = !goes(key, entry);
                if !stays {
                    order.forget(key);
                    meter.evicted(reason);
                }
                stays
            });
            before - pages.len()
        });
        self.tell();
        gone.unwrap_or(0)
    }

    /// Writes a value to the L2 cache. No caller waits for it.
    fn share(&self, key: C::Key, value: C::Value, ttl: Duration) {
        if let Some(l2) = &self.shared.l2 {
            let l2 = Arc::clone(l2);
            let put = aided(SHARE, move || l2.put(key, value, ttl));
            actix::spawn(put.map(drop));
        }
    }

    fn sweep(&mut self, _: &mut Context<Self>) {
        let now = Instant::now();
        self.remove("expired", |_, entry| match entry.outcome {
            Ok(_) => entry.times.fresh_until.max(entry.times.stale_until) <= now,
            Err(_) => entry.times.fresh_until <= now,
        });
    }

    fn tell(&self) {
        let (entries, bytes) = self.pages.tell(self.order.entries(), self.order.bytes());
        self.shared.meter.grew(entries, bytes);
    }
}

/// Asks the L2 cache, then the source. Returns the remaining lifetime of a value of the L2 cache.
async fn load<C: Contents>(
    shared: Arc<Shared<C>>,
    key: C::Key,
    at_least: Duration,
) -> (Outcome<C>, Option<Duration>) {
    let entry = match shared.l2_for(&key) {
        Some(l2) => {
            let key = key.clone();
            // Half of the time: if the lookup times out, the other half is for the source.
            aided(shared.limits.load_timeout / 2, move || l2.enter(key, at_least)).await
        }
        None => return (shared.contents.load(key).await, None),
    };
    shared.count_l2(matches!(entry, Some(L2Lookup::Found(_))));
    let turn = match entry {
        Some(L2Lookup::Found(held)) => return (Ok(held.value), Some(held.ttl)),
        Some(L2Lookup::Yours(turn)) => Some(turn),
        None => None,
    };
    let loaded = shared.contents.load(key).await;
    if let (Some(turn), Ok(value)) = (turn, &loaded)
        && !shared.contents.is_degraded(value)
    {
        // No caller waits for it.
        drop(actix::spawn(turn.keep(value.clone(), shared.limits.ttl)));
    }
    (loaded, None)
}

impl<C: Contents> Actor for Shard<C> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_EVERY, Self::sweep);
    }
}

impl<C: Contents> Child for Shard<C> {
    fn observe(&self) -> Value {
        json!({
            "entries": self.order.entries(),
            "bytes": self.order.bytes(),
            "loads": self.loads.len(),
        })
    }
}

impl<C: Contents> Handler<Get<C>> for Shard<C> {
    type Result = ResponseFuture<Option<Outcome<C>>>;

    fn handle(&mut self, Get(key): Get<C>, ctx: &mut Self::Context) -> Self::Result {
        // Loaded while this message was queued.
        if let Some(found) = self.pages.read(&key) {
            return Box::pin(async move { Some(found.outcome) });
        }
        let (tell, reply) = oneshot::channel();
        if let Some(loading) = self.loads.get_mut(&key) {
            loading.waiting.push(tell);
        } else if self.loads.len() < LOADS_AT_ONCE {
            self.loads.insert(key.clone(), InFlightLoad { waiting: vec![tell], keep: true });
            self.begin_load(key, Duration::ZERO, ctx);
        } else {
            let _ = tell.send(Err(LoadFailure::Overloaded.into()));
        }
        Box::pin(async move { reply.await.ok() })
    }
}

impl<C: Contents> Handler<Update<C>> for Shard<C> {
    type Result = ();

    fn handle(&mut self, update: Update<C>, ctx: &mut Self::Context) {
        match update {
            Update::Put(key, value) => {
                if C::sharing(&key) == L2Policy::AtOnce {
                    self.share(key.clone(), value.clone(), self.shared.limits.ttl);
                }
                self.store(key, Ok(value), None, None);
            }
            // A value made here meanwhile is newer.
            Update::Adopt(key, held) if self.pages.read(&key).is_none() => {
                self.store(key, Ok(held.value), Some(held.ttl), None);
            }
            Update::Adopt(..) => {}
            Update::Share(key) => {
                let now = Instant::now();
                let found = self.pages.look(|pages| {
                    let entry = pages.get(&key).filter(|entry| now < entry.times.fresh_until)?;
                    Some((entry.outcome.as_ref().ok()?.clone(), entry.times.fresh_until - now))
                });
                if let Some((value, ttl)) = found {
                    self.share(key, value, ttl);
                }
            }
            Update::Refresh(key) => {
                if !self.loads.contains_key(&key) && self.loads.len() < LOADS_AT_ONCE {
                    let load = InFlightLoad { waiting: Vec::new(), keep: true };
                    self.loads.insert(key.clone(), load);
                    // Other pods have a value of the same age, unless one has refreshed it.
                    self.begin_load(key, self.shared.limits.ttl / 2, ctx);
                }
            }
        }
    }
}

impl<C: Contents> Handler<Forget> for Shard<C> {
    type Result = usize;

    fn handle(&mut self, Forget(tags): Forget, _: &mut Self::Context) -> usize {
        let goes = |key: &C::Key| has_any::<C>(&tags, key);
        for (key, loading) in &mut self.loads {
            loading.keep &= !goes(key);
        }
        self.remove("invalidated", |key, _| goes(key))
    }
}

/// The values of one shard in eviction order, and their weight: the least recently used value goes first.
///
/// A hit does not change the order, it only marks the value as used; a marked value that would be evicted gets a second
/// chance instead. So a hit costs no lock and no message.
pub(super) struct Order<K: Hash + Eq> {
    recency: LruCache<K, usize>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

impl<K: Hash + Eq + Clone> Order<K> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { recency: LruCache::unbounded(), bytes: 0, max_entries, max_bytes }
    }

    pub(super) fn entries(&self) -> usize {
        self.recency.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a value at the young end, new or again.
    pub(super) fn put(&mut self, key: K, weight: usize) {
        self.forget(&key);
        self.bytes += weight;
        self.recency.put(key, weight);
    }

    pub(super) fn forget(&mut self, key: &K) {
        if let Some(weight) = self.recency.pop(key) {
            self.bytes -= weight;
        }
    }

    /// The next value to evict, if any, and the bound that it exceeds, the label of a metric. The last value stays
    /// whatever it weighs: without it the same value would be loaded every time. `was_used` clears the mark of a hit.
    pub(super) fn next_out(
        &mut self,
        mut was_used: impl FnMut(&K) -> bool,
    ) -> Option<(K, &'static str)> {
        // Each value is passed over at most once, or a stream of hits would never let this end.
        let mut chances = self.recency.len();
        loop {
            let reason = if self.recency.len() > self.max_entries.max(1) {
                "entries"
            } else if self.bytes > self.max_bytes && self.recency.len() > 1 {
                "bytes"
            } else {
                return None;
            };
            let (key, weight) = self.recency.pop_lru()?;
            if chances > 0 && was_used(&key) {
                chances -= 1;
                self.recency.put(key, weight);
                continue;
            }
            self.bytes -= weight;
            return Some((key, reason));
        }
    }
}
