//! How often visitors may do what costs somebody something: so many an hour, in this pod.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use actix_web::HttpRequest;
use hsc_config::{LettersSettings, UploadsSettings};
use lru::LruCache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::super::client_address;

/// What is counted is forgotten after so long.
const WITHIN: Duration = Duration::from_secs(3_600);
/// Conversations and machines that are remembered. To push one out takes as many others.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");
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
        let client = request.filter(|_| self.uploads_per_address > 0).map(client_key);
        let keys = [
            Some((format!("conversation {conversation}"), self.uploads_per_conversation)),
            client.map(|client| (client, self.uploads_per_address)),
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
            Some((client_key(request), each)),
            Some(("everybody".to_owned(), self.letters_per_hour)),
        ];
        self.letters.take(keys.into_iter().flatten(), Instant::now())
    }
}

/// What the client of this request is counted by.
fn client_key(request: &HttpRequest) -> String {
    format!("client {}", client_address(request).key())
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
    fn a_client_is_counted_whatever_its_headers_claim() {
        let settings = hsc_config::Settings::load(None, []).expect("the defaults");
        for peer in ["8.8.8.8:9", "10.0.0.1:9", "127.0.0.1:9"] {
            let allowances = Allowances::new(&settings.uploads, &settings.letters);
            let request = |number: usize| {
                let request = TestRequest::default().peer_addr(peer.parse().expect("an address"));
                request
                    .insert_header(("x-forwarded-for", format!("9.9.9.{number}")))
                    .to_http_request()
            };
            let left = (0..100).filter(|it| allowances.letter(None, &request(*it)).is_ok()).count();
            assert_eq!(left, settings.letters.per_address as usize, "{peer}");
            let kept = (0..200)
                .filter(|it| allowances.upload(&it.to_string(), Some(&request(*it))).is_ok());
            assert_eq!(kept.count(), settings.uploads.per_address as usize, "{peer}");
        }
    }
}
