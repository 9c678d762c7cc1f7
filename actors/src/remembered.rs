//! What was predicted and answered before, kept to be said again.
//!
//! Both caches are filled by their users: a keystroke never waits for an actor, and an answer is
//! known only when its last word was said. A key names the catalog's version, so what was made from
//! an old catalog is never found under a new one.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hsc_catalogs::Snapshot;
use serde_json::value::RawValue;

use crate::cache::{Cache, Contents, LoadFailure, Scope};
use crate::ports::{Answer, AnswerEvent, Answerer, AnswererName, ManualRequest, Outcome, Question};
use crate::protocol::Scenario;

/// Bytes a key and the bookkeeping of an entry take beside the value.
const OVERHEAD: usize = 200;

/// Answers to keystrokes, as the contents of a cache.
#[derive(Debug)]
pub struct Predictions;

/// What was typed, and in which form the answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PredictionKey {
    pub(crate) version: Arc<str>,
    pub(crate) typed: String,
    pub(crate) compact: bool,
}

/// The answer to a keystroke: JSON that is ready to be sent, and the manual it makes likely.
#[derive(Debug)]
pub struct Predicted {
    pub(crate) data: Arc<RawValue>,
    pub(crate) likely: Likely,
}

/// What a keystroke says about the manual the visitor will need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Likely {
    /// Nothing was typed.
    Nothing,
    /// This one, or none that is sure enough.
    Asked(Option<ManualRequest>),
}

impl Contents for Predictions {
    type Key = PredictionKey;
    type Value = Arc<Predicted>;
    type Error = LoadFailure;

    fn lost(&self, why: LoadFailure) -> LoadFailure {
        why
    }

    fn weight(&self, key: &PredictionKey, predicted: &Arc<Predicted>) -> usize {
        OVERHEAD + key.typed.len() + predicted.data.get().len()
    }

    fn concerns(&self, key: &PredictionKey, scope: &Scope) -> bool {
        match scope {
            // A prediction shows the catalog, and the catalog's version is its key.
            Scope::Product { .. } => false,
            Scope::CatalogVersion(version) => *key.version == **version,
            Scope::All => true,
        }
    }
}

/// Answers to questions, as the contents of a cache.
#[derive(Debug)]
pub struct Answers;

/// Everything an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    version: Arc<str>,
    product: Arc<str>,
    manual: ManualRequest,
    question: String,
    scenario: Scenario,
    locale: Option<String>,
}

/// An answer as it was said.
#[derive(Debug)]
pub struct Said {
    chunks: Vec<String>,
    answer: Answer,
}

impl Contents for Answers {
    type Key = AnswerKey;
    type Value = Arc<Said>;
    type Error = LoadFailure;

    fn lost(&self, why: LoadFailure) -> LoadFailure {
        why
    }

    fn weight(&self, key: &AnswerKey, said: &Arc<Said>) -> usize {
        let chunks: usize = said.chunks.iter().map(|chunk| chunk.len() + 24).sum();
        let quotes: usize =
            said.answer.citations.iter().map(|citation| citation.quote.len() + 64).sum();
        OVERHEAD
            + key.question.len()
            + chunks
            + quotes
            + said.answer.text.len()
            + said.answer.html.len()
    }

    fn concerns(&self, key: &AnswerKey, scope: &Scope) -> bool {
        match scope {
            Scope::Product { id, manual } => {
                *key.product == **id || manual.as_ref() == Some(&key.manual)
            }
            Scope::CatalogVersion(version) => *key.version == **version,
            Scope::All => true,
        }
    }
}

/// An answerer that says again what it has said before.
pub(crate) struct Remembering {
    inner: Arc<dyn Answerer>,
    cache: Cache<Answers>,
    catalog: Arc<Snapshot>,
}

impl Remembering {
    pub(crate) fn new(
        inner: Arc<dyn Answerer>,
        cache: Cache<Answers>,
        catalog: Arc<Snapshot>,
    ) -> Self {
        Self { inner, cache, catalog }
    }

    /// Nothing for a question whose answer cannot be the same twice: it shows a picture, or there is
    /// no manual to rest on.
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
            scenario: question.scenario,
            locale: question.locale.clone(),
        })
    }
}

impl Answerer for Remembering {
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        let Some(key) = self.key(&question) else { return self.inner.answer(question) };
        if let Some(Ok(said)) = self.cache.peek(&key) {
            return repeated(&said);
        }
        let cache = self.cache.clone();
        let mut key = Some(key);
        let mut chunks = Vec::new();
        let watched = self.inner.answer(question).inspect(move |event| match event {
            AnswerEvent::Chunk(chunk) => chunks.push(chunk.clone()),
            AnswerEvent::Done(answer) if is_worth_keeping(answer) => {
                if let Some(key) = key.take() {
                    let said =
                        Said { chunks: std::mem::take(&mut chunks), answer: *answer.clone() };
                    cache.put(key, Arc::new(said));
                }
            }
            _ => {}
        });
        watched.boxed()
    }
}

/// Only what would be said again: made from the manual in force, by whoever was asked to, and resting
/// on it. What the manual's own sentences say needs no further proof.
fn is_worth_keeping(answer: &Answer) -> bool {
    answer.outcome == Outcome::Answered
        && answer.fallback.is_none()
        && !answer.stale_manual
        && (answer.grounded || answer.answerer == AnswererName::Extractive)
}

fn repeated(said: &Arc<Said>) -> BoxStream<'static, AnswerEvent> {
    let begin = [AnswerEvent::Reading, AnswerEvent::Thinking];
    let chunks = said.chunks.iter().cloned().map(AnswerEvent::Chunk);
    let done = AnswerEvent::Done(Box::new(said.answer.clone()));
    let events: Vec<AnswerEvent> = begin.into_iter().chain(chunks).chain([done]).collect();
    stream::iter(events).boxed()
}

/// The question without what makes no difference: case, spaces, the mark at its end.
fn normalised(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches(['?', '.', '!', ' ']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_differ_in_nothing_that_matters_are_one() {
        let one = normalised("How do I  reset it?");
        assert_eq!(one, normalised(" how do i reset it ?! "));
        assert_ne!(one, normalised("How do I not reset it?"));
    }

    #[test]
    fn only_answers_that_would_be_given_again_are_kept() {
        let good = Answer {
            outcome: Outcome::Answered,
            text: String::new(),
            html: String::new(),
            citations: Vec::new(),
            confidence: 0.9,
            grounded: true,
            answerer: AnswererName::Llm,
            fallback: None,
            stale_manual: false,
        };
        assert!(is_worth_keeping(&good));
        assert!(!is_worth_keeping(&Answer { grounded: false, ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { stale_manual: true, ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { fallback: Some("slow".into()), ..good.clone() }));
        assert!(!is_worth_keeping(&Answer { outcome: Outcome::Unknown, ..good }));
    }
}
