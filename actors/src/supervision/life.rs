//! The trait of a supervised actor, and the handle that a generation has on itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::{Actor, ActorContext as _, Context};
use serde_json::Value;

use super::ending::FAILURE;
use super::{Ending, Exit, Record};
use crate::mutex::Mutex;
use hsc_conversation::BoxError;

/// An actor that a supervisor can restart.
pub trait Child: Actor<Context = Context<Self>> {
    /// The state that an operator sees. Called with each heartbeat, so it must be cheap.
    fn observe(&self) -> Value {
        Value::Null
    }
}

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
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// False once a successor was started, or the child was told to stop. A child that may have been
    /// blocked checks this before it touches state that it shares with its successor.
    #[must_use]
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
