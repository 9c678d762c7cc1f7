//! A child, its inbox and the handle to it, which always reaches the current generation.
//!
//! While the child is down, a message waits in the inbox, up to the bound, and the next generation
//! handles it. `ask` waits for the reply up to a time limit and then returns why there is none; `post`
//! hands back a message that does not fit. No wait is unbounded and nothing panics.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use actix::dev::MessageResponse as _;
use actix::{Actor, Context, Handler, Message};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Record, State};
use crate::mutex::Mutex;

/// An actor that a supervisor can restart.
pub trait Child: Actor<Context = Context<Self>> {
    /// The state that an operator sees. Called with each heartbeat, so it must be cheap.
    fn observe(&self) -> Value {
        Value::Null
    }
}

/// Bounds of a child's inbox and of the waits on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Capacity of the inbox in messages.
    pub inbox: usize,
    /// Longest wait of an `ask` for a child that is down.
    pub while_down: Duration,
    /// Longest wait of an `ask` in total, unless the call sets its own bound.
    pub answer: Duration,
}

/// Why an `ask` got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The child ended while it handled the message, or is restarting. The work may be half done: ask again
    /// only when a repetition does no harm.
    #[error("the actor is being restarted")]
    Restarting,
    /// The child fails too often and was given up.
    #[error("the actor was given up after it failed too often")]
    GaveUp,
    /// The inbox is full.
    #[error("the actor has more messages than it may")]
    Overloaded,
    /// No reply within the bound; the message may still be handled.
    #[error("the actor did not answer in time")]
    TimedOut,
}

/// A message that was not delivered, handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered<M> {
    /// The inbox is full.
    Full(M),
    /// The child was given up, or ended for good.
    GaveUp(M),
}

/// State that a handle shares with its child.
pub(super) struct Slot<A: Child> {
    pub(super) record: Arc<Record>,
    pub(super) inbox: Inbox<A>,
    pub(super) bounds: Bounds,
}

/// Reaches the current generation of a child. Cheap to clone.
pub struct Handle<A: Child> {
    slot: Arc<Slot<A>>,
}

impl<A: Child> Handle<A> {
    pub(super) fn new(slot: Arc<Slot<A>>) -> Self {
        Self { slot }
    }

    /// Sends a message and waits for the reply, within the handle's bounds.
    ///
    /// # Errors
    /// Why there is no reply.
    pub async fn ask<M: Message<Result: Send> + Send + 'static>(
        &self,
        message: M,
    ) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
    {
        self.ask_within(self.slot.bounds.answer, message).await
    }

    /// Sends a message and waits for the reply, at most `bound`.
    ///
    /// # Errors
    /// Why there is no reply.
    pub async fn ask_within<M: Message<Result: Send> + Send + 'static>(
        &self,
        bound: Duration,
        message: M,
    ) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
    {
        if self.is_over() {
            return Err(AskError::GaveUp);
        }
        let (reply, replied) = oneshot::channel();
        let wrapped = |message| -> Envelope<A> {
            Box::new(move |actor, ctx| {
                // The caller has given up waiting: skip the work.
                if !reply.is_closed() {
                    A::handle(actor, message, ctx).handle(ctx, Some(reply));
                }
            })
        };
        self.queue(message, wrapped).map_err(|_| AskError::Overloaded)?;
        self.await_reply(bound, replied).await
    }

    async fn await_reply<R>(
        &self,
        bound: Duration,
        mut replied: oneshot::Receiver<R>,
    ) -> Result<R, AskError> {
        let lost = |_| if self.is_over() { AskError::GaveUp } else { AskError::Restarting };
        let patience = self.slot.bounds.while_down.min(bound);
        match timeout(patience, &mut replied).await {
            Ok(reply) => return reply.map_err(lost),
            Err(_) if self.is_over() => return Err(AskError::GaveUp),
            Err(_) if !self.is_up() => return Err(AskError::Restarting),
            Err(_) => {}
        }
        match timeout(bound - patience, &mut replied).await {
            Ok(reply) => reply.map_err(lost),
            Err(_) if self.is_up() => Err(AskError::TimedOut),
            Err(_) => Err(AskError::Restarting),
        }
    }

    /// Sends a message without waiting. A message for a child that is down waits for the next generation.
    ///
    /// # Errors
    /// Hands the message back when it cannot be queued; the refusal is counted.
    pub fn post<M: Message<Result: Send> + Send + 'static>(
        &self,
        message: M,
    ) -> Result<(), Undelivered<M>>
    where
        A: Handler<M>,
    {
        if self.is_over() {
            self.slot.record.message_refused();
            return Err(Undelivered::GaveUp(message));
        }
        let wrapped = |message| -> Envelope<A> {
            Box::new(move |actor, ctx| A::handle(actor, message, ctx).handle(ctx, None))
        };
        self.queue(message, wrapped).map_err(Undelivered::Full)
    }

    /// Queues a message if there is room, else hands it back, and counts what it does.
    fn queue<M>(&self, message: M, wrap: impl FnOnce(M) -> Envelope<A>) -> Result<(), M> {
        let Slot { record, inbox, .. } = &*self.slot;
        let queued = inbox.push(message, wrap);
        match &queued {
            Ok(()) => record.meter.queued(1),
            Err(_) => record.message_refused(),
        }
        queued
    }

    /// True while the child is running.
    pub fn is_up(&self) -> bool {
        self.slot.record.state() == State::Up
    }

    /// The child's record: state, restarts, last ending.
    pub fn record(&self) -> &Arc<Record> {
        &self.slot.record
    }

    fn is_over(&self) -> bool {
        matches!(self.slot.record.state(), State::GaveUp | State::Stopped)
    }
}

impl<A: Child> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

/// A queued message, wrapped in the call that handles it.
pub(super) type Envelope<A> = Box<dyn FnOnce(&mut A, &mut Context<A>) + Send>;

/// The queued messages of one child. It is bounded and fenced: only the current generation gets messages. The check and
/// the take happen under one lock, so an old generation that wakes up gets none.
pub(super) struct Inbox<A: Child> {
    queue: Mutex<Queue<A>>,
    capacity: usize,
}

struct Queue<A: Child> {
    messages: VecDeque<Envelope<A>>,
    owner: u64,
    waker: Option<Waker>,
}

impl<A: Child> Inbox<A> {
    pub(super) fn new(capacity: usize) -> Self {
        let queue = Queue { messages: VecDeque::new(), owner: 0, waker: None };
        Self { queue: Mutex::new(queue), capacity: capacity.max(1) }
    }

    /// Number of queued messages.
    pub(super) fn depth(&self) -> usize {
        self.queue.lock().messages.len()
    }

    /// Queues a message if there is room; else hands it back.
    pub(super) fn push<M>(&self, message: M, wrap: impl FnOnce(M) -> Envelope<A>) -> Result<(), M> {
        self.change(|queue| {
            if queue.messages.len() >= self.capacity {
                return Err(message);
            }
            queue.messages.push_back(wrap(message));
            Ok(())
        })
    }

    /// Queues a message before all others, regardless of the bound: an order of the supervisor, a fault.
    pub(super) fn push_first(&self, message: Envelope<A>) {
        self.change(|queue| queue.messages.push_front(message));
    }

    /// The next message for this generation; `Ready(None)` when another generation is current.
    pub(super) fn poll_take(
        &self,
        generation: u64,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Envelope<A>>> {
        let mut queue = self.queue.lock();
        if queue.owner != generation {
            return Poll::Ready(None);
        }
        match queue.messages.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None => {
                queue.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Gives the inbox to a generation and wakes the previous one, so that it ends.
    pub(super) fn hand_to(&self, generation: u64) {
        self.change(|queue| queue.owner = generation);
    }

    /// Changes the queue, and wakes the generation that waits for a message.
    fn change<T>(&self, change: impl FnOnce(&mut Queue<A>) -> T) -> T {
        let mut queue = self.queue.lock();
        let changed = change(&mut queue);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        changed
    }

    /// Drops all messages; their senders get an error. Returns their number.
    pub(super) fn clear(&self) -> usize {
        // Dropped outside the lock: the drop may wake the sender, which may use this inbox.
        let messages = std::mem::take(&mut self.queue.lock().messages);
        messages.len()
    }
}
