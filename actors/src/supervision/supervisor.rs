//! One supervisor: an actor whose work is to keep its children alive.
//!
//! Owns   its [`Family`] (every rule) and the lives of its children (every effect).
//! Hears  its children's [`Notice`]s, [`StopAll`] from its parent.
//! Asks   nobody: it tells and hears, so it never waits for a child.
//! Never  runs a child's code, trusts the news of an old generation.
//! Loses  its count of restarts in a crash; its children end with it and are started again.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt as _, Arbiter, AsyncContext as _, Context, Handler, Message};
use actix::{SpawnHandle, fut};
use futures::future::AbortHandle;
use log::{error, info, warn};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::family::{Family, Order, Terms};
use super::run::{Certificate, Launch, News, Notice};
use super::spec::Place;
use super::{Child, ChildSpec, Death, Ending, Life, OnGiveUp, State, Strategy, Threads};

/// Beats a child is expected to give before it hangs: one may be late on a busy machine, not four.
const BEATS_BEFORE_A_HANG: u32 = 4;

/// Stop your children in order, then end. From the parent.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct StopAll;

/// The actor. See the card above.
pub struct Supervisor {
    life: Life,
    family: Family,
    children: Vec<Kept>,
    threads: Arc<Threads>,
    tell: mpsc::UnboundedSender<Notice>,
    hear: Option<mpsc::UnboundedReceiver<Notice>>,
    alarm: Option<SpawnHandle>,
    felt_at: Instant,
}

/// A child and the life of it that is in force.
struct Kept {
    spec: ChildSpec,
    living: Option<Living>,
    /// How it ended last, for the words of an escalation.
    last: Option<Death>,
}

struct Living {
    generation: u64,
    abort: AbortHandle,
    thread: Option<u64>,
    beats: u64,
    beat_seen_at: Instant,
    stop_by: Option<Instant>,
}

impl Supervisor {
    pub(super) fn new(
        life: Life,
        strategy: Strategy,
        on_give_up: OnGiveUp,
        children: &[ChildSpec],
        threads: Arc<Threads>,
    ) -> Self {
        let terms = children.iter().map(|spec| Terms {
            policy: spec.care.policy,
            intensity: spec.care.intensity,
            backoff: spec.care.backoff,
        });
        let family = Family::new(strategy, on_give_up, terms.collect());
        let keep = |spec: &ChildSpec| Kept { spec: spec.clone(), living: None, last: None };
        let (tell, hear) = mpsc::unbounded_channel();
        Self {
            life,
            family,
            children: children.iter().map(keep).collect(),
            threads,
            tell,
            hear: Some(hear),
            alarm: None,
            felt_at: Instant::now(),
        }
    }

    fn obey(&mut self, orders: Vec<Order>, ctx: &mut Context<Self>) {
        for order in orders {
            match order {
                Order::Start(child) => self.start_child(child),
                Order::Stop(child) => self.stop_child(child),
                Order::Await(child, wait) => self.announce_restart(child, wait),
                Order::GiveUp(child) => self.announce_give_up(child),
                Order::Rest(child) => self.enter_for_good(child, State::Stopped),
                Order::AllDown(None) => self.life.done(ctx),
                Order::AllDown(Some(child)) => {
                    let kept = &self.children[child];
                    let last = kept.last.as_ref().map(Death::to_string).unwrap_or_default();
                    self.life
                        .fail(ctx, format!("{} was given up: {last}", kept.spec.record.name()));
                }
            }
        }
        self.set_alarm(ctx);
    }

    fn start_child(&mut self, child: usize) {
        let kept = &mut self.children[child];
        let record = &kept.spec.record;
        let generation = record.next_generation();
        // Who was given up stays so until it stands: readiness rests on that.
        match record.state() {
            State::GaveUp => {}
            State::Down => record.enter(State::Starting),
            _ => record.enter(State::Restarting),
        }
        let thread = (kept.spec.place == Place::Pool).then(|| self.threads.next());
        let (abort, registration) = AbortHandle::new_pair();
        kept.living = Some(Living {
            generation,
            abort,
            thread: thread.as_ref().map(|thread| thread.id),
            beats: record.beats(),
            beat_seen_at: Instant::now(),
            stop_by: None,
        });
        let arbiter = thread.map_or_else(Arbiter::current, |thread| thread.arbiter);
        (kept.spec.launch)(Launch {
            arbiter,
            generation,
            certificate: Certificate::new(child, generation, self.tell.clone()),
            abort: registration,
            beat_every: kept.spec.care.hang_after / BEATS_BEFORE_A_HANG,
        });
    }

    fn stop_child(&mut self, child: usize) {
        let kept = &mut self.children[child];
        let Some(living) = &mut kept.living else { return };
        living.stop_by = Some(Instant::now() + kept.spec.care.stop_within);
        match &kept.spec.ask_to_stop {
            Some(ask) => ask(),
            None => {
                // Fenced off at once, should it be in the middle of something.
                kept.spec.record.next_generation();
                living.abort.abort();
            }
        }
    }

    fn announce_restart(&self, child: usize, wait: Duration) {
        let kept = &self.children[child];
        let record = &kept.spec.record;
        record.enter(State::Restarting);
        let Some(death) = &kept.last else { return };
        record.restarted_after(death.ending);
        warn!(
            actor:% = record.name(), reason:% = death.ending, why:% = death.why,
            retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            "actor ended, starting it again"
        );
    }

    fn announce_give_up(&self, child: usize) {
        let kept = &self.children[child];
        let record = &kept.spec.record;
        if record.state() != State::GaveUp {
            let why = kept.last.as_ref().map(Death::to_string).unwrap_or_default();
            error!(actor:% = record.name(), why:%; "actor fails too often, giving it up");
        }
        self.enter_for_good(child, State::GaveUp);
    }

    fn enter_for_good(&self, child: usize, state: State) {
        self.children[child].spec.record.enter(state);
        (self.children[child].spec.clear)();
    }

    fn heard(&mut self, notice: Notice, ctx: &mut Context<Self>) {
        let Notice { child, generation, what } = notice;
        let is_in_force =
            |living: &Living| living.generation == generation && !living.abort.is_aborted();
        match what {
            News::Started => {
                if self.children[child].living.as_ref().is_some_and(is_in_force) {
                    self.children[child].spec.record.enter(State::Up);
                    let orders = self.family.started(child, Instant::now());
                    self.obey(orders, ctx);
                }
            }
            News::Ended(death) => {
                let living = &mut self.children[child].living;
                let Some(ended) = living.take_if(|living| living.generation == generation) else {
                    return;
                };
                if death.ending == Ending::ThreadLost
                    && let Some(thread) = ended.thread
                {
                    self.threads.give_up(thread);
                }
                self.child_ended(child, death, ctx);
            }
        }
    }

    fn child_ended(&mut self, child: usize, death: Death, ctx: &mut Context<Self>) {
        let kept = &mut self.children[child];
        kept.spec.record.died(death.clone());
        if kept.spec.record.state() == State::Up {
            kept.spec.record.enter(State::Restarting);
        }
        let ending = death.ending;
        kept.last = Some(death);
        let orders = self.family.ended(child, ending, Instant::now(), rand::random());
        self.obey(orders, ctx);
    }

    /// Looks for children that hang, or do not stop.
    fn feel_pulses(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        self.forgive_my_own_delay(now);
        let mut gone = Vec::new();
        for (child, kept) in self.children.iter_mut().enumerate() {
            let Some(living) = &mut kept.living else { continue };
            let beats = kept.spec.record.beats();
            if beats != living.beats {
                (living.beats, living.beat_seen_at) = (beats, now);
            }
            let death = if living.stop_by.is_some_and(|by| by <= now) {
                Death::new(Ending::Stopped, "it did not stop in time")
            } else if now - living.beat_seen_at >= kept.spec.care.hang_after {
                Death::new(Ending::Hung, "its heartbeat was missed")
            } else {
                continue;
            };
            gone.push((child, death));
        }
        for (child, death) in gone {
            let kept = &mut self.children[child];
            let Some(living) = kept.living.take() else { continue };
            // Fenced off before anybody takes its place: when it wakes it gets no letter and is told to end.
            kept.spec.record.next_generation();
            living.abort.abort();
            if let Some(thread) = living.thread {
                self.threads.give_up(thread);
            }
            self.child_ended(child, death, ctx);
        }
    }

    /// A supervisor that was held up itself (a machine that slept, a stopped process) has not listened
    /// meanwhile, and its children may have been held up with it: that time does not count.
    fn forgive_my_own_delay(&mut self, now: Instant) {
        let due = self.felt_at + self.pulse_every();
        for living in self.children.iter_mut().filter_map(|kept| kept.living.as_mut()) {
            living.beat_seen_at += now.saturating_duration_since(due);
        }
        self.felt_at = now;
    }

    fn pulse_every(&self) -> Duration {
        let tightest = self.children.iter().map(|kept| kept.spec.care.hang_after).min();
        tightest.unwrap_or(Duration::from_secs(1)) / BEATS_BEFORE_A_HANG
    }

    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let Some(due) = self.family.next_tick() else { return };
        let wait = due.saturating_duration_since(Instant::now());
        self.alarm = Some(ctx.run_later(wait, |supervisor, ctx| {
            supervisor.alarm = None;
            let orders = supervisor.family.tick(Instant::now());
            supervisor.obey(orders, ctx);
        }));
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(mut hear) = self.hear.take() {
            let notices = futures::stream::poll_fn(move |task| hear.poll_recv(task));
            let heard = fut::wrap_stream::<_, Self>(notices);
            let listening =
                fut::ActorStreamExt::fold(heard, (), |(), notice, supervisor: &mut Self, ctx| {
                    supervisor.heard(notice, ctx);
                    fut::ready(())
                });
            ctx.spawn(listening.map(|(), _, _| ()));
        }
        self.felt_at = Instant::now();
        ctx.run_interval(self.pulse_every(), Self::feel_pulses);
        let orders = self.family.begin();
        self.obey(orders, ctx);
    }
}

impl Handler<StopAll> for Supervisor {
    type Result = ();

    fn handle(&mut self, StopAll: StopAll, ctx: &mut Self::Context) {
        info!(actor:% = self.life.record().name(); "stopping the children");
        let orders = self.family.stop();
        self.obey(orders, ctx);
    }
}

impl Child for Supervisor {
    fn observe(&self) -> Value {
        let up = self.children.iter().filter(|kept| kept.spec.record.state() == State::Up);
        json!({ "children": self.children.len(), "up": up.count() })
    }
}

impl Drop for Supervisor {
    // Whatever ended it: children without a supervisor would live on unwatched.
    fn drop(&mut self) {
        for kept in &self.children {
            if let Some(living) = &kept.living {
                living.abort.abort();
                kept.spec.record.enter(State::Restarting);
            }
        }
    }
}
