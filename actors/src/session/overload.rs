//! Whether a thread has more to do than it can: how late its own clock is.
//!
//! A timer that is due and does not run waits behind other work, and so does every keystroke. It is
//! measured on each thread that serves sessions, by one task a thread, and read without a lock.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// How often a thread looks at its clock: often enough to notice within a few keystrokes, seldom
/// enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

thread_local! {
    static HERE: Cell<Option<Rc<Cell<bool>>>> = const { Cell::new(None) };
}

/// Whether the pod is too busy, and from which delay on it is.
pub(crate) struct Overload {
    busy_after: Duration,
    /// Some thread was too busy when it last looked: new sessions are refused.
    anywhere: AtomicBool,
}

impl Overload {
    /// A delay of zero switches it off.
    pub(crate) fn new(busy_after: Duration) -> Arc<Self> {
        Arc::new(Self { busy_after, anywhere: AtomicBool::new(false) })
    }

    /// True when this thread is too busy. The first call on a thread begins to measure there.
    pub(crate) fn is_busy_here(self: &Arc<Self>) -> bool {
        if self.busy_after.is_zero() {
            return false;
        }
        let here = HERE.take().unwrap_or_else(|| self.measure());
        let busy = here.get();
        HERE.set(Some(here));
        busy
    }

    /// True when the pod is too busy for new sessions.
    pub(crate) fn is_busy(&self) -> bool {
        self.anywhere.load(Ordering::Relaxed)
    }

    fn measure(self: &Arc<Self>) -> Rc<Cell<bool>> {
        let busy = Rc::new(Cell::new(false));
        let (seen, overload) = (Rc::clone(&busy), Arc::clone(self));
        actix::spawn(async move {
            let mut looks = tokio::time::interval(LOOK_EVERY);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            looks.tick().await;
            loop {
                let due = Instant::now() + LOOK_EVERY;
                looks.tick().await;
                let late = due.elapsed() >= overload.busy_after;
                if seen.replace(late) != late {
                    overload.anywhere.store(late, Ordering::Relaxed);
                }
            }
        });
        busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn a_thread_that_is_held_up_is_busy_and_then_is_not_any_more() {
        let overload = Overload::new(Duration::from_millis(50));
        assert!(!overload.is_busy_here());
        // No deadline: time that passes is what is tested.
        tokio::time::sleep(2 * LOOK_EVERY).await;
        // Blocking on purpose: this is what a thread with too much to do looks like from inside.
        std::thread::sleep(4 * LOOK_EVERY);
        let mut was_busy = false;
        for _ in 0..100 {
            was_busy |= overload.is_busy_here() && overload.is_busy();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(was_busy);
        assert!(!overload.is_busy_here() && !overload.is_busy(), "it has caught up");
    }
}
