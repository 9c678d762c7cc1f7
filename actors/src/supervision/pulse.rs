//! Listens to a count that goes up as long as something lives.

use std::time::Duration;

use tokio::time::Instant;

/// Beats a child is expected to give before it hangs: one may be late on a busy machine, not four.
pub(super) const BEATS_BEFORE_A_HANG: u32 = 4;

/// What was last heard, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    count: u64,
    heard_at: Instant,
}

impl Pulse {
    pub(super) fn new(count: u64) -> Self {
        Self { count, heard_at: Instant::now() }
    }

    /// How long the count has stood still.
    pub(super) fn silence(&mut self, count: u64, now: Instant) -> Duration {
        if count != self.count {
            (self.count, self.heard_at) = (count, now);
        }
        now.saturating_duration_since(self.heard_at)
    }

    /// Does not hold this much of the silence against it.
    pub(super) fn forgive(&mut self, delay: Duration) {
        self.heard_at += delay;
    }
}

/// Whoever listens may be held up itself (a machine that slept, a stopped process). It has not listened
/// meanwhile, and those it listens to may have been held up with it: that time does not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener {
    every: Duration,
    due: Instant,
}

impl Listener {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, due: Instant::now() + every }
    }

    /// How late it listens.
    pub(super) fn delay(&mut self, now: Instant) -> Duration {
        let delay = now.saturating_duration_since(self.due);
        self.due = now + self.every;
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_moves_is_not_silent_and_what_stands_still_is() {
        let mut pulse = Pulse::new(1);
        let began = pulse.heard_at;
        assert_eq!(pulse.silence(1, began + 3 * SECOND), 3 * SECOND);
        assert_eq!(pulse.silence(2, began + 4 * SECOND), Duration::ZERO);
        assert_eq!(pulse.silence(2, began + 6 * SECOND), 2 * SECOND);
        pulse.forgive(SECOND);
        assert_eq!(pulse.silence(2, began + 7 * SECOND), 2 * SECOND);
    }

    #[test]
    fn whoever_listens_late_says_how_late() {
        let mut listener = Listener::new(SECOND);
        let began = listener.due - SECOND;
        assert_eq!(listener.delay(began + SECOND), Duration::ZERO);
        assert_eq!(listener.delay(began + 12 * SECOND), 10 * SECOND);
        assert_eq!(listener.delay(began + 13 * SECOND), Duration::ZERO);
    }
}
