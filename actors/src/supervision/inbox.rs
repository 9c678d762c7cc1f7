//! The inbox of a child. It outlives the child.
//!
//! It is bounded and fenced: only the current generation gets messages. The check and the take happen
//! under one lock, so an old generation that wakes up gets none.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use actix::Context;

use super::Child;

/// A queued message, wrapped in the call that handles it.
pub(crate) type Envelope<A> = Box<dyn FnOnce(&mut A, &mut Context<A>) + Send>;

/// The queued messages of one child.
pub(crate) struct Inbox<A: Child> {
    queue: Mutex<Queue<A>>,
    capacity: usize,
}

struct Queue<A: Child> {
    messages: VecDeque<Envelope<A>>,
    owner: u64,
    waker: Option<Waker>,
}

impl<A: Child> Inbox<A> {
    pub(crate) fn new(capacity: usize) -> Self {
        let queue = Queue { messages: VecDeque::new(), owner: 0, waker: None };
        Self { queue: Mutex::new(queue), capacity: capacity.max(1) }
    }

    /// Number of queued messages.
    pub(crate) fn depth(&self) -> usize {
        self.lock().messages.len()
    }

    /// Queues a message if there is room; else hands it back.
    pub(crate) fn push<M>(&self, message: M, wrap: impl FnOnce(M) -> Envelope<A>) -> Result<(), M> {
        let mut queue = self.lock();
        if queue.messages.len() >= self.capacity {
            return Err(message);
        }
        queue.messages.push_back(wrap(message));
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
        Ok(())
    }

    /// Queues a message before all others, regardless of the bound: an order of the supervisor, a fault.
    pub(crate) fn push_first(&self, message: Envelope<A>) {
        let mut queue = self.lock();
        queue.messages.push_front(message);
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// The next message for this generation; `Ready(None)` when another generation is current.
    pub(crate) fn poll_take(
        &self,
        generation: u64,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Envelope<A>>> {
        let mut queue = self.lock();
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
    pub(crate) fn hand_to(&self, generation: u64) {
        let mut queue = self.lock();
        queue.owner = generation;
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// Drops all messages; their senders get an error. Returns their number.
    pub(crate) fn clear(&self) -> usize {
        // Dropped outside the lock: the drop may wake the sender, which may use this inbox.
        let messages = std::mem::take(&mut self.lock().messages);
        messages.len()
    }

    fn lock(&self) -> MutexGuard<'_, Queue<A>> {
        // No code under the lock can leave a queue half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
