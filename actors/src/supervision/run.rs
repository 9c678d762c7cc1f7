//! One generation of a child: its task, what drives it, and how its end is noticed.
//!
//! The task catches a panic from any part of the child, because actix polls handlers,
//! `started`, spawned futures and streams in one future. An [`ExitGuard`] goes with the task: it reports
//! the ending, or is dropped without a report, which means that the thread ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use actix::fut::ActorFuture;
use actix::{ActorContext as _, ArbiterHandle, AsyncContext as _, Context};
use futures::FutureExt as _;
use futures::future::{AbortRegistration, Abortable, LocalBoxFuture};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::ending::FAILURE;
use super::handle::Slot;
use super::threads::TurnTracker;
use super::{Child, Ending, Exit, Fault, Record, fault_injection, injected_panic};
use crate::mutex::Mutex;
use hsc_conversation::BoxError;

/// Messages handled before the actor's other futures get their turn: enough for throughput, few enough
/// that a full inbox starves no timer.
const LETTERS_A_TURN: usize = 64;

/// One generation of a child: an argument of its factory, stored by the child if it needs it.
#[derive(Clone)]
pub struct Life {
    record: Arc<Record>,
    generation: u64,
    reported_exit: Arc<Mutex<Option<Exit>>>,
}

impl Life {
    pub(super) fn new(record: Arc<Record>, generation: u64) -> Self {
        Self { record, generation, reported_exit: Arc::default() }
    }

    /// Number of this generation, from 1.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// False once a successor was started, or the child was told to stop. A child that may have been
    /// blocked checks this before it touches state that it shares with its successor.
    pub fn holds(&self) -> bool {
        self.record.generation() == self.generation
    }

    /// Ends the actor with a failure: it no longer trusts its state.
    pub fn fail<A: Child>(&self, ctx: &mut Context<A>, cause: impl Into<BoxError>) {
        self.report_exit(Exit::new(Ending::Failed, cause.into().to_string()));
        ctx.stop();
    }

    /// Ends the actor: its work is done.
    pub fn done<A: Child>(&self, ctx: &mut Context<A>) {
        self.report_exit(Exit::new(Ending::Done, ""));
        ctx.stop();
    }

    /// Publishes the state that an operator sees, for a child that is a task and no actor.
    pub fn observe(&self, value: Value) {
        self.record.observe(self.generation, value);
    }

    /// A heartbeat; that of an old generation does not count.
    pub(super) fn beat(&self) {
        if self.holds() {
            self.record.beat();
        }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// The ending that the child reported; without a report it is a stop.
    pub(super) fn reported_exit(&self) -> Exit {
        let reported = self.reported_exit.lock().take();
        reported.unwrap_or_else(|| {
            if self.record.fails_on_demand.swap(false, Ordering::Relaxed) {
                Exit::new(Ending::Failed, FAILURE)
            } else {
                Exit::new(Ending::Stopped, "")
            }
        })
    }

    fn report_exit(&self, exit: Exit) {
        *self.reported_exit.lock() = Some(exit);
    }
}

/// Creates the actor of a generation.
pub(super) type Factory<A> = Arc<dyn Fn(&Life) -> Result<A, BoxError> + Send + Sync>;
/// Creates the task of a generation.
pub(super) type Task =
    Arc<dyn Fn(Life) -> LocalBoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Notice of a child to its supervisor.
#[derive(Debug)]
pub(super) struct ChildNotice {
    pub(super) child: usize,
    pub(super) generation: u64,
    pub(super) what: ChildEvent,
}

#[derive(Debug)]
pub(super) enum ChildEvent {
    Started,
    /// Its task has ended.
    Ended(Exit),
    /// Its thread was given up; the task may still wake up.
    Evicted(Exit),
}

/// What a generation needs from its supervisor.
pub(super) struct Launch {
    pub(super) arbiter: ArbiterHandle,
    pub(super) desk: TurnTracker,
    pub(super) generation: u64,
    pub(super) exit_guard: ExitGuard,
    pub(super) abort: AbortRegistration,
    pub(super) beat_every: Duration,
}

/// Notifies the supervisor of the start and of the end; the notice of the end is sent in every case.
pub(super) struct ExitGuard {
    child: usize,
    generation: u64,
    notices: mpsc::UnboundedSender<ChildNotice>,
    signed: bool,
}

impl ExitGuard {
    pub(super) fn new(
        child: usize,
        generation: u64,
        notices: mpsc::UnboundedSender<ChildNotice>,
    ) -> Self {
        Self { child, generation, notices, signed: false }
    }

    fn started(&self) {
        self.tell(ChildEvent::Started);
    }

    fn sign(mut self, exit: Exit) {
        self.signed = true;
        self.tell(ChildEvent::Ended(exit));
    }

    fn tell(&self, what: ChildEvent) {
        let notice = ChildNotice { child: self.child, generation: self.generation, what };
        // A supervisor that is gone has stopped its children; no receiver is left.
        let _ = self.notices.send(notice);
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if !self.signed {
            self.tell(ChildEvent::Ended(Exit::new(Ending::ThreadLost, "its thread ended")));
        }
    }
}

/// Starts an actor's generation on the launch's thread.
pub(super) fn actor<A: Child>(slot: Arc<Slot<A>>, make: Factory<A>, launch: Launch) {
    slot.inbox.hand_to(launch.generation);
    let beat_every = launch.beat_every;
    spawn(launch, Arc::clone(&slot.record), move |life, starts| async move {
        inject_start_fault(life.record());
        let actor = match make(&life) {
            Ok(actor) => actor,
            Err(cause) => return Exit::new(Ending::Failed, cause.to_string()),
        };
        let mut ctx = Context::new();
        let (pulse, starts) = (pulse(beat_every), Some(starts));
        ctx.spawn(MailboxPump { slot, life: life.clone(), pulse, starts });
        ctx.into_future(actor).await;
        life.reported_exit()
    });
}

/// Starts a plain task's generation on the launch's thread.
pub(super) fn worker(
    record: Arc<Record>,
    make: Task,
    mut faults: mpsc::UnboundedReceiver<Fault>,
    launch: Launch,
) {
    let beat_every = launch.beat_every;
    spawn(launch, record, move |life, starts| async move {
        inject_start_fault(life.record());
        let mut work = make(life.clone());
        let mut pulse = pulse(beat_every);
        starts.started();
        drop(starts);
        loop {
            tokio::select! {
                ended = &mut work => return match ended {
                    Ok(()) => Exit::new(Ending::Done, ""),
                    Err(cause) => Exit::new(Ending::Failed, cause.to_string()),
                },
                _ = pulse.tick() => life.beat(),
                Some(fault) = faults.recv() => match fault {
                    Fault::Stop => return Exit::new(Ending::Stopped, ""),
                    Fault::Fail => return Exit::new(Ending::Failed, FAILURE),
                    fault => fault_injection::apply_anywhere(fault),
                },
            }
        }
    });
}

/// Runs a generation on the launch's thread.
fn spawn<B: Future<Output = Exit> + 'static>(
    launch: Launch,
    record: Arc<Record>,
    body: impl FnOnce(Life, Arc<ExitGuard>) -> B + Send + 'static,
) {
    let Launch { arbiter, desk, generation, exit_guard, abort, .. } = launch;
    // A thread that ended drops the task, and the guard with it.
    arbiter.spawn_fn(move || {
        let exit_guard = Arc::new(exit_guard);
        let body = body(Life::new(record, generation), Arc::clone(&exit_guard));
        actix::spawn(at_its_desk(desk, until_the_end(Box::pin(body), abort, exit_guard)));
    });
}

/// Marks the turns of this generation, so that the culprit on a hung thread can be named.
async fn at_its_desk(desk: TurnTracker, life: impl Future<Output = ()>) {
    let mut life = std::pin::pin!(life);
    std::future::poll_fn(|task| desk.turn(|| life.as_mut().poll(task))).await;
}

/// Runs a generation to its end and reports the ending through the guard.
async fn until_the_end(
    body: LocalBoxFuture<'static, Exit>,
    abort: AbortRegistration,
    exit_guard: Arc<ExitGuard>,
) {
    let mut body = Box::pin(Abortable::new(body, abort));
    let ended = AssertUnwindSafe(body.as_mut()).catch_unwind().await;
    // Dropping an actor runs its `stopped`, which may panic too; that panic adds no information.
    let dropped = catch_unwind(AssertUnwindSafe(move || drop(body)));
    let exit = match (ended, dropped) {
        (Err(panic), _) => Exit::of_panic(&*panic),
        (Ok(Ok(_) | Err(_)), Err(panic)) => Exit::of_panic(&*panic),
        (Ok(Ok(exit)), Ok(())) => exit,
        (Ok(Err(_aborted)), Ok(())) => Exit::new(Ending::Stopped, "it was told to"),
    };
    // The pump's share was dropped with the body, so this is the last one.
    if let Some(exit_guard) = Arc::into_inner(exit_guard) {
        exit_guard.sign(exit);
    }
}

fn inject_start_fault(record: &Record) {
    let remaining = |times: u32| times.checked_sub(1);
    if record.panics_at_start.fetch_update(Ordering::Relaxed, Ordering::Relaxed, remaining).is_ok()
    {
        injected_panic();
    }
}

fn pulse(every: Duration) -> Interval {
    let mut pulse = tokio::time::interval_at(Instant::now() + every, every);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Skip);
    pulse
}

/// Delivers an actor's messages, and beats while the actor is not stuck: a handler that blocks, or a
/// `wait` that does not end, keeps it from being polled, and so a hang is detected.
struct MailboxPump<A: Child> {
    slot: Arc<Slot<A>>,
    life: Life,
    pulse: Interval,
    starts: Option<Arc<ExitGuard>>,
}

impl<A: Child> ActorFuture<A> for MailboxPump<A> {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        actor: &mut A,
        ctx: &mut Context<A>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        let this = &mut *self;
        if let Some(exit_guard) = this.starts.take() {
            exit_guard.started();
            this.life.observe(actor.observe());
        }
        while this.pulse.poll_tick(task).is_ready() {
            this.life.beat();
            this.life.observe(actor.observe());
        }
        for _ in 0..LETTERS_A_TURN {
            match this.slot.inbox.poll_take(this.life.generation(), task) {
                Poll::Ready(Some(message)) => {
                    this.slot.record.meter.queued(-1);
                    let began = Instant::now();
                    message(actor, ctx);
                    this.slot.record.meter.handled(began.elapsed());
                    // The actor called `wait` or `stop`: the next message is not delivered now.
                    if ctx.waiting() {
                        return Poll::Pending;
                    }
                }
                Poll::Ready(None) => {
                    ctx.stop();
                    return Poll::Ready(());
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}
