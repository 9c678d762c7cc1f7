//! The link of a first start: it makes the first admin, once, within its time.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::secret;

/// The link that is good, in this pod's memory: it is for whoever reads what this pod prints.
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

    /// A new one; one made before is void.
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
    fn a_link_is_good_once_and_within_its_time() {
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
