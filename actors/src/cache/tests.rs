//! A cache with real shards on real threads, and its order against a naive reference.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_monitoring::Metrics;
use proptest::prelude::{Strategy as _, any, prop, prop_assert, prop_assert_eq, proptest};

use super::contents::OptionalL2;
use super::shard::Order;
use super::*;
use crate::supervision::{
    Backoff, Care, Fault, Intensity, OnGiveUp, Root, SupervisionConfig, Threads,
};

pub(super) const MS: Duration = Duration::from_millis(1);

/// A source that maps words to their lengths and can be closed, or made to fail or panic.
#[derive(Default)]
pub(super) struct Book {
    pub(super) opened: AtomicUsize,
    pub(super) mood: Mutex<Mood>,
}

#[derive(Default, Clone, Copy, PartialEq)]
pub(super) enum Mood {
    #[default]
    Willing,
    Slow,
    Closed,
    Panicking,
    Endless,
}

pub(super) struct Lengths(pub(super) Arc<Book>);

impl Contents for Lengths {
    type Key = String;
    type Value = String;
    type Error = &'static str;

    fn load(&self, key: String) -> BoxFuture<'static, Result<String, &'static str>> {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        let mood = *self.0.mood.lock().unwrap();
        async move {
            match mood {
                Mood::Willing => Ok(key.len().to_string()),
                Mood::Slow => {
                    // No deadline: this is a slow load, not a wait.
                    tokio::time::sleep(100 * MS).await;
                    Ok(key.len().to_string())
                }
                Mood::Closed => Err("closed"),
                Mood::Panicking => panic!("a page is torn"),
                Mood::Endless => futures::future::pending().await,
            }
        }
        .boxed()
    }

    fn weight(&self, key: &String, _: &String) -> usize {
        key.len()
    }

    fn tags(key: &String) -> Vec<CacheTag> {
        vec![CacheTag::Product(key.split(' ').next().unwrap_or_default().into())]
    }

    fn sharing(key: &String) -> L2Policy {
        match key.split(' ').next() {
            Some("secret") => L2Policy::Never,
            Some("popular") => L2Policy::WhenHot,
            _ => L2Policy::AtOnce,
        }
    }

    fn aged(&self, value: String) -> String {
        format!("{value} (old)")
    }
}

pub(super) struct Stage {
    book: Arc<Book>,
    pub(super) cache: Cache<Lengths>,
    root: Root,
    metrics: Arc<Metrics>,
}

pub(super) fn limits() -> CacheLimits {
    CacheLimits {
        shards: 2,
        entries: 1_000,
        bytes: 1_000_000,
        ttl: Duration::from_secs(60),
        negative_ttl: Duration::from_secs(60),
        stale: Duration::from_secs(60),
        load_timeout: Duration::from_secs(10),
    }
}

impl Stage {
    fn new(limits: CacheLimits) -> Self {
        Self::with_l2(limits, None)
    }

    pub(super) fn with_l2(limits: CacheLimits, l2: OptionalL2<Lengths>) -> Self {
        let metrics = Metrics::new();
        let care = Care {
            intensity: Intensity { restarts: 1_000, within: Duration::from_secs(60) },
            backoff: Backoff { first: MS, most: MS },
            hang_after: 300 * MS,
            ..Care::default()
        };
        let book: Arc<Book> = Arc::default();
        let contents = Lengths(Arc::clone(&book));
        let cache = Cache::new("lengths", contents, l2, limits, care, &metrics);
        let supervision = SupervisionConfig { threads: 2, care, on_give_up: OnGiveUp::Escalate };
        let threads = Arc::new(Threads::start(supervision.threads));
        let root = Root::start(cache.children(), &supervision, threads, &metrics);
        Self { book, cache, root, metrics }
    }

    pub(super) async fn get(&self, key: &str) -> Result<String, &'static str> {
        self.cache.get(key.to_owned()).await
    }

    pub(super) fn cached(&self, key: &str) -> Option<Result<String, &'static str>> {
        self.cache.get_cached(&key.to_owned())
    }

    pub(super) fn mood(&self, mood: Mood) {
        *self.book.mood.lock().unwrap() = mood;
    }

    pub(super) fn opened(&self) -> usize {
        self.book.opened.load(Ordering::SeqCst)
    }

    pub(super) fn says(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|shown| shown == line)
    }
}

pub(super) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(5 * MS).await;
    }
    panic!("never happened: {what}");
}

#[actix::test]
async fn concurrent_callers_of_one_key_share_one_load() {
    let stage = Stage::new(limits());
    stage.mood(Mood::Slow);
    let results = futures::future::join_all((0..100).map(|_| stage.get("word"))).await;
    assert!(results.iter().all(|answer| answer.as_deref() == Ok("4")));
    assert_eq!(stage.opened(), 1);
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
    assert_eq!(stage.opened(), 1);
    assert!(stage.says("hsc_cache_entries{cache=\"lengths\"} 1"));
    assert!(stage.says("hsc_cache_bytes{cache=\"lengths\"} 4"));
    assert!(stage.says("hsc_cache_hits_total{cache=\"lengths\",layer=\"l1\"} 1"));
    assert!(stage.says("hsc_cache_misses_total{cache=\"lengths\",layer=\"l1\"} 100"));
}

#[actix::test]
async fn a_load_that_panics_fails_its_waiters_and_the_key_can_be_loaded_again() {
    let stage = Stage::new(CacheLimits { negative_ttl: MS, ..limits() });
    stage.mood(Mood::Panicking);
    let results = futures::future::join_all((0..10).map(|_| stage.get("word"))).await;
    assert!(results.iter().all(|answer| *answer == Err("load_panicked")), "{results:?}");
    stage.mood(Mood::Willing);
    eventually("the failure is forgotten", || stage.cached("word").is_none()).await;
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
}

#[actix::test]
async fn a_load_that_times_out_fails_its_waiters_and_the_key_can_be_loaded_again() {
    let short = CacheLimits { negative_ttl: MS, load_timeout: 50 * MS, ..limits() };
    let stage = Stage::new(short);
    stage.mood(Mood::Endless);
    assert_eq!(stage.get("word").await, Err("load_timed_out"));
    stage.mood(Mood::Willing);
    eventually("the failure is forgotten", || stage.cached("word").is_none()).await;
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
}

#[actix::test]
async fn a_failure_is_cached_for_its_ttl() {
    let stage = Stage::new(limits());
    stage.mood(Mood::Closed);
    assert_eq!(stage.get("word").await, Err("closed"));
    assert_eq!(stage.get("word").await, Err("closed"));
    assert_eq!(stage.opened(), 1);
    assert!(stage.cache.is_empty(), "a failure is no value");
}

#[actix::test]
async fn a_stale_value_is_used_and_marked_when_the_load_fails() {
    let stage = Stage::new(CacheLimits { ttl: 30 * MS, ..limits() });
    assert_eq!(stage.get("word").await.as_deref(), Ok("4"));
    stage.mood(Mood::Closed);
    // A refresh may have failed by now: the stale value is then used and marked already.
    eventually("it is old", || stage.cached("word") != Some(Ok("4".to_owned()))).await;
    assert_eq!(stage.get("word").await.as_deref(), Ok("4 (old)"));
}

#[actix::test]
async fn a_hot_value_is_refreshed_before_it_expires_without_a_wait() {
    let stage = Stage::new(CacheLimits { ttl: 500 * MS, stale: Duration::ZERO, ..limits() });
    stage.get("word").await.unwrap();
    let mut missed = 0;
    eventually("it was loaded again", || {
        missed += usize::from(stage.cached("word").is_none());
        stage.opened() == 2
    })
    .await;
    assert_eq!(missed, 0, "it was there all the time");
}

#[actix::test]
async fn under_load_a_hot_value_is_loaded_once_per_lifetime_and_never_missing() {
    let ttl = 2_500 * MS;
    let stage = Stage::new(CacheLimits { ttl, stale: Duration::ZERO, ..limits() });
    stage.get("word").await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (cache, over) = (stage.cache.clone(), Arc::clone(&over));
            std::thread::spawn(move || {
                let word = "word".to_owned();
                let (mut reads, mut missed) = (0_u64, 0_u64);
                while !over.load(Ordering::Relaxed) {
                    missed += u64::from(cache.get_cached(&word).is_none());
                    reads += 1;
                    // No deadline: the pace of a reader, not a wait.
                    std::thread::sleep(Duration::from_micros(200));
                }
                (reads, missed)
            })
        })
        .collect();
    eventually("it was loaded twice more", || stage.opened() == 3).await;
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        let (reads, missed) = reader.join().unwrap();
        assert!(reads > 100, "{reads}");
        assert_eq!(missed, 0, "of {reads}");
    }
}

macro_rules! survives {
    ($($name:ident: $fault:expr;)*) => {$(
        #[actix::test]
        async fn $name() {
            let stage = Stage::new(limits());
            for key in ["one", "three", "fifteen"] {
                stage.get(key).await.unwrap();
            }
            stage.mood(Mood::Slow);
            for shard in ["cache.lengths.0", "cache.lengths.1"] {
                let results = stage.get("elephant");
                assert!(stage.root.inject(shard, $fault));
                assert_eq!(results.await.as_deref(), Ok("8"), "a load in hand is begun again");
            }
            assert_eq!(stage.cache.len(), 4, "the values outlive their shard");
            assert_eq!(stage.get("fifteen").await.as_deref(), Ok("7"));
            eventually("the metrics are right", || {
                stage.says("hsc_cache_entries{cache=\"lengths\"} 4")
                    && stage.says("hsc_actor_up{actor=\"cache_shard\"} 2")
            })
            .await;
        }
    )*};
}

survives! {
    a_shard_that_panics_loses_no_value_and_answers_its_callers: Fault::Panic;
    a_shard_that_stops_loses_no_value_and_answers_its_callers: Fault::Stop;
    a_shard_whose_thread_dies_loses_no_value_and_answers_its_callers: Fault::KillThread;
    a_shard_that_hangs_loses_no_value_and_answers_its_callers: Fault::Hang { ms: 1_000 };
}

#[actix::test]
async fn a_scope_is_invalidated_and_a_running_load_is_not_stored() {
    let stage = Stage::new(limits());
    for key in ["td-17 a", "td-17 b", "fp-30 a"] {
        stage.get(key).await.unwrap();
    }
    stage.mood(Mood::Slow);
    let product = [CacheTag::Product("td-17".into())];
    let (loaded, forgotten) = tokio::join!(stage.get("td-17 c"), async {
        eventually("it is being loaded", || stage.opened() == 4).await;
        stage.cache.invalidate(&product, true).await
    });
    assert_eq!(loaded.as_deref(), Ok("7"), "whoever waited gets it");
    assert_eq!(forgotten, Ok(2));
    assert!(stage.cached("td-17 c").is_none(), "it is not kept for later readers");
    assert!(stage.cached("fp-30 a").is_some());
    let other = [CacheTag::Product("fp-30".into())];
    assert_eq!(stage.cache.invalidate(&other, true).await, Ok(1));
    assert_eq!(stage.cache.invalidate(&[CacheTag::All], true).await, Ok(0));
    assert!(stage.says("hsc_cache_evictions_total{cache=\"lengths\",reason=\"invalidated\"} 3"));
    assert!(stage.says("hsc_cache_bytes{cache=\"lengths\"} 0"));
}

#[actix::test]
async fn a_cache_of_zero_entries_stores_nothing() {
    let stage = Stage::new(CacheLimits { entries: 0, ..limits() });
    stage.cache.put("word".to_owned(), "4".to_owned());
    assert!(stage.cached("word").is_none());
}

/// The eviction order of a shard, as a naive reference.
#[derive(Default)]
struct Naive {
    /// Oldest first: key, weight, used since.
    values: Vec<(u8, usize, bool)>,
}

impl Naive {
    fn put(&mut self, key: u8, weight: usize) {
        self.values.retain(|value| value.0 != key);
        self.values.push((key, weight, false));
    }

    fn make_room(&mut self, entries: usize, bytes: usize) {
        let mut chances = self.values.len();
        while self.values.len() > entries
            || (self.values.len() > 1
                && self.values.iter().map(|value| value.1).sum::<usize>() > bytes)
        {
            let (key, weight, used) = self.values.remove(0);
            if used && chances > 0 {
                chances -= 1;
                self.values.push((key, weight, false));
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Put(u8, usize),
    Use(u8),
    Forget(u8),
}

proptest! {
    #[test]
    fn a_shard_evicts_as_the_naive_reference_does(
        entries in 1_usize..8,
        bytes in 1_usize..60,
        steps in prop::collection::vec(
            (any::<u8>().prop_map(|key| key % 12), 0_usize..20, 0_u8..6).prop_map(
                |(key, weight, what)| match what {
                    0..=2 => Step::Put(key, weight),
                    3 | 4 => Step::Use(key),
                    _ => Step::Forget(key),
                }
            ),
            0..200,
        ),
    ) {
        let mut order: Order<u8> = Order::new(entries, bytes);
        let mut model: HashMap<u8, bool> = HashMap::new();
        let mut naive = Naive::default();
        for step in steps {
            match step {
                Step::Put(key, weight) => {
                    order.put(key, weight);
                    model.insert(key, false);
                    naive.put(key, weight);
                }
                Step::Use(key) => {
                    model.entry(key).and_modify(|used| *used = true);
                    let used = naive.values.iter_mut().filter(|value| value.0 == key);
                    used.for_each(|value| value.2 = true);
                }
                Step::Forget(key) => {
                    order.forget(&key);
                    model.remove(&key);
                    naive.values.retain(|value| value.0 != key);
                }
            }
            while let Some((key, _)) = order.next_out(|key| {
                model.get_mut(key).is_some_and(std::mem::take)
            }) {
                model.remove(&key);
            }
            naive.make_room(entries, bytes);
            let mut ours: Vec<u8> = model.keys().copied().collect();
            let mut theirs: Vec<u8> = naive.values.iter().map(|value| value.0).collect();
            ours.sort_unstable();
            theirs.sort_unstable();
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(order.bytes(), naive.values.iter().map(|value| value.1).sum::<usize>());
            prop_assert!(order.entries() <= entries);
            prop_assert!(order.bytes() <= bytes || order.entries() == 1);
        }
    }
}
