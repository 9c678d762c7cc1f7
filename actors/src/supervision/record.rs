//! The record of one child, readable in every state of its supervisor, and the tree of records as an operator sees it.
//!
//! A record is created once and outlives every generation of its child and of its supervisor. Only
//! the supervisor writes its state; handles, the tree and the metrics read it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use hsc_monitoring::{ActorMeter, Metrics};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType};

use super::{Ending, Exit, Fault};
use crate::mutex::Mutex;

/// Where a child is in its life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ActorState)]
pub enum State {
    /// Not started yet.
    Down,
    /// Being started for the first time.
    Starting,
    /// Started, with a heartbeat.
    Up,
    /// It ended and will be restarted.
    Restarting,
    /// It failed more often than the limit allows. A root retries at a slow pace.
    #[strum(serialize = "gave up")]
    GaveUp,
    /// It ended and is not restarted.
    Stopped,
}

/// One child's name, state and history.
pub struct Record {
    name: Arc<str>,
    kind: &'static str,
    state: Mutex<State>,
    generation: AtomicU64,
    restarts: AtomicU64,
    beats: AtomicU64,
    /// Number of the next starts that panic, for fault injection.
    pub(super) panics_at_start: AtomicU32,
    /// The next stop reports a failure, for fault injection.
    pub(super) fails_on_demand: AtomicBool,
    notes: Mutex<Notes>,
    pub(super) meter: ActorMeter,
    metrics: Arc<Metrics>,
    pub(super) means: OnceLock<ChildControls>,
}

/// What a record can do with its child without its type.
pub(super) struct ChildControls {
    /// Number of queued messages.
    pub(super) depth: Box<dyn Fn() -> usize + Send + Sync>,
    /// Injects a fault; false when the child cannot take one.
    pub(super) inject: Box<dyn Fn(Fault) -> bool + Send + Sync>,
}

#[derive(Default)]
struct Notes {
    last: Option<Exit>,
    up_since: Option<Instant>,
    observed: Value,
    children: Vec<Arc<Record>>,
}

impl Record {
    /// The record of a child that was not started yet. `kind` is the metric label: a closed set, so no numbers.
    pub(crate) fn new(
        name: impl Into<Arc<str>>,
        kind: &'static str,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            kind,
            state: Mutex::new(State::Down),
            generation: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            beats: AtomicU64::new(0),
            panics_at_start: AtomicU32::new(0),
            fails_on_demand: AtomicBool::new(false),
            notes: Mutex::default(),
            meter: metrics.actors.meter(kind),
            metrics,
            means: OnceLock::new(),
        })
    }

    /// Its unique name in the tree.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Where it is in its life cycle.
    pub fn state(&self) -> State {
        *self.state.lock()
    }

    /// Number of restarts.
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The current generation; older ones are fenced off.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// How it last ended.
    pub fn last_death(&self) -> Option<Exit> {
        self.notes.lock().last.clone()
    }

    /// Start of the current uptime; `None` while it is not up.
    pub(super) fn up_since(&self) -> Option<Instant> {
        self.notes.lock().up_since
    }

    /// The children of a supervisor; empty for others.
    #[must_use]
    pub fn children(&self) -> Vec<Arc<Record>> {
        self.notes.lock().children.clone()
    }

    /// This record or the descendant with this name.
    pub fn find(self: &Arc<Self>, name: &str) -> Option<Arc<Self>> {
        if self.name() == name {
            return Some(Arc::clone(self));
        }
        self.children().iter().find_map(|child| child.find(name))
    }

    /// Number of messages in its inbox.
    pub fn depth(&self) -> usize {
        self.means.get().map_or(0, |means| (means.depth)())
    }

    /// Injects a fault; false when the child cannot take one.
    pub fn inject(&self, fault: Fault) -> bool {
        if let Fault::PanicAtStart { times } = fault {
            self.panics_at_start.store(times, Ordering::Relaxed);
        }
        self.means.get().is_some_and(|means| (means.inject)(fault))
    }

    pub(super) fn has_children(&self, children: Vec<Arc<Record>>) {
        self.notes.lock().children = children;
    }

    /// Stores the state that a generation publishes; an old generation is ignored.
    pub(super) fn observe(&self, generation: u64, value: Value) {
        let mut notes = self.notes.lock();
        if self.generation() == generation {
            notes.observed = value;
        }
    }

    /// Opens the next generation, which fences the previous one off.
    pub(super) fn next_generation(&self) -> u64 {
        // Under the lock of the notes, so that the previous generation cannot be writing one.
        let _notes = self.notes.lock();
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    pub(super) fn died(&self, exit: Exit) {
        self.notes.lock().last = Some(exit);
    }

    pub(super) fn restarted_after(&self, ending: Ending) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        self.metrics.actors.restarted(self.kind, ending.into());
    }

    /// Counts a message that could not be delivered.
    pub(super) fn message_refused(&self) {
        self.metrics.actors.undelivered(self.kind);
    }

    pub(super) fn enter(&self, state: State) {
        let before = std::mem::replace(&mut *self.state.lock(), state);
        if before == state {
            return;
        }
        self.notes.lock().up_since = (state == State::Up).then(Instant::now);
        if state == State::Up {
            self.meter.up(true);
        } else if before == State::Up {
            self.meter.up(false);
        }
    }
}

/// One actor of the tree and its descendants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TreeReport {
    /// Its unique name.
    pub name: String,
    /// Label of its metrics.
    pub kind: &'static str,
    /// Where it is in its life cycle.
    pub state: State,
    /// Number of restarts.
    pub restarts: u64,
    /// How it last ended, e.g. `panicked: index out of bounds`.
    #[schema(required)]
    pub last_reason: Option<String>,
    /// Number of messages in its inbox.
    pub mailbox_depth: usize,
    /// Milliseconds since the last start; `None` while it is not up.
    #[schema(required)]
    pub uptime_ms: Option<u64>,
    /// The state that it publishes, in a form of its own.
    #[schema(schema_with = anything)]
    pub observed: Value,
    /// Its children, in start order.
    #[schema(no_recursion)]
    pub children: Vec<TreeReport>,
}

fn anything() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())
}

impl TreeReport {
    /// Reads the records of an actor and its descendants.
    pub fn of(record: &Arc<Record>) -> Self {
        let observed = record.notes.lock().observed.clone();
        let millis =
            |since: Instant| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self {
            name: record.name().to_owned(),
            kind: record.kind,
            state: record.state(),
            restarts: record.restarts(),
            last_reason: record.last_death().map(|exit| exit.to_string()),
            mailbox_depth: record.depth(),
            uptime_ms: record.up_since().map(millis),
            observed,
            children: record.children().iter().map(Self::of).collect(),
        }
    }

    /// This actor or the descendant with this name.
    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.find_mut(name))
    }

    /// The first descendant that was given up, and why.
    pub fn give_up_reason(&self) -> Option<String> {
        if self.state == State::GaveUp {
            let why = self.last_reason.as_deref().unwrap_or("no reason is known");
            return Some(format!("{} was given up after it failed too often: {why}", self.name));
        }
        self.children.iter().find_map(Self::give_up_reason)
    }

    fn print(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{} {}", "", self.name, self.state, indent = depth * 2)?;
        if self.restarts > 0 {
            write!(f, ", {} restarts", self.restarts)?;
        }
        if let Some(reason) = &self.last_reason {
            write!(f, ", last {reason}")?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.print(depth + 1, f))
    }
}

impl fmt::Display for TreeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(0, f)
    }
}
