//! The answerer that needs no model: the manual's own sentences and steps.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_actors::ports::{
    Answer, AnswerEvent, Answerer, AnswererName, Asker, ManualError, ManualLoader, ManualRequest,
    Outcome, Question, Suggestion,
};
use hsc_actors::protocol::Scenario;
use hsc_answers::encoder::Embedder;
use hsc_catalogs::{Manual, Product};

use super::compose::{Composed, Measure, compose};
use super::html;
use super::index::Index;
use super::library::Library;
use super::meaning::{Nearby, Nearness};
use super::phrases::Phrases;
use super::synonyms::Thesaurus;
use super::telling::{Teller, stream_of};
use super::turn::{Turn, topic};

/// Answers with the manual's own words.
#[derive(Clone)]
pub struct Extractive {
    shelf: Arc<dyn ManualLoader>,
    library: Arc<Library>,
    measure: Measure,
    embedder: Option<Arc<dyn Embedder>>,
}

impl Extractive {
    pub(super) fn new(
        shelf: Arc<dyn ManualLoader>,
        measure: Measure,
        thesaurus: Thesaurus,
        embedder: Option<Arc<dyn Embedder>>,
    ) -> Self {
        Self { shelf, library: Arc::new(Library::new(thesaurus)), measure, embedder }
    }

    /// Opens the manual of a question and its index, or says why there is none.
    pub(super) async fn open(
        &self,
        question: &Question,
    ) -> Result<(Arc<Manual>, Arc<Index>), Answer> {
        let Some(documentation) = question.product.documentation.clone() else {
            return Err(no_manual("none", "There is no manual for this product.".to_owned()));
        };
        match self.shelf.load(ManualRequest { documentation }).await {
            Ok(manual) => {
                let index = self.library.index(&manual).await;
                Ok((manual, index))
            }
            Err(ManualError { code, words, .. }) => Err(no_manual(code, words)),
        }
    }

    /// How near each window is to a question for each encoder. Nothing without a model, or while the manual is still
    /// being embedded: no question waits for that.
    pub(super) async fn nearness(
        &self,
        question: &Question,
        manual: &Arc<Manual>,
        index: &Arc<Index>,
    ) -> Nearby {
        let Some(embedder) = self.embedder.clone() else { return Nearby::default() };
        let text = meant(question);
        let (product, manual, index) =
            (Arc::clone(&question.product), Arc::clone(manual), Arc::clone(index));
        let near = move || {
            let multilingual = embedder.multilingual();
            let vectors = embedder.vectors(index.texts(&product.name, &manual));
            let (Some(vectors), Some(query)) = (vectors, embedder.query(&text)) else {
                // A model that works will have embedded the manual soon.
                return Nearby { pending: !multilingual.is_empty(), ..Nearby::default() };
            };
            let members = multilingual.into_iter().zip(&query.0).zip(&vectors.members);
            let encoders = members.map(|((multilingual, query), windows)| Nearness {
                multilingual,
                cosines: windows.scores(query),
            });
            Nearby { encoders: encoders.collect(), pending: false }
        };
        // A panic there is no reason to give no answer: words answer.
        tokio::task::spawn_blocking(near).await.unwrap_or_default()
    }

    /// How answers are made.
    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// The whole answer from an open manual.
    pub(super) fn compose(
        &self,
        question: &Question,
        manual: &Manual,
        index: &Index,
        near: &Nearby,
    ) -> Composed {
        let mut composed = compose(question, manual, index, &near.encoders, self.measure);
        composed.answer.provisional = near.pending || !manual.source.pending.is_empty();
        composed
    }

    async fn tell(self, question: Question, mut teller: Teller) {
        if let Turn::SmallTalk(reply) = Turn::of(&question) {
            return small_talk(reply, &question, &mut teller).await;
        }
        teller.tell(AnswerEvent::Reading).await;
        let (manual, index) = match self.open(&question).await {
            Ok(open) => open,
            Err(answer) => return teller.tell(AnswerEvent::Done(Box::new(answer))).await,
        };
        teller.tell(AnswerEvent::Thinking).await;
        let near = self.nearness(&question, &manual, &index).await;
        let Composed { chunks, answer } = self.compose(&question, &manual, &index, &near);
        for chunk in chunks {
            teller.tell(AnswerEvent::Chunk(chunk.text)).await;
        }
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

    /// Has the manual's windows embedded.
    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        let (embedder, library) = (self.embedder.clone(), Arc::clone(&self.library));
        Box::pin(async move {
            let Some(embedder) = embedder else { return };
            let index = library.index(&manual).await;
            embedder.vectors(index.texts(&product.name, &manual));
        })
    }

    /// By words alone: the same for everybody, whether or not the manual is embedded yet, and found once a manual.
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
            let confirm = move || {
                index.confirmed(&suggestions, |it| confirms(&product, &manual, &index, measure, it))
            };
            // A panic there is a reason to suggest nothing.
            tokio::task::spawn_blocking(confirm).await.unwrap_or(none)
        })
    }
}

/// True where the first page that the answer to a suggestion cites is one that the suggestion names.
fn confirms(
    product: &Arc<Product>,
    manual: &Manual,
    index: &Index,
    measure: Measure,
    Suggestion { text, pages }: &Suggestion,
) -> bool {
    let question = Question {
        product: Arc::clone(product),
        related: Vec::new(),
        owners: Vec::new(),
        text: text.clone(),
        previous: Vec::new(),
        scenario: Scenario::default(),
        image: None,
        locale: None,
        asker: Asker::default(),
    };
    if let Turn::SmallTalk(_) = Turn::of(&question) {
        return false;
    }
    let Answer { outcome, citations, .. } = compose(&question, manual, index, &[], measure).answer;
    let first = citations.first().map(|citation| citation.page);
    outcome == Outcome::Answered && first.is_some_and(|page| (pages.0..=pages.1).contains(&page))
}

/// What a question means together with the ones before it.
fn meant(question: &Question) -> String {
    match (Turn::of(question), topic(question)) {
        (Turn::Failed(_), Some(topic)) => topic.text,
        (Turn::FollowUp, Some(topic)) => format!("{} {}", topic.text, question.text),
        _ => question.text.clone(),
    }
}

/// A question without the previous ones where they change nothing.
pub(super) fn reduced(question: Question) -> Question {
    match Turn::of(&question) {
        Turn::FollowUp | Turn::Failed(_) => question,
        Turn::Question | Turn::SmallTalk(_) => Question { previous: Vec::new(), ..question },
    }
}

/// Replies to small talk: our own words, and no page of the manual.
pub(super) async fn small_talk(reply: &str, question: &Question, teller: &mut Teller) {
    teller.tell(AnswerEvent::Chunk(reply.to_owned())).await;
    let answer = Answer {
        html: html::render(reply, &question.product.id, &Phrases::of(question).page),
        outcome: Outcome::Answered,
        text: reply.to_owned(),
        citations: Vec::new(),
        confidence: 1.0,
        grounded: true,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    };
    teller.tell(AnswerEvent::Done(Box::new(answer))).await;
}

fn no_manual(code: &'static str, words: String) -> Answer {
    Answer {
        html: format!("<p>{}</p>", ammonia::clean_text(&words)),
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
