//! What an actor must be to be a child, and what a child knows of its own life.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use actix::{Actor, ActorContext as _, Context};
use serde_json::Value;

use super::fault::FAILURE;
use super::{Ending, Exit, Record};
use hsc_conversation::BoxError;

/// An actor that a supervisor can keep alive.
pub trait Child: Actor<Context = Context<Self>> {
    /// What an operator sees of its state. Asked with each heartbeat, so it must be cheap.
    fn observe(&self) -> Value {
        Value::Null
    }
}

/// One life of a child: handed to its factory, kept by the child that needs it.
#[derive(Clone)]
pub struct Life {
    record: Arc<Record>,
    generation: u64,
    last_words: Arc<Mutex<Option<Exit>>>,
}

impl Life {
    pub(super) fn new(record: Arc<Record>, generation: u64) -> Self {
        Self { record, generation, last_words: Arc::default() }
    }

    /// Which life of the child this is, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// False once a successor was started, or the child was told to stop. A child that may have been
    /// asleep asks before it touches what it shares with its successor.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.record.generation() == self.generation
    }

    /// Ends the actor: it no longer trusts its state.
    pub fn fail<A: Child>(&self, ctx: &mut Context<A>, cause: impl Into<BoxError>) {
        self.say(Exit::new(Ending::Failed, cause.into().to_string()));
        ctx.stop();
    }

    /// Ends the actor: its work is done.
    pub fn done<A: Child>(&self, ctx: &mut Context<A>) {
        self.say(Exit::new(Ending::Done, ""));
        ctx.stop();
    }

    /// Shows an operator this much of the child's state, for a child that is a task and no actor.
    pub fn observe(&self, value: Value) {
        self.record.observe(self.generation, value);
    }

    /// A heartbeat; one of an old generation does not count.
    pub(super) fn beat(&self) {
        if self.holds() {
            self.record.beat();
        }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// How it ended, by its own words; an end without words is a stop.
    pub(super) fn last_words(&self) -> Exit {
        let said = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).take();
        said.unwrap_or_else(|| {
            if self.record.fails_on_demand.swap(false, Ordering::Relaxed) {
                Exit::new(Ending::Failed, FAILURE)
            } else {
                Exit::new(Ending::Stopped, "")
            }
        })
    }

    fn say(&self, death: Exit) {
        *self.last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(death);
    }
}

impl std::fmt::Debug for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Life({}, {})", self.record.name(), self.generation)
    }
}
