//! Retry rules as pure functions.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;

/// Waits that double, with jitter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pub base: Duration,
    pub retries: u32,
}

/// Longest wait between two attempts. A customer waits for the answer.
const LONGEST: Duration = Duration::from_secs(5);

impl Backoff {
    /// The wait before a retry (0 is the first), or `None` when no retry is left. `jitter` is 0 to
    /// 1 and subtracts up to half: many pods that fail together must not retry together.
    pub(super) fn wait(self, retry: u32, jitter: f64) -> Option<Duration> {
        if retry >= self.retries {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << retry.min(16)).min(LONGEST);
        Some(doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0))
    }
}

/// True for a status that may be different soon.
pub(super) fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The wait of a `Retry-After`: seconds or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), retries: 3 };

    #[test]
    fn waits_double_and_end() {
        let waits: Vec<_> = (0..4).map(|retry| BACKOFF.wait(retry, 0.0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(200), ms(400), ms(800), None]);
    }

    #[test]
    fn jitter_subtracts_up_to_half() {
        assert_eq!(BACKOFF.wait(0, 1.0), Some(Duration::from_millis(100)));
        assert_eq!(BACKOFF.wait(0, 0.5), Some(Duration::from_millis(150)));
    }

    #[test]
    fn no_wait_exceeds_the_longest() {
        let backoff = Backoff { retries: 40, ..BACKOFF };
        assert_eq!(backoff.wait(39, 0.0), Some(LONGEST));
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let later = Some(Duration::from_secs(3));
        assert_eq!(retry_after("3", now), later);
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:40 GMT", now), later);
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn a_refusal_is_final_and_an_overload_is_retried() {
        assert!(passes(StatusCode::SERVICE_UNAVAILABLE) && passes(StatusCode::TOO_MANY_REQUESTS));
        assert!(!passes(StatusCode::NOT_FOUND) && !passes(StatusCode::FORBIDDEN));
    }
}
