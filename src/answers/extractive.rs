//! The answerer that needs no model: the manual's own sentences and steps.

use std::sync::Arc;

use futures::stream::BoxStream;
use hsc_actors::ports::{
    Answer, AnswerEvent, Answerer, AnswererName, ManualError, ManualLoader, ManualRequest, Outcome,
    Question,
};
use hsc_catalogs::Manual;

use super::compose::{Composed, Measure, compose};
use super::index::Index;
use super::library::Library;
use super::telling::{Teller, stream_of};

/// Answers with the manual's own words.
#[derive(Clone)]
pub struct Extractive {
    shelf: Arc<dyn ManualLoader>,
    library: Arc<Library>,
    measure: Measure,
}

impl Extractive {
    pub(super) fn new(shelf: Arc<dyn ManualLoader>, measure: Measure) -> Self {
        Self { shelf, library: Arc::default(), measure }
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

    /// How answers are made.
    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// The whole answer from an open manual.
    pub(super) fn compose(&self, question: &Question, manual: &Manual, index: &Index) -> Composed {
        compose(question, manual, index, self.measure)
    }

    async fn tell(self, question: Question, mut teller: Teller) {
        teller.tell(AnswerEvent::Reading).await;
        let (manual, index) = match self.open(&question).await {
            Ok(open) => open,
            Err(answer) => return teller.tell(AnswerEvent::Done(Box::new(answer))).await,
        };
        teller.tell(AnswerEvent::Thinking).await;
        let Composed { chunks, answer } = self.compose(&question, &manual, &index);
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
    }
}
