//! Time limits of a request body.

use std::time::Duration;

use hsc_config::ServerSettings;

/// Time limits of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyDeadline {
    /// For the whole body.
    pub total: Duration,
    /// Before the rate counts: the first packet may be late.
    pub grace: Duration,
    /// Minimum rate in bytes per second, from the beginning.
    pub bytes_per_second: u32,
}

impl From<&ServerSettings> for BodyDeadline {
    fn from(settings: &ServerSettings) -> Self {
        Self {
            total: Duration::from_millis(settings.body_timeout_ms),
            grace: Duration::from_millis(settings.header_timeout_ms),
            bytes_per_second: settings.body_bytes_per_second,
        }
    }
}

impl BodyDeadline {
    /// Time since the beginning by which more bytes must arrive after `received` bytes.
    pub(super) fn after(&self, received: u64) -> Duration {
        if self.bytes_per_second == 0 {
            return self.total;
        }
        let earned = received.saturating_mul(1_000) / u64::from(self.bytes_per_second);
        self.grace.saturating_add(Duration::from_millis(earned)).min(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_extends_the_deadline_up_to_the_total() {
        let second = Duration::from_secs(1);
        let deadline =
            BodyDeadline { total: second * 120, grace: second * 10, bytes_per_second: 1_024 };
        assert_eq!(deadline.after(0), second * 10);
        assert_eq!(deadline.after(1_024), second * 11);
        assert_eq!(deadline.after(1_024 * 50), second * 60);
        assert_eq!(deadline.after(u64::MAX), second * 120);
        let any = BodyDeadline { bytes_per_second: 0, ..deadline };
        assert_eq!(any.after(0), second * 120);
    }
}
