//! When a Redis that is connected counts as away, and when it takes no writes: the rules alone.

use std::sync::atomic::{AtomicU32, Ordering};

use redis::{RedisError, ServerErrorKind};

/// Commands in a row that were not answered in time after which Redis counts as away. One may be a
/// slow script of somebody else's; three are a Redis that everybody would wait for.
const TIMEOUTS: u32 = 3;

/// Counts commands that were not answered in time.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    timed_out: AtomicU32,
}

impl Breaker {
    /// A command was answered, be it with an error.
    pub(super) fn answered(&self) {
        // Mostly it is zero: reading it leaves the cache line of every thread in place.
        if self.timed_out.load(Ordering::Relaxed) != 0 {
            self.timed_out.store(0, Ordering::Relaxed);
        }
    }

    /// A command was not answered in time; true when Redis counts as away now.
    pub(super) fn timed_out(&self) -> bool {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
        self.is_open()
    }

    /// True when so many commands in a row were not answered in time that Redis counts as away.
    pub(super) fn is_open(&self) -> bool {
        self.timed_out.load(Ordering::Relaxed) >= TIMEOUTS
    }
}

/// Why a Redis takes no writes, where that is what an error says.
pub(super) fn refuses_writes(error: &RedisError) -> Option<&'static str> {
    if error.kind() == redis::ErrorKind::Server(ServerErrorKind::ReadOnly) {
        return Some("it is a replica");
    }
    match error.code()? {
        "OOM" => Some("its memory is full"),
        "READONLY" => Some("it is a replica"),
        "MISCONF" => Some("it cannot save to its disk"),
        "NOREPLICAS" => Some("too few of its replicas are there"),
        "CLUSTERDOWN" => Some("the Cluster is down"),
        "NOPERM" => Some("the user of redis.url may not write the keys of redis.prefix"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_timeouts_in_a_row_count_and_an_answer_between_them_forgives() {
        let breaker = Breaker::default();
        assert!(!breaker.timed_out() && !breaker.timed_out());
        breaker.answered();
        assert!(!breaker.timed_out() && !breaker.timed_out());
        assert!(breaker.timed_out());
    }
}
