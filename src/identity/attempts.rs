//! How often somebody may try: a few times at once, then ever more slowly.
//!
//! A try is counted before it is known to be wrong, so that many at once are not checked at once.
//! Counted is what was typed, whether or not there is such an account: the answer tells nothing.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use hsc_actors::ports::ClientKey;
use lru::LruCache;
use tokio::time::Instant;

use super::secret::kept;

/// Failures of one name from one machine that cost nothing: people mistype.
const OF_A_PAIR: u32 = 5;
/// Failures of one name, wherever from: whoever has many machines guesses one password with each.
const OF_A_NAME: u32 = 20;
/// Failures of one client, whatever the name. An office shares an address.
const OF_A_MACHINE: u32 = 50;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest: 96 guesses a day find no password that passes the rules.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten when there was none for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Names and machines that are remembered. To push one out a guesser needs more tries than that, each
/// with a hash to be made.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// How long to wait after so many failures of which so many cost nothing.
pub(super) fn wait_after(failures: u32, free: u32) -> Duration {
    let Some(over) = failures.checked_sub(free) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(over)).min(LONGEST_WAIT)
}

/// The tries of this pod.
pub(super) struct Attempts(Mutex<LruCache<String, Failures>>);

struct Failures {
    count: u32,
    last: Instant,
    /// Somebody was told to wait since the last try that was counted.
    has_refused: bool,
}

/// A try that is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// How long until the next may be.
    pub(super) wait: Duration,
    /// The first since one was made: what is worth writing down, however many there are.
    pub(super) is_first: bool,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }

    /// Counts a try, or says how long to wait before the next.
    pub(super) fn count(&self, name: &str, client: ClientKey, now: Instant) -> Result<(), TooMany> {
        let mut known = self.0.lock().expect("nobody panics while counting");
        let keys: Vec<_> = keys(name, client).collect();
        for (key, free) in &keys {
            let Some(failures) = known.get_mut(key) else { continue };
            let since = now - failures.last;
            if since > FORGOTTEN_AFTER {
                known.pop(key);
                continue;
            }
            let left = wait_after(failures.count, *free).saturating_sub(since);
            if !left.is_zero() {
                // Not counted: who waits for a lock to open must not be the one who keeps it shut.
                let is_first = !std::mem::replace(&mut failures.has_refused, true);
                return Err(TooMany { wait: left, is_first });
            }
        }
        for (key, _) in keys {
            let new = || Failures { count: 0, last: now, has_refused: false };
            let failures = known.get_or_insert_mut(key, new);
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            failures.has_refused = false;
        }
        Ok(())
    }

    /// It was no failure. What the machine did to other names stays counted.
    pub(super) fn succeeded(&self, name: &str, client: ClientKey) {
        let mut known = self.0.lock().expect("nobody panics while counting");
        let mut keys = keys(name, client);
        for (key, _) in keys.by_ref().take(2) {
            known.pop(&key);
        }
        for (key, _) in keys {
            if let Some(failures) = known.get_mut(&key) {
                failures.count = failures.count.saturating_sub(1);
            }
        }
    }
}

/// What is counted, each with the failures that cost nothing. As hashes: people type passwords into the
/// wrong field.
fn keys(name: &str, client: ClientKey) -> impl Iterator<Item = (String, u32)> {
    [
        (kept(&format!("pair {client} {name}")), OF_A_PAIR),
        (kept(&format!("name {name}")), OF_A_NAME),
        (kept(&format!("client {client}")), OF_A_MACHINE),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use hsc_actors::ports::ClientAddress;

    use super::*;

    fn client(address: &str) -> ClientKey {
        ClientAddress::new(address.parse().expect("an address")).key()
    }

    #[test]
    fn the_wait_doubles_after_what_costs_nothing_and_has_an_end() {
        let waits: Vec<u64> =
            [0, 4, 5, 6, 7, 14, 15, 4_000_000_000].map(|it| wait_after(it, 5).as_secs()).to_vec();
        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900]);
    }

    #[test]
    fn five_mistakes_are_borne_and_then_each_costs_more() {
        let (attempts, mut now) = (Attempts::new(), Instant::now());
        let second = Duration::from_secs(1);
        for _ in 0..5 {
            assert_eq!(attempts.count("yael", client("10.0.0.1"), now), Ok(()));
        }
        let too_many = |wait, is_first| Err(TooMany { wait, is_first });
        assert_eq!(attempts.count("yael", client("10.0.0.1"), now), too_many(second, true));
        assert_eq!(attempts.count("yael", client("10.0.0.1"), now), too_many(second, false));
        assert_eq!(attempts.count("yael", client("10.0.0.2"), now), Ok(()), "another machine may");
        now += second;
        assert_eq!(attempts.count("yael", client("10.0.0.1"), now), Ok(()));
        assert_eq!(attempts.count("yael", client("10.0.0.1"), now), too_many(second * 2, true));
        now += second * 2;
        assert_eq!(attempts.count("yael", client("10.0.0.1"), now), Ok(()));
        attempts.succeeded("yael", client("10.0.0.1"));
        for _ in 0..5 {
            assert_eq!(attempts.count("yael", client("10.0.0.1"), now), Ok(()));
        }
        now += FORGOTTEN_AFTER + second;
        assert_eq!(
            attempts.count("yael", client("10.0.0.1"), now),
            Ok(()),
            "forgotten after an hour"
        );
    }

    #[test]
    fn many_machines_and_many_names_are_counted_too() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        let of_a_name = (0..100)
            .filter(|it| attempts.count("yael", client(&format!("8.8.4.{it}")), now).is_ok());
        assert_eq!(of_a_name.count(), 20);
        let of_a_machine = |address: &str| {
            (0..100)
                .filter(|it| attempts.count(&format!("n{it}"), client(address), now).is_ok())
                .count()
        };
        assert_eq!(of_a_machine("8.8.8.8"), 50);
        assert_eq!(of_a_machine("10.0.0.1"), 50, "a private address is a client like another");
        let of_a_network = (0..100).filter(|it| {
            attempts.count(&format!("n{it}"), client(&format!("2001:db8::{it}")), now).is_ok()
        });
        assert_eq!(of_a_network.count(), 50, "64 bits of IPv6 are one client");
    }
}
