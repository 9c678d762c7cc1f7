//! A supervisor: an actor that restarts its children.
//!
//! Owns      its [`SiblingGroup`] (every rule) and, while it is current, its [`Children`] (every effect).
//! Receives  its children's [`ChildNotice`]s, [`StopAll`] from its parent.
//! Calls     no other actor: it only posts and receives notices, so it never waits for a child.
//! Never     runs a child's code, accepts notices of an old generation, or acts once it is replaced.
//! On crash  loses its restart counts; its children end with it and are started again.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, Handler};
use actix::{Message, SpawnHandle, fut};
use hsc_monitoring::Metrics;
use log::{error, info, warn};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::children::{Children, ChildrenGuard, EndedChild};
use super::pulse::{BEATS_BEFORE_A_HANG, Listener};
use super::run::{ChildEvent, ChildNotice};
use super::sibling_group::{Order, SiblingGroup};
use super::spec::Placement;
use super::{Care, Child, ChildSpec, Exit, Handle, Life, OnGiveUp, State, Threads};

/// From the parent: stop the children in order, then end.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct StopAll;

/// The actor. See the card above.
pub struct Supervisor {
    life: Life,
    siblings: SiblingGroup,
    children: Arc<Children>,
    tell: mpsc::UnboundedSender<ChildNotice>,
    notices: Option<mpsc::UnboundedReceiver<ChildNotice>>,
    alarm: Option<SpawnHandle>,
    listener: Listener,
}

impl Supervisor {
    /// A supervisor with children, which it stops in order when it stops.
    #[must_use]
    pub fn spec(
        name: impl Into<Arc<str>>,
        care: Care,
        on_give_up: OnGiveUp,
        children: Vec<ChildSpec>,
        threads: &Arc<Threads>,
        metrics: &Arc<Metrics>,
    ) -> ChildSpec {
        let children = Arc::new(Children::new(children.into(), Arc::clone(threads)));
        Self::spec_of(name, care, on_give_up, &children, metrics).0
    }

    /// The same with its handle, over children that the caller can inspect.
    pub(super) fn spec_of(
        name: impl Into<Arc<str>>,
        care: Care,
        on_give_up: OnGiveUp,
        children: &Arc<Children>,
        metrics: &Arc<Metrics>,
    ) -> (ChildSpec, Handle<Self>) {
        let (made_over, ended) = (Arc::clone(children), Arc::clone(children));
        let make =
            move |life: &Life| Ok(Self::new(life.clone(), on_give_up, Arc::clone(&made_over)));
        let (mut spec, handle) = ChildSpec::actor(name, "supervisor", care, metrics, make);
        let records = children.specs().iter().map(|child| Arc::clone(&child.record)).collect();
        spec.record.has_children(records);
        spec.place = Placement::Own;
        spec.end_family = Arc::new(move || ended.end());
        let stopping = handle.clone();
        spec.ask_to_stop = Some(Arc::new(move || {
            // Full or ended: then the bound on its stop ends it.
            let _ = stopping.post(StopAll);
        }));
        (spec, handle)
    }

    pub(super) fn new(life: Life, on_give_up: OnGiveUp, children: Arc<Children>) -> Self {
        let cares = children.specs().iter().map(|spec| spec.care);
        let siblings = SiblingGroup::new(on_give_up, cares);
        let (tell, notices) = mpsc::unbounded_channel();
        let listener = Listener::new(pulse_every(children.specs()));
        Self { life, siblings, children, tell, notices: Some(notices), alarm: None, listener }
    }

    /// Runs a change of the children. A supervisor that was replaced changes nothing and ends.
    fn in_force(
        &mut self,
        ctx: &mut Context<Self>,
        what: impl FnOnce(&mut Self, &mut ChildrenGuard<'_>) -> Vec<Order>,
    ) {
        let children = Arc::clone(&self.children);
        let Some(mut guard) = children.guard(&self.life) else { return ctx.stop() };
        let orders = what(self, &mut guard);
        self.obey(orders, &mut guard, ctx);
    }

    fn obey(&mut self, orders: Vec<Order>, guard: &mut ChildrenGuard<'_>, ctx: &mut Context<Self>) {
        for order in orders {
            match order {
                Order::Start(child) => guard.start(child, &self.tell),
                Order::Stop(child) => guard.stop(child),
                Order::Await(child, wait) => self.announce_restart(child, wait),
                Order::GiveUp(child) => self.announce_give_up(child),
                Order::Rest(child) => self.enter_for_good(child, State::Stopped),
                Order::AllDown(None) => self.life.done(ctx),
                Order::AllDown(Some(child)) => {
                    let name = self.children.specs()[child].record.name();
                    self.life.fail(ctx, format!("{name} was given up: {}", self.last_of(child)));
                }
            }
        }
        self.set_alarm(ctx);
    }

    fn last_of(&self, child: usize) -> String {
        let exit = self.children.specs()[child].record.last_death();
        exit.as_ref().map(Exit::to_string).unwrap_or_default()
    }

    fn announce_restart(&self, child: usize, wait: Duration) {
        let record = &self.children.specs()[child].record;
        // A child that was given up stays so until it is up: else a pod would be ready between two retries.
        if record.state() != State::GaveUp {
            record.enter(State::Restarting);
        }
        let Some(exit) = record.last_death() else { return };
        record.restarted_after(exit.ending);
        warn!(
            actor:% = record.name(), reason:% = exit.ending, why:% = exit.why,
            retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            "actor ended, starting it again"
        );
    }

    fn announce_give_up(&self, child: usize) {
        let record = &self.children.specs()[child].record;
        if record.state() != State::GaveUp {
            let why = self.last_of(child);
            error!(actor:% = record.name(), why:%; "actor fails too often, giving it up");
        }
        self.enter_for_good(child, State::GaveUp);
    }

    fn enter_for_good(&self, child: usize, state: State) {
        let spec = &self.children.specs()[child];
        spec.record.enter(state);
        (spec.clear)();
    }

    fn handle_notice(&mut self, notice: ChildNotice, ctx: &mut Context<Self>) {
        let ChildNotice { child, generation, what } = notice;
        self.in_force(ctx, |supervisor, guard| match what {
            ChildEvent::Started if guard.is_in_force(child, generation) => {
                supervisor.children.specs()[child].record.enter(State::Up);
                supervisor.siblings.started(child, Instant::now())
            }
            ChildEvent::Ended(exit) if guard.ended(child, generation, exit.ending) => {
                supervisor.child_ended(child, exit)
            }
            ChildEvent::Evicted(exit) if guard.put_out(child, generation) => {
                supervisor.child_ended(child, exit)
            }
            // A notice of an old generation.
            ChildEvent::Started | ChildEvent::Ended(_) | ChildEvent::Evicted(_) => Vec::new(),
        });
    }

    fn child_ended(&mut self, child: usize, exit: Exit) -> Vec<Order> {
        let record = &self.children.specs()[child].record;
        let ending = exit.ending;
        record.died(exit);
        if record.state() == State::Up {
            record.enter(State::Restarting);
        }
        self.siblings.ended(child, ending, Instant::now(), rand::random())
    }

    /// Checks for children that hang or do not stop.
    fn check_heartbeats(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let late = self.listener.delay(now);
        self.in_force(ctx, |supervisor, guard| {
            let gone = guard.put_out_the_silent(late, now).into_iter();
            gone.flat_map(|EndedChild { child, exit, .. }| supervisor.child_ended(child, exit))
                .collect()
        });
    }

    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let Some(due) = self.siblings.next_tick() else { return };
        let wait = due.saturating_duration_since(Instant::now());
        self.alarm = Some(ctx.run_later(wait, |supervisor, ctx| {
            supervisor.alarm = None;
            supervisor.in_force(ctx, |supervisor, _| supervisor.siblings.tick(Instant::now()));
        }));
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // It may have been blocked since it was created.
        if !self.children.hand_to(&self.life) {
            return ctx.stop();
        }
        if let Some(mut receiver) = self.notices.take() {
            let notices = futures::stream::poll_fn(move |task| receiver.poll_recv(task));
            let notices = fut::wrap_stream::<_, Self>(notices);
            let listening =
                fut::ActorStreamExt::fold(notices, (), |(), notice, supervisor: &mut Self, ctx| {
                    supervisor.handle_notice(notice, ctx);
                    fut::ready(())
                });
            ctx.spawn(listening.map(|(), _, _| ()));
        }
        let every = pulse_every(self.children.specs());
        self.listener = Listener::new(every);
        ctx.run_interval(every, Self::check_heartbeats);
        self.in_force(ctx, |supervisor, _| supervisor.siblings.begin());
    }
}

impl Handler<StopAll> for Supervisor {
    type Result = ();

    fn handle(&mut self, StopAll: StopAll, ctx: &mut Self::Context) {
        info!(actor:% = self.life.record().name(); "stopping the children");
        self.in_force(ctx, |supervisor, _| supervisor.siblings.stop());
    }
}

impl Child for Supervisor {
    fn observe(&self) -> Value {
        let children = self.children.specs();
        let up = children.iter().filter(|spec| spec.record.state() == State::Up);
        json!({ "children": children.len(), "up": up.count() })
    }
}

impl Drop for Supervisor {
    // For every ending: children without a supervisor would run unwatched.
    fn drop(&mut self) {
        self.children.end_if_owned(self.life.generation());
    }
}

fn pulse_every(children: &[ChildSpec]) -> Duration {
    let tightest = children.iter().map(|spec| spec.care.hang_after).min();
    tightest.unwrap_or(Duration::from_secs(1)) / BEATS_BEFORE_A_HANG
}
