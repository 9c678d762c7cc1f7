//! The setup link of a first start: it creates the first admin, once, within its lifetime.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::secret;

/// The valid link, in this pod's memory: its reader is the operator who sees this pod's output.
pub(super) struct FirstLink {
    good_for: Duration,
    made: Mutex<Option<Made>>,
}

struct Made {
    kept: String,
    until: Instant,
}

impl FirstLink {
    pub(super) fn new(good_for: Duration) -> Self {
        Self { good_for, made: Mutex::new(None) }
    }

    /// A new link; the previous one is revoked.
    pub(super) fn make(&self, now: Instant) -> String {
        let token = secret::random();
        let made = Made { kept: secret::kept(&token), until: now + self.good_for };
        *self.made.lock().expect("nobody panics while holding it") = Some(made);
        token
    }

    pub(super) fn is_good(&self, token: &str, now: Instant) -> bool {
        let made = self.made.lock().expect("nobody panics while holding it");
        made.as_ref().is_some_and(|made| made.opens(token, now))
    }

    pub(super) fn void(&self) {
        *self.made.lock().expect("nobody panics while holding it") = None;
    }
}

impl Made {
    fn opens(&self, token: &str, now: Instant) -> bool {
        now < self.until && secret::same(&self.kept, &secret::kept(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_valid_once_and_within_its_lifetime() {
        let minute = Duration::from_secs(60);
        let (link, now) = (FirstLink::new(minute), Instant::now());
        assert!(!link.is_good("", now));
        let void = link.make(now);
        let token = link.make(now);
        assert!(!link.is_good(&void, now) && link.is_good(&token, now));
        link.void();
        assert!(!link.is_good(&token, now));
        let late = link.make(now);
        assert!(link.is_good(&late, now) && !link.is_good(&late, now + minute));
    }
}
