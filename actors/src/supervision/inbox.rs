//! Where a child's letters wait. It outlives the child.
//!
//! Bounded, and fenced: letters go to the generation in force and to no other, checked under the
//! same lock that gives the letter out, so an old generation that wakes up late gets none.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use actix::Context;

use super::Child;

/// A message on its way, wrapped in what is to be done with it.
pub(crate) type Envelope<A> = Box<dyn FnOnce(&mut A, &mut Context<A>) + Send>;

/// The letters of one child.
pub(crate) struct Inbox<A: Child> {
    queue: Mutex<Queue<A>>,
    capacity: usize,
}

struct Queue<A: Child> {
    letters: VecDeque<Envelope<A>>,
    owner: u64,
    waker: Option<Waker>,
}

impl<A: Child> Inbox<A> {
    pub(crate) fn new(capacity: usize) -> Self {
        let queue = Queue { letters: VecDeque::new(), owner: 0, waker: None };
        Self { queue: Mutex::new(queue), capacity: capacity.max(1) }
    }

    /// Letters that wait.
    pub(crate) fn depth(&self) -> usize {
        self.lock().letters.len()
    }

    /// Puts a message in, when there is room; else hands it back.
    pub(crate) fn push<M>(&self, message: M, wrap: impl FnOnce(M) -> Envelope<A>) -> Result<(), M> {
        let mut queue = self.lock();
        if queue.letters.len() >= self.capacity {
            return Err(message);
        }
        queue.letters.push_back(wrap(message));
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
        Ok(())
    }

    /// Puts a letter before all others, bound or not: an order of the supervisor, a fault.
    pub(crate) fn push_first(&self, letter: Envelope<A>) {
        let mut queue = self.lock();
        queue.letters.push_front(letter);
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// The next letter for this generation; `Ready(None)` when another one is in force.
    pub(crate) fn poll_take(
        &self,
        generation: u64,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Envelope<A>>> {
        let mut queue = self.lock();
        if queue.owner != generation {
            return Poll::Ready(None);
        }
        match queue.letters.pop_front() {
            Some(letter) => Poll::Ready(Some(letter)),
            None => {
                queue.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Hands the inbox to a generation and wakes the one before, so that it sees that it is over.
    pub(crate) fn hand_to(&self, generation: u64) {
        let mut queue = self.lock();
        queue.owner = generation;
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// Throws all letters away; whoever waits for a reply hears of it. Returns how many they were.
    pub(crate) fn clear(&self) -> usize {
        // Dropped outside the lock: a letter may wake whoever sent it, who may look in here.
        let letters = std::mem::take(&mut self.lock().letters);
        letters.len()
    }

    fn lock(&self) -> MutexGuard<'_, Queue<A>> {
        // Nothing runs under the lock that could leave a queue half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
