//! Answers without a language model: quotes the manual's own sentences and steps. What the model's answers share with
//! them: opening a manual, whose index is built once, and the stream of an answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use hsc_actors::ports::{ManualError, ManualLoader};
use hsc_answers::encoder::Embedder;
use hsc_answers::{
    Chunk, Composed, Features, Index, Measure, Nearness, Thesaurus, Turn, html_paragraph,
    standalone_text,
};
use hsc_catalogs::{Manual, Product, Suggestion};
use hsc_conversation::answer::{
    Answer, AnswerEvent, AnswererName, ManualRequest, Outcome, Question,
};
use tokio::sync::OnceCell;

/// Capacity of the channel of an answer. Small: a reader that stops reading stops the answer.
const WAITING: usize = 8;

/// Answers with the manual's own words.
#[derive(Clone)]
pub(super) struct Extractive {
    manual_cache: Arc<dyn ManualLoader>,
    library: Arc<IndexCache>,
    /// The thresholds of an answer.
    pub(super) measure: Measure,
    embedder: Option<Arc<dyn Embedder>>,
}

/// The manual of a question, and how near its passages are to the question.
pub(super) struct OpenManual {
    pub(super) manual: Arc<Manual>,
    pub(super) index: Arc<Index>,
    pub(super) near: EncoderScores,
}

/// The encoders' scores for one question and one manual.
#[derive(Default)]
pub(super) struct EncoderScores {
    /// By encoder; empty without vectors.
    pub(super) encoders: Vec<Nearness>,
    /// True when vectors are missing only because the manual is still being embedded.
    pub(super) pending: bool,
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

    /// Opens the manual of a question. Small talk and a question without a manual are answered here; then there is none
    /// to answer from.
    pub(super) async fn open(
        &self,
        question: &Question,
        teller: &mut EventSender,
    ) -> Option<OpenManual> {
        if let Turn::SmallTalk(reply) = Turn::of(&answer_question(question)) {
            teller.tell(AnswerEvent::Chunk(reply.to_owned())).await;
            let answer = hsc_answers::Answer::small_talk(reply, &answer_question(question));
            teller.end(answered(answer, false)).await;
            return None;
        }
        teller.tell(AnswerEvent::Reading).await;
        let manual = match self.load(question).await {
            Ok(manual) => manual,
            Err(answer) => {
                teller.end(answer).await;
                return None;
            }
        };
        let index = self.library.index(&manual).await;
        teller.tell(AnswerEvent::Thinking).await;
        let near = self.nearness(question, &manual, &index).await;
        Some(OpenManual { manual, index, near })
    }

    /// The manual of a question, or the answer that there is none.
    async fn load(&self, question: &Question) -> Result<Arc<Manual>, Answer> {
        let Some(documentation) = question.product.documentation.clone() else {
            return Err(no_manual("none", "There is no manual for this product.".to_owned()));
        };
        let request = ManualRequest { documentation };
        let loaded = self.manual_cache.load(request, question.asker.trace).await;
        loaded.map_err(|ManualError { code, words, .. }| no_manual(code, words))
    }

    /// The similarity of each window to a question, for each encoder. Empty without a model, or while the manual is
    /// still being embedded: no question waits for that.
    async fn nearness(
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

    /// The whole answer from an open manual.
    pub(super) fn compose(&self, question: &Question, open: &OpenManual) -> Composed {
        let composed = hsc_answers::compose(
            &answer_question(question),
            &open.manual,
            &open.index,
            &open.near.encoders,
            self.measure,
        );
        trace_features(composed.features);
        composed
    }

    /// Answers a question from its manual.
    pub(super) async fn tell(self, question: Question, mut teller: EventSender) {
        let Some(open) = self.open(&question, &mut teller).await else { return };
        let composed = self.compose(&question, &open);
        let answer = answered(composed.answer, open.near.pending);
        teller.finish(composed.chunks, answer).await;
    }

    /// Queues the manual's windows for embedding.
    pub(super) async fn prepare(self, product: Arc<Product>, manual: Arc<Manual>) {
        let Some(embedder) = &self.embedder else { return };
        let index = self.library.index(&manual).await;
        embedder.vectors(index.texts(&product.name, &manual));
    }

    /// By words alone: the result does not depend on whether the manual is embedded, and is computed once per manual.
    pub(super) async fn confirm(
        self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> Vec<bool> {
        let index = self.library.index(&manual).await;
        let none = vec![false; suggestions.len()];
        let measure = self.measure;
        let confirm =
            move || hsc_answers::confirm(&product, &manual, &index, measure, &suggestions);
        // After a panic there is no suggestion.
        tokio::task::spawn_blocking(confirm).await.unwrap_or(none)
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
pub(super) fn answered(answer: hsc_answers::Answer, pending: bool) -> Answer {
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
        answerer: AnswererName::Extractive,
        fallback: None,
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

/// Sends events to the holder of the stream.
pub(super) struct EventSender(mpsc::Sender<AnswerEvent>);

impl EventSender {
    /// Sends an event; waits while the reader is behind.
    pub(super) async fn tell(&mut self, event: AnswerEvent) {
        // The reader is gone: the function itself is dropped with the stream.
        let _ = self.0.send(event).await;
    }

    /// Sends the rest of an answer, and its end.
    pub(super) async fn finish(&mut self, chunks: Vec<Chunk>, answer: Answer) {
        for chunk in chunks {
            self.tell(AnswerEvent::Chunk(chunk.text)).await;
        }
        self.end(answer).await;
    }

    /// Ends the answer.
    pub(super) async fn end(&mut self, answer: Answer) {
        self.tell(AnswerEvent::Done(Box::new(answer))).await;
    }
}

/// The stream of the events that `tell` sends. Dropping the stream drops the function at its current await.
pub(super) fn stream_of<F, Sending>(tell: F) -> BoxStream<'static, AnswerEvent>
where
    F: FnOnce(EventSender) -> Sending,
    Sending: Future<Output = ()> + Send + 'static,
{
    let (sender, events) = mpsc::channel(WAITING);
    let telling = tell(EventSender(sender)).into_stream().filter_map(|()| async { None });
    stream::select(events, telling).boxed()
}

/// The indexes of cached manuals, each built once.
///
/// An index is held as long as its manual is alive anywhere, and no longer: the manual cache decides which manuals
/// stay. Concurrent requests wait for the index that is being built.
struct IndexCache {
    thesaurus: Arc<Thesaurus>,
    held: Mutex<HashMap<usize, CachedIndex>>,
}

/// An index and its manual.
struct CachedIndex {
    manual: Weak<Manual>,
    index: Arc<OnceCell<Arc<Index>>>,
}

impl IndexCache {
    /// A cache whose indexes use these synonyms.
    fn new(thesaurus: Thesaurus) -> Self {
        Self { thesaurus: Arc::new(thesaurus), held: Mutex::default() }
    }

    /// The index of `manual`. It is built on the blocking pool, so that no socket waits.
    async fn index(&self, manual: &Arc<Manual>) -> Arc<Index> {
        let cell = self.cell(manual);
        let build = || async {
            let (manual, thesaurus) = (Arc::clone(manual), Arc::clone(&self.thesaurus));
            let read = move || Index::with(&manual, &thesaurus);
            match tokio::task::spawn_blocking(read).await {
                Ok(index) => Arc::new(index),
                Err(error) => {
                    // The customer gets "I don't know", which is true, and the log contains the cause.
                    log::error!(cause:% = error; "cannot index a manual");
                    Arc::new(Index::empty())
                }
            }
        };
        Arc::clone(cell.get_or_init(build).await)
    }

    fn cell(&self, manual: &Arc<Manual>) -> Arc<OnceCell<Arc<Index>>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Arc::as_ptr(manual) as usize;
        if let Some(known) = held.get(&key)
            // An address is reused once its manual is gone.
            && known.manual.upgrade().is_some_and(|known| Arc::ptr_eq(&known, manual))
        {
            return Arc::clone(&known.index);
        }
        held.retain(|_, held| held.manual.strong_count() > 0);
        let index = Arc::default();
        held.insert(key, CachedIndex { manual: Arc::downgrade(manual), index: Arc::clone(&index) });
        index
    }
}
