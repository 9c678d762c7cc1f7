//! One shard of a cache.
//!
//! Owns   the order of its values, bounded in entries and in bytes, and the loads under way.
//! Hears  [`Open`], [`Put`], [`Refresh`] and [`Forget`] from the cache's handle.
//! Asks   the source, beside itself: a load comes back as an event of its own.
//! Never  starts two loads of one key, never waits in a handler, writes nothing once it is replaced.
//! Loses  the order of its values in a crash, and the loads under way: their askers ask again.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseFuture,
    WrapFuture as _,
};
use futures::FutureExt as _;
use hsc_monitoring::CacheMeter;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::contents::Second;
use super::order::Order;
use super::pages::{Kept, Pages, Times};
use super::{CacheLimits, Contents, LoadFailure, Scope};
use crate::supervision::{Child, Life};

/// Loads of one shard at once. Each may hold a whole manual's bytes while it is read; more than this
/// is a flood of keys that nobody reads twice, and its askers are told so.
const LOADS_AT_ONCE: usize = 64;
/// How often old values are swept out, so that what nobody asks for again does not stay.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// Part of its time after which a hot value is loaded ahead: late enough to be worth it, early enough
/// that a slow load ends in time.
const REFRESH_AT: f64 = 0.8;

type Outcome<C> = Result<<C as Contents>::Value, <C as Contents>::Error>;

/// What every life of a shard shares with the handle.
pub(crate) struct Shared<C: Contents> {
    pub(super) contents: Arc<C>,
    pub(super) second: Second<C>,
    pub(super) limits: CacheLimits,
    pub(super) meter: CacheMeter,
}

/// The actor. See the card above.
pub(crate) struct Shard<C: Contents> {
    life: Life,
    shared: Arc<Shared<C>>,
    pages: Arc<Pages<C>>,
    order: Order<C::Key>,
    loads: HashMap<C::Key, Loading<C>>,
}

/// A load under way.
struct Loading<C: Contents> {
    waiting: Vec<oneshot::Sender<Outcome<C>>>,
    /// The key was forgotten meanwhile: whoever waits gets the value, nobody after them.
    keep: bool,
}

/// A value, please. The first asker starts the load; later ones wait for the same one. The reply is
/// nothing when the shard ended meanwhile.
#[derive(Message)]
#[rtype(result = "Option<Outcome<C>>")]
pub(crate) struct Open<C: Contents>(pub(super) C::Key);

/// A value that somebody made.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Put<C: Contents>(pub(super) C::Key, pub(super) C::Value);

/// A hot value is nearly over its time: load it ahead.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Refresh<C: Contents>(pub(super) C::Key);

/// Forget these; says how many they were.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct Forget<C: Contents>(pub(super) Forgotten<C>);

/// What is to be forgotten.
#[derive(Clone)]
pub(crate) enum Forgotten<C: Contents> {
    Key(C::Key),
    Scope(Scope),
}

impl<C: Contents> Shard<C> {
    pub(super) fn new(life: Life, shared: Arc<Shared<C>>, pages: Arc<Pages<C>>) -> Self {
        let share = shared.limits.share();
        let order = Order::new(share.entries, share.bytes);
        let mut shard = Self { life, shared, pages, order, loads: HashMap::new() };
        shard.take_over();
        shard
    }

    /// What the life before left is whole: only its order is lost.
    fn take_over(&mut self) {
        let (pages, order) = (&self.pages, &mut self.order);
        pages.look(|kept| {
            for (key, kept) in kept {
                order.put(key.clone(), kept.weight);
            }
        });
        self.make_room();
    }

    fn begin_load(&mut self, key: C::Key, ctx: &mut Context<Self>) {
        let shared = Arc::clone(&self.shared);
        let wanted = key.clone();
        let began = Instant::now();
        let bounded = async move {
            // Called inside the future, so that a panic before its first await is caught too.
            let load = AssertUnwindSafe(load(Arc::clone(&shared), wanted)).catch_unwind();
            match tokio::time::timeout(shared.limits.load_timeout, load).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(shared.contents.lost(LoadFailure::Panicked)),
                Err(_) => Err(shared.contents.lost(LoadFailure::TimedOut)),
            }
        };
        ctx.spawn(bounded.into_actor(self).map(move |outcome, shard, _| {
            shard.shared.meter.loaded(began.elapsed());
            shard.loaded(key, outcome);
        }));
    }

    fn loaded(&mut self, key: C::Key, outcome: Outcome<C>) {
        let Some(Loading { waiting, keep }) = self.loads.remove(&key) else { return };
        if outcome.is_err() && waiting.is_empty() && self.pages.read(&key).is_some() {
            // It was to be renewed ahead of its time: what there is stays good until then.
            return;
        }
        let old = if outcome.is_err() { self.old_value(&key) } else { None };
        let (outcome, stale_until) = match old {
            Some((value, until)) => (Ok(value), Some(until)),
            None => (outcome, None),
        };
        for waiter in waiting {
            // A waiter that went away has no use for it.
            let _ = waiter.send(outcome.clone());
        }
        if keep {
            self.store(key, outcome, stale_until);
        }
    }

    /// The old value of a key, marked, where there is one that may still be used, and until when.
    fn old_value(&self, key: &C::Key) -> Option<(C::Value, Instant)> {
        let now = Instant::now();
        self.pages.look(|kept| {
            let old = kept.get(key).filter(|kept| now < kept.times.stale_until)?;
            let value = old.outcome.as_ref().ok()?.clone();
            Some((self.shared.contents.aged(value), old.times.stale_until))
        })
    }

    /// Keeps an outcome. `stale_until` is given for an old value that is used once more: it is asked
    /// for again soon, and gets no older than it might have got.
    fn store(&mut self, key: C::Key, outcome: Outcome<C>, stale_until: Option<Instant>) {
        let Shared { contents, limits, .. } = &*self.shared;
        let weight = outcome.as_ref().map_or(0, |value| contents.weight(&key, value));
        let lasts = match &outcome {
            Ok(value) if stale_until.is_none() && !contents.is_makeshift(value) => limits.ttl,
            _ => limits.negative_ttl,
        };
        // A tenth more or less, so that what was loaded together does not expire together.
        let lasts = lasts.mul_f64(rand::random_range(0.9..=1.1));
        let now = Instant::now();
        let kept = Kept::new(
            outcome,
            weight,
            Times {
                fresh_until: now + lasts,
                refresh_from: now + lasts.mul_f64(REFRESH_AT),
                stale_until: stale_until.unwrap_or(now + lasts + limits.stale),
            },
        );
        let written = self.pages.change(&self.life, |pages| pages.insert(key.clone(), kept));
        if written.is_some() {
            self.order.put(key, weight);
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let (pages, order, meter) = (&self.pages, &mut self.order, &self.shared.meter);
        pages.change(&self.life, |pages| {
            let used = |pages: &HashMap<C::Key, Kept<C>>, key: &C::Key| {
                pages.get(key).is_some_and(Kept::take_used)
            };
            while let Some((key, reason)) = order.next_out(|key| used(pages, key)) {
                pages.remove(&key);
                meter.evicted(reason.as_str());
            }
        });
        self.tell();
    }

    /// Takes values away; says how many.
    fn remove(&mut self, reason: &'static str, goes: impl Fn(&C::Key, &Kept<C>) -> bool) -> usize {
        let (order, meter) = (&mut self.order, &self.shared.meter);
        let gone = self.pages.change(&self.life, |pages| {
            let before = pages.len();
            pages.retain(|key, kept| {
                let stays = !goes(key, kept);
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

    fn sweep(&mut self, _: &mut Context<Self>) {
        let now = Instant::now();
        self.remove("expired", |_, kept| match kept.outcome {
            Ok(_) => kept.times.fresh_until.max(kept.times.stale_until) <= now,
            Err(_) => kept.times.fresh_until <= now,
        });
    }

    fn tell(&self) {
        let (entries, bytes) = self.pages.tell(self.order.entries(), self.order.bytes());
        self.shared.meter.grew(entries, bytes);
    }
}

/// Asks the second layer, then the source.
async fn load<C: Contents>(shared: Arc<Shared<C>>, key: C::Key) -> Outcome<C> {
    if let Some(second) = &shared.second {
        if let Some(value) = second.get(key.clone()).await {
            shared.meter.hit_second();
            return Ok(value);
        }
        shared.meter.missed_second();
    }
    let loaded = shared.contents.load(key.clone()).await;
    if let (Some(second), Ok(value)) = (&shared.second, &loaded)
        && !shared.contents.is_makeshift(value)
    {
        // Nobody waits for it.
        drop(actix::spawn(second.put(key, value.clone(), shared.limits.ttl)));
    }
    loaded
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

impl<C: Contents> Handler<Open<C>> for Shard<C> {
    type Result = ResponseFuture<Option<Outcome<C>>>;

    fn handle(&mut self, Open(key): Open<C>, ctx: &mut Self::Context) -> Self::Result {
        // Loaded while this letter waited.
        if let Some(found) = self.pages.read(&key) {
            return Box::pin(async move { Some(found.outcome) });
        }
        let (tell, told) = oneshot::channel();
        if let Some(loading) = self.loads.get_mut(&key) {
            loading.waiting.push(tell);
        } else if self.loads.len() < LOADS_AT_ONCE {
            self.loads.insert(key.clone(), Loading { waiting: vec![tell], keep: true });
            self.begin_load(key, ctx);
        } else {
            let _ = tell.send(Err(self.shared.contents.lost(LoadFailure::Overloaded)));
        }
        Box::pin(async move { told.await.ok() })
    }
}

impl<C: Contents> Handler<Put<C>> for Shard<C> {
    type Result = ();

    fn handle(&mut self, Put(key, value): Put<C>, _: &mut Self::Context) {
        self.store(key, Ok(value), None);
    }
}

impl<C: Contents> Handler<Refresh<C>> for Shard<C> {
    type Result = ();

    fn handle(&mut self, Refresh(key): Refresh<C>, ctx: &mut Self::Context) {
        if !self.loads.contains_key(&key) && self.loads.len() < LOADS_AT_ONCE {
            self.loads.insert(key.clone(), Loading { waiting: Vec::new(), keep: true });
            self.begin_load(key, ctx);
        }
    }
}

impl<C: Contents> Handler<Forget<C>> for Shard<C> {
    type Result = usize;

    fn handle(&mut self, Forget(what): Forget<C>, _: &mut Self::Context) -> usize {
        let contents = Arc::clone(&self.shared.contents);
        let goes = |key: &C::Key| match &what {
            Forgotten::Key(forgotten) => forgotten == key,
            Forgotten::Scope(scope) => contents.concerns(key, scope),
        };
        for (key, loading) in &mut self.loads {
            loading.keep &= !goes(key);
        }
        self.remove("invalidated", |key, _| goes(key))
    }
}
