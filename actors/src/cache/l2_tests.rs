//! A cache with an L2 cache that works, fails, hangs, panics or returns wrong lifetimes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::contents::OptionalL2;
use super::tests::{Lengths, MS, Mood, Stage, eventually, limits};
use super::*;

/// An L2 cache in memory, with a configurable fault.
#[derive(Default)]
struct FakeL2 {
    values: Mutex<HashMap<String, String>>,
    behavior: Mutex<L2Behavior>,
    /// The requested minimum lifetime of each call.
    at_least: Mutex<Vec<Duration>>,
    stored: AtomicUsize,
    turns_given_back: AtomicUsize,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum L2Behavior {
    #[default]
    Willing,
    /// It finds nothing and stores nothing.
    Useless,
    Hanging,
    Panicking,
    /// It returns the same value for each key, with this lifetime.
    Lying(Duration),
}

const LIE: &str = "a lie";

impl FakeL2 {
    fn is(&self, behavior: L2Behavior) {
        *self.behavior.lock().unwrap() = behavior;
    }

    fn look(&self, key: &str) -> BoxFuture<'static, Option<L2Entry<String>>> {
        let hour = Duration::from_secs(3_600);
        let found = match *self.behavior.lock().unwrap() {
            L2Behavior::Willing => self.values.lock().unwrap().get(key).cloned(),
            L2Behavior::Useless => None,
            L2Behavior::Hanging => return futures::future::pending().boxed(),
            L2Behavior::Panicking => return async { panic!("the L2 cache panics") }.boxed(),
            L2Behavior::Lying(ttl) => {
                let held = L2Entry { value: LIE.to_owned(), ttl };
                return async move { Some(held) }.boxed();
            }
        };
        async move { found.map(|value| L2Entry { value, ttl: hour }) }.boxed()
    }

    fn keep(&self, key: String, value: String) -> BoxFuture<'static, ()> {
        match *self.behavior.lock().unwrap() {
            L2Behavior::Hanging => return futures::future::pending().boxed(),
            L2Behavior::Panicking => return async { panic!("the L2 cache panics") }.boxed(),
            L2Behavior::Useless => {}
            _ => {
                self.stored.fetch_add(1, Ordering::SeqCst);
                self.values.lock().unwrap().insert(key, value);
            }
        }
        async {}.boxed()
    }
}

struct Ticket {
    l2: Arc<FakeL2>,
    key: String,
}

impl LoadTurn<Lengths> for Ticket {
    fn keep(self: Box<Self>, value: String, _: Duration) -> BoxFuture<'static, ()> {
        self.l2.keep(self.key.clone(), value)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.l2.turns_given_back.fetch_add(1, Ordering::SeqCst);
    }
}

struct FakeL2Handle(Arc<FakeL2>);

impl L2Cache<Lengths> for FakeL2Handle {
    fn enter(&self, key: String, at_least: Duration) -> BoxFuture<'static, L2Lookup<Lengths>> {
        self.0.at_least.lock().unwrap().push(at_least);
        let (found, l2) = (self.0.look(&key), Arc::clone(&self.0));
        async move {
            match found.await {
                Some(held) => L2Lookup::Found(held),
                None => L2Lookup::Yours(Box::new(Ticket { l2, key })),
            }
        }
        .boxed()
    }

    fn get(&self, key: String) -> BoxFuture<'static, Option<L2Entry<String>>> {
        self.0.look(&key)
    }

    fn put(&self, key: String, value: String, _: Duration) -> BoxFuture<'static, ()> {
        self.0.keep(key, value)
    }

    fn recent(
        &self,
        _: CacheTag,
        most: usize,
    ) -> BoxFuture<'static, Option<RecentEntries<Lengths>>> {
        let ttl = Duration::from_secs(3_600);
        let values = self.0.values.lock().unwrap().clone();
        let held = |(key, value)| (key, L2Entry { value, ttl });
        let recent = values.into_iter().map(held).take(most).collect();
        async move { Some(recent) }.boxed()
    }

    fn forget(&self, _: Vec<CacheTag>) -> BoxFuture<'static, ()> {
        if *self.0.behavior.lock().unwrap() == L2Behavior::Hanging {
            return futures::future::pending().boxed();
        }
        self.0.values.lock().unwrap().clear();
        async {}.boxed()
    }
}

fn stage(l2: &Arc<FakeL2>, limits: CacheLimits) -> Stage {
    let l2: OptionalL2<Lengths> = Some(Arc::new(FakeL2Handle(Arc::clone(l2))));
    Stage::with_l2(limits, l2)
}

#[actix::test]
async fn l2_is_read_before_the_source_and_filled_after_it() {
    let l2: Arc<FakeL2> = Arc::default();
    let one = stage(&l2, limits());
    assert_eq!(one.get("word").await.as_deref(), Ok("4"));
    eventually("it reached the second layer", || l2.stored.load(Ordering::SeqCst) == 1).await;
    eventually("the turn is over", || l2.turns_given_back.load(Ordering::SeqCst) == 1).await;
    let other = stage(&l2, limits());
    assert_eq!(other.get("word").await.as_deref(), Ok("4"));
    assert_eq!(other.opened(), 0);
    assert!(other.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 1"));
    assert!(one.says("hsc_cache_misses_total{cache=\"lengths\",layer=\"l2\"} 1"));
    assert_eq!(other.cache.invalidate(&[CacheTag::All], false).await, Ok(1));
    assert!(!l2.values.lock().unwrap().is_empty(), "L2 keeps what another pod may have renewed");
    other.cache.invalidate(&[CacheTag::All], true).await.unwrap();
    assert!(l2.values.lock().unwrap().is_empty());
}

#[actix::test]
async fn a_failed_load_releases_its_lock_and_stores_nothing_in_l2() {
    let l2: Arc<FakeL2> = Arc::default();
    let stage = stage(&l2, limits());
    stage.mood(Mood::Closed);
    assert_eq!(stage.get("word").await, Err("closed"));
    eventually("the turn is over", || l2.turns_given_back.load(Ordering::SeqCst) == 1).await;
    stage.mood(Mood::Panicking);
    assert_eq!(stage.get("three").await, Err("load_panicked"));
    eventually("the turn is over", || l2.turns_given_back.load(Ordering::SeqCst) == 2).await;
    assert_eq!(l2.stored.load(Ordering::SeqCst), 0);
}

macro_rules! bears {
    ($($name:ident: $behavior:expr;)*) => {$(
        #[actix::test]
        async fn $name() {
            let l2: Arc<FakeL2> = Arc::default();
            l2.is($behavior);
            let short = CacheLimits { load_timeout: 200 * MS, ..limits() };
            let stage = stage(&l2, short);
            assert_eq!(stage.get("word").await.as_deref(), Ok("4"), "from the source");
            stage.cache.put("made".to_owned(), "here".to_owned());
            eventually("it is kept", || stage.cached("made").is_some()).await;
            assert_eq!(stage.cache.seek(&"nowhere".to_owned()).await, None);
            assert_eq!(stage.cache.invalidate(&[CacheTag::All], true).await, Ok(2), "here it is forgotten");
            assert!(stage.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 0"));
        }
    )*};
}

bears! {
    an_l2_that_stores_nothing_fails_no_load: L2Behavior::Useless;
    an_l2_that_hangs_fails_no_load: L2Behavior::Hanging;
    an_l2_that_panics_fails_no_load: L2Behavior::Panicking;
}

#[actix::test]
async fn a_cached_value_is_read_while_l2_hangs() {
    let l2: Arc<FakeL2> = Arc::default();
    let stage = stage(&l2, limits());
    stage.get("word").await.unwrap();
    l2.is(L2Behavior::Hanging);
    let waiting = stage.get("three").now_or_never();
    assert!(waiting.is_none(), "a miss waits for it");
    assert_eq!(stage.get("word").now_or_never(), Some(Ok("4".to_owned())), "a hit does not");
}

#[actix::test]
async fn the_lifetime_of_an_l2_value_is_capped_by_the_ttl() {
    let l2: Arc<FakeL2> = Arc::default();
    l2.is(L2Behavior::Lying(Duration::MAX));
    let stage = stage(&l2, CacheLimits { ttl: 50 * MS, ..limits() });
    assert_eq!(stage.get("word").await.as_deref(), Ok(LIE));
    l2.is(L2Behavior::Useless);
    let is_over = || stage.cached("word") != Some(Ok(LIE.to_owned()));
    eventually("it is over", is_over).await;
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
}

#[actix::test]
async fn an_l2_value_is_cached_for_its_remaining_lifetime_at_most() {
    let l2: Arc<FakeL2> = Arc::default();
    l2.is(L2Behavior::Lying(Duration::ZERO));
    let stage = stage(&l2, limits());
    assert_eq!(stage.get("word").await.as_deref(), Ok(LIE), "whoever waits gets it");
    assert!(stage.cached("word").is_none(), "it is not kept for later readers");
}

#[actix::test]
async fn a_refresh_does_not_take_an_equally_old_l2_value() {
    let l2: Arc<FakeL2> = Arc::default();
    let ttl = 500 * MS;
    let stage = stage(&l2, CacheLimits { ttl, stale: Duration::ZERO, ..limits() });
    stage.get("word").await.unwrap();
    eventually("it is asked for ahead of its time", || {
        let _ = stage.cached("word");
        l2.at_least.lock().unwrap().len() == 2
    })
    .await;
    assert_eq!(*l2.at_least.lock().unwrap(), [Duration::ZERO, ttl / 2]);
}

#[actix::test]
async fn an_unshared_value_is_neither_read_from_nor_stored_in_l2() {
    let l2: Arc<FakeL2> = Arc::default();
    l2.is(L2Behavior::Lying(Duration::MAX));
    let stage = stage(&l2, limits());
    assert_eq!(stage.get("secret word").await.as_deref(), Ok("11"));
    assert_eq!(stage.cache.seek(&"secret two".to_owned()).await, None);
    stage.cache.put("secret three".to_owned(), "12".to_owned());
    stage.get("word").await.unwrap();
    assert_eq!(l2.stored.load(Ordering::SeqCst), 0);
}

#[actix::test]
async fn a_hot_value_is_stored_in_l2_once_and_warms_a_starting_pod() {
    let l2: Arc<FakeL2> = Arc::default();
    let one = stage(&l2, limits());
    for key in ["popular a", "popular b"] {
        one.cache.put(key.to_owned(), "made here".to_owned());
        eventually("it is kept", || one.cached(key).is_some()).await;
    }
    assert_eq!(l2.stored.load(Ordering::SeqCst), 0, "one read is not many");
    for _ in 0..10 {
        one.cached("popular a");
    }
    eventually("it is shared", || l2.stored.load(Ordering::SeqCst) == 1).await;

    let other = stage(&l2, limits());
    other.cache.put("popular b".to_owned(), "made there".to_owned());
    // Its shard may be another one than that of the value that is taken over.
    eventually("it is kept", || other.cached("popular b").is_some()).await;
    let version = || CacheTag::CatalogVersion("1".into());
    assert_eq!(other.cache.warm(version(), 10).await, Some(1));
    eventually("it was taken over", || other.cached("popular a").is_some()).await;
    assert_eq!(other.cached("popular b"), Some(Ok("made there".to_owned())));
    assert_eq!(other.opened(), 0);
    assert_eq!(Stage::with_l2(limits(), None).cache.warm(version(), 10).await, None);
}

#[actix::test]
async fn a_value_found_in_l2_is_cached() {
    let l2: Arc<FakeL2> = Arc::default();
    l2.values.lock().unwrap().insert("word".to_owned(), "from afar".to_owned());
    let stage = stage(&l2, limits());
    let key = "word".to_owned();
    assert_eq!(stage.cache.seek(&key).await.as_deref(), Some("from afar"));
    eventually("it is here", || stage.cached("word").is_some()).await;
    assert_eq!(stage.opened(), 0);
    assert!(stage.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 1"));
}
