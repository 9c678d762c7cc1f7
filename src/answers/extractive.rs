//! The answerer without a language model: it quotes the manual's own sentences and steps.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_actors::ports::{Answerer, ManualError, ManualLoader};
use hsc_answers::encoder::Embedder;
use hsc_answers::{
    Composed, Features, Index, Measure, Nearness, Thesaurus, Turn, html_paragraph, standalone_text,
};
use hsc_catalogs::{Manual, Product, Suggestion};
use hsc_conversation::answer::{
    Answer, AnswerEvent, AnswererName, ManualRequest, Outcome, Question,
};

use super::event_sender::{EventSender, stream_of};
use super::index_cache::IndexCache;

/// The encoders' scores for one question and one manual.
#[derive(Default)]
pub(super) struct EncoderScores {
    /// By encoder; empty without vectors.
    pub encoders: Vec<Nearness>,
    /// True when vectors are missing only because the manual is still being embedded.
    pub pending: bool,
}

/// Answers with the manual's own words.
#[derive(Clone)]
pub struct Extractive {
    manual_cache: Arc<dyn ManualLoader>,
    library: Arc<IndexCache>,
    measure: Measure,
    embedder: Option<Arc<dyn Embedder>>,
}

impl Extractive {
    pub(super) fn new(
        manual_cache: Arc<dyn ManualLoader>,
        measure: Measure,
        thesaurus: Thesaurus,
        embedder: Option<Arc<dyn Embedder>>,
    ) -> Self {
        Self { manual_cache, library: Arc::new(IndexCache::new(thesaurus)), measure, embedder }
    }

    /// Opens the manual of a question and its index, or returns the reason why there is none.
    pub(super) async fn open(
        &self,
        question: &Question,
    ) -> Result<(Arc<Manual>, Arc<Index>), Answer> {
        let Some(documentation) = question.product.documentation.clone() else {
            return Err(no_manual("none", "There is no manual for this product.".to_owned()));
        };
        match self
            .manual_cache
            .load_traced(ManualRequest { documentation }, question.asker.trace)
            .await
        {
            Ok(manual) => {
                let index = self.library.index(&manual).await;
                Ok((manual, index))
            }
            Err(ManualError { code, words, .. }) => Err(no_manual(code, words)),
        }
    }

    /// The similarity of each window to a question, for each encoder. Empty without a model, or while the manual is
    /// still being embedded: no question waits for that.
    pub(super) async fn nearness(
        &self,
        question: &Question,
        manual: &Arc<Manual>,
        index: &Arc<Index>,
    ) -> EncoderScores {
        let Some(embedder) = self.embedder.clone() else { return EncoderScores::default() };
        let text = standalone_text(&answer_question(question));
        let (product, manual, index) =
            (Arc::clone(&question.product), Arc::clone(manual), Arc::clone(index));
        let near = move || {
            let multilingual = embedder.multilingual();
            let vectors = embedder.vectors(index.texts(&product.name, &manual));
            let (Some(vectors), Some(query)) = (vectors, embedder.query(&text)) else {
                // A working model will have embedded the manual soon.
                return EncoderScores {
                    pending: !multilingual.is_empty(),
                    ..EncoderScores::default()
                };
            };
            let members = multilingual.into_iter().zip(&query.0).zip(&vectors.members);
            let encoders = members.map(|((multilingual, query), windows)| Nearness {
                multilingual,
                cosines: windows.scores(query),
            });
            EncoderScores { encoders: encoders.collect(), pending: false }
        };
        // After a panic of the encoder the answer is ranked by words alone.
        tokio::task::spawn_blocking(near).await.unwrap_or_default()
    }

    /// The thresholds of an answer.
    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// The whole answer from an open manual.
    pub(super) fn compose(
        &self,
        question: &Question,
        manual: &Manual,
        index: &Index,
        near: &EncoderScores,
    ) -> Composed {
        let composed = hsc_answers::compose(
            &answer_question(question),
            manual,
            index,
            &near.encoders,
            self.measure,
        );
        trace_features(composed.features);
        composed
    }

    async fn tell(self, question: Question, mut teller: EventSender) {
        if let Turn::SmallTalk(reply) = Turn::of(&answer_question(&question)) {
            return small_talk(reply, &question, &mut teller).await;
        }
        teller.tell(AnswerEvent::Reading).await;
        let (manual, index) = match self.open(&question).await {
            Ok(open) => open,
            Err(answer) => return teller.tell(AnswerEvent::Done(Box::new(answer))).await,
        };
        teller.tell(AnswerEvent::Thinking).await;
        let near = self.nearness(&question, &manual, &index).await;
        let Composed { chunks, answer, .. } = self.compose(&question, &manual, &index, &near);
        for chunk in chunks {
            teller.tell(AnswerEvent::Chunk(chunk.text)).await;
        }
        let answer = answered(answer, AnswererName::Extractive, None, near.pending);
        teller.tell(AnswerEvent::Done(Box::new(answer))).await;
    }
}

impl Answerer for Extractive {
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        let this = self.clone();
        stream_of(|teller| this.tell(question, teller))
    }

    fn reduced(&self, question: Question) -> Question {
        reduced(question)
    }

    /// Queues the manual's windows for embedding.
    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        let (embedder, library) = (self.embedder.clone(), Arc::clone(&self.library));
        Box::pin(async move {
            let Some(embedder) = embedder else { return };
            let index = library.index(&manual).await;
            embedder.vectors(index.texts(&product.name, &manual));
        })
    }

    /// By words alone: the result does not depend on whether the manual is embedded, and is computed once per manual.
    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        let (measure, library) = (self.measure, Arc::clone(&self.library));
        Box::pin(async move {
            let index = library.index(&manual).await;
            let none = vec![false; suggestions.len()];
            let confirm =
                move || hsc_answers::confirm(&product, &manual, &index, measure, &suggestions);
            // After a panic there is no suggestion.
            tokio::task::spawn_blocking(confirm).await.unwrap_or(none)
        })
    }
}

/// A question in the library's type.
pub(super) fn answer_question(question: &Question) -> hsc_answers::Question<'_> {
    hsc_answers::Question {
        product: &question.product,
        related: &question.related,
        text: &question.text,
        previous: &question.previous,
        scenario: question.scenario,
        has_image: question.image.is_some(),
        locale: question.locale.as_deref(),
    }
}

/// The library's answer in the port's type. `pending` means that the manual was still being embedded.
pub(super) fn answered(
    answer: hsc_answers::Answer,
    answerer: AnswererName,
    fallback: Option<String>,
    pending: bool,
) -> Answer {
    Answer {
        outcome: match answer.outcome {
            hsc_answers::Outcome::Answered => Outcome::Answered,
            hsc_answers::Outcome::Likely => Outcome::Likely,
            hsc_answers::Outcome::Unknown => Outcome::Unknown,
        },
        text: answer.text,
        html: answer.html,
        citations: answer.citations,
        confidence: answer.confidence,
        grounded: answer.grounded,
        answerer,
        fallback,
        stale_manual: answer.stale_manual,
        provisional: pending || answer.pages_pending > 0,
        pages_pending: answer.pages_pending,
    }
}

/// Logs the features of an answer's confidence; `hsc_answers` fits its coefficients to these lines.
pub(super) fn trace_features(features: Option<Features>) {
    if let Some(features) = features {
        log::trace!("features {features:?}");
    }
}

/// A question without the previous ones when they have no effect.
pub(super) fn reduced(question: Question) -> Question {
    match Turn::of(&answer_question(&question)) {
        Turn::FollowUp | Turn::Failed(_) => question,
        Turn::Question | Turn::SmallTalk(_) => Question { previous: Vec::new(), ..question },
    }
}

/// Replies to small talk.
pub(super) async fn small_talk(reply: &str, question: &Question, teller: &mut EventSender) {
    teller.tell(AnswerEvent::Chunk(reply.to_owned())).await;
    let answer = hsc_answers::Answer::small_talk(reply, &answer_question(question));
    let answer = answered(answer, AnswererName::Extractive, None, false);
    teller.tell(AnswerEvent::Done(Box::new(answer))).await;
}

fn no_manual(code: &'static str, words: String) -> Answer {
    Answer {
        html: html_paragraph(&words),
        outcome: Outcome::NoManual { code, words },
        text: String::new(),
        citations: Vec::new(),
        confidence: 0.0,
        grounded: false,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    }
}
