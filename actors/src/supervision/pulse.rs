//! Detects a counter that stands still.

use std::time::Duration;

use tokio::time::Instant;

/// Heartbeats missed before a child counts as hung: on a busy machine one may be late, four are not.
pub(super) const BEATS_BEFORE_A_HANG: u32 = 4;

/// The last value of the counter, and when it changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    count: u64,
    heard_at: Instant,
}

impl Pulse {
    pub(super) fn new(count: u64) -> Self {
        Self { count, heard_at: Instant::now() }
    }

    /// How long the counter has stood still.
    pub(super) fn silence(&mut self, count: u64, now: Instant) -> Duration {
        if count != self.count {
            (self.count, self.heard_at) = (count, now);
        }
        now.saturating_duration_since(self.heard_at)
    }

    /// Subtracts `delay` from the silence.
    pub(super) fn forgive(&mut self, delay: Duration) {
        self.heard_at += delay;
    }
}

/// The observer may be delayed itself (a suspended machine, a stopped process). It did not observe
/// during that time, and the observed children may have been delayed as well: that time does not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener {
    every: Duration,
    due: Instant,
}

impl Listener {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, due: Instant::now() + every }
    }

    /// Delay of the observer's own check.
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
    fn a_moving_counter_is_not_silent_and_a_still_one_is() {
        let mut pulse = Pulse::new(1);
        let began = pulse.heard_at;
        assert_eq!(pulse.silence(1, began + 3 * SECOND), 3 * SECOND);
        assert_eq!(pulse.silence(2, began + 4 * SECOND), Duration::ZERO);
        assert_eq!(pulse.silence(2, began + 6 * SECOND), 2 * SECOND);
        pulse.forgive(SECOND);
        assert_eq!(pulse.silence(2, began + 7 * SECOND), 2 * SECOND);
    }

    #[test]
    fn a_late_observer_reports_its_delay() {
        let mut listener = Listener::new(SECOND);
        let began = listener.due - SECOND;
        assert_eq!(listener.delay(began + SECOND), Duration::ZERO);
        assert_eq!(listener.delay(began + 12 * SECOND), 10 * SECOND);
        assert_eq!(listener.delay(began + 13 * SECOND), Duration::ZERO);
    }
}
