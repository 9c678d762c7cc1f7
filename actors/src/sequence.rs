//! Runs asynchronous work in the order in which it was added.
//!
//! Two futures that are spawned one after the other may overtake each other at every await. Work that changes state
//! which another client can see (the desk, a conversation, a mark in the log) goes through a [`Sequence`]: the call
//! of [`Sequence::put`] fixes the order, and each work starts when the previous one has ended.

use std::collections::HashMap;
use std::hash::Hash;

use tokio::sync::oneshot;

/// Runs work one after the other.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    /// Resolves when the newest work has ended.
    last: Option<oneshot::Receiver<()>>,
}

impl Sequence {
    /// Wraps work so that it starts when all earlier work has ended: finished, panicked, or dropped. The caller polls
    /// it: work that is neither polled nor dropped blocks all later work.
    pub(crate) fn put<W: Future>(&mut self, work: W) -> impl Future<Output = W::Output> + use<W> {
        let (ended, is_ended) = oneshot::channel::<()>();
        let before = self.last.replace(is_ended);
        async move {
            if let Some(before) = before {
                // Nothing is ever sent: the sender is dropped when the work has ended.
                let _ = before.await;
            }
            let outcome = work.await;
            drop(ended);
            outcome
        }
    }

    /// True when no work runs or waits.
    fn is_idle(&mut self) -> bool {
        self.last
            .as_mut()
            .is_none_or(|last| !matches!(last.try_recv(), Err(oneshot::error::TryRecvError::Empty)))
    }
}

/// One sequence per key: work of different keys runs concurrently.
#[derive(Debug)]
pub(crate) struct Sequences<K>(HashMap<K, Sequence>);

impl<K> Default for Sequences<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Sequences<K> {
    /// As [`Sequence::put`], in the sequence of this key.
    pub(crate) fn put<W: Future>(
        &mut self,
        key: K,
        work: W,
    ) -> impl Future<Output = W::Output> + use<K, W> {
        // Only sequences with running work are kept, which are few.
        self.0.retain(|_, sequence| !sequence.is_idle());
        self.0.entry(key).or_default().put(work)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures::FutureExt as _;
    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    /// Work that records its number when it ends, and takes longer the earlier it was added.
    fn work(number: usize, done: &Rc<RefCell<Vec<usize>>>) -> impl Future<Output = ()> + use<> {
        let done = Rc::clone(done);
        async move {
            for _ in number..10 {
                tokio::task::yield_now().await;
            }
            done.borrow_mut().push(number);
        }
    }

    #[tokio::test]
    async fn tasks_complete_in_insertion_order_in_any_polling_order() {
        let (mut sequence, done) = (Sequence::default(), Rc::default());
        let mut all: Vec<_> = (0..10).map(|number| sequence.put(work(number, &done))).collect();
        all.reverse();
        join_all(all).await;
        assert_eq!(*done.borrow(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_dropped_or_panicked_task_starts_the_next_one() {
        let mut sequence = Sequence::default();
        let never = sequence.put(std::future::pending::<()>());
        let panics = sequence.put(async { panic!("rehearsed") });
        let next = sequence.put(async { 7 });
        drop(never);
        let panicked = std::panic::AssertUnwindSafe(panics).catch_unwind().await;
        assert!(panicked.is_err());
        assert_eq!(next.await, 7);
        assert!(sequence.is_idle());
    }

    #[tokio::test]
    async fn keys_do_not_wait_for_each_other_and_ended_sequences_are_removed() {
        let (mut sequences, open) = (Sequences::default(), Notify::new());
        let mut waits = Box::pin(sequences.put("a", open.notified()));
        assert!((&mut waits).now_or_never().is_none());
        sequences.put("b", async {}).await;
        let mut behind = Box::pin(sequences.put("a", async { 1 }));
        assert!((&mut behind).now_or_never().is_none());
        open.notify_one();
        waits.await;
        assert_eq!(behind.await, 1);
        sequences.put("c", async {}).await;
        assert_eq!(sequences.0.len(), 1, "only the newest");
    }
}
