//! How often visitors may do what costs somebody something: so many an hour, in this pod.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use actix_web::HttpRequest;
use hsc_config::{LettersSettings, UploadsSettings};
use lru::LruCache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::outside::is_public;

/// What is counted is forgotten after so long.
const WITHIN: Duration = Duration::from_secs(3_600);
/// Conversations and machines that are remembered. To push one out takes as many others.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");
/// Half of the bits of an IPv6 address.
const HALF: u32 = 64;
/// Pictures that come in at once: each is held in memory until it is cleaned.
const COMING_IN: usize = 16;

/// What visitors may do within an hour.
pub struct Allowances {
    uploads: Allowance,
    uploads_per_conversation: u32,
    uploads_per_address: u32,
    letters: Allowance,
    letters_per_address: u32,
    letters_per_hour: u32,
    /// Places for pictures that come in.
    pub(super) coming_in: Semaphore,
}

impl Allowances {
    /// As the settings say.
    #[must_use]
    pub fn new(uploads: &UploadsSettings, letters: &LettersSettings) -> Self {
        Self {
            uploads: Allowance::new(),
            uploads_per_conversation: uploads.per_conversation,
            uploads_per_address: uploads.per_address,
            letters: Allowance::new(),
            letters_per_address: letters.per_address,
            letters_per_hour: letters.per_hour,
            coming_in: Semaphore::new(COMING_IN),
        }
    }

    /// One more picture of this conversation, or how long to wait.
    pub(super) fn upload(
        &self,
        conversation: &str,
        request: Option<&HttpRequest>,
    ) -> Result<(), Duration> {
        let machine = request.and_then(machine).filter(|_| self.uploads_per_address > 0);
        let keys = [
            Some((format!("conversation {conversation}"), self.uploads_per_conversation)),
            machine.map(|machine| (format!("machine {machine}"), self.uploads_per_address)),
        ];
        self.uploads.take(keys.into_iter().flatten(), Instant::now())
    }

    /// One more message or transcript, or how long to wait.
    pub(super) fn letter(
        &self,
        conversation: Option<&str>,
        request: &HttpRequest,
    ) -> Result<(), Duration> {
        let each = self.letters_per_address;
        let keys = [
            conversation.map(|it| (format!("conversation {it}"), each)),
            machine(request).map(|machine| (format!("machine {machine}"), each)),
            Some(("everybody".to_owned(), self.letters_per_hour)),
        ];
        self.letters.take(keys.into_iter().flatten(), Instant::now())
    }
}

/// The address at the other end, never what a header claims. Behind a private one, a proxy's, is everybody:
/// it is not counted. Of IPv6 it is the half that one customer is given, who has any number of the other.
fn machine(request: &HttpRequest) -> Option<IpAddr> {
    let address = request.peer_addr()?.ip().to_canonical();
    let counted = match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> HALF << HALF).into(),
    };
    is_public(address).then_some(counted)
}

/// Counts by key.
struct Allowance(Mutex<LruCache<String, Taken>>);

#[derive(Clone, Copy)]
struct Taken {
    count: u32,
    since: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }

    /// Counts one for every key, or for none and says how long to wait.
    fn take(
        &self,
        keys: impl Iterator<Item = (String, u32)>,
        now: Instant,
    ) -> Result<(), Duration> {
        let keys: Vec<_> = keys.collect();
        let mut known = self.0.lock().expect("nobody panics while counting");
        for (key, most) in &keys {
            let Some(taken) = known.get(key) else { continue };
            let left = WITHIN.saturating_sub(now - taken.since);
            if left.is_zero() {
                known.pop(key);
            } else if taken.count >= *most {
                return Err(left);
            }
        }
        for (key, _) in keys {
            let taken = known.get_or_insert_mut(key, || Taken { count: 0, since: now });
            taken.count = taken.count.saturating_add(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn so_many_an_hour_and_a_refusal_counts_for_nobody() {
        let (allowance, now) = (Allowance::new(), Instant::now());
        let take = |key: &str, now| {
            let keys = [(key.to_owned(), 2), ("everybody".to_owned(), 3)];
            allowance.take(keys.into_iter(), now)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(take("a", now), Ok(()));
        assert_eq!(take("a", now + minute), Ok(()));
        assert_eq!(take("a", now + minute), Err(minute * 59));
        assert_eq!(take("b", now + minute), Ok(()));
        assert_eq!(take("c", now + minute), Err(minute * 59), "everybody together");
        assert_eq!(take("a", now + WITHIN), Ok(()), "forgotten after an hour");
    }

    #[test]
    fn a_machine_is_counted_by_its_public_address_alone() {
        let from = |address: &str| {
            let peer = format!("{address}:9").parse().expect("an address");
            let request = TestRequest::default().peer_addr(peer);
            machine(&request.insert_header(("x-forwarded-for", "9.9.9.9")).to_http_request())
        };
        assert_eq!(from("8.8.8.8"), Some("8.8.8.8".parse().expect("an address")));
        assert_eq!(from("[::ffff:8.8.8.8]"), from("8.8.8.8"));
        assert_eq!(from("[2a00:1450::1:2]"), from("[2a00:1450::ffff:3]"));
        assert_ne!(from("[2a00:1450::1]"), from("[2a00:1450:0:1::1]"));
        assert_eq!(from("10.0.0.1"), None);
        assert_eq!(from("127.0.0.1"), None);
        let settings = hsc_config::Settings::load(None, []).expect("the defaults");
        let allowances = Allowances::new(&settings.uploads, &settings.letters);
        let peer = "8.8.8.8:9".parse().expect("an address");
        let request = TestRequest::default().peer_addr(peer).to_http_request();
        let left = (0..100).filter(|_| allowances.letter(None, &request).is_ok()).count();
        assert_eq!(left, settings.letters.per_address as usize);
        let kept =
            (0..1_000).filter(|it| allowances.upload(&it.to_string(), Some(&request)).is_ok());
        assert_eq!(kept.count(), settings.uploads.per_address as usize);
    }
}
