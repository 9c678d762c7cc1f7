//! How many answers are made at once in a pod, and the line of those who wait.
//!
//! An answer costs memory and a model's time; a hundred at once would all be slow. Those behind the
//! bound wait in the order they came, know their place, and are told when the line itself is full.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The line of a pod.
pub(crate) struct Line {
    free: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    max_waiting: usize,
}

#[derive(Default)]
struct Waiting {
    tickets: BTreeSet<u64>,
    next: u64,
}

/// What became of somebody who came.
pub(crate) enum Turn {
    /// It is their turn.
    Now(OwnedSemaphorePermit),
    /// They wait.
    Later(Place),
    /// There is no room to wait.
    Full,
}

/// A place in the line, given up when dropped.
pub(crate) struct Place {
    line: Arc<Line>,
    ticket: u64,
}

impl Line {
    pub(crate) fn new(at_once: usize, max_waiting: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::new(Self { free, waiting: Mutex::default(), max_waiting })
    }

    /// Comes into the line.
    pub(crate) fn enter(self: &Arc<Self>) -> Turn {
        let mut waiting = self.waiting();
        // Whoever waits already goes first.
        if waiting.tickets.is_empty()
            && let Ok(permit) = Arc::clone(&self.free).try_acquire_owned()
        {
            return Turn::Now(permit);
        }
        if waiting.tickets.len() >= self.max_waiting {
            return Turn::Full;
        }
        let ticket = waiting.next;
        waiting.next += 1;
        waiting.tickets.insert(ticket);
        drop(waiting);
        Turn::Later(Place { line: Arc::clone(self), ticket })
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// 1 is next.
    pub(crate) fn number(&self) -> usize {
        self.line.waiting().tickets.range(..=self.ticket).count()
    }

    /// Waits for its turn. Nothing only when the line is torn down.
    pub(crate) async fn turn(self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.line.free).acquire_owned().await.ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.waiting().tickets.remove(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn wait(line: &Arc<Line>) -> Place {
        match line.enter() {
            Turn::Later(place) => place,
            _ => panic!("there was to be a wait"),
        }
    }

    #[tokio::test]
    async fn who_came_first_is_first_and_who_leaves_makes_room() {
        let line = Line::new(1, 2);
        let Turn::Now(running) = line.enter() else { panic!("the line was empty") };
        let (first, second) = (wait(&line), wait(&line));
        assert_eq!((first.number(), second.number()), (1, 2));
        assert!(matches!(line.enter(), Turn::Full));
        drop(first);
        assert_eq!(second.number(), 1);
        let third = wait(&line);
        let (mut second, mut third) = (Box::pin(second.turn()), Box::pin(third.turn()));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(running);
        let permit = second.await;
        assert!(permit.is_some());
        assert!(third.as_mut().now_or_never().is_none(), "one at a time");
        drop(permit);
        assert!(third.await.is_some());
        assert!(matches!(line.enter(), Turn::Now(_)));
    }
}
