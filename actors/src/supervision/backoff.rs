//! The wait before the next restart.
//!
//! The first restart does not wait: most faults are transient, and callers wait for a reply. After that
//! the wait doubles, up to a bound, with jitter, so that children that fail together do not restart
//! together. The random number is a parameter.

use std::time::Duration;

/// Exponential back-off with jitter.
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
    #[must_use]
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let Some(doublings) = failures.checked_sub(2) else { return Duration::ZERO };
        // 2^20 times any first wait exceeds every sensible bound.
        let whole = self.first.saturating_mul(1 << doublings.min(20)).min(self.most);
        whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
