//! Limits the handoffs of one client, so that one client does not fill the shared queue.
//!
//! Counted on this pod, by client address. `desk.max_waiting` bounds all clients together.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use hsc_config::DeskSettings;
use lru::LruCache;
use tokio::time::Instant;

use crate::mutex::Mutex;
use hsc_conversation::ClientKey;

/// Age after which a handoff that is not at the desk any more is not counted.
const WITHIN: Duration = Duration::from_secs(60 * 60);
/// Clients that are remembered. Evicting one takes as many addresses.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// The limits per client; 0 is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandoffLimits {
    /// Concurrent handoffs, waiting or with an agent.
    pub max_open: usize,
    /// Handoffs within an hour.
    pub per_hour: usize,
}

impl From<&DeskSettings> for HandoffLimits {
    fn from(settings: &DeskSettings) -> Self {
        Self { max_open: settings.max_open_per_address, per_hour: settings.per_address }
    }
}

/// The handoffs of each client.
pub(super) struct HandoffQuota {
    limits: HandoffLimits,
    requests: Mutex<LruCache<ClientKey, VecDeque<HandoffRequests>>>,
}

struct HandoffRequests {
    conversation: Arc<str>,
    at: Instant,
}

impl HandoffQuota {
    pub(super) fn new(limits: HandoffLimits) -> Self {
        Self { limits, requests: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Counts a handoff of this client; false when a limit is reached. A conversation that is at the desk
    /// already counts once.
    pub(super) fn take(
        &self,
        client: ClientKey,
        conversation: &Arc<str>,
        is_at_desk: impl Fn(&str) -> bool,
        now: Instant,
    ) -> bool {
        let mut all = self.requests.lock();
        let requests = all.get_or_insert_mut(client, VecDeque::new);
        requests.retain(|it| now - it.at < WITHIN || is_at_desk(&it.conversation));
        let is_this = |it: &&HandoffRequests| it.conversation == *conversation;
        if is_at_desk(conversation) && requests.iter().any(|it| is_this(&it)) {
            return true;
        }
        let within_an_hour = requests.iter().filter(|it| now - it.at < WITHIN).count();
        let open = requests.iter().filter(|it| is_at_desk(&it.conversation)).count();
        let is_under = |count: usize, most: usize| most == 0 || count < most;
        if !is_under(open, self.limits.max_open) || !is_under(within_an_hour, self.limits.per_hour)
        {
            return false;
        }
        requests.push_back(HandoffRequests { conversation: Arc::clone(conversation), at: now });
        true
    }

    /// Takes the last counted handoff of this conversation back, because the desk refused it.
    pub(super) fn take_back(&self, client: ClientKey, conversation: &str) {
        if let Some(requests) = self.requests.lock().get_mut(&client)
            && let Some(at) = requests.iter().rposition(|it| *it.conversation == *conversation)
        {
            requests.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use hsc_conversation::ClientAddress;

    fn client(last: u8) -> ClientKey {
        ClientAddress::new([10, 0, 0, last].into()).key()
    }

    #[test]
    fn one_client_has_a_limit_of_open_handoffs_and_of_handoffs_per_hour() {
        let quota = HandoffQuota::new(HandoffLimits { max_open: 2, per_hour: 3 });
        let (one, other, now) = (client(1), client(2), Instant::now());
        let mut at_desk = HashSet::new();
        let take = |client, conversation: &str, at_desk: &HashSet<String>, now| {
            quota.take(client, &conversation.into(), |it| at_desk.contains(it), now)
        };
        for conversation in ["a", "b"] {
            assert!(take(one, conversation, &at_desk, now));
            at_desk.insert(conversation.to_owned());
        }
        assert!(!take(one, "c", &at_desk, now), "two are open");
        assert!(take(one, "a", &at_desk, now), "asking again is no other one");
        assert!(take(other, "x", &at_desk, now), "and nobody else is refused");
        at_desk.remove("a");
        assert!(take(one, "c", &at_desk, now));
        at_desk.remove("b");
        assert!(!take(one, "d", &at_desk, now), "three within the hour");
        quota.take_back(one, "c");
        assert!(take(one, "d", &at_desk, now), "one that the desk did not take does not count");
        assert!(take(one, "e", &at_desk, now + WITHIN), "forgotten after an hour");
    }

    #[test]
    fn without_limits_every_handoff_is_admitted() {
        let quota = HandoffQuota::new(HandoffLimits::default());
        let now = Instant::now();
        assert!((0..1_000).all(|it| quota.take(client(1), &it.to_string().into(), |_| true, now)));
    }
}
