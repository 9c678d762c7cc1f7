//! The specification of a child: its name, its factory and its supervision parameters, which come from the settings.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use hsc_config::{ActorsSettings, GiveUpChoice};
use hsc_monitoring::Metrics;
use tokio::sync::mpsc;

use super::handle::{Inbox, Slot};
use super::record::ChildControls;
use super::run::{self, Launch};
use super::{
    Backoff, Bounds, Child, Fault, Handle, Intensity, Life, OnGiveUp, Policy, Record,
    fault_injection,
};
use crate::mutex::Mutex;
use hsc_conversation::BoxError;

/// Longest wait for a reply of a running actor, for a call without its own bound. Only administration calls like
/// this, and its caller has a bound too.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Supervision parameters of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Care {
    /// When it is restarted.
    pub policy: Policy,
    /// How often it may be restarted.
    pub intensity: Intensity,
    /// The wait before a restart.
    pub backoff: Backoff,
    /// Heartbeat silence after which it counts as hung.
    pub hang_after: Duration,
    /// Longest time it may take to stop.
    pub stop_within: Duration,
    /// Bounds of its inbox and of the waits on it.
    pub bounds: Bounds,
}

/// The supervision of a pod's actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupervisionConfig {
    /// Number of threads.
    pub threads: usize,
    /// Supervision parameters of each actor.
    pub care: Care,
    /// What the root does when an actor fails too often.
    pub on_give_up: OnGiveUp,
}

impl From<&ActorsSettings> for SupervisionConfig {
    fn from(settings: &ActorsSettings) -> Self {
        let care = Care {
            policy: Policy::Permanent,
            intensity: Intensity {
                restarts: settings.max_restarts,
                within: Duration::from_millis(settings.restart_window_ms),
            },
            backoff: Backoff {
                first: Duration::from_millis(settings.backoff_initial_ms),
                most: Duration::from_millis(settings.backoff_max_ms),
            },
            hang_after: Duration::from_millis(settings.heartbeat_timeout_ms),
            stop_within: Duration::from_millis(settings.stop_timeout_ms),
            bounds: Bounds {
                inbox: settings.mailbox_capacity,
                while_down: Duration::from_millis(settings.restart_wait_ms),
                answer: ANSWER_WITHIN,
            },
        };
        let on_give_up = match settings.on_give_up {
            GiveUpChoice::Retry => {
                OnGiveUp::Retry(Duration::from_millis(settings.retry_interval_ms))
            }
            GiveUpChoice::Exit => OnGiveUp::Escalate,
        };
        let threads = match settings.threads {
            0 => cores(),
            threads => threads,
        };
        Self { threads, care, on_give_up }
    }
}

/// The thread that a child runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The next thread of the pool.
    Pool,
    /// A thread of its own. For supervisors: their children cannot block them, and the parent can detect
    /// that one hangs.
    Own,
}

/// A child specification. Created once; every generation of the child is built from it.
#[derive(Clone)]
pub struct ChildSpec {
    pub(super) record: Arc<Record>,
    pub(super) care: Care,
    pub(super) place: Placement,
    pub(super) launch: Arc<dyn Fn(Launch) + Send + Sync>,
    /// Asks it to stop in order; without it the child is ended at once.
    pub(super) ask_to_stop: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Drops its queued messages.
    pub(super) clear: Arc<dyn Fn() + Send + Sync>,
    /// Fences the current generation off: it gets no more messages and cannot change shared state.
    pub(super) fence: Arc<dyn Fn() + Send + Sync>,
    /// Ends its children, and fences them off.
    pub(super) end_family: Arc<dyn Fn() + Send + Sync>,
}

impl ChildSpec {
    /// An actor, and the handle that always reaches it. `name` is unique in the tree, `kind` is the
    /// label of its metrics.
    pub fn actor<A: Child>(
        name: impl Into<Arc<str>>,
        kind: &'static str,
        care: Care,
        metrics: &Arc<Metrics>,
        make: impl Fn(&Life) -> Result<A, BoxError> + Send + Sync + 'static,
    ) -> (Self, Handle<A>) {
        let record = Record::new(name, kind, Arc::clone(metrics));
        let inbox = Inbox::new(care.bounds.inbox);
        let slot = Arc::new(Slot { record, inbox, bounds: care.bounds });
        let (deep, hurt) = (Arc::downgrade(&slot), Arc::downgrade(&slot));
        // Weak, because the slot holds the record: a cycle would never be freed.
        let means = ChildControls {
            depth: Box::new(move || deep.upgrade().map_or(0, |slot| slot.inbox.depth())),
            inject: Box::new(move |fault| {
                let Some(slot) = hurt.upgrade() else { return false };
                slot.record.meter.queued(1);
                slot.inbox.push_first(fault_injection::message(fault, &slot.record));
                true
            }),
        };
        let _ = slot.record.means.set(means);
        let make: run::Factory<A> = Arc::new(make);
        let (launched, cleared, fenced) = (Arc::clone(&slot), Arc::clone(&slot), Arc::clone(&slot));
        let spec = Self {
            record: Arc::clone(&slot.record),
            care,
            place: Placement::Pool,
            launch: Arc::new(move |launch| {
                run::actor(Arc::clone(&launched), Arc::clone(&make), launch)
            }),
            ask_to_stop: None,
            clear: Arc::new(move || {
                let lost = cleared.inbox.clear();
                cleared.record.meter.queued(-i64::try_from(lost).unwrap_or(i64::MAX));
            }),
            fence: Arc::new(move || fenced.inbox.hand_to(fenced.record.next_generation())),
            end_family: Arc::new(|| {}),
        };
        (spec, Handle::new(slot))
    }

    /// A plain task: a loop that watches, sweeps or ticks. It has no inbox; it ends with `Ok` when
    /// its work is done and with an error when it failed.
    pub fn worker<F, W>(
        name: impl Into<Arc<str>>,
        kind: &'static str,
        care: Care,
        metrics: &Arc<Metrics>,
        make: F,
    ) -> Self
    where
        F: Fn(Life) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), BoxError>> + 'static,
    {
        let record = Record::new(name, kind, Arc::clone(metrics));
        let faults: Arc<Mutex<Option<mpsc::UnboundedSender<Fault>>>> = Arc::default();
        let way_in = Arc::clone(&faults);
        let inject = move |fault| {
            let way_in = way_in.lock();
            way_in.as_ref().is_some_and(|faults| faults.send(fault).is_ok())
        };
        let _ = record.means.set(ChildControls { depth: Box::new(|| 0), inject: Box::new(inject) });
        let make: run::Task = Arc::new(move |life| make(life).boxed_local());
        let (launched, fenced) = (Arc::clone(&record), Arc::clone(&record));
        Self {
            record,
            care,
            place: Placement::Pool,
            launch: Arc::new(move |launch| {
                let (send, receive) = mpsc::unbounded_channel();
                *faults.lock() = Some(send);
                run::worker(Arc::clone(&launched), Arc::clone(&make), receive, launch);
            }),
            ask_to_stop: None,
            clear: Arc::new(|| {}),
            fence: Arc::new(move || {
                fenced.next_generation();
            }),
            end_family: Arc::new(|| {}),
        }
    }

    /// State, restarts and last ending of the child.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }
}

/// Number of cores, for numbers of threads and shards that the settings leave open.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
