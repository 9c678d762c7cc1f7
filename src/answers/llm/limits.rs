//! Quotas of answers and tokens of the model: by conversation, by client and by pod.
//!
//! A model costs money, and anyone who can open a socket can send questions. So a question is admitted only while each
//! of its three quotas of answers and of tokens has room; else the extractive answer is given. Tokens are reserved
//! before the request and settled after the response, by the reported usage or an estimate.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hsc_actors::{Quota, RateLimiter};
use hsc_answers::llm::estimate_tokens;
use hsc_config::LlmSettings;
use hsc_conversation::ClientKey;
use hsc_conversation::answer::Requester;
use hsc_monitoring::Metrics;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Conversations and clients that are remembered. Evicting one takes as many others, and the quota of the
/// pod limits all of them.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");
const ONE: NonZeroUsize = NonZeroUsize::new(1).expect("not zero");
/// Approximate tokens of a picture: between 85 and 1,500, by model and size.
pub(super) const PICTURE_TOKENS: u64 = 1_000;

/// The scope of the exhausted quota. The name is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Scope {
    Conversation,
    Client,
    Pod,
}

/// The exhausted quantity. The name is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Used {
    Answers,
    Tokens,
}

/// Tokens as the endpoint counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) completion: u64,
}

/// The quotas of this pod.
pub(super) struct ModelLimits {
    quotas: Mutex<Quotas>,
    metrics: Arc<Metrics>,
}

struct Quotas {
    answers: Scoped,
    tokens: Scoped,
}

/// One kind of quota, for each scope that has a limit.
struct Scoped(Vec<(Scope, RateLimiter<Key>)>);

/// For whom a scope counts.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Conversation(Arc<str>),
    Client(ClientKey),
    Pod,
}

impl Key {
    /// `None` if the conversation or the client is not known.
    fn of(scope: Scope, asker: &Requester) -> Option<Self> {
        match scope {
            Scope::Conversation => asker.conversation.clone().map(Self::Conversation),
            Scope::Client => asker.client.map(Self::Client),
            Scope::Pod => Some(Self::Pod),
        }
    }
}

impl Scoped {
    fn new(limits: [(Scope, u64); 3], per: Duration) -> Self {
        let limiter = |(scope, limit)| {
            let remembered = if scope == Scope::Pod { ONE } else { REMEMBERED };
            Some((scope, RateLimiter::new(Quota::new(limit, per)?, remembered)))
        };
        Self(limits.into_iter().filter_map(limiter).collect())
    }

    fn check(&self, asker: &Requester, cost: u64, now: Instant) -> Result<(), Scope> {
        for (scope, limiter) in &self.0 {
            if let Some(key) = Key::of(*scope, asker) {
                limiter.check(&key, cost, now).map_err(|_| *scope)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, asker: &Requester, cost: u64, now: Instant) {
        for (scope, limiter) in &mut self.0 {
            if let Some(key) = Key::of(*scope, asker) {
                limiter.count(key, cost, now);
            }
        }
    }

    fn give_back(&mut self, asker: &Requester, cost: u64) {
        for (scope, limiter) in &mut self.0 {
            if let Some(key) = Key::of(*scope, asker) {
                limiter.give_back(&key, cost);
            }
        }
    }
}

impl ModelLimits {
    pub(super) fn new(settings: &LlmSettings, metrics: Arc<Metrics>) -> Arc<Self> {
        let answers = [
            (Scope::Conversation, u64::from(settings.answers_per_minute_per_conversation)),
            (Scope::Client, u64::from(settings.answers_per_minute_per_client)),
            (Scope::Pod, u64::from(settings.answers_per_minute)),
        ];
        let tokens = [
            (Scope::Conversation, settings.tokens_per_day_per_conversation),
            (Scope::Client, settings.tokens_per_day_per_client),
            (Scope::Pod, settings.tokens_per_day),
        ];
        let quotas =
            Quotas { answers: Scoped::new(answers, MINUTE), tokens: Scoped::new(tokens, DAY) };
        Arc::new(Self { quotas: Mutex::new(quotas), metrics })
    }

    /// Counts one answer, and reserves the tokens of its prompt and of the longest answer; or returns the exhausted
    /// quota, and then counts nothing.
    pub(super) fn admit(
        self: &Arc<Self>,
        asker: &Requester,
        prompt: u64,
        most: u64,
    ) -> Result<Spending, (Scope, Used)> {
        let now = Instant::now();
        let reserved = prompt.saturating_add(most);
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = quotas.answers.check(asker, 1, now).map_err(|scope| (scope, Used::Answers));
        let admitted = admitted.and_then(|()| {
            let tokens = quotas.tokens.check(asker, reserved, now);
            tokens.map_err(|scope| (scope, Used::Tokens))
        });
        if let Err((scope, used)) = admitted {
            self.metrics.answers.model_limited(scope.into(), used.into());
            return Err((scope, used));
        }
        quotas.answers.count(asker, 1, now);
        quotas.tokens.count(asker, reserved, now);
        Ok(Spending {
            limits: Arc::clone(self),
            asker: asker.clone(),
            reserved,
            prompt,
            sent: false,
            generated: 0,
            usage: None,
        })
    }

    fn settle(&self, spending: &Spending) {
        let Usage { prompt, completion } = spending.used();
        self.metrics.answers.model_tokens(prompt, completion);
        let used = prompt.saturating_add(completion);
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        match used.checked_sub(spending.reserved) {
            Some(more) => quotas.tokens.count(&spending.asker, more, Instant::now()),
            None => quotas.tokens.give_back(&spending.asker, spending.reserved - used),
        }
    }
}

/// One admitted answer of the model. Settled on drop, however the answer ended: a cancelled
/// answer has used its tokens.
pub(super) struct Spending {
    limits: Arc<ModelLimits>,
    asker: Requester,
    reserved: u64,
    prompt: u64,
    /// True once the endpoint has accepted the prompt.
    pub(super) sent: bool,
    generated: u64,
    /// As the endpoint reported it.
    pub(super) usage: Option<Usage>,
}

impl Spending {
    /// Adds text of the model to the estimate.
    pub(super) fn says(&mut self, text: &str) {
        self.generated = self.generated.saturating_add(estimate_tokens(text));
    }

    /// The tokens so far: as reported, else estimated.
    pub(super) fn used(&self) -> Usage {
        let estimated = || match self.sent {
            true => Usage { prompt: self.prompt, completion: self.generated },
            // Rejected or unreachable: it costs nothing.
            false => Usage { prompt: 0, completion: 0 },
        };
        self.usage.unwrap_or_else(estimated)
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        Arc::clone(&self.limits).settle(self);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use hsc_conversation::ClientAddress;

    use super::*;

    fn limits(answers: [u32; 3], tokens: [u64; 3]) -> Arc<ModelLimits> {
        let defaults = hsc_config::Settings::load(None, []).expect("the defaults").answers.llm;
        let settings = LlmSettings {
            answers_per_minute_per_conversation: answers[0],
            answers_per_minute_per_client: answers[1],
            answers_per_minute: answers[2],
            tokens_per_day_per_conversation: tokens[0],
            tokens_per_day_per_client: tokens[1],
            tokens_per_day: tokens[2],
            ..defaults
        };
        ModelLimits::new(&settings, Metrics::new())
    }

    fn asker(conversation: &str, address: &str) -> Requester {
        let address: IpAddr = address.parse().expect("an address");
        Requester {
            conversation: Some(conversation.into()),
            client: Some(ClientAddress::new(address).key()),
            trace: None,
        }
    }

    fn refused(limits: &Arc<ModelLimits>, asker: &Requester) -> Option<(Scope, Used)> {
        limits.admit(asker, 10, 10).err()
    }

    #[test]
    fn each_scope_has_its_own_quota_of_answers() {
        let limits = limits([2, 3, 5], [0, 0, 0]);
        let (one, other) = (asker("a", "8.8.8.8"), asker("b", "8.8.8.8"));
        assert_eq!((refused(&limits, &one), refused(&limits, &one)), (None, None));
        assert_eq!(refused(&limits, &one), Some((Scope::Conversation, Used::Answers)));
        assert_eq!(refused(&limits, &other), None);
        assert_eq!(refused(&limits, &other), Some((Scope::Client, Used::Answers)));
        // All addresses of an IPv6 network that one customer has are the same client.
        assert_eq!(refused(&limits, &asker("c", "2a00:1450::1")), None);
        assert_eq!(refused(&limits, &asker("d", "2a00:1450::2")), None);
        assert_eq!(refused(&limits, &asker("e", "9.9.9.9")), Some((Scope::Pod, Used::Answers)));
        assert_eq!(refused(&limits, &Requester::default()), Some((Scope::Pod, Used::Answers)));
        let counted = limits.metrics.render();
        let of_pod = "hsc_llm_limited_total{limit=\"answers\",scope=\"pod\"} 2";
        assert!(counted.contains(of_pod), "{counted}");
    }

    #[test]
    fn tokens_are_reserved_and_settled_by_usage() {
        let limits = limits([0, 0, 0], [100, 0, 0]);
        let asker = asker("a", "8.8.8.8");
        let mut first = limits.admit(&asker, 40, 40).expect("room");
        assert_eq!(limits.admit(&asker, 20, 10).err(), Some((Scope::Conversation, Used::Tokens)));
        first.sent = true;
        first.says("12345678");
        drop(first);
        // 42 are used: 58 are left, and a moment's refill is less than one.
        assert_eq!(limits.admit(&asker, 59, 0).err(), Some((Scope::Conversation, Used::Tokens)));
        let mut second = limits.admit(&asker, 57, 0).expect("room");
        second.sent = true;
        second.usage = Some(Usage { prompt: 90, completion: 9 });
        drop(second);
        assert_eq!(limits.admit(&asker, 1, 0).err(), Some((Scope::Conversation, Used::Tokens)));
        let counted = limits.metrics.render();
        assert!(counted.contains("hsc_llm_tokens_total{kind=\"prompt\"} 130"), "{counted}");
        assert!(counted.contains("hsc_llm_tokens_total{kind=\"completion\"} 11"), "{counted}");
    }

    #[test]
    fn a_rejected_request_costs_nothing() {
        let limits = limits([0, 0, 0], [0, 100, 0]);
        let asker = asker("a", "8.8.8.8");
        for _ in 0..10 {
            drop(limits.admit(&asker, 90, 10).expect("nothing was used"));
        }
    }
}
