//! Rate limits of visitors' requests: a number per hour, shared by all pods while Redis answers, else per pod.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hsc_actors::ports::SharedQuota;
use hsc_config::{OfflineMessagesSettings, UploadsSettings};
use hsc_conversation::ClientKey;
use lru::LruCache;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Length of the window.
const WITHIN: Duration = Duration::from_secs(3_600);
/// Conversations and clients that are counted. Evicting one takes as many others.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");
/// Concurrent uploads: each is in memory until it is re-encoded.
const COMING_IN: usize = 16;
/// The same of one client, so that its slow uploads leave room for others.
const COMING_IN_OF_A_CLIENT: usize = 4;

/// The hourly limits of visitors.
pub struct Allowances {
    uploads: UploadsSettings,
    offline_messages: OfflineMessagesSettings,
    /// Counts of this pod.
    uploads_here: Allowance,
    offline_messages_here: Allowance,
    /// Counts for all pods.
    shared: Option<Arc<dyn SharedQuota>>,
    /// Permits of concurrent uploads.
    coming_in: Semaphore,
    /// Number of concurrent uploads per client.
    coming_in_of: Mutex<HashMap<ClientKey, usize>>,
}

impl Allowances {
    /// From the settings; counts in `shared` for all pods, while it answers.
    pub fn new(
        uploads: &UploadsSettings,
        offline_messages: &OfflineMessagesSettings,
        shared: Option<Arc<dyn SharedQuota>>,
    ) -> Self {
        Self {
            uploads: uploads.clone(),
            offline_messages: offline_messages.clone(),
            uploads_here: Allowance::new("uploads"),
            offline_messages_here: Allowance::new("letters"),
            shared,
            coming_in: Semaphore::new(COMING_IN),
            coming_in_of: Mutex::default(),
        }
    }

    /// Counts one picture of this conversation; the wait if the limit is used up.
    pub(super) async fn upload(
        &self,
        conversation: &str,
        client: Option<ClientKey>,
    ) -> Result<(), Duration> {
        let UploadsSettings { per_conversation, per_address, .. } = self.uploads;
        let client = client.filter(|_| per_address > 0).map(named);
        let keys = [
            Some((format!("conversation {conversation}"), per_conversation)),
            client.map(|client| (client, per_address)),
        ];
        self.take(&self.uploads_here, keys.into_iter().flatten().collect()).await
    }

    /// A permit for an upload; none if all are in use, or all of this client.
    pub(super) fn place(&self, client: Option<ClientKey>) -> Option<IncomingUpload<'_>> {
        let place = self.coming_in.try_acquire().ok()?;
        if let Some(client) = client {
            let mut coming = self.coming_in_of.lock().expect("counting does not panic");
            let count = coming.entry(client).or_default();
            if *count >= COMING_IN_OF_A_CLIENT {
                return None;
            }
            *count += 1;
        }
        Some(IncomingUpload { allowances: self, client, _place: place })
    }

    /// Counts one offline message, or one mail to this recipient: a transcript, a code, an attempt at a code. The wait
    /// if a limit is used up. The limits of one client precede the limit of all: a refused request uses up nothing of
    /// the others.
    pub(super) async fn offline_message(
        &self,
        conversation: Option<&str>,
        recipient: Option<&str>,
        client: ClientKey,
    ) -> Result<(), Duration> {
        let OfflineMessagesSettings { per_address: each, per_hour } = self.offline_messages;
        let keys = [
            Some((named(client), each)),
            conversation.map(|it| (format!("conversation {it}"), each)),
            recipient.map(|it| (format!("recipient {}", it.to_lowercase()), each)),
            Some(("everybody".to_owned(), per_hour)),
        ];
        self.take(&self.offline_messages_here, keys.into_iter().flatten().collect()).await
    }

    /// Counts in all pods or, if they are unavailable, in this one.
    async fn take(&self, here: &Allowance, keys: Vec<(String, u32)>) -> Result<(), Duration> {
        if let Some(shared) = &self.shared {
            let named = keys.iter().map(|(key, most)| (format!("{} {key}", here.name), *most));
            match shared.take(named.collect(), WITHIN).await {
                Ok(taken) => return taken,
                Err(error) => {
                    log::debug!(why:% = error; "a quota is counted in this pod alone");
                }
            }
        }
        here.take(keys, Instant::now())
    }
}

/// An upload in progress. Its permit is returned on drop.
pub(super) struct IncomingUpload<'a> {
    allowances: &'a Allowances,
    client: Option<ClientKey>,
    _place: SemaphorePermit<'a>,
}

impl Drop for IncomingUpload<'_> {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut coming = self.allowances.coming_in_of.lock().expect("counting does not panic");
        if let Some(count) = coming.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                coming.remove(&client);
            }
        }
    }
}

/// The key of a client.
fn named(client: ClientKey) -> String {
    format!("client {client}")
}

/// Counts by key.
struct Allowance {
    /// Prefix of the keys in the shared store.
    name: &'static str,
    taken: Mutex<LruCache<String, Taken>>,
}

#[derive(Clone, Copy)]
struct Taken {
    count: u32,
    since: Instant,
}

impl Allowance {
    fn new(name: &'static str) -> Self {
        Self { name, taken: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Counts one for every key, or none and returns the wait.
    fn take(&self, keys: Vec<(String, u32)>, now: Instant) -> Result<(), Duration> {
        let mut known = self.taken.lock().expect("counting does not panic");
        for (key, most) in &keys {
            let Some(taken) = known.get(key) else { continue };
            let remaining = WITHIN.saturating_sub(now - taken.since);
            if remaining.is_zero() {
                known.pop(key);
            } else if taken.count >= *most {
                return Err(remaining);
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
    use futures::executor::block_on;
    use hsc_conversation::ClientAddress;

    use super::*;

    #[test]
    fn an_hourly_quota_is_enforced_and_a_refusal_counts_for_no_key() {
        let (allowance, now) = (Allowance::new("a"), Instant::now());
        let take = |key: &str, now| {
            let keys = [(key.to_owned(), 2), ("everybody".to_owned(), 3)];
            allowance.take(keys.into(), now)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(take("a", now), Ok(()));
        assert_eq!(take("a", now + minute), Ok(()));
        assert_eq!(take("a", now + minute), Err(minute * 59));
        assert_eq!(take("b", now + minute), Ok(()));
        assert_eq!(take("c", now + minute), Err(minute * 59), "everybody together");
        assert_eq!(take("a", now + WITHIN), Ok(()), "forgotten after an hour");
    }

    fn from(address: &str) -> ClientKey {
        ClientAddress::new(address.parse().expect("an address")).key()
    }

    fn allowances() -> (Allowances, hsc_config::Settings) {
        let settings = hsc_config::Settings::load(None, []).expect("the defaults");
        (Allowances::new(&settings.uploads, &settings.offline_messages, None), settings)
    }

    #[test]
    fn one_client_cannot_exhaust_the_shared_quota() {
        let (allowances, settings) = allowances();
        let of = |address: &str| {
            let client = from(address);
            (0..1_000)
                .filter(|_| block_on(allowances.offline_message(None, None, client)).is_ok())
                .count()
        };
        let each = settings.offline_messages.per_address as usize;
        assert_eq!(of("127.0.0.1"), each);
        assert_eq!(of("127.0.0.2"), each);
        let all: usize = (0..=255).map(|last| of(&format!("10.0.0.{last}"))).sum();
        assert_eq!(
            all + 2 * each,
            settings.offline_messages.per_hour as usize,
            "together the last bound"
        );
        let client = Some(from("8.8.8.8"));
        let allowed =
            (0..1_000).filter(|it| block_on(allowances.upload(&it.to_string(), client)).is_ok());
        assert_eq!(allowed.count(), settings.uploads.per_address as usize);
    }

    #[test]
    fn mails_to_one_recipient_are_limited_across_clients() {
        let (allowances, settings) = allowances();
        let mail = |conversation: &str, recipient: &str, client: &str| {
            let client = from(client);
            block_on(allowances.offline_message(Some(conversation), Some(recipient), client))
        };
        let sent = (0..=255).filter(|last| {
            mail(&format!("c{last}"), "Dana@example.test", &format!("10.0.0.{last}")).is_ok()
        });
        assert_eq!(sent.count(), settings.offline_messages.per_address as usize);
        assert!(mail("c", "noa@example.test", "10.0.1.1").is_ok());
        assert!(mail("d", "dana@example.test", "10.0.1.1").is_err());
    }

    #[test]
    fn slow_uploads_of_one_client_leave_slots_for_others() {
        let (allowances, _) = allowances();
        let (one, other) = (from("10.0.0.1"), from("10.0.0.2"));
        let places: Vec<_> = (0..COMING_IN).filter_map(|_| allowances.place(Some(one))).collect();
        assert_eq!(places.len(), COMING_IN_OF_A_CLIENT);
        assert!(allowances.place(Some(other)).is_some());
        drop(places);
        assert!(allowances.place(Some(one)).is_some());
    }
}
