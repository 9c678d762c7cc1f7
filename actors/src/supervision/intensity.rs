//! Restart intensity: a maximum of restarts within a window.
//!
//! Time is a parameter, so a test of an hour takes no time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::{Ending, Policy};

/// At most `restarts` within `within`; one more and the child is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// Maximum number of restarts.
    pub restarts: u32,
    /// Length of the sliding window.
    pub within: Duration,
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

    use super::*;

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
