//! Memory that the connections of a pod share: for incomplete messages, and for data queued for
//! clients that do not read. Each of the two has a budget of its own.
//!
//! Each connection that holds some of it has a [`BudgetShare`]. When all shares together exceed the budget, one
//! connection is evicted: of those that hold at least the average, the one whose share began first. So a client
//! that holds many large messages open loses the oldest of them, a client that is uploading a picture finishes,
//! and one whose small message is slow is not touched. Pure: an evicted connection is woken through its own waker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;

use futures::task::AtomicWaker;

use crate::mutex::Mutex;

/// The budget of a pod. Shared by all of its threads.
pub(crate) struct SharedBudget {
    max_bytes: usize,
    held: Mutex<BudgetUse>,
    /// Called with the bytes held, on every change.
    observe: Box<dyn Fn(usize) + Send + Sync>,
}

#[derive(Default)]
struct BudgetUse {
    bytes: usize,
    /// Numbers the shares in the order in which they began.
    next: u64,
    shares: BTreeMap<u64, (usize, Arc<Eviction>)>,
}

#[derive(Default)]
struct Eviction {
    is_evicted: AtomicBool,
    waker: AtomicWaker,
}

/// The part of the budget that one connection holds; released on drop.
pub(crate) struct BudgetShare {
    number: u64,
    eviction: Arc<Eviction>,
    budget: Arc<SharedBudget>,
}

impl SharedBudget {
    /// A budget of `bytes`, which reports the bytes held to `observe`.
    pub(crate) fn new(
        max_bytes: usize,
        observe: impl Fn(usize) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { max_bytes, held: Mutex::default(), observe: Box::new(observe) })
    }

    /// A share that begins now; empty at first.
    pub(crate) fn share(self: &Arc<Self>) -> BudgetShare {
        let eviction = Arc::new(Eviction::default());
        let mut held = self.held.lock();
        let number = held.next;
        held.next += 1;
        held.shares.insert(number, (0, Arc::clone(&eviction)));
        drop(held);
        BudgetShare { number, eviction, budget: Arc::clone(self) }
    }
}

impl BudgetUse {
    /// Removes the share to evict from the table.
    fn evict(&mut self) {
        let average = self.bytes / self.shares.len().max(1);
        let oldest = self.shares.iter().find(|(_, (bytes, _))| *bytes >= average);
        let Some(number) = oldest.map(|(number, _)| *number) else { return };
        if let Some((bytes, eviction)) = self.shares.remove(&number) {
            self.bytes -= bytes;
            eviction.is_evicted.store(true, Ordering::Release);
            eviction.waker.wake();
        }
    }
}

impl BudgetShare {
    /// Sets the bytes held. May evict a share, this one included.
    pub(crate) fn hold(&self, bytes: usize) {
        let mut held = self.budget.held.lock();
        let Some((before, _)) = held.shares.get_mut(&self.number) else { return };
        let before = std::mem::replace(before, bytes);
        held.bytes = held.bytes - before + bytes;
        while held.bytes > self.budget.max_bytes {
            held.evict();
        }
        (self.budget.observe)(held.bytes);
    }

    /// True once this share was evicted; wakes the task of `cx` when that happens later.
    pub(crate) fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.eviction.waker.register(cx.waker());
        self.eviction.is_evicted.load(Ordering::Acquire)
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        let mut held = self.budget.held.lock();
        if let Some((bytes, _)) = held.shares.remove(&self.number) {
            held.bytes -= bytes;
            (self.budget.observe)(held.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn is_evicted(share: &BudgetShare) -> bool {
        share.is_evicted(&Context::from_waker(futures::task::noop_waker_ref()))
    }

    fn budget(max: usize) -> (Arc<SharedBudget>, Arc<AtomicUsize>) {
        let seen = Arc::new(AtomicUsize::new(0));
        let observed = Arc::clone(&seen);
        (SharedBudget::new(max, move |bytes| observed.store(bytes, Ordering::SeqCst)), seen)
    }

    #[test]
    fn the_oldest_large_message_is_evicted_and_small_ones_are_not() {
        let (budget, seen) = budget(100);
        let [small, first, second, third] = [5, 40, 40, 0].map(|bytes| {
            let share = budget.share();
            share.hold(bytes);
            share
        });
        assert!([&small, &first, &second, &third].iter().all(|share| !is_evicted(share)));
        third.hold(30);
        assert!(is_evicted(&first), "the oldest of those that hold at least the average");
        assert!([&small, &second, &third].iter().all(|share| !is_evicted(share)));
        assert_eq!(seen.load(Ordering::SeqCst), 75);
        first.hold(1_000);
        assert_eq!(seen.load(Ordering::SeqCst), 75, "an evicted message counts no more");
        drop((small, first, second, third));
        assert_eq!(seen.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_message_larger_than_the_budget_evicts_itself() {
        let (budget, seen) = budget(100);
        let share = budget.share();
        share.hold(101);
        assert!(is_evicted(&share));
        assert_eq!(seen.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn an_evicted_message_is_woken() {
        struct Woken(AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let (budget, _) = budget(10);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let old = budget.share();
        old.hold(10);
        let waker = Arc::clone(&woken).into();
        assert!(!old.is_evicted(&Context::from_waker(&waker)));
        budget.share().hold(1);
        assert!(woken.0.load(Ordering::SeqCst));
    }
}
