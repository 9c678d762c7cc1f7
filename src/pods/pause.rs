//! The pause before a reconnection.

use std::time::Duration;

/// The first pause. Short, because the pod is cut off from the others meanwhile;
/// not shorter, because every pod of a fleet reconnects.
const FIRST: Duration = Duration::from_millis(50);
const MOST: Duration = Duration::from_secs(1);
/// Lifetime after which a connection counts as good: the next pause is the first again.
const GOOD: Duration = Duration::from_secs(5);

/// Doubles with each attempt; a random part of up to half is subtracted, so that pods do not reconnect at once.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    /// A connection was lost after `lived`.
    pub(super) fn after(&mut self, lived: Duration) {
        if lived >= GOOD {
            self.0 = FIRST;
        }
    }

    /// Waits; the next wait is longer.
    pub(super) async fn wait(&mut self) {
        let pause = self.next();
        tokio::time::sleep(pause).await;
    }

    fn next(&mut self) -> Duration {
        let pause = self.0.mul_f64(rand::random_range(0.5..=1.0));
        self.0 = (self.0 * 2).min(MOST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_maximum_and_resets_after_a_good_connection() {
        let mut pause = Pause::default();
        for _ in 0..20 {
            let next = pause.next();
            assert!(next >= FIRST / 2 && next <= MOST, "{next:?}");
        }
        pause.after(Duration::from_secs(1));
        assert!(pause.next() >= MOST / 2);
        pause.after(GOOD);
        assert!(pause.next() <= FIRST);
    }
}
