//! Data written to one client, counted until its connection takes it.
//!
//! The actor's context runs in a task of its own and its frames wait in a queue. If it ran as the body of
//! the response, as in the library, the connection would poll it only while the client reads: an
//! actor whose client does not read would miss its timers, its deadlines and its messages.
//!
//! Clients that do not read share a budget of the pod in addition to their own: many queues just below
//! their own bound would fill the memory. When it is used up, the connection of the oldest large queue is closed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::web::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::task::JoinHandle;

use super::budget::{BudgetShare, SharedBudget};

/// Bytes the connection takes at once. Small, so that the queued count covers almost all unwritten
/// data: the connection stores up to 32 KiB more.
const SLICE: usize = 8 * 1_024;

/// Queues up to this size do not count towards the pod's budget: a client that reads has no more, and so
/// the shared counter is not touched for it.
const SMALL_QUEUE: usize = 16 * 1_024;

/// The budget of bytes that are queued for a client and not yet taken by its connection.
pub(crate) struct Outgoing {
    in_flight: Arc<AtomicUsize>,
    max_bytes: usize,
    /// Bytes that were queued outside the budget, until the queue is empty again.
    exempt: usize,
}

impl Outgoing {
    /// Counts `bytes` more if they may be queued; false if not. One message is always admitted to an empty queue.
    pub(super) fn admit(&mut self, bytes: usize) -> bool {
        let in_flight = self.in_flight.load(Relaxed);
        if in_flight == 0 {
            self.exempt = 0;
        }
        let is_admitted = in_flight == 0 || in_flight + bytes <= self.max_bytes + self.exempt;
        if is_admitted {
            self.in_flight.fetch_add(bytes, Relaxed);
        }
        is_admitted
    }

    /// Counts queued bytes outside the budget, because they have another bound.
    pub(super) fn exempt(&mut self, bytes: usize) {
        self.exempt += bytes;
        self.in_flight.fetch_add(bytes, Relaxed);
    }

    /// The count of queued bytes. One thread changes it; any may read it.
    pub(crate) fn count(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.in_flight)
    }
}

/// The frames between an actor's context and its connection.
pub(super) struct FrameQueue {
    state: Rc<RefCell<State>>,
    /// Called when it is evicted.
    evicted: Box<dyn Fn()>,
}

struct State {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// The same, for the actor.
    in_flight: Arc<AtomicUsize>,
    budget: Arc<SharedBudget>,
    /// Set while the queue is not small.
    share: Option<BudgetShare>,
    end: Option<End>,
    connection: Option<Waker>,
    /// The task of the context. It waits to be evicted, and at last for the queue to be empty.
    task: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The context has ended; queued data is still to be written.
    Flush,
    /// The client did not take it in time.
    Abort,
}

impl FrameQueue {
    /// A queue that shares `budget` with others; `evicted` is called when it is evicted.
    pub(super) fn new(budget: Arc<SharedBudget>, evicted: impl Fn() + 'static) -> Self {
        let state = State {
            frames: VecDeque::new(),
            bytes: 0,
            in_flight: Arc::default(),
            budget,
            share: None,
            end: None,
            connection: None,
            task: None,
        };
        Self { state: Rc::new(RefCell::new(state)), evicted: Box::new(evicted) }
    }

    /// The budget of an actor that writes into this queue.
    pub(super) fn outgoing(&self, max_bytes: usize) -> Outgoing {
        let in_flight = Arc::clone(&self.state.borrow().in_flight);
        Outgoing { in_flight, max_bytes, exempt: 0 }
    }

    /// Runs the context in a task of this thread, and returns the body of the response that takes its
    /// frames. Once the context has ended, the client has `close_timeout` to take the rest.
    pub(super) fn run<E: 'static>(
        self,
        context: impl Stream<Item = Result<Bytes, E>> + 'static,
        close_timeout: Duration,
    ) -> Body {
        let state = Rc::clone(&self.state);
        // Here and not in the task, which would have room for the whole context until its end.
        let mut context = Box::pin(context);
        let task = actix::spawn(async move {
            // Also when the context panics: the connection must not wait for it.
            let ending = EndGuard(self);
            let queue = &ending.0;
            let flushed = async move {
                while let Some(Ok(frames)) = context.next().await {
                    queue.push(frames);
                }
                drop(context);
                queue.end(End::Flush);
                tokio::time::timeout(close_timeout, queue.is_empty()).await.is_ok()
            };
            let is_flushed = tokio::select! {
                biased;
                () = queue.is_evicted() => {
                    (queue.evicted)();
                    false
                }
                is_flushed = flushed => is_flushed,
            };
            if !is_flushed {
                queue.end(End::Abort);
            }
        });
        Body { state, task }
    }

    fn push(&self, frames: Bytes) {
        let mut state = self.state.borrow_mut();
        state.bytes += frames.len();
        state.frames.push_back(frames);
        // The context passes on everything that was queued in it.
        state.count();
        state.wake_connection();
    }

    fn end(&self, end: End) {
        let mut state = self.state.borrow_mut();
        state.end = Some(end);
        if end == End::Abort {
            // The connection may be stuck in a write and is polled only when its system gives it up.
            state.frames = VecDeque::new();
            state.share = None;
        }
        state.wake_connection();
    }

    /// Waits for the eviction.
    async fn is_evicted(&self) {
        // A share that begins later wakes the task as well.
        self.until(|state, cx| state.share.as_ref().is_some_and(|it| it.is_evicted(cx))).await;
    }

    /// Waits until the connection has taken everything, in the task that waits for the eviction.
    async fn is_empty(&self) {
        self.until(|state, _| state.frames.is_empty()).await;
    }

    /// Waits in the task of the context, which is woken when the queue changes.
    async fn until(&self, holds: impl Fn(&State, &Context<'_>) -> bool) {
        futures::future::poll_fn(|cx| {
            let mut state = self.state.borrow_mut();
            state.task = Some(cx.waker().clone());
            if holds(&state, cx) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl State {
    /// Reports the bytes to the actor, and adds them to the count of all queues of the pod.
    fn count(&mut self) {
        self.in_flight.store(self.bytes, Relaxed);
        if self.bytes <= SMALL_QUEUE {
            self.share = None;
            return;
        }
        if self.share.is_none() {
            self.share = Some(self.budget.share());
            // So that the task polls this share from now on.
            if let Some(task) = &self.task {
                task.wake_by_ref();
            }
        }
        if let Some(share) = &self.share {
            share.hold(self.bytes);
        }
    }

    fn wake_connection(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.wake();
        }
    }
}

/// Ends the queue with the task that fills it.
struct EndGuard(FrameQueue);

impl Drop for EndGuard {
    fn drop(&mut self) {
        if self.0.state.borrow().end.is_none() {
            self.0.end(End::Flush);
        }
    }
}

/// The body of the response to the upgrade: the frames for the client. The connection drops it when the
/// client has gone, and the actor ends with it.
pub(super) struct Body {
    state: Rc<RefCell<State>>,
    task: JoinHandle<()>,
}

impl Stream for Body {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.state.borrow_mut();
        if state.end == Some(End::Abort) {
            return Poll::Ready(Some(Err(Error::from(ErrorKind::TimedOut).into())));
        }
        if let Some(frames) = state.frames.front_mut() {
            let slice = frames.split_to(frames.len().min(SLICE));
            if frames.is_empty() {
                state.frames.pop_front();
            }
            state.bytes -= slice.len();
            state.count();
            if state.frames.is_empty()
                && state.end.is_some()
                && let Some(task) = &state.task
            {
                task.wake_by_ref();
            }
            return Poll::Ready(Some(Ok(slice)));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        state.connection = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.task.abort();
    }
}
