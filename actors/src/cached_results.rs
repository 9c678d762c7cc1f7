//! The caches of predictions and of answers.
//!
//! Both are filled by their users: a keystroke never waits for an actor, and an answer is complete
//! only after its last chunk. A key contains the catalog's version, so a result from
//! an old catalog is never found under a new one.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use hsc_catalogs::{Citation, Manual, Product, Scenario, Snapshot, Suggestion};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::cache::{Cache, CacheTag, Contents, L2Policy, LoadFailure};
use crate::ports::Answerer;
use hsc_conversation::answer::{
    Answer, AnswerEvent, AnswererName, ManualRequest, Outcome, Question, Requester,
};
use hsc_conversation::{Predicted, PredictionCache, PredictionKey};

/// Bytes of a key and of the bookkeeping of an entry, in addition to the value.
const OVERHEAD: usize = 200;
/// Concurrent refreshes of answers. No client waits for them, so they must not delay the answers
/// that a client waits for.
const RENEWALS_AT_ONCE: usize = 2;

/// Answers to keystrokes, as the contents of a cache.
#[derive(Debug)]
pub struct Predictions;

impl Contents for Predictions {
    type Key = PredictionKey;
    type Value = Arc<Predicted>;
    type Error = LoadFailure;

    fn weight(&self, key: &PredictionKey, predicted: &Arc<Predicted>) -> usize {
        OVERHEAD + key.typed.len() + predicted.data.get().len()
    }

    /// Not on a product: a prediction shows the catalog, and the catalog's version is in its key.
    fn tags(key: &PredictionKey) -> Vec<CacheTag> {
        vec![CacheTag::CatalogVersion(Arc::clone(&key.version))]
    }

    /// A search is faster than a lookup in another pod, and every keystroke makes one. So there is no
    /// lookup; only hot predictions are shared, for pods that start.
    fn sharing(_: &PredictionKey) -> L2Policy {
        L2Policy::WhenHot
    }
}

/// Answers to questions, as the contents of a cache.
#[derive(Debug)]
pub struct Answers;

/// Everything an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnswerKey {
    version: Arc<str>,
    product: Arc<str>,
    manual: ManualRequest,
    question: String,
    previous: Vec<String>,
    scenario: Scenario,
    locale: Option<String>,
}

/// A complete answer: without the fields that are equal for all stored answers ([`is_worth_keeping`]), and without
/// its text, which is the sum of its chunks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CachedAnswer {
    chunks: Vec<String>,
    html: String,
    citations: Vec<Citation>,
    confidence: f32,
    grounded: bool,
    answerer: AnswererName,
}

impl CachedAnswer {
    fn new(chunks: Vec<String>, answer: Answer) -> Self {
        let Answer { html, citations, confidence, grounded, answerer, .. } = answer;
        Self { chunks, html, citations, confidence, grounded, answerer }
    }

    fn answer(&self) -> Answer {
        Answer {
            outcome: Outcome::Answered,
            text: self.chunks.concat(),
            html: self.html.clone(),
            citations: self.citations.clone(),
            confidence: self.confidence,
            grounded: self.grounded,
            answerer: self.answerer,
            fallback: None,
            stale_manual: false,
            provisional: false,
            pages_pending: 0,
        }
    }
}

impl PredictionCache for Cache<Predictions> {
    fn get(&self, key: &PredictionKey) -> Option<(Arc<Predicted>, bool)> {
        let (predicted, is_due) = self.get_to_renew(key)?;
        Some((predicted.ok()?, is_due))
    }

    fn put(&self, key: PredictionKey, predicted: Arc<Predicted>) {
        Cache::put(self, key, predicted);
    }
}

/// A manual in the catalog folder is a local file in every pod, and pods whose folders differ (during a
/// rolling update) must not read each other's.
pub(crate) fn l2_policy_of(manual: &ManualRequest) -> L2Policy {
    let url = &manual.documentation.url;
    let is_remote = url.starts_with("http://") || url.starts_with("https://");
    if is_remote { L2Policy::AtOnce } else { L2Policy::Never }
}

impl Contents for Answers {
    type Key = AnswerKey;
    type Value = Arc<CachedAnswer>;
    type Error = LoadFailure;

    fn weight(&self, key: &AnswerKey, answer: &Arc<CachedAnswer>) -> usize {
        let chunks: usize = answer.chunks.iter().map(|chunk| chunk.len() + 24).sum();
        let quotes: usize = answer.citations.iter().map(|citation| citation.quote.len() + 64).sum();
        OVERHEAD + key.question.len() + chunks + quotes + answer.html.len()
    }

    fn tags(key: &AnswerKey) -> Vec<CacheTag> {
        vec![
            CacheTag::CatalogVersion(Arc::clone(&key.version)),
            CacheTag::Product(Arc::clone(&key.product)),
            CacheTag::Manual(key.manual.clone()),
        ]
    }

    fn sharing(key: &AnswerKey) -> L2Policy {
        l2_policy_of(&key.manual)
    }
}

/// An answerer that replays a cached answer of this or another pod.
#[derive(Clone)]
pub(crate) struct Remembering {
    inner: Arc<dyn Answerer>,
    cache: Cache<Answers>,
    catalog: Arc<Snapshot>,
    renewals: Arc<Semaphore>,
}

impl Remembering {
    pub(crate) fn new(
        inner: Arc<dyn Answerer>,
        cache: Cache<Answers>,
        catalog: Arc<Snapshot>,
    ) -> Self {
        Self { inner, cache, catalog, renewals: Arc::new(Semaphore::new(RENEWALS_AT_ONCE)) }
    }

    /// `None` for a question whose answer cannot be reused: it contains a picture, or there is
    /// no manual to answer from.
    fn key(&self, question: &Question) -> Option<AnswerKey> {
        if question.image.is_some() {
            return None;
        }
        let documentation = question.product.documentation.clone()?;
        Some(AnswerKey {
            version: self.catalog.load().version().into(),
            product: question.product.id.clone(),
            manual: ManualRequest { documentation },
            question: normalised(&question.text),
            previous: question
                .previous
                .iter()
                .map(|exchange| normalised(&exchange.question))
                .collect(),
            scenario: question.scenario,
            locale: question.locale.clone(),
        })
    }
}

impl Answerer for Remembering {
    fn reduced(&self, question: Question) -> Question {
        self.inner.reduced(question)
    }

    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        let question = self.inner.reduced(question);
        let Some(key) = self.key(&question) else { return self.inner.answer(question) };
        if let Some((Ok(cached), due)) = self.cache.get_to_renew(&key) {
            if due {
                self.renew(question, key);
            }
            return repeated(&cached);
        }
        if !self.cache.is_shared(&key) {
            return self.make(question, key);
        }
        let this = self.clone();
        let sought = async move {
            match this.cache.seek(&key).await {
                Some(cached) => repeated(&cached),
                None => this.make(question, key),
            }
        };
        sought.into_stream().flatten().boxed()
    }

    fn sees_pictures(&self) -> bool {
        self.inner.sees_pictures()
    }

    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        self.inner.confirm(product, manual, suggestions)
    }
}

impl Remembering {
    /// Refreshes a hot answer before it expires, while readers still get the cached one.
    fn renew(&self, question: Question, key: AnswerKey) {
        // No permit is free: after expiry the next question makes the answer, as if it had not been hot.
        let Ok(permit) = Arc::clone(&self.renewals).try_acquire_owned() else { return };
        let this = self.clone();
        // No client waits for it: it is attributed to the pod alone.
        let question = Question { asker: Requester::default(), ..question };
        drop(actix::spawn(async move {
            this.make(question, key).for_each(|_| std::future::ready(())).await;
            drop(permit);
        }));
    }

    /// Makes the answer and stores it.
    fn make(&self, question: Question, key: AnswerKey) -> BoxStream<'static, AnswerEvent> {
        let cache = self.cache.clone();
        let mut key = Some(key);
        let mut chunks = Vec::new();
        let watched = self.inner.answer(question).inspect(move |event| match event {
            AnswerEvent::Chunk(chunk) => chunks.push(chunk.clone()),
            AnswerEvent::Done(answer) if is_worth_keeping(answer) => {
                if let Some(key) = key.take() {
                    let cached = CachedAnswer::new(std::mem::take(&mut chunks), *answer.clone());
                    cache.put(key, Arc::new(cached));
                }
            }
            _ => {}
        });
        watched.boxed()
    }
}

/// Only answers that would be given again: made from the current manual by the configured answerer, and
/// supported by it. An answer quoted from the manual needs no further check.
fn is_worth_keeping(answer: &Answer) -> bool {
    answer.outcome == Outcome::Answered
        && answer.fallback.is_none()
        && !answer.stale_manual
        && !answer.provisional
        && (answer.grounded || answer.answerer == AnswererName::Extractive)
}

fn repeated(cached: &Arc<CachedAnswer>) -> BoxStream<'static, AnswerEvent> {
    let begin = [AnswerEvent::FromCache, AnswerEvent::Reading, AnswerEvent::Thinking];
    let chunks = cached.chunks.iter().cloned().map(AnswerEvent::Chunk);
    let done = AnswerEvent::Done(Box::new(cached.answer()));
    let events: Vec<AnswerEvent> = begin.into_iter().chain(chunks).chain([done]).collect();
    stream::iter(events).boxed()
}

/// The question without differences that do not matter: case, spaces, final punctuation.
fn normalised(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches(['?', '.', '!', ' ']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_differ_only_in_form_share_a_key() {
        let one = normalised("How do I  reset it?");
        assert_eq!(one, normalised(" how do i reset it ?! "));
        assert_ne!(one, normalised("How do I not reset it?"));
    }

    /// An answer that may be stored.
    fn reusable() -> Answer {
        Answer {
            outcome: Outcome::Answered,
            text: "Hold Menu. [PAGE: 3]".into(),
            html: "<p>Hold Menu.</p>".into(),
            citations: vec![Citation {
                page: 3,
                page_label: Some("iii".into()),
                quote: "Hold the Menu button.".into(),
                url: "/manuals/a#page=3".into(),
                score: 0.5,
            }],
            confidence: 0.75,
            grounded: true,
            answerer: AnswererName::Llm,
            fallback: None,
            stale_manual: false,
            provisional: false,
            pages_pending: 0,
        }
    }

    #[test]
    fn a_stored_answer_is_read_as_the_same_answer() {
        let answer = reusable();
        let chunks = vec!["Hold ".into(), "Menu. [PAGE: 3]".into()];
        let cached = CachedAnswer::new(chunks, answer.clone());
        let written = serde_json::to_string(&cached).unwrap();
        let read = serde_json::from_str::<CachedAnswer>(&written).unwrap();
        assert_eq!(read, cached);
        assert_eq!(read.answer(), answer);
    }

    #[test]
    fn only_reusable_answers_are_stored() {
        let good = reusable();
        assert!(is_worth_keeping(&good));
        assert!(!is_worth_keeping(&Answer { grounded: false, ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { stale_manual: true, ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { provisional: true, ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { fallback: Some("slow".into()), ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { outcome: Outcome::Unknown, ..good }));
    }
}
