//! Rate limits: the generic cell rate algorithm (GCRA), with the time as an argument.
//!
//! A quota of 10 a minute admits ten at once and then one every six seconds. The state is one instant, the time
//! at which everything used is refilled: no timer, and in a limiter with keys one map entry for each key. The
//! caller holds the lock, so several limiters can be checked together, and then all of them count or none does.
//! Why this is not the crate governor: docs/decisions.md, 15.

use std::hash::Hash;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// An amount that is refilled evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Most that may be used at once, and that is refilled in `per`.
    limit: NonZeroU64,
    /// The time in which a whole quota is refilled.
    per: Duration,
}

impl Quota {
    /// `limit` in each `per`; `None` for a limit of 0, which means no limit.
    pub fn new(limit: u64, per: Duration) -> Option<Self> {
        NonZeroU64::new(limit).map(|limit| Self { limit, per })
    }

    /// `burst` at once and `rate` a second from then on; 0 counts as 1.
    pub fn per_second(rate: u32, burst: u32) -> Self {
        let limit = NonZeroU64::new(u64::from(burst)).unwrap_or(NonZeroU64::MIN);
        let per = Duration::from_nanos(1_000_000_000 * limit.get() / u64::from(rate.max(1)));
        Self { limit, per }
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

/// The use of one quota.
#[derive(Debug)]
pub struct Gcra {
    quota: Quota,
    refilled_at: Instant,
}

impl Gcra {
    /// An unused quota.
    pub fn new(quota: Quota, now: Instant) -> Self {
        Self { quota, refilled_at: now }
    }

    /// Uses one of the quota.
    ///
    /// # Errors
    /// The time until one is refilled; then nothing is counted.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.refilled_at = self.quota.after(self.refilled_at, 1, now)?;
        Ok(())
    }
}

/// A quota for each key, for the keys used last.
#[derive(Debug)]
pub struct RateLimiter<K: Hash + Eq> {
    quota: Quota,
    /// When everything that a key has used is refilled.
    used: LruCache<K, Instant>,
}

impl<K: Hash + Eq> RateLimiter<K> {
    /// A limiter that remembers at most `remembered` keys.
    pub fn new(quota: Quota, remembered: NonZeroUsize) -> Self {
        Self { quota, used: LruCache::new(remembered) }
    }

    /// Uses `cost` of the quota of a key.
    ///
    /// # Errors
    /// The time until that much is refilled; then nothing is counted.
    pub fn take(&mut self, key: K, cost: u64, now: Instant) -> Result<(), Duration> {
        self.check(&key, cost, now)?;
        self.count(key, cost, now);
        Ok(())
    }

    /// Counts nothing.
    ///
    /// # Errors
    /// The time until that much is refilled.
    pub fn check(&self, key: &K, cost: u64, now: Instant) -> Result<(), Duration> {
        let refilled_at = self.used.peek(key).copied().unwrap_or(now);
        self.quota.after(refilled_at, cost, now).map(drop)
    }

    /// Counts a use without a check: call [`check`](Self::check) first.
    pub fn count(&mut self, key: K, cost: u64, now: Instant) {
        let more = self.quota.refill(cost);
        let refilled_at = self.used.get_or_insert_mut(key, || now);
        *refilled_at = (*refilled_at).max(now) + more;
    }

    /// Takes back what was counted and not used.
    pub fn give_back(&mut self, key: &K, cost: u64) {
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
        limiter.take(key, 1, now).is_ok()
    }

    #[test]
    fn a_burst_is_admitted_and_then_the_rate() {
        let start = Instant::now();
        let mut gcra = Gcra::new(Quota::per_second(2, 3), start);
        assert_eq!((0..5).filter(|_| gcra.take(start).is_ok()).count(), 3);
        assert_eq!(gcra.take(start + Duration::from_millis(400)), Err(Duration::from_millis(100)));
        assert_eq!(gcra.take(start + Duration::from_millis(500)), Ok(()));
        let mut none = Gcra::new(Quota::per_second(0, 0), start);
        assert_eq!(none.take(start), Ok(()));
        assert_eq!(none.take(start), Err(Duration::from_secs(1)), "0 counts as 1");
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
    fn no_interval_admits_more_than_the_quota_and_its_refill() {
        let (mut limiter, start) = (limiter(7, 10), Instant::now());
        let mut passed = 0;
        for step in 0..1_000 {
            passed += u32::from(take(&mut limiter, "a", start + Duration::from_millis(step * 10)));
        }
        assert_eq!(passed, 7 + 6, "ten seconds refill seven, the last at their end");
    }

    #[test]
    fn a_request_above_the_whole_quota_is_admitted_once_and_delays_the_next() {
        let (mut limiter, now) = (limiter(100, 100), Instant::now());
        assert_eq!(limiter.check(&"a", 250, now), Ok(()));
        limiter.count("a", 250, now);
        assert_eq!(limiter.check(&"a", 1, now), Err(Duration::from_secs(151)));
        assert!(limiter.check(&"a", 1, now + Duration::from_secs(151)).is_ok());
    }

    #[test]
    fn counted_units_that_were_not_used_are_returned() {
        let (mut limiter, now) = (limiter(100, 100), Instant::now());
        limiter.count("a", 100, now);
        assert!(limiter.check(&"a", 60, now).is_err());
        limiter.give_back(&"a", 60);
        assert!(limiter.check(&"a", 60, now).is_ok());
        assert!(limiter.check(&"a", 61, now).is_err());
        limiter.give_back(&"unknown", 1);
    }

    #[test]
    fn the_most_recent_keys_are_retained_and_a_limit_of_zero_is_no_quota() {
        let (mut limiter, now) = (limiter(1, 60), Instant::now());
        for key in ["a", "b", "c"] {
            assert!(take(&mut limiter, key, now));
        }
        assert!(take(&mut limiter, "a", now), "forgotten for the others");
        assert!(!take(&mut limiter, "c", now));
        assert_eq!(Quota::new(0, Duration::from_secs(1)), None);
    }
}
