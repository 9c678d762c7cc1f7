//! Hangs: of a supervisor, of the root, of a thread with neighbours on it.

use super::super::children::Children;
use super::super::supervisor::Supervisor;
use super::*;

/// Makes a supervisor hang like any child.
impl Handler<SleepUntil> for Supervisor {
    type Result = ();

    fn handle(&mut self, SleepUntil(gate, woke): SleepUntil, _: &mut Self::Context) {
        // No deadline: a minute at most, longer than any test.
        for _ in 0..60_000 {
            if gate.load(Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(MS);
        }
        woke.lock().unwrap().push(true);
    }
}

/// Waits for an event that never comes, without blocking its thread.
#[derive(Message)]
#[rtype(result = "()")]
struct WaitForEver;

impl Handler<WaitForEver> for Memory {
    type Result = ();

    fn handle(&mut self, WaitForEver: WaitForEver, ctx: &mut Self::Context) {
        let never = actix::fut::wrap_future::<_, Self>(futures::future::pending::<()>());
        actix::AsyncContext::wait(ctx, never);
    }
}

impl Stage {
    fn on_threads(count: usize) -> Self {
        Self { threads: Arc::new(Threads::start(count)), ..Self::new() }
    }

    /// A group that hangs on demand until a gate is opened.
    fn open_group(
        &self,
        children: Vec<ChildSpec>,
    ) -> (ChildSpec, Handle<Supervisor>, Arc<Children>) {
        let children = Arc::new(Children::new(children.into(), Arc::clone(&self.threads)));
        let up = OnGiveUp::Escalate;
        let made = Supervisor::spec_of("group", hasty(), up, &children, &self.metrics);
        (made.0, made.1, children)
    }
}

fn ending(record: &Record) -> Option<Ending> {
    record.last_death().map(|exit| exit.ending)
}

#[actix::test]
async fn a_hung_supervisor_is_replaced_and_changes_nothing_when_it_wakes() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let (other, neighbour) = stage.memory("other", care());
    let (group, supervisor, children) = stage.open_group(vec![spec]);
    let root = stage.root(vec![group, other], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    assert_eq!(neighbour.ask(Tell(1)).await, Ok(vec![1]));
    let held_before = Arc::strong_count(&children);
    let (gate, woke) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    supervisor.post(SleepUntil(Arc::clone(&gate), Arc::clone(&woke))).ok().unwrap();
    eventually("it is replaced", || supervisor.record().restarts() == 1).await;
    eventually("its successor is up", || supervisor.is_up()).await;
    assert_eq!(ending(supervisor.record()), Some(Ending::Hung));
    eventually("its child lives", || memory.is_up()).await;
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "a new life under the new one");
    assert_eq!(stage.journal().iter().filter(|it| *it == "memory started").count(), 2);
    eventually("the old child ended", || stage.journal().contains(&"memory stopped".into())).await;

    // Its successor supervises the child while the old one is still blocked.
    root.inject("memory", Fault::Panic);
    eventually("the child is started again", || memory.record().restarts() == 1).await;
    assert_eq!(memory.ask(Tell(3)).await, Ok(vec![3]));
    // It replies before its record says that it is up.
    eventually("its record says so", || memory.is_up()).await;
    let (generation, up_since) = (memory.record().generation(), memory.record().up_since());

    assert!(woke.lock().unwrap().is_empty(), "it sleeps");
    gate.store(true, Ordering::SeqCst);
    eventually("the old one is gone", || Arc::strong_count(&children) == held_before).await;
    assert_eq!(*woke.lock().unwrap(), [true], "and woke before");
    assert_eq!(memory.ask(Tell(4)).await, Ok(vec![3, 4]), "it ended no child of its successor");
    assert_eq!(memory.record().generation(), generation, "it started none and fenced none off");
    assert_eq!(memory.record().up_since(), up_since, "it wrote in no record");
    assert_eq!((memory.record().restarts(), supervisor.record().restarts()), (1, 1));
    assert_eq!(root.record().restarts(), 0);
    assert_eq!(neighbour.ask(Tell(2)).await, Ok(vec![1, 2]), "nobody else noticed");
    let line = "hsc_actor_restarts_total{actor=\"supervisor\",reason=\"hung\"} 1";
    assert!(stage.metrics.render().contains(line), "{}", stage.metrics.render());
    root.stop().await;
}

#[actix::test]
async fn a_hung_child_of_a_hung_supervisor_is_fenced_off_with_it() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let (group, supervisor, _) = stage.open_group(vec![spec]);
    let root = stage.root(vec![group], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    let (gate, holds) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let woke = Arc::default();
    supervisor.post(SleepUntil(Arc::clone(&gate), woke)).ok().unwrap();
    memory.post(SleepUntil(Arc::clone(&gate), Arc::clone(&holds))).ok().unwrap();
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "answered by its successor");
    assert_eq!(ending(supervisor.record()), Some(Ending::Hung));
    gate.store(true, Ordering::SeqCst);
    eventually("the old child woke", || !holds.lock().unwrap().is_empty()).await;
    assert_eq!(*holds.lock().unwrap(), [false], "and knew that it is over");
    assert_eq!(memory.ask(Tell(3)).await, Ok(vec![2, 3]));
    root.stop().await;
}

#[actix::test]
async fn a_supervisor_whose_thread_ends_is_the_only_one_counted() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let (other, neighbour) = stage.memory("other", care());
    let group = stage.group("group", care(), vec![spec]);
    let record = Arc::clone(group.record());
    let root = stage.root(vec![group, other], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    assert_eq!(neighbour.ask(Tell(1)).await, Ok(vec![1]));
    for time in 1..=3 {
        assert!(root.inject("group", Fault::KillThread));
        eventually("it was started again", || record.restarts() == time).await;
        assert_eq!(ending(&record), Some(Ending::ThreadLost));
        assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]), "its children were started anew");
    }
    assert_eq!((root.record().restarts(), memory.record().restarts()), (0, 0));
    assert_eq!(neighbour.ask(Tell(2)).await, Ok(vec![1, 2]));
    root.stop().await;
}

#[actix::test]
async fn a_hung_root_is_replaced_with_everything_below_it() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let group = stage.group("group", care(), vec![spec]);
    let up = OnGiveUp::Escalate;
    let root = stage.root_under(hasty(), vec![group], up);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    assert!(root.inject("root", Fault::Hang { ms: 3_600_000 }));
    eventually("the root is back", || root.record().restarts() == 1).await;
    assert_eq!(ending(root.record()), Some(Ending::Hung));
    eventually("the old child ended", || stage.journal().contains(&"memory stopped".into())).await;
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]));
    eventually("all are up", || {
        let tree = root.tree();
        tree.state == State::Up && tree.children[0].state == State::Up
    })
    .await;
    root.stop().await;
    assert_eq!(root.tree().state, State::Stopped, "and it can be stopped in order");
}

#[actix::test]
async fn neighbours_of_a_hung_child_move_at_once_and_are_not_reported_as_hung() {
    let stage = Stage::on_threads(1);
    // One neighbour in its own group, one in another; both hang bounds are a minute.
    let (hung, culprit) = stage.memory("culprit", hasty());
    let (beside, brother) = stage.memory("brother", care());
    let (apart, stranger) = stage.memory("stranger", care());
    let one = stage.group("one", care(), vec![hung, beside]);
    let two = stage.group("two", care(), vec![apart]);
    let root = stage.root(vec![one, two], OnGiveUp::Escalate);
    for handle in [&culprit, &brother, &stranger] {
        assert_eq!(handle.ask(Tell(1)).await, Ok(vec![1]));
    }
    let gate = Arc::new(AtomicBool::new(false));
    culprit.post(SleepUntil(Arc::clone(&gate), Arc::default())).ok().unwrap();
    for handle in [&culprit, &brother, &stranger] {
        assert_eq!(handle.ask(Tell(2)).await, Ok(vec![2]), "back on another thread");
        assert_eq!(handle.record().restarts(), 1);
    }
    assert_eq!(ending(culprit.record()), Some(Ending::Hung));
    assert_eq!(ending(brother.record()), Some(Ending::ThreadLost));
    assert_eq!(ending(stranger.record()), Some(Ending::ThreadLost));
    gate.store(true, Ordering::SeqCst);
    for handle in [&culprit, &brother, &stranger] {
        assert_eq!(handle.ask(Tell(3)).await, Ok(vec![2, 3]), "undisturbed by who woke");
    }
    root.stop().await;
}

#[actix::test]
async fn the_hung_child_is_reported_even_when_a_neighbour_is_missed_first() {
    let stage = Stage::on_threads(1);
    let (hung, culprit) = stage.memory("culprit", care());
    let (beside, neighbour) = stage.memory("neighbour", hasty());
    let one = stage.group("one", care(), vec![hung]);
    let two = stage.group("two", care(), vec![beside]);
    let root = stage.root(vec![one, two], OnGiveUp::Escalate);
    for handle in [&culprit, &neighbour] {
        assert_eq!(handle.ask(Tell(1)).await, Ok(vec![1]));
    }
    let gate = Arc::new(AtomicBool::new(false));
    culprit.post(SleepUntil(Arc::clone(&gate), Arc::default())).ok().unwrap();
    for handle in [&culprit, &neighbour] {
        assert_eq!(handle.ask(Tell(2)).await, Ok(vec![2]));
    }
    let exit = neighbour.record().last_death().unwrap();
    assert_eq!(exit, Exit::new(Ending::ThreadLost, "culprit hangs on its thread"));
    assert_eq!(ending(culprit.record()), Some(Ending::Hung));
    gate.store(true, Ordering::SeqCst);
    root.stop().await;
}

#[actix::test]
async fn a_child_that_waits_forever_is_replaced_without_its_neighbours() {
    let stage = Stage::on_threads(1);
    // Long enough that the neighbour beats in time on a busy machine, and both beat as often.
    let slow = Care { hang_after: Duration::from_secs(2), ..care() };
    let (hung, culprit) = stage.memory("culprit", slow);
    let (beside, neighbour) = stage.memory("neighbour", slow);
    let root = stage.root(vec![hung, beside], OnGiveUp::Escalate);
    assert_eq!(neighbour.ask(Tell(1)).await, Ok(vec![1]));
    assert_eq!(culprit.ask(Tell(1)).await, Ok(vec![1]));
    culprit.post(WaitForEver).ok().unwrap();
    assert_eq!(culprit.ask(Tell(2)).await, Ok(vec![2]));
    assert_eq!(ending(culprit.record()), Some(Ending::Hung));
    assert_eq!(neighbour.ask(Tell(2)).await, Ok(vec![1, 2]));
    assert_eq!(neighbour.record().restarts(), 0);
    root.stop().await;
}

#[actix::test]
async fn a_supervisor_that_cannot_start_is_retried_and_its_children_wait() {
    let stage = Stage::new();
    let (spec, memory) = stage.memory("memory", care());
    let group = stage.group("group", care(), vec![spec]);
    let record = Arc::clone(group.record());
    let root = stage.root(vec![group], OnGiveUp::Escalate);
    assert_eq!(memory.ask(Tell(1)).await, Ok(vec![1]));
    assert!(root.inject("group", Fault::PanicAtStart { times: 3 }));
    eventually("it got through", || record.restarts() == 4).await;
    assert_eq!(ending(&record), Some(Ending::Panicked));
    assert_eq!(memory.ask(Tell(2)).await, Ok(vec![2]));
    root.stop().await;
}
