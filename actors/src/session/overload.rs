//! Detects an overloaded thread by the delay of its timers.
//!
//! A timer that is due and does not run waits behind other work, and so does every keystroke. One task per thread
//! measures it on each thread that serves sessions; it is read without a lock.
//!
//! One late timer is enough to skip outdated keystrokes, which costs nothing. New sessions are refused only for a delay
//! that lasts (late in two measurements in a row): a single pause of the machine is over when it is noticed, and pods
//! that share the machine would all refuse at the same moment.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// Interval of the measurement: short enough to react within a few keystrokes, long enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

thread_local! {
    static HERE: OnceCell<Rc<Cell<bool>>> = const { OnceCell::new() };
}

/// Whether the pod is overloaded, and the delay from which on it is.
pub(crate) struct Overload {
    busy_after: Duration,
    /// Number of threads that were late at their last two measurements; above 0 new sessions are refused.
    overloaded_threads: AtomicUsize,
}

impl Overload {
    /// A delay of zero disables it.
    pub(crate) fn new(busy_after: Duration) -> Arc<Self> {
        Arc::new(Self { busy_after, overloaded_threads: AtomicUsize::new(0) })
    }

    /// True when this thread is overloaded. The first call on a thread starts its measurement.
    pub(crate) fn is_busy_here(self: &Arc<Self>) -> bool {
        if self.busy_after.is_zero() {
            return false;
        }
        HERE.with(|here| here.get_or_init(|| self.measure()).get())
    }

    /// True when the pod is too busy for new sessions.
    pub(crate) fn is_busy(&self) -> bool {
        self.overloaded_threads.load(Ordering::Relaxed) > 0
    }

    fn measure(self: &Arc<Self>) -> Rc<Cell<bool>> {
        let busy = Rc::new(Cell::new(false));
        let (seen, overload) = (Rc::clone(&busy), Arc::clone(self));
        actix::spawn(async move {
            let mut looks = tokio::time::interval(LOOK_EVERY);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            looks.tick().await;
            let mut lasting = None;
            loop {
                let due = Instant::now() + LOOK_EVERY;
                looks.tick().await;
                let late = due.elapsed() >= overload.busy_after;
                let was_late = seen.replace(late);
                if !(late && was_late) {
                    lasting = None;
                } else if lasting.is_none() {
                    lasting = Some(LastingDelay::count(&overload));
                }
            }
        });
        busy
    }
}

/// A thread counted as overloaded, until it is dropped: also if the thread ends meanwhile.
struct LastingDelay(Arc<Overload>);

impl LastingDelay {
    fn count(overload: &Arc<Overload>) -> Self {
        overload.overloaded_threads.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(overload))
    }
}

impl Drop for LastingDelay {
    fn drop(&mut self) {
        self.0.overloaded_threads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds this thread up and lets its measurement see it; returns what was seen: (this thread, the pod).
    async fn held_up(overload: &Arc<Overload>) -> (bool, bool) {
        // No deadline: a thread that blocks is what is tested.
        std::thread::sleep(4 * LOOK_EVERY);
        tokio::task::yield_now().await;
        // No deadline: the next measurement is 100 ms away.
        tokio::time::sleep(Duration::from_millis(5)).await;
        (overload.is_busy_here(), overload.is_busy())
    }

    #[actix::test]
    async fn one_delay_is_not_overload_for_new_sessions_but_a_lasting_one_is() {
        /// A busy machine may be late by itself, but not each time.
        const TRIES: usize = 20;
        let overload = Overload::new(Duration::from_millis(250));
        let mut once = Vec::new();
        let mut lasting = Vec::new();
        for _ in 0..TRIES {
            for _ in 0..200 {
                if !overload.is_busy_here() {
                    break;
                }
                // No deadline: at most a second.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            once.push(held_up(&overload).await);
            lasting.push(held_up(&overload).await);
            if once.contains(&(true, false)) && lasting.contains(&(true, true)) {
                break;
            }
        }
        assert!(once.contains(&(true, false)), "one delay: {once:?}");
        assert!(lasting.contains(&(true, true)), "a delay that lasts: {lasting:?}");
        let mut caught_up = false;
        for _ in 0..TRIES * 10 {
            caught_up |= !overload.is_busy_here() && !overload.is_busy();
            // No deadline: at most a second.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(caught_up);
    }

    #[actix::test]
    async fn two_overloaded_threads_count_twice() {
        let overload = Overload::new(Duration::from_millis(50));
        let (one, other) = (LastingDelay::count(&overload), LastingDelay::count(&overload));
        drop(one);
        assert!(overload.is_busy(), "the other one is still overloaded");
        drop(other);
        assert!(!overload.is_busy());
    }
}
