//! Real children on real threads, ended in every possible way.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, Message};
use hsc_monitoring::Metrics;

use super::*;

mod hanging;

const MS: Duration = Duration::from_millis(1);

impl Default for Care {
    /// The values of `default.toml`, for all tests of this crate.
    fn default() -> Self {
        Self {
            policy: Policy::Permanent,
            intensity: Intensity { restarts: 10, within: Duration::from_secs(10) },
            backoff: Backoff { first: Duration::from_millis(10), most: Duration::from_secs(5) },
            hang_after: Duration::from_secs(5),
            stop_within: Duration::from_secs(5),
            bounds: Bounds {
                inbox: 1_024,
                while_down: Duration::from_secs(5),
                answer: Duration::from_secs(30),
            },
        }
    }
}

/// Short waits between restarts, and a long hang bound: a panic that prints its stack on a busy
/// machine takes longer than any hang that a test would wait for.
fn care() -> Care {
    let patience = Duration::from_secs(60);
    Care {
        intensity: Intensity { restarts: 50, within: patience },
        backoff: Backoff { first: MS, most: 20 * MS },
        hang_after: patience,
        stop_within: patience,
        bounds: Bounds { inbox: 8, while_down: patience, answer: patience },
        ..Care::default()
    }
}

/// For children that hang: detected while the test runs.
fn hasty() -> Care {
    Care { hang_after: 400 * MS, ..care() }
}

/// Stores the messages it got since its start.
struct Memory {
    life: Life,
    received: Vec<u32>,
    journal: Arc<Mutex<Vec<String>>>,
}

#[derive(Message)]
#[rtype(result = "Vec<u32>")]
struct Tell(u32);

/// Blocks the thread until the gate is opened, then tries to change shared state.
#[derive(Message)]
#[rtype(result = "()")]
struct SleepUntil(Arc<AtomicBool>, Arc<Mutex<Vec<bool>>>);

#[derive(Message)]
#[rtype(result = "()")]
struct Distrust;

#[derive(Message)]
#[rtype(result = "()")]
struct Finish;

impl Actor for Memory {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        let name = self.life.record().name().to_owned();
        self.journal.lock().unwrap().push(format!("{name} stopped"));
    }
}

impl Child for Memory {
    fn observe(&self) -> serde_json::Value {
        serde_json::json!({ "told": self.received.len() })
    }
}

impl Handler<Tell> for Memory {
    type Result = Vec<u32>;

    fn handle(&mut self, Tell(number): Tell, _: &mut Self::Context) -> Self::Result {
        self.received.push(number);
        self.received.clone()
    }
}

impl Handler<SleepUntil> for Memory {
    type Result = ();

    fn handle(&mut self, SleepUntil(gate, holds): SleepUntil, _: &mut Self::Context) {
        // No deadline: a minute at most, longer than any test.
        for _ in 0..60_000 {
            if gate.load(Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(MS);
        }
        holds.lock().unwrap().push(self.life.holds());
    }
}

impl Handler<Distrust> for Memory {
    type Result = ();

    fn handle(&mut self, Distrust: Distrust, ctx: &mut Self::Context) {
        self.life.fail(ctx, "the books do not balance");
    }
}

impl Handler<Finish> for Memory {
    type Result = ();

    fn handle(&mut self, Finish: Finish, ctx: &mut Self::Context) {
        self.life.done(ctx);
    }
}

/// Shared by the tests of this file: threads, metrics, and a journal of starts and stops.
struct Stage {
    threads: Arc<Threads>,
    metrics: Arc<Metrics>,
    journal: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    fn new() -> Self {
        Self {
            threads: Arc::new(Threads::start(2)),
            metrics: Metrics::new(),
            journal: Arc::default(),
        }
    }

    fn memory(&self, name: &'static str, care: Care) -> (ChildSpec, Handle<Memory>) {
        let journal = Arc::clone(&self.journal);
        ChildSpec::actor(name, "memory", care, &self.metrics, move |life| {
            journal.lock().unwrap().push(format!("{name} started"));
            let journal = Arc::clone(&journal);
            Ok(Memory { life: life.clone(), received: Vec::new(), journal })
        })
    }

    /// A child that cannot start while the switch is on.
    fn moody(&self, name: &'static str, care: Care, broken: Arc<AtomicBool>) -> ChildSpec {
        let journal = Arc::clone(&self.journal);
        let make = move |life: &Life| {
            if broken.load(Ordering::SeqCst) {
                return Err("the cause is still there".into());
            }
            Ok(Memory { life: life.clone(), received: Vec::new(), journal: Arc::clone(&journal) })
        };
        ChildSpec::actor(name, "memory", care, &self.metrics, make).0
    }

    fn root(&self, children: Vec<ChildSpec>, on_give_up: OnGiveUp) -> Root {
        self.root_under(care(), children, on_give_up)
    }

    fn root_under(&self, care: Care, children: Vec<ChildSpec>, on_give_up: OnGiveUp) -> Root {
        let supervision = SupervisionConfig { threads: 1, care, on_give_up };
        Root::start(children, &supervision, Arc::clone(&self.threads), &self.metrics)
    }

    fn group(&self, name: &'static str, care: Care, children: Vec<ChildSpec>) -> ChildSpec {
        let (threads, metrics) = (&self.threads, &self.metrics);
        Supervisor::spec(name, care, OnGiveUp::Escalate, children, threads, metrics)
    }

    fn journal(&self) -> Vec<String> {
        self.journal.lock().unwrap().clone()
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(5 * MS).await;
    }
    panic!("did not happen within 30 s: {what}");
}

macro_rules! comes_back {
    ($($name:ident: $fault:expr, $ending:ident;)*) => {$(
        #[actix::test]
        async fn $name() {
            let stage = Stage::new();
            let (spec, memory) = stage.memory("memory", care());
            let (innocent, other) = stage.memory("other", care());
            let root = stage.root(vec![spec, innocent], OnGiveUp::Escalate);
            assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
            assert_eq!(other.ask(Tell(1)).await, Ok(vec![1]));
            assert!(root.inject("memory", $fault));
            eventually("it was started again", || memory.record().restarts() == 1).await;
            assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "a new life, an empty memory");
            assert_eq!(memory.record().last_death().unwrap().ending, Ending::$ending);
            let line = format!(
                "hsc_actor_restarts_total{{actor=\"memory\",reason=\"{}\"}} 1", Ending::$ending
            );
            assert!(stage.metrics.render().contains(&line), "{}", stage.metrics.render());
            // It replies before its record says that it is up.
            eventually("both are up", || {
                stage.metrics.render().contains("hsc_actor_up{actor=\"memory\"} 2")
            })
            .await;
            assert_eq!(other.ask(Tell(2)).await, Ok(vec![1, 2]), "nobody else noticed");
            root.stop().await;
        }
    )*};
}

comes_back! {
    a_child_that_panics_in_a_handler_is_restarted: Fault::Panic, Panicked;
    a_child_that_panics_in_a_future_is_restarted: Fault::PanicInFuture, Panicked;
    a_child_that_panics_in_a_stream_is_restarted: Fault::PanicInStream, Panicked;
    a_child_that_stops_without_a_report_is_restarted: Fault::Stop, Stopped;
    a_child_with_an_injected_failure_is_restarted: Fault::Fail, Failed;
}

#[actix::test]
async fn a_child_whose_thread_ends_is_restarted_on_another() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    // More often than there are threads: lost ones are replaced, not used up.
    for time in 1..=5 {
        assert!(root.inject("memory", Fault::KillThread));
        eventually("it was started again", || memory.record().restarts() == time).await;
        assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]));
        assert_eq!(memory.record().last_death().unwrap().ending, Ending::ThreadLost);
    }
    root.stop().await;
}

#[actix::test]
async fn a_child_that_reports_a_failure_is_restarted_and_its_reason_is_recorded() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Distrust).await, Ok(()));
    eventually("it was started again", || memory.record().restarts() == 1).await;
    let exit = memory.record().last_death().unwrap();
    assert_eq!(exit, Exit::new(Ending::Failed, "the books do not balance"));
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]));
    root.stop().await;
}

#[actix::test]
async fn a_child_that_panics_while_it_starts_is_restarted() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    assert!(root.inject("memory", Fault::PanicAtStart { times: 4 }));
    eventually("it got through", || memory.record().restarts() == 5).await;
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]));
    root.stop().await;
}

/// Panics in `started` itself, and not in its factory.
struct Stumbles(Arc<AtomicU32>);

impl Actor for Stumbles {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let stumbles =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        assert!(stumbles.is_err(), "stumbled");
    }
}

impl Child for Stumbles {}

impl Handler<Finish> for Stumbles {
    type Result = ();

    fn handle(&mut self, Finish: Finish, _: &mut Self::Context) {}
}

#[actix::test]
async fn a_panic_in_started_is_reported_as_a_panic() {
    let stage = Stage::new();
    let remaining = Arc::new(AtomicU32::new(3));
    let make = move |_: &Life| Ok(Stumbles(Arc::clone(&remaining)));
    let (spec, handle) = ChildSpec::actor("stumbles", "memory", care(), &stage.metrics, make);
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(handle.ask(Finish).await, Ok(()), "asked before it stood, answered when it did");
    assert_eq!(handle.record().restarts(), 3);
    assert_eq!(handle.record().last_death(), Some(Exit::new(Ending::Panicked, "stumbled")));
    root.stop().await;
}

#[actix::test]
async fn a_hung_child_is_replaced_and_changes_nothing_when_it_wakes() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", hasty());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    let (gate, holds) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    memory.post(SleepUntil(Arc::clone(&gate), Arc::clone(&holds))).ok().unwrap();
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "answered by its successor");
    assert_eq!(memory.record().last_death().unwrap().ending, Ending::Hung);
    gate.store(true, Ordering::SeqCst);
    eventually("the old one woke", || !holds.lock().unwrap().is_empty()).await;
    assert_eq!(*holds.lock().unwrap(), [false], "and knew that it is over");
    eventually("and ended", || stage.journal().contains(&"memory stopped".to_owned())).await;
    assert_eq!(memory.ask(Tell(3)).await, Ok(vec![2, 3]), "its letters all go to the new one");
    assert_eq!(memory.record().restarts(), 1);
    root.stop().await;
}

#[actix::test]
async fn messages_wait_for_a_child_that_is_down_and_excess_ones_are_returned() {
    let stage = Stage::new();
    let slow = Care {
        backoff: Backoff { first: 300 * MS, most: 300 * MS },
        bounds: Bounds { inbox: 3, ..care().bounds },
        ..care()
    };
    let (spec, memory) = stage.memory("memory", slow);
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    // The second failure in a row is followed by a wait.
    root.inject("memory", Fault::Panic);
    eventually("it was started again", || memory.record().restarts() == 1).await;
    eventually("it is up", || memory.is_up()).await;
    root.inject("memory", Fault::Panic);
    eventually("it is down", || memory.record().restarts() == 2).await;
    for number in [2, 3, 4] {
        assert!(memory.post(Tell(number)).is_ok());
    }
    assert!(matches!(memory.post(Tell(5)), Err(Undelivered::Full(Tell(5)))));
    assert_eq!(memory.ask(Tell(6)).await, Err(AskError::Overloaded));
    assert_eq!(memory.record().depth(), 3);
    assert!(stage.metrics.render().contains("hsc_actor_mailbox_depth{actor=\"memory\"} 3"));
    assert!(stage.metrics.render().contains("hsc_actor_undelivered_total{actor=\"memory\"} 2"));
    eventually("it read its letters", || memory.record().depth() == 0).await;
    assert_eq!(memory.ask(Tell(7)).await, Ok(vec![2, 3, 4, 7]));
    root.stop().await;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Burst;

impl Handler<Burst> for Memory {
    type Result = ();

    fn handle(&mut self, Burst: Burst, _: &mut Self::Context) {
        panic!("burst");
    }
}

#[actix::test]
async fn the_caller_of_a_crash_gets_an_error_and_queued_callers_get_replies() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    let (burst, behind) = tokio::join!(memory.ask(Burst), memory.ask(Tell(2)));
    assert_eq!(burst, Err(AskError::Restarting));
    assert_eq!(behind, Ok(vec![2]));
    root.stop().await;
}

#[actix::test]
async fn a_missing_reply_is_a_timeout() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    let gate = Arc::new(AtomicBool::new(false));
    let sleep = SleepUntil(Arc::clone(&gate), Arc::default());
    assert_eq!(memory.ask_within(50 * MS, sleep).await, Err(AskError::TimedOut));
    assert_eq!(memory.ask_within(50 * MS, Tell(2)).await, Err(AskError::TimedOut));
    gate.store(true, Ordering::SeqCst);
    assert_eq!(memory.ask(Tell(3)).await, Ok(vec![1, 3]), "nobody waited for 2 any more");
    root.stop().await;
}

#[actix::test]
async fn a_root_that_retries_reports_the_failure_and_recovers() {
    let stage = Stage::new();
    let broken = Arc::new(AtomicBool::new(true));
    let strict = Care { intensity: Intensity { restarts: 2, ..care().intensity }, ..care() };
    let spec = stage.moody("moody", strict, Arc::clone(&broken));
    let record = Arc::clone(spec.record());
    let (other, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec, other], OnGiveUp::Retry(20 * MS));
    eventually("it was given up", || root.unready_reason().is_some()).await;
    let unready_reason = root.unready_reason().unwrap();
    assert!(
        unready_reason.contains("moody") && unready_reason.contains("the cause is still there"),
        "{unready_reason}"
    );
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]), "the others go on");
    broken.store(false, Ordering::SeqCst);
    eventually("it recovered", || root.unready_reason().is_none()).await;
    eventually("and is up", || record.state() == State::Up).await;
    root.stop().await;
}

#[actix::test]
async fn a_handle_of_a_child_that_was_given_up_fails_at_once() {
    let stage = Stage::new();
    let strict = Care { intensity: Intensity { restarts: 0, ..care().intensity }, ..care() };
    let (spec, memory) = stage.memory("memory", strict);
    let retry = OnGiveUp::Retry(Duration::from_secs(60));
    let root = stage.root(vec![spec], retry);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    let (burst, behind) = tokio::join!(memory.ask(Burst), memory.ask(Tell(2)));
    assert!(burst.is_err());
    assert_eq!(behind, Err(AskError::GaveUp), "what waited is told");
    assert_eq!(memory.ask(Tell(3)).await, Err(AskError::GaveUp));
    assert!(matches!(memory.post(Tell(4)), Err(Undelivered::GaveUp(Tell(4)))));
    root.stop().await;
}

#[actix::test]
async fn a_failure_escalates_to_the_root() {
    let stage = Stage::new();
    let strict = Care { intensity: Intensity { restarts: 1, ..care().intensity }, ..care() };
    let broken = Arc::new(AtomicBool::new(true));
    let moody = stage.moody("moody", strict, broken);
    let (brother, _) = stage.memory("brother", care());
    let group = stage.group("group", strict, vec![brother, moody]);
    let root = stage.root(vec![group], OnGiveUp::Escalate);
    let exit = root.ended().await;
    assert_eq!(exit.ending, Ending::Failed);
    assert!(exit.why.contains("group was given up") && exit.why.contains("moody"), "{exit}");
    assert!(root.unready_reason().is_some());
    let brother = |entry: &&String| entry.starts_with("brother");
    let journal = stage.journal();
    let brothers: Vec<&String> = journal.iter().filter(brother).collect();
    assert_eq!(
        brothers,
        ["brother started", "brother stopped", "brother started", "brother stopped"],
        "the group was tried twice, and stopped in order each time"
    );
}

#[actix::test]
async fn children_start_in_order_and_stop_in_reverse() {
    let stage = Stage::new();
    let (one, _) = stage.memory("one", care());
    let (two, _) = stage.memory("two", care());
    let (three, handle) = stage.memory("three", care());
    let group = stage.group("group", care(), vec![two, three]);
    let root = stage.root(vec![one, group], OnGiveUp::Escalate);
    assert_eq!(handle.ask(Tell(1)).await, Ok(vec![1]));
    root.stop().await;
    let started = ["one started", "two started", "three started"];
    let stopped = ["three stopped", "two stopped", "one stopped"];
    assert_eq!(stage.journal(), [started, stopped].concat());
    assert_eq!(root.tree().state, State::Stopped);
}

#[actix::test]
async fn a_restart_does_not_affect_the_siblings() {
    let stage = Stage::new();
    let (one, first) = stage.memory("one", care());
    let (two, second) = stage.memory("two", care());
    let (three, third) = stage.memory("three", care());
    let root = stage.root(vec![one, two, three], OnGiveUp::Escalate);
    assert_eq!(third.ask(Tell(1)).await, Ok(vec![1]));
    assert_eq!(second.ask(Tell(1)).await, Ok(vec![1]));
    assert_eq!(first.ask(Tell(1)).await, Ok(vec![1]));
    root.inject("two", Fault::Panic);
    eventually("the one that failed is up again", || {
        stage.journal().iter().filter(|entry| *entry == "two started").count() == 2
    })
    .await;
    assert_eq!(second.ask(Tell(2)).await, Ok(vec![2]), "started anew");
    for sibling in [first, third] {
        assert_eq!(sibling.ask(Tell(2)).await, Ok(vec![1, 2]), "lives on");
    }
    root.stop().await;
}

#[actix::test]
async fn a_child_that_is_done_is_not_restarted() {
    let stage = Stage::new();
    let transient = Care { policy: Policy::Transient, ..care() };
    let (spec, memory) = stage.memory("memory", transient);
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Finish).await, Ok(()));
    eventually("it rests", || memory.record().state() == State::Stopped).await;
    assert_eq!(memory.record().restarts(), 0);
    root.stop().await;
}

#[actix::test]
async fn a_task_is_restarted_like_an_actor() {
    let stage = Stage::new();
    let rounds = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&rounds);
    let spec = ChildSpec::worker("watcher", "watcher", care(), &stage.metrics, move |life| {
        let rounds = Arc::clone(&counted);
        async move {
            let round = rounds.fetch_add(1, Ordering::SeqCst);
            life.observe(serde_json::json!({ "round": round }));
            match round {
                0 => Err("the folder is gone".into()),
                1 => panic!("and now this"),
                _ => futures::future::pending().await,
            }
        }
    });
    let record = Arc::clone(spec.record());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    eventually("its third life lasts", || record.restarts() == 2 && record.state() == State::Up)
        .await;
    for (fault, ending) in [
        (Fault::Stop, Ending::Stopped),
        (Fault::Panic, Ending::Panicked),
        (Fault::KillThread, Ending::ThreadLost),
    ] {
        let before = record.restarts();
        assert!(root.inject("watcher", fault));
        eventually("it was started again", || record.restarts() > before).await;
        eventually("it is up", || record.state() == State::Up).await;
        assert_eq!(record.last_death().unwrap().ending, ending);
    }
    eventually("the last life is seen", || {
        root.tree().children[0].observed == serde_json::json!({ "round": 5 })
    })
    .await;
    root.stop().await;
}

#[actix::test]
async fn a_task_that_hangs_is_replaced() {
    let stage = Stage::new();
    let spec = ChildSpec::worker("watcher", "watcher", hasty(), &stage.metrics, |_| {
        futures::future::pending()
    });
    let record = Arc::clone(spec.record());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    eventually("it is up", || record.state() == State::Up).await;
    assert!(root.inject("watcher", Fault::Hang { ms: 1_500 }));
    eventually("it was started again", || record.restarts() == 1).await;
    assert_eq!(record.last_death().unwrap().ending, Ending::Hung);
    root.stop().await;
}

#[actix::test]
async fn the_root_survives_the_loss_of_its_own_thread() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let root = stage.root(vec![spec], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    for fault in [Fault::KillThread, Fault::Panic] {
        let before = root.record().restarts();
        assert!(root.inject("root", fault));
        eventually("the root is back", || root.record().restarts() > before).await;
        assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "its children were started anew");
        eventually("the root is up", || root.record().state() == State::Up).await;
    }
    root.stop().await;
}

#[actix::test]
async fn the_tree_has_a_text_and_a_json_form() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let group = stage.group("group", care(), vec![spec]);
    let root = stage.root(vec![group], OnGiveUp::Escalate);
    root.inject("memory", Fault::Panic);
    eventually("it was started again", || memory.record().restarts() == 1).await;
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    eventually("its record says that it is up", || memory.is_up()).await;
    let text = root.tree().to_string();
    assert_eq!(
        text,
        "root up\n  group up\n    memory up, 1 restarts, last panicked: a panic on demand\n"
    );
    let json = serde_json::to_value(root.tree()).unwrap();
    let leaf = &json["children"][0]["children"][0];
    assert_eq!(leaf["state"], "up");
    assert_eq!(leaf["last_reason"], "panicked: a panic on demand");
    assert!(leaf["uptime_ms"].is_u64());
    assert!(!root.inject("nobody", Fault::Panic));
    root.stop().await;
}
