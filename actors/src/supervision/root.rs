//! The root of the tree, and the loop that restarts the root.
//!
//! The root supervisor is an actor on a thread of its own, so that no child can block it.
//! Above it runs only a loop on the starter's thread that watches its heartbeat and starts it again
//! on a new thread if the supervision itself fails or hangs.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use futures::future::AbortHandle;
use hsc_monitoring::Metrics;
use log::error;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::pulse::{BEATS_BEFORE_A_HANG, Listener, Pulse};
use super::run::{ChildEvent, ChildNotice, ExitGuard, Launch};
use super::threads::TurnTracker;
use super::{
    ChildSpec, Ending, Exit, Fault, Record, State, SupervisionConfig, Supervisor, Threads,
    TreeReport, spec,
};

/// Wait before an ended root is restarted: supervision that fails in a loop must not burn a core.
const ROOT_PAUSE: Duration = Duration::from_millis(100);

/// The root of a tree.
pub struct Root {
    record: Arc<Record>,
    threads: Arc<Threads>,
    ask_to_stop: Arc<dyn Fn() + Send + Sync>,
    end: watch::Receiver<Option<Exit>>,
    stop_within: Duration,
}

impl Root {
    /// Starts the tree on these threads. Children start in their order; this does not wait for them.
    ///
    /// # Panics
    /// Outside an actix system.
    #[must_use]
    pub fn start(
        children: Vec<ChildSpec>,
        supervision: &SupervisionConfig,
        threads: Arc<Threads>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let SupervisionConfig { care, on_give_up, .. } = *supervision;
        let spec = Supervisor::spec("root", care, on_give_up, children, &threads, metrics);
        let (ended, end) = watch::channel(None);
        let root = Self {
            record: Arc::clone(&spec.record),
            threads,
            ask_to_stop: spec.ask_to_stop.clone().expect("a supervisor can be asked to stop"),
            end,
            stop_within: care.stop_within,
        };
        actix::spawn(keep(spec, ended));
        root
    }

    /// The current tree.
    pub fn tree(&self) -> TreeReport {
        TreeReport::of(&self.record)
    }

    /// Why the pod must not get new visitors; `None` while no actor is given up.
    pub fn unready_reason(&self) -> Option<String> {
        if let Some(exit) = &*self.end.borrow() {
            return Some(format!("the root of the actors ended: {exit}"));
        }
        self.tree().give_up_reason()
    }

    /// Injects a fault into the actor of this name; false when it does not exist or cannot take one.
    pub fn inject(&self, name: &str, fault: Fault) -> bool {
        self.record.find(name).is_some_and(|record| record.inject(fault))
    }

    /// The root's own record.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Waits until the tree has ended for good: it was stopped, or a child was given up and the root escalates.
    pub async fn ended(&self) -> Exit {
        let mut end = self.end.clone();
        let ended = end.wait_for(Option::is_some).await.map(|exit| exit.clone());
        ended.ok().flatten().unwrap_or_else(|| Exit::new(Ending::ThreadLost, "nobody keeps it"))
    }

    /// Stops the children, the last started first, and then the threads.
    pub async fn stop(&self) {
        (self.ask_to_stop)();
        if tokio::time::timeout(self.stop_within, self.ended()).await.is_err() {
            error!(tree:% = self.tree(); "the actors did not all stop in time");
        }
        self.threads.stop();
    }
}

/// Restarts the root until it ends because it was stopped or because it gave up.
async fn keep(spec: spec::ChildSpec, ended: watch::Sender<Option<Exit>>) {
    loop {
        let exit = one_life(&spec).await;
        spec.record.died(exit.clone());
        if matches!(exit.ending, Ending::Done | Ending::Failed) {
            let gave_up = exit.ending == Ending::Failed;
            spec.record.enter(if gave_up { State::GaveUp } else { State::Stopped });
            let _ = ended.send(Some(exit));
            return;
        }
        error!(reason:% = exit.ending, why:% = exit.why; "the root supervisor ended, starting it again");
        spec.record.restarted_after(exit.ending);
        spec.record.enter(State::Restarting);
        tokio::time::sleep(ROOT_PAUSE).await;
    }
}

/// One generation of the root, on a thread of its own, and everything below it.
async fn one_life(spec: &spec::ChildSpec) -> Exit {
    let arbiter = match Arbiter::try_new() {
        Ok(arbiter) => arbiter,
        Err(cause) => return Exit::new(Ending::ThreadLost, format!("no thread: {cause}")),
    };
    let (tell, notices) = mpsc::unbounded_channel();
    let (abort, registration) = AbortHandle::new_pair();
    let generation = spec.record.next_generation();
    spec.record.enter(State::Starting);
    (spec.launch)(Launch {
        arbiter: arbiter.handle(),
        desk: TurnTracker::default(),
        generation,
        exit_guard: ExitGuard::new(0, generation, tell),
        abort: registration,
        beat_every: spec.care.hang_after / BEATS_BEFORE_A_HANG,
    });
    let exit = end_of(spec, notices).await;
    // It ended or hangs; in both cases it and its descendants can do no harm to the successor.
    (spec.fence)();
    abort.abort();
    arbiter.stop();
    (spec.end_family)();
    exit
}

/// Waits for the end of the root's generation, or for a missed heartbeat.
async fn end_of(spec: &spec::ChildSpec, mut notices: mpsc::UnboundedReceiver<ChildNotice>) -> Exit {
    let every = spec.care.hang_after / BEATS_BEFORE_A_HANG;
    let mut tick = tokio::time::interval_at(Instant::now() + every, every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut listener, mut beats) = (Listener::new(every), Pulse::new(spec.record.beats()));
    loop {
        tokio::select! {
            notice = notices.recv() => match notice.map(|notice| notice.what) {
                Some(ChildEvent::Started) => spec.record.enter(State::Up),
                Some(ChildEvent::Ended(exit) | ChildEvent::Evicted(exit)) => return exit,
                None => return Exit::new(Ending::ThreadLost, "its thread ended"),
            },
            _ = tick.tick() => {
                let now = Instant::now();
                beats.forgive(listener.delay(now));
                if beats.silence(spec.record.beats(), now) >= spec.care.hang_after {
                    return Exit::new(Ending::Hung, "its heartbeat was missed");
                }
            }
        }
    }
}
