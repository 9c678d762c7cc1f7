//! Test data: the manual of [`hsc_answers::fixture`] behind the ports of the actors.

use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _};
use hsc_actors::ports::{Answerer, ManualError, ManualLoader, ManualReply};
use hsc_answers::encoder::Embedder;
use hsc_answers::{Measure, RankingParts, Thesaurus, fixture};
use hsc_catalogs::{Manual, Scenario};
use hsc_conversation::TraceContext;
use hsc_conversation::answer::{
    Answer, AnswerEvent, AnswererName, ManualRequest, Outcome, Question, Requester,
};

use super::super::answerer::ManualAnswerer;
use super::super::extractive::Extractive;

/// An answerer without a language model, over one manual or over the reason why there is none.
pub(in crate::answers) fn answerer(
    manual: Result<Manual, ManualError>,
    embedder: Option<Arc<dyn Embedder>>,
) -> ManualAnswerer {
    let measure = Measure {
        max_passages: 8,
        min_confidence: 0.4,
        answer_confidence: 0.5,
        parts: RankingParts::ALL,
    };
    let manual = Arc::new(OneManual(manual.map(Arc::new)));
    let extractive = Extractive::new(manual, measure, Thesaurus::built_in(), embedder);
    ManualAnswerer { extractive, model: None }
}

/// A question about the product of [`fixture::manual`].
pub(in crate::answers) fn question(text: &str) -> Question {
    Question {
        product: Arc::new(fixture::product()),
        related: Vec::new(),
        owners: Vec::new(),
        text: text.to_owned(),
        previous: Vec::new(),
        scenario: Scenario::General,
        image: None,
        locale: None,
        asker: Requester::default(),
    }
}

/// An answer with this outcome and text.
pub(in crate::answers) fn answer(outcome: Outcome, text: &str) -> Answer {
    Answer {
        outcome,
        text: text.to_owned(),
        html: format!("<p>{text}</p>"),
        citations: Vec::new(),
        confidence: 0.5,
        grounded: true,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    }
}

/// A manual cache with one manual, or with an error.
struct OneManual(Result<Arc<Manual>, ManualError>);

impl ManualLoader for OneManual {
    fn load(&self, _: ManualRequest, _: Option<TraceContext>) -> ManualReply<Arc<Manual>> {
        let manual = self.0.clone();
        async move { manual }.boxed()
    }
}

/// The events of an answer; checks their order.
pub(in crate::answers) async fn events_of(
    answerer: &dyn Answerer,
    question: Question,
) -> (Vec<String>, Answer) {
    let events: Vec<AnswerEvent> = answerer.answer(question).collect().await;
    let mut chunks = Vec::new();
    assert_eq!(events.first(), Some(&AnswerEvent::Reading));
    for event in &events[1..events.len() - 1] {
        match event {
            AnswerEvent::Thinking => assert!(chunks.is_empty(), "thinking comes before the words"),
            AnswerEvent::Chunk(text) => chunks.push(text.clone()),
            other => panic!("{other:?} in the middle"),
        }
    }
    match events.last() {
        Some(AnswerEvent::Done(answer)) => (chunks, (**answer).clone()),
        other => panic!("the last event is {other:?}"),
    }
}
