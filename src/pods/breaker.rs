//! When a connected Redis counts as down, and when it is read-only: the rules alone.

use std::sync::atomic::{AtomicU32, Ordering};

use redis::{RedisError, ServerErrorKind};

/// Consecutive commands without a reply in time after which Redis counts as down. One may be a
/// slow script of another client; three mean that every command would wait.
const TIMEOUTS: u32 = 3;

/// Counts consecutive timeouts.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    timed_out: AtomicU32,
}

impl Breaker {
    /// A command got a reply, be it an error.
    pub(super) fn answered(&self) {
        // Usually zero: the read leaves the cache line shared between threads.
        if self.timed_out.load(Ordering::Relaxed) != 0 {
            self.timed_out.store(0, Ordering::Relaxed);
        }
    }

    /// A command timed out; true when Redis counts as down now.
    pub(super) fn timed_out(&self) -> bool {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
        self.is_open()
    }

    /// True when enough consecutive commands have timed out.
    pub(super) fn is_open(&self) -> bool {
        self.timed_out.load(Ordering::Relaxed) >= TIMEOUTS
    }
}

/// Why a Redis refuses the login, if the error says so. Never names the user or the password.
pub(super) fn refuses_login(error: &RedisError) -> Option<&'static str> {
    const REQUIRED: &str = "it requires a password, and redis.url has none";
    const REJECTED: &str = "it does not accept the user and password of redis.url";
    if error.kind() == redis::ErrorKind::AuthenticationFailed {
        return Some(REJECTED);
    }
    match error.code() {
        Some("NOAUTH") => return Some(REQUIRED),
        Some("WRONGPASS") => return Some(REJECTED),
        _ => {}
    }
    // The nodes of a Cluster, Sentinels and a refused SELECT have the error of Redis in their text.
    let text = error.to_string();
    let has = |word: &str| text.contains(word);
    if has("NOAUTH") {
        Some(REQUIRED)
    } else if has("WRONGPASS") || has("AuthenticationFailed") || has("authentication failed") {
        Some(REJECTED)
    } else {
        None
    }
}

/// Why a Redis refuses writes, if the error says so.
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
    fn a_refused_login_is_distinguished_from_other_errors() {
        let failed = |kind: redis::ErrorKind, text: &'static str| RedisError::from((kind, text));
        let wrong =
            failed(redis::ErrorKind::AuthenticationFailed, "Password authentication failed");
        assert!(refuses_login(&wrong).expect("a login").contains("does not accept"));
        let node = failed(redis::ErrorKind::Io, "no node: NOAUTH Authentication required.");
        assert!(refuses_login(&node).expect("a login").contains("requires a password"));
        let away = failed(redis::ErrorKind::Io, "connection refused");
        assert_eq!(refuses_login(&away), None);
    }

    #[test]
    fn only_consecutive_timeouts_count() {
        let breaker = Breaker::default();
        assert!(!breaker.timed_out() && !breaker.timed_out());
        breaker.answered();
        assert!(!breaker.timed_out() && !breaker.timed_out());
        assert!(breaker.timed_out());
    }
}
