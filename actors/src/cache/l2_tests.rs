//! A cache with an L2 cache that works, fails, hangs, panics or returns wrong lifetimes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::l2::OptionalL2;
use super::tests::{Lengths, MS, Mood, Stage, eventually, limits};
use super::*;

/// An L2 cache in memory, with a configurable fault.
#[derive(Default)]
struct Cupboard {
    values: Mutex<HashMap<String, String>>,
    disposition: Mutex<Disposition>,
    /// The requested minimum lifetime of each call.
    at_least: Mutex<Vec<Duration>>,
    kept: AtomicUsize,
    turns_given_back: AtomicUsize,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Disposition {
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

impl Cupboard {
    fn is(&self, disposition: Disposition) {
        *self.disposition.lock().unwrap() = disposition;
    }

    fn look(&self, key: &str) -> BoxFuture<'static, Option<L2Entry<String>>> {
        let hour = Duration::from_secs(3_600);
        let found = match *self.disposition.lock().unwrap() {
            Disposition::Willing => self.values.lock().unwrap().get(key).cloned(),
            Disposition::Useless => None,
            Disposition::Hanging => return futures::future::pending().boxed(),
            Disposition::Panicking => return async { panic!("the cupboard falls") }.boxed(),
            Disposition::Lying(left) => {
                let held = L2Entry { value: LIE.to_owned(), left };
                return async move { Some(held) }.boxed();
            }
        };
        async move { found.map(|value| L2Entry { value, left: hour }) }.boxed()
    }

    fn keep(&self, key: String, value: String) -> BoxFuture<'static, ()> {
        match *self.disposition.lock().unwrap() {
            Disposition::Hanging => return futures::future::pending().boxed(),
            Disposition::Panicking => return async { panic!("the cupboard falls") }.boxed(),
            Disposition::Useless => {}
            _ => {
                self.kept.fetch_add(1, Ordering::SeqCst);
                self.values.lock().unwrap().insert(key, value);
            }
        }
        async {}.boxed()
    }
}

struct Ticket {
    cupboard: Arc<Cupboard>,
    key: String,
}

impl LoadTurn<Lengths> for Ticket {
    fn keep(self: Box<Self>, value: String, _: Duration) -> BoxFuture<'static, ()> {
        self.cupboard.keep(self.key.clone(), value)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.cupboard.turns_given_back.fetch_add(1, Ordering::SeqCst);
    }
}

struct Door(Arc<Cupboard>);

impl L2Cache<Lengths> for Door {
    fn enter(&self, key: String, at_least: Duration) -> BoxFuture<'static, L2Lookup<Lengths>> {
        self.0.at_least.lock().unwrap().push(at_least);
        let (found, cupboard) = (self.0.look(&key), Arc::clone(&self.0));
        async move {
            match found.await {
                Some(held) => L2Lookup::Found(held),
                None => L2Lookup::Yours(Box::new(Ticket { cupboard, key })),
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
        let left = Duration::from_secs(3_600);
        let values = self.0.values.lock().unwrap().clone();
        let held = |(key, value)| (key, L2Entry { value, left });
        let recent = values.into_iter().map(held).take(most).collect();
        async move { Some(recent) }.boxed()
    }

    fn forget(&self, _: Scope) -> BoxFuture<'static, ()> {
        if *self.0.disposition.lock().unwrap() == Disposition::Hanging {
            return futures::future::pending().boxed();
        }
        self.0.values.lock().unwrap().clear();
        async {}.boxed()
    }
}

fn stage(cupboard: &Arc<Cupboard>, limits: CacheLimits) -> Stage {
    let l2: OptionalL2<Lengths> = Some(Arc::new(Door(Arc::clone(cupboard))));
    Stage::with_l2(limits, l2)
}

#[actix::test]
async fn l2_is_read_before_the_source_and_filled_after_it() {
    let cupboard: Arc<Cupboard> = Arc::default();
    let one = stage(&cupboard, limits());
    assert_eq!(one.get("word").await.as_deref(), Ok("4"));
    eventually("it reached the second layer", || cupboard.kept.load(Ordering::SeqCst) == 1).await;
    eventually("the turn is over", || cupboard.turns_given_back.load(Ordering::SeqCst) == 1).await;
    let other = stage(&cupboard, limits());
    assert_eq!(other.get("word").await.as_deref(), Ok("4"));
    assert_eq!(other.opened(), 0);
    assert!(other.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 1"));
    assert!(one.says("hsc_cache_misses_total{cache=\"lengths\",layer=\"l2\"} 1"));
    assert_eq!(other.cache.invalidate_l1(Scope::All).await, Ok(1));
    assert!(
        !cupboard.values.lock().unwrap().is_empty(),
        "L2 keeps what another pod may have renewed"
    );
    other.cache.invalidate(Scope::All).await.unwrap();
    assert!(cupboard.values.lock().unwrap().is_empty());
}

#[actix::test]
async fn a_failed_load_releases_its_turn_and_shares_nothing() {
    let cupboard: Arc<Cupboard> = Arc::default();
    let stage = stage(&cupboard, limits());
    stage.mood(Mood::Closed);
    assert_eq!(stage.get("word").await, Err("closed"));
    eventually("the turn is over", || cupboard.turns_given_back.load(Ordering::SeqCst) == 1).await;
    stage.mood(Mood::Panicking);
    assert_eq!(stage.get("three").await, Err("load_panicked"));
    eventually("the turn is over", || cupboard.turns_given_back.load(Ordering::SeqCst) == 2).await;
    assert_eq!(cupboard.kept.load(Ordering::SeqCst), 0);
}

macro_rules! bears {
    ($($name:ident: $disposition:expr;)*) => {$(
        #[actix::test]
        async fn $name() {
            let cupboard: Arc<Cupboard> = Arc::default();
            cupboard.is($disposition);
            let short = CacheLimits { load_timeout: 200 * MS, ..limits() };
            let stage = stage(&cupboard, short);
            assert_eq!(stage.get("word").await.as_deref(), Ok("4"), "from the source");
            stage.cache.put("made".to_owned(), "here".to_owned());
            eventually("it is kept", || stage.cache.get_cached("made").is_some()).await;
            assert_eq!(stage.cache.seek(&"nowhere".to_owned()).await, None);
            assert_eq!(stage.cache.invalidate(Scope::All).await, Ok(2), "here it is forgotten");
            assert!(stage.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 0"));
        }
    )*};
}

bears! {
    a_second_layer_that_does_nothing_costs_nothing: Disposition::Useless;
    a_second_layer_that_hangs_fails_no_load: Disposition::Hanging;
    a_second_layer_that_panics_fails_no_load: Disposition::Panicking;
}

#[actix::test]
async fn a_cached_value_is_read_while_l2_hangs() {
    let cupboard: Arc<Cupboard> = Arc::default();
    let stage = stage(&cupboard, limits());
    stage.get("word").await.unwrap();
    cupboard.is(Disposition::Hanging);
    let waiting = stage.get("three").now_or_never();
    assert!(waiting.is_none(), "a miss waits for it");
    assert_eq!(stage.get("word").now_or_never(), Some(Ok("4".to_owned())), "a hit does not");
}

#[actix::test]
async fn the_lifetime_of_an_l2_value_is_capped_by_the_ttl() {
    let cupboard: Arc<Cupboard> = Arc::default();
    cupboard.is(Disposition::Lying(Duration::MAX));
    let stage = stage(&cupboard, CacheLimits { ttl: 50 * MS, ..limits() });
    assert_eq!(stage.get("word").await.as_deref(), Ok(LIE));
    cupboard.is(Disposition::Useless);
    let is_over = || stage.cache.get_cached("word") != Some(Ok(LIE.to_owned()));
    eventually("it is over", is_over).await;
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
}

#[actix::test]
async fn an_l2_value_is_cached_for_its_remaining_lifetime_at_most() {
    let cupboard: Arc<Cupboard> = Arc::default();
    cupboard.is(Disposition::Lying(Duration::ZERO));
    let stage = stage(&cupboard, limits());
    assert_eq!(stage.get("word").await.as_deref(), Ok(LIE), "whoever waits gets it");
    assert!(stage.cache.get_cached("word").is_none(), "and nobody after them");
}

#[actix::test]
async fn a_refresh_does_not_take_an_equally_old_l2_value() {
    let cupboard: Arc<Cupboard> = Arc::default();
    let ttl = 500 * MS;
    let stage = stage(&cupboard, CacheLimits { ttl, stale: Duration::ZERO, ..limits() });
    stage.get("word").await.unwrap();
    eventually("it is asked for ahead of its time", || {
        let _ = stage.cache.get_cached("word");
        cupboard.at_least.lock().unwrap().len() == 2
    })
    .await;
    assert_eq!(*cupboard.at_least.lock().unwrap(), [Duration::ZERO, ttl / 2]);
}

#[actix::test]
async fn an_unshared_value_is_neither_read_from_nor_stored_in_l2() {
    let cupboard: Arc<Cupboard> = Arc::default();
    cupboard.is(Disposition::Lying(Duration::MAX));
    let stage = stage(&cupboard, limits());
    assert_eq!(stage.get("secret word").await.as_deref(), Ok("11"));
    assert_eq!(stage.cache.seek(&"secret two".to_owned()).await, None);
    stage.cache.put("secret three".to_owned(), "12".to_owned());
    stage.get("word").await.unwrap();
    assert_eq!(cupboard.kept.load(Ordering::SeqCst), 0);
}

#[actix::test]
async fn a_hot_value_is_shared_once_and_a_starting_pod_takes_it_over() {
    let cupboard: Arc<Cupboard> = Arc::default();
    let one = stage(&cupboard, limits());
    for key in ["popular a", "popular b"] {
        one.cache.put(key.to_owned(), "made here".to_owned());
        eventually("it is kept", || one.cache.get_cached(key).is_some()).await;
    }
    assert_eq!(cupboard.kept.load(Ordering::SeqCst), 0, "one read is not many");
    for _ in 0..10 {
        one.cache.get_cached("popular a");
    }
    eventually("it is shared", || cupboard.kept.load(Ordering::SeqCst) == 1).await;

    let other = stage(&cupboard, limits());
    other.cache.put("popular b".to_owned(), "made there".to_owned());
    let version = || CacheTag::CatalogVersion("1".into());
    assert_eq!(other.cache.warm(version(), 10).await, Some(1));
    eventually("it was taken over", || other.cache.get_cached("popular a").is_some()).await;
    assert_eq!(other.cache.get_cached("popular b"), Some(Ok("made there".to_owned())));
    assert_eq!(other.opened(), 0);
    assert_eq!(Stage::with_l2(limits(), None).cache.warm(version(), 10).await, None);
}

#[actix::test]
async fn a_value_found_in_l2_is_cached() {
    let cupboard: Arc<Cupboard> = Arc::default();
    cupboard.values.lock().unwrap().insert("word".to_owned(), "from afar".to_owned());
    let stage = stage(&cupboard, limits());
    let key = "word".to_owned();
    assert_eq!(stage.cache.seek(&key).await.as_deref(), Some("from afar"));
    eventually("it is here", || stage.cache.get_cached("word").is_some()).await;
    assert_eq!(stage.opened(), 0);
    assert!(stage.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l2\"} 1"));
}
