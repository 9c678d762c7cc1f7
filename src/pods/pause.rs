//! How long to wait before a connection is tried again.

use std::time::Duration;

/// The first pause and the longest. Short, because what waits behind it is a pod's sight of the others;
/// not shorter, because every pod of a fleet tries.
const FIRST: Duration = Duration::from_millis(50);
const MOST: Duration = Duration::from_secs(1);
/// A connection that lived this long was a good one: the next pause is the first again.
const GOOD: Duration = Duration::from_secs(5);

/// Doubles with each try; up to half of it is taken away by chance, so that pods do not come all at once.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    /// A connection was lost after it had lived so long.
    pub(super) fn after(&mut self, lived: Duration) {
        if lived >= GOOD {
            self.0 = FIRST;
        }
    }

    /// Waits, longer the next time.
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
    fn it_grows_to_its_most_and_begins_again_after_a_good_connection() {
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
