//! When a child is restarted: the policy, the wait before it, and how often it may be.
//!
//! Time and the random number are parameters, so a test of an hour takes no time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Ending;

/// When a child is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// After every ending: the child never ends by itself.
    Permanent,
    /// After every ending but `done`.
    Transient,
}

impl Policy {
    /// True when a child with this policy is restarted after this ending.
    pub fn restarts(self, ending: Ending) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => ending != Ending::Done,
        }
    }
}

/// The wait before the next restart: exponential back-off with jitter.
///
/// The first restart does not wait: most faults are transient, and callers wait for a reply. After that the wait doubles,
/// up to a bound, with jitter, so that children that fail together do not restart together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait before the second restart in a row; the first one does not wait.
    pub first: Duration,
    /// Upper bound of the wait.
    pub most: Duration,
}

impl Backoff {
    /// Wait before the restart that follows `failures` consecutive failures (at least one).
    /// `chance` (0 to 1) shortens the wait by up to half.
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let Some(doublings) = failures.checked_sub(2) else { return Duration::ZERO };
        // 2^20 times any first wait exceeds every sensible bound.
        let whole = self.first.saturating_mul(1 << doublings.min(20)).min(self.most);
        whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
    }
}

/// At most `restarts` within `within`; one more and the child is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// Maximum number of restarts.
    pub restarts: u32,
    /// Length of the sliding window.
    pub within: Duration,
}

/// What a supervisor does when a child fails more often than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnGiveUp {
    /// Stops the other children and fails itself, so that its parent decides.
    Escalate,
    /// Leaves the child down and retries at this interval; the other children go on. For the root.
    Retry(Duration),
}

/// The restarts of one child within the window. Never holds more than the limit.
#[derive(Debug, Default)]
pub(crate) struct Window {
    restarts: VecDeque<Instant>,
}

/// What follows the end of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The policy does not restart it.
    Rest,
    /// It is restarted; the restart was counted.
    Restart,
    /// It failed too often.
    GiveUp,
}

impl Window {
    /// Decides what follows an ending at `now`.
    pub(crate) fn decide(
        &mut self,
        policy: Policy,
        limit: Intensity,
        ending: Ending,
        now: Instant,
    ) -> Verdict {
        if !policy.restarts(ending) {
            Verdict::Rest
        } else if self.admits(limit, now) {
            Verdict::Restart
        } else {
            Verdict::GiveUp
        }
    }

    /// Counts a restart at `now`; false when it exceeds the limit, and then it is not counted.
    fn admits(&mut self, limit: Intensity, now: Instant) -> bool {
        let still_counts = |at: &Instant| now.saturating_duration_since(*at) < limit.within;
        while self.restarts.front().is_some_and(|at| !still_counts(at)) {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= limit.restarts as usize {
            return false;
        }
        self.restarts.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    macro_rules! table {
        ($($name:ident: $policy:ident $ending:ident $restarts:literal;)*) => {
            $(#[test] fn $name() {
                assert_eq!(Policy::$policy.restarts(Ending::$ending), $restarts);
            })*

            #[test]
            fn the_table_contains_every_pair_of_policy_and_ending() {
                let cells = [$((Policy::$policy, Ending::$ending)),*];
                for policy in [Policy::Permanent, Policy::Transient] {
                    for &ending in Ending::VARIANTS {
                        assert!(cells.contains(&(policy, ending)), "{policy:?} {ending}");
                    }
                }
            }
        };
    }

    table! {
        permanent_restarts_when_done: Permanent Done true;
        permanent_restarts_on_failure: Permanent Failed true;
        permanent_restarts_on_panic: Permanent Panicked true;
        permanent_restarts_when_hung: Permanent Hung true;
        permanent_restarts_when_its_thread_is_lost: Permanent ThreadLost true;
        permanent_restarts_on_a_stop: Permanent Stopped true;
        transient_does_not_restart_when_done: Transient Done false;
        transient_restarts_on_failure: Transient Failed true;
        transient_restarts_on_panic: Transient Panicked true;
        transient_restarts_when_hung: Transient Hung true;
        transient_restarts_when_its_thread_is_lost: Transient ThreadLost true;
        transient_restarts_on_a_stop: Transient Stopped true;
    }

    const BACKOFF: Backoff =
        Backoff { first: Duration::from_millis(10), most: Duration::from_secs(1) };

    #[test]
    fn the_first_restart_does_not_wait_and_later_waits_double() {
        let waits: Vec<u128> = (1..=9).map(|n| BACKOFF.wait(n, 0.0).as_millis()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 640, 1_000]);
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_its_bounds(failures in 0_u32..10_000, chance in 0.0_f64..=1.0) {
            let whole = BACKOFF.wait(failures, 0.0);
            let spread = BACKOFF.wait(failures, chance);
            prop_assert!(spread <= whole && spread >= whole / 2 && whole <= BACKOFF.most);
            prop_assert!(BACKOFF.wait(failures + 1, 0.0) >= whole);
        }
    }

    #[test]
    fn the_window_slides() {
        let limit = Intensity { restarts: 2, within: Duration::from_secs(10) };
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::default();
        assert!(window.admits(limit, after(0)));
        assert!(window.admits(limit, after(9)));
        assert!(!window.admits(limit, after(9)));
        assert!(window.admits(limit, after(10)), "the first one counts no more");
        assert!(!window.admits(limit, after(18)));
    }

    #[test]
    fn a_limit_of_zero_admits_no_restart() {
        let limit = Intensity { restarts: 0, within: Duration::from_secs(10) };
        assert!(!Window::default().admits(limit, Instant::now()));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_restarts_than_the_limit(
            restarts in 0_u32..6,
            within_ms in 1_u64..1_000,
            steps_ms in prop::collection::vec(0_u64..400, 1..200),
        ) {
            let limit = Intensity { restarts, within: Duration::from_millis(within_ms) };
            let mut now = Instant::now();
            let mut window = Window::default();
            let mut admitted: Vec<Instant> = Vec::new();
            for step in steps_ms {
                now += Duration::from_millis(step);
                let counting = admitted.iter().filter(|at| now - **at < limit.within).count();
                let admits = window.admits(limit, now);
                // A restart is admitted if and only if there is room.
                prop_assert_eq!(admits, counting < restarts as usize);
                if admits {
                    admitted.push(now);
                }
            }
        }
    }
}
