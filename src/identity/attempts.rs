//! Limits on attempts at a password and at `admin.token`.
//!
//! A password attempt comes from a known or an unknown device. A known device sends the secret of a cookie that
//! it got when it last signed in to the same account; its attempts are counted by that secret, so nobody else
//! can use them up. Unknown devices are counted by client address and mail address together, so a stranger
//! slows down only the stranger's own address. No limit counts an account as a whole: strangers could
//! turn it against the owner. Many attempts of unknown devices together lower the free attempts of each.
//!
//! An attempt is counted before it is checked, so that concurrent attempts do not pass the limit. The typed
//! address is counted, whether or not the account exists: the response reveals nothing. The counts are in the
//! archive, for all pods ([`Accounts::count_attempt`]); those of `admin.token` are of this pod.
//!
//! [`Accounts::count_attempt`]: hsc_actors::ports::archive::Accounts::count_attempt

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use hsc_actors::ports::archive::{AttemptLimit, SignInAttempt};
use hsc_conversation::{ClientAddress, ClientKey};
use lru::LruCache;
use tokio::time::Instant;

use super::secret::stored_hash;
use crate::outbound::is_public;

/// Failures without a wait: people mistype.
const FREE: u32 = 5;
/// The same for an unknown device during an attack on the same address. The owner needs one.
const FREE_UNDER_ATTACK: u32 = 1;
/// Failures of one client over all mail addresses. An office shares one address.
const FREE_OF_A_CLIENT: u32 = 50;
/// The longest wait: 96 guesses a day find no password that passes the rules.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait at an address that is not public. If `server.trusted_proxies` does not name the proxy,
/// all clients share that one address; this bounds how long an attacker blocks a new device of the owner.
const LONGEST_WAIT_NOT_PUBLIC: Duration = Duration::from_secs(30);

/// Wrong tokens of one client without a wait.
const FREE_TOKENS: u32 = 10;
/// The longest wait of one client. One attempt a minute does not guess a token of 32 characters.
const LONGEST_WAIT_TOKEN: Duration = Duration::from_secs(60);
/// Shortest interval of audit entries for one client's use of the token: programs poll every few seconds.
const AUDITED_EVERY: Duration = Duration::from_secs(60 * 60);
/// Clients that are remembered. Evicting one takes as many addresses.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// A sign-in attempt for this mail address (in lower case) from this client, by a known device or not.
pub(super) fn sign_in(
    address: String,
    client: ClientAddress,
    known_device: Option<&str>,
    now_ms: u64,
) -> SignInAttempt {
    if let Some(device) = known_device {
        let device = limit(&format!("device {device}"), FREE, LONGEST_WAIT);
        return SignInAttempt { address, now_ms, limits: vec![device], watched: None };
    }
    let longest_wait = if is_public(client.ip()) { LONGEST_WAIT } else { LONGEST_WAIT_NOT_PUBLIC };
    let client = client.key();
    let pair = AttemptLimit {
        free_under_attack: FREE_UNDER_ATTACK,
        ..limit(&format!("pair {client} {address}"), FREE, longest_wait)
    };
    let of_client = AttemptLimit {
        is_shared: true,
        ..limit(&format!("client {client}"), FREE_OF_A_CLIENT, longest_wait)
    };
    let watched = Some(stored_hash(&format!("address {address}")));
    SignInAttempt { address, now_ms, limits: vec![pair, of_client], watched }
}

/// A limit that one success resets. Its key is stored as a hash: people type passwords into the wrong field.
fn limit(key: &str, free: u32, longest_wait: Duration) -> AttemptLimit {
    let key = stored_hash(key);
    AttemptLimit { key, free, free_under_attack: free, longest_wait, is_shared: false }
}

/// The attempts at a secret without an account on this pod, by client address.
pub(super) struct TokenAttempts {
    /// Who tries, and what: failures are audited as `<what>.failed`, uses as `<what>.used`.
    pub(super) audited_as: (&'static str, &'static str),
    clients: Mutex<LruCache<ClientKey, Client>>,
}

#[derive(Default)]
struct Client {
    failures: u32,
    failed_at: Option<Instant>,
    has_refused: bool,
    audited_at: Option<Instant>,
}

/// An attempt that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// Time until the next attempt is admitted.
    pub(super) wait: Duration,
    /// True for the first refusal since a counted attempt: it gets one audit entry.
    pub(super) is_first: bool,
}

impl TokenAttempts {
    pub(super) fn new(audited_as: (&'static str, &'static str)) -> Self {
        Self { audited_as, clients: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Checks that this client may try a token now.
    pub(super) fn admit(&self, client: ClientKey, now: Instant) -> Result<(), TooMany> {
        let limit = limit("", FREE_TOKENS, LONGEST_WAIT_TOKEN);
        let mut known = self.clients.lock().expect("counting does not panic");
        let Some(client) = known.get_mut(&client) else { return Ok(()) };
        let Some(since) = client.failed_at.map(|at| now - at) else { return Ok(()) };
        if since > AttemptLimit::FORGOTTEN_AFTER {
            client.failures = 0;
        }
        let wait = limit.wait_after(client.failures, false).saturating_sub(since);
        if wait.is_zero() {
            return Ok(());
        }
        Err(TooMany { wait, is_first: !std::mem::replace(&mut client.has_refused, true) })
    }

    pub(super) fn failed(&self, client: ClientKey, now: Instant) {
        let mut known = self.clients.lock().expect("counting does not panic");
        let client = known.get_or_insert_mut(client, Client::default);
        client.failures = client.failures.saturating_add(1);
        (client.failed_at, client.has_refused) = (Some(now), false);
    }

    /// The token was right. True when the use is to be audited.
    pub(super) fn succeeded(&self, client: ClientKey, now: Instant) -> bool {
        let mut known = self.clients.lock().expect("counting does not panic");
        let client = known.get_or_insert_mut(client, Client::default);
        (client.failures, client.failed_at) = (0, None);
        let is_due = client.audited_at.is_none_or(|at| now - at >= AUDITED_EVERY);
        if is_due {
            client.audited_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> ClientAddress {
        ClientAddress::new(address.parse().expect("an address"))
    }

    fn keys(address: &str, client: &str, device: Option<&str>) -> Vec<String> {
        let attempt = sign_in(address.to_owned(), at(client), device, 0);
        attempt.limits.into_iter().map(|it| it.key).chain(attempt.watched).collect()
    }

    #[test]
    fn attempts_of_strangers_never_count_for_a_known_device() {
        let owner = keys("yael", "8.8.8.8", Some("secret"));
        for stranger in [
            keys("yael", "8.8.8.8", None),
            keys("yael", "9.9.9.9", None),
            keys("yael", "8.8.8.8", Some("another")),
        ] {
            assert!(stranger.iter().all(|key| !owner.contains(key)));
        }
    }

    #[test]
    fn unknown_devices_share_a_limit_only_within_their_address() {
        let limits = |address: &str, client: &str| {
            let attempt = sign_in(address.to_owned(), at(client), None, 0);
            attempt.limits.into_iter().map(|it| it.key).collect::<Vec<_>>()
        };
        let one = limits("yael", "8.8.8.8");
        assert_eq!(one.len(), 2);
        assert!(limits("yael", "9.9.9.9").iter().all(|key| !one.contains(key)));
        assert_eq!(limits("noa", "8.8.8.8").iter().filter(|key| one.contains(key)).count(), 1);
        assert_eq!(limits("yael", "2001:db8::1"), limits("yael", "2001:db8::2"), "one subscriber");
        let behind_a_proxy = sign_in("yael".to_owned(), at("10.0.0.1"), None, 0);
        let longest: Vec<_> = behind_a_proxy.limits.iter().map(|it| it.longest_wait).collect();
        assert_eq!(longest, [LONGEST_WAIT_NOT_PUBLIC; 2]);
    }

    #[test]
    fn wrong_tokens_slow_down_only_their_client() {
        let (attempts, mut now) = (TokenAttempts::new(("token", "admin_token")), Instant::now());
        for _ in 0..FREE_TOKENS {
            assert_eq!(attempts.admit(at("10.0.0.1").key(), now), Ok(()));
            attempts.failed(at("10.0.0.1").key(), now);
        }
        let second = Duration::from_secs(1);
        let refused = |wait, is_first| Err(TooMany { wait, is_first });
        assert_eq!(attempts.admit(at("10.0.0.1").key(), now), refused(second, true));
        assert_eq!(attempts.admit(at("10.0.0.1").key(), now), refused(second, false));
        assert_eq!(attempts.admit(at("10.0.0.2").key(), now), Ok(()));
        now += second;
        assert_eq!(attempts.admit(at("10.0.0.1").key(), now), Ok(()));
        attempts.failed(at("10.0.0.1").key(), now);
        assert_eq!(attempts.admit(at("10.0.0.1").key(), now), refused(second * 2, true));
        now += second * 2;
        assert!(attempts.succeeded(at("10.0.0.1").key(), now));
        assert!(!attempts.succeeded(at("10.0.0.1").key(), now), "audited once");
        assert!(attempts.succeeded(at("10.0.0.1").key(), now + AUDITED_EVERY));
        assert_eq!(attempts.admit(at("10.0.0.1").key(), now), Ok(()));
    }
}
