//! Detects an overloaded thread by the delay of its timers.
//!
//! A timer that is due and does not run waits behind other work, and so does every keystroke. One task per thread
//! measures it on each thread that serves sessions; it is read without a lock.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// Interval of the measurement: short enough to react within a few keystrokes, long enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

thread_local! {
    static HERE: Cell<Option<Rc<Cell<bool>>>> = const { Cell::new(None) };
}

/// Whether the pod is overloaded, and the delay from which on it is.
pub(crate) struct Overload {
    busy_after: Duration,
    /// A thread was overloaded at its last measurement: new sessions are refused.
    anywhere: AtomicBool,
}

impl Overload {
    /// A delay of zero disables it.
    pub(crate) fn new(busy_after: Duration) -> Arc<Self> {
        Arc::new(Self { busy_after, anywhere: AtomicBool::new(false) })
    }

    /// True when this thread is overloaded. The first call on a thread starts its measurement.
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
        // No deadline: passing time is what is tested.
        tokio::time::sleep(2 * LOOK_EVERY).await;
        // Blocking on purpose: this is how an overloaded thread behaves.
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
