//! The rate at which conversations are taken, and the estimated wait for a place in the queue.

use std::collections::VecDeque;
use std::time::Duration;

/// Number of takes in the estimate: enough that one quick take does not dominate, few enough to follow
/// the present rate.
const TAKES: usize = 20;

/// The recent rate at which conversations were taken.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    last_take_ms: u64,
    gaps_ms: VecDeque<u64>,
}

impl Pace {
    /// Most takes in the estimate.
    pub const TAKES: usize = TAKES;

    /// A conversation that waited since `since_ms` was taken. Counts the time at the head of the queue: since the
    /// previous take, or since it joined an empty queue.
    pub(super) fn taken(&mut self, since_ms: u64, now_ms: u64) {
        self.gaps_ms.push_front(now_ms.saturating_sub(self.last_take_ms.max(since_ms)));
        self.gaps_ms.truncate(TAKES);
        self.last_take_ms = now_ms;
    }

    /// Estimated wait for a place in the queue; none without a take.
    #[must_use]
    pub fn wait(gaps_ms: impl IntoIterator<Item = u64>, place: usize) -> Option<Duration> {
        let (mut sum, mut count) = (0_u64, 0_u64);
        for gap in gaps_ms {
            sum = sum.saturating_add(gap);
            count += 1;
        }
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        (count > 0).then(|| Duration::from_millis((sum / count).saturating_mul(place)))
    }

    pub(super) fn of_place(&self, place: usize) -> Option<Duration> {
        Self::wait(self.gaps_ms.iter().copied(), place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_estimate_before_the_first_take() {
        assert_eq!(Pace::default().of_place(1), None);
    }

    #[test]
    fn the_pace_counts_from_the_arrival_at_an_empty_queue_or_else_from_the_previous_take() {
        let mut pace = Pace::default();
        pace.taken(10_000, 14_000);
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(4)));
        // Waited since before the last take: the queue advanced by one in two seconds.
        pace.taken(11_000, 16_000);
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(3)));
        assert_eq!(pace.of_place(4), Some(Duration::from_secs(12)));
    }

    #[test]
    fn old_takes_do_not_count_in_the_pace() {
        let mut pace = Pace::default();
        pace.taken(0, 1_000_000);
        for take in 1..=20 {
            pace.taken(0, 1_000_000 + take * 1_000);
        }
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(1)));
    }
}
