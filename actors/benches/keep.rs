//! Benchmarks of caches and restarts: a hit, a put that evicts another value, and the time from a crash
//! to the next message served.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Context, Handler, Message};
use criterion::{Criterion, criterion_group, criterion_main};
use hsc_actors::cache::{Cache, CacheLimits, CacheTag, Contents, LoadFailure};
use hsc_actors::supervision::{
    Care, Child, ChildSpec, Fault, Handle, Intensity, OnGiveUp, Root, SupervisionConfig, Threads,
};
use hsc_monitoring::Metrics;

/// Texts of a kilobyte, stored by the benchmark.
struct Texts;

impl Contents for Texts {
    type Key = u64;
    type Value = Arc<str>;
    type Error = LoadFailure;

    fn weight(&self, _: &u64, text: &Arc<str>) -> usize {
        text.len()
    }

    fn tags(_: &u64) -> Vec<CacheTag> {
        Vec::new()
    }
}

/// An actor that replies to each message.
struct Echo;

#[derive(Message)]
#[rtype(result = "u64")]
struct Say(u64);

impl Actor for Echo {
    type Context = Context<Self>;
}

impl Child for Echo {}

impl Handler<Say> for Echo {
    type Result = u64;

    fn handle(&mut self, Say(number): Say, _: &mut Self::Context) -> u64 {
        number
    }
}

/// Unlimited restarts and a long inbox: the work is measured, not its limits.
fn care() -> Care {
    let intensity = Intensity { restarts: u32::MAX, within: Duration::from_nanos(1) };
    let settings = hsc_config::Settings::load(None, Vec::<(String, String)>::new());
    let mut care = SupervisionConfig::from(&settings.expect("the defaults are valid").actors).care;
    care.intensity = intensity;
    care.bounds.inbox = 1 << 20;
    care
}

fn root(children: Vec<ChildSpec>, metrics: &Arc<Metrics>) -> Root {
    let on_give_up = OnGiveUp::Escalate;
    let supervision = SupervisionConfig { threads: 1, care: care(), on_give_up };
    Root::start(children, &supervision, Arc::new(Threads::start(1)), metrics)
}

fn caches(criterion: &mut Criterion) {
    let system = actix::System::new();
    let metrics = Metrics::new();
    let limits = CacheLimits {
        shards: 4,
        entries: 10_000,
        bytes: 1 << 30,
        ttl: Duration::from_secs(3_600),
        negative_ttl: Duration::from_secs(1),
        stale: Duration::ZERO,
        load_timeout: Duration::from_secs(1),
    };
    let cache = Cache::new("texts", Texts, None, limits, care(), &metrics);
    let text: Arc<str> = "x".repeat(1_024).into();
    let _root = system.block_on(async {
        let root = root(cache.children(), &metrics);
        for key in 0..10_000 {
            cache.put(key, Arc::clone(&text));
        }
        while cache.len() < 9_900 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        root
    });
    let mut key = 0;
    criterion.bench_function("cache hit", |bench| {
        bench.iter(|| {
            key = (key + 7_919) % 10_000;
            cache.get_cached(&key)
        });
    });
    let mut fresh = 1_000_000;
    criterion.bench_function("cache put and evict", |bench| {
        // Until every shard has completed all puts, not only received them.
        bench.iter_custom(|times| {
            let began = Instant::now();
            system.block_on(async {
                for _ in 0..times {
                    fresh += 1;
                    cache.put(fresh, Arc::clone(&text));
                }
                // A shard handles its messages in order: once it replies to this one, the earlier ones are done.
                let nothing = [CacheTag::CatalogVersion("".into())];
                cache.invalidate(&nothing, false).await.expect("its shards reply");
            });
            began.elapsed()
        });
    });
}

fn restarts(criterion: &mut Criterion) {
    let system = actix::System::new();
    let metrics = Metrics::new();
    let (spec, echo) = ChildSpec::actor("echo", "echo", care(), &metrics, |_| Ok(Echo));
    let root = system.block_on(async { root(vec![spec], &metrics) });
    std::panic::set_hook(Box::new(|_| {}));
    criterion.bench_function("crash to the next message served", |bench| {
        bench.iter_custom(|times| system.block_on(crash(times, &root, &echo)));
    });
}

async fn crash(times: u64, root: &Root, echo: &Handle<Echo>) -> Duration {
    let mut took = Vec::new();
    for number in 0..times {
        let began = Instant::now();
        root.inject("echo", Fault::Panic);
        // A request lost in the crash is repeated, as a caller would.
        while echo.ask(Say(number)).await.is_err() {}
        took.push(began.elapsed());
    }
    took.sort_unstable();
    if took.len() >= 100 {
        eprintln!("  {times} crashes: p99 {:?}", took[took.len() * 99 / 100]);
    }
    took.iter().sum()
}

criterion_group!(benches, caches, restarts);
criterion_main!(benches);
