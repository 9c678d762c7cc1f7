//! How much may be used in a time, by key: the generic cell rate algorithm (GCRA), without a clock of its own.
//!
//! A quota of 10 a minute lets ten through at once and then one each six seconds. A key is remembered as one
//! instant, the time at which everything it has used is refilled; so a limiter costs a map entry a key and
//! no timer. The caller holds the lock: several limiters can be asked together, and then either all count
//! or none does.

use std::hash::Hash;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// So much in a time, refilled evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Most that may be used at once, and that is refilled in `per`.
    pub(crate) limit: NonZeroU64,
    /// The time in which a whole quota is refilled.
    pub(crate) per: Duration,
}

impl Quota {
    /// A quota; none for a limit of 0, which is no limit.
    pub(crate) fn new(limit: u64, per: Duration) -> Option<Self> {
        NonZeroU64::new(limit).map(|limit| Self { limit, per })
    }

    /// The time in which so much is refilled.
    fn refill(self, cost: u64) -> Duration {
        let nanos =
            self.per.as_nanos().saturating_mul(u128::from(cost)) / u128::from(self.limit.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// When everything is refilled once this is used as well, or how long to wait until it may be. What costs
    /// more than the whole quota may be used when nothing of it is.
    fn after(self, refilled_at: Instant, cost: u64, now: Instant) -> Result<Instant, Duration> {
        let used = refilled_at.saturating_duration_since(now);
        let more = self.refill(cost);
        let over = (used + more.min(self.per)).saturating_sub(self.per);
        if over.is_zero() { Ok(now + used + more) } else { Err(over) }
    }
}

/// A quota for each key.
#[derive(Debug)]
pub(crate) struct RateLimiter<K: Hash + Eq> {
    quota: Quota,
    /// When everything that a key has used is refilled.
    used: LruCache<K, Instant>,
}

impl<K: Hash + Eq> RateLimiter<K> {
    /// A limiter that remembers so many keys, the ones used last.
    pub(crate) fn new(quota: Quota, remembered: NonZeroUsize) -> Self {
        Self { quota, used: LruCache::new(remembered) }
    }

    /// Whether so much may be used now, or how long to wait. Counts nothing.
    pub(crate) fn check(&self, key: &K, cost: u64, now: Instant) -> Result<(), Duration> {
        let refilled_at = self.used.peek(key).copied().unwrap_or(now);
        self.quota.after(refilled_at, cost, now).map(drop)
    }

    /// Counts a use, whether it may be or not: ask [`check`](Self::check) first.
    pub(crate) fn count(&mut self, key: K, cost: u64, now: Instant) {
        let more = self.quota.refill(cost);
        let refilled_at = self.used.get_or_insert_mut(key, || now);
        *refilled_at = (*refilled_at).max(now) + more;
    }

    /// Takes back what was counted and not used.
    pub(crate) fn give_back(&mut self, key: &K, cost: u64) {
        let less = self.quota.refill(cost);
        if let Some(refilled_at) = self.used.get_mut(key) {
            *refilled_at = refilled_at.checked_sub(less).unwrap_or(*refilled_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: u64, per_secs: u64) -> RateLimiter<&'static str> {
        let quota = Quota::new(limit, Duration::from_secs(per_secs)).expect("a limit");
        RateLimiter::new(quota, NonZeroUsize::new(2).expect("not zero"))
    }

    fn take(limiter: &mut RateLimiter<&'static str>, key: &'static str, now: Instant) -> bool {
        let may = limiter.check(&key, 1, now).is_ok();
        if may {
            limiter.count(key, 1, now);
        }
        may
    }

    #[test]
    fn a_whole_quota_may_be_used_at_once_and_is_refilled_evenly() {
        let (mut limiter, now) = (limiter(10, 60), Instant::now());
        assert_eq!((0..50).filter(|_| take(&mut limiter, "a", now)).count(), 10);
        assert_eq!(limiter.check(&"a", 1, now), Err(Duration::from_secs(6)));
        assert!(take(&mut limiter, "b", now), "another key has its own");
        let later = now + Duration::from_secs(30);
        assert_eq!((0..50).filter(|_| take(&mut limiter, "a", later)).count(), 5);
        let much_later = now + Duration::from_secs(3_600);
        assert_eq!((0..50).filter(|_| take(&mut limiter, "a", much_later)).count(), 10);
    }

    #[test]
    fn within_any_time_no_more_than_the_quota_and_its_refill_passes() {
        let (mut limiter, start) = (limiter(7, 10), Instant::now());
        let mut passed = 0;
        for step in 0..1_000 {
            passed += u32::from(take(&mut limiter, "a", start + Duration::from_millis(step * 10)));
        }
        assert_eq!(passed, 7 + 6, "ten seconds refill seven, the last at their end");
    }

    #[test]
    fn what_costs_more_than_all_passes_once_and_is_paid_for() {
        let (mut limiter, now) = (limiter(100, 100), Instant::now());
        assert_eq!(limiter.check(&"a", 250, now), Ok(()));
        limiter.count("a", 250, now);
        assert_eq!(limiter.check(&"a", 1, now), Err(Duration::from_secs(151)));
        assert!(limiter.check(&"a", 1, now + Duration::from_secs(151)).is_ok());
    }

    #[test]
    fn what_was_counted_and_not_used_is_given_back() {
        let (mut limiter, now) = (limiter(100, 100), Instant::now());
        limiter.count("a", 100, now);
        assert!(limiter.check(&"a", 60, now).is_err());
        limiter.give_back(&"a", 60);
        assert!(limiter.check(&"a", 60, now).is_ok());
        assert!(limiter.check(&"a", 61, now).is_err());
        limiter.give_back(&"unknown", 1);
    }

    #[test]
    fn the_keys_used_last_are_remembered_and_no_limit_is_no_quota() {
        let (mut limiter, now) = (limiter(1, 60), Instant::now());
        for key in ["a", "b", "c"] {
            assert!(take(&mut limiter, key, now));
        }
        assert!(take(&mut limiter, "a", now), "forgotten for the others");
        assert!(!take(&mut limiter, "c", now));
        assert_eq!(Quota::new(0, Duration::from_secs(1)), None);
    }
}
