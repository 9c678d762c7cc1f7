//! The configured answerer, behind the port of the actors: extractive, or with a language model. A question about a
//! product without a manual goes to the manuals of the products that it belongs to.

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_actors::ports::{Answerer, ManualLoader};
use hsc_answers::encoder::Embedder;
use hsc_answers::{Measure, RankingParts, SynonymsError, Thesaurus, Turn};
use hsc_catalogs::{Manual, Product, Suggestion};
use hsc_config::{AnswererChoice, AnswersSettings};
use hsc_conversation::BoxError;
use hsc_conversation::answer::{AnswerEvent, Question};
use hsc_monitoring::Metrics;

use super::extractive::{Extractive, answer_question, stream_of};
use super::llm::Llm;
use super::owner;
use crate::outbound::OutboundTls;

/// Answers from manuals, with the language model if there is one.
#[derive(Clone)]
pub(super) struct ManualAnswerer {
    pub(super) extractive: Extractive,
    pub(super) model: Option<Llm>,
}

/// Why the answerer cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswerer {
    /// No HTTP client can be created.
    #[error("the client for the language model cannot be made")]
    Client(#[source] BoxError),
    /// The configured synonyms cannot be used.
    #[error("cannot use the synonyms of answers.synonyms")]
    Synonyms(#[source] SynonymsError),
}

/// The configured answerer, reading manuals from `manual_cache`. A server ranks by all parts.
///
/// # Errors
/// When a language model is configured and no HTTP client can be created, or a file of synonyms is invalid. The
/// endpoint is not contacted before the first question; while it fails, answers are extractive.
pub fn from(
    settings: &AnswersSettings,
    manual_cache: Arc<dyn ManualLoader>,
    embedder: Option<Arc<dyn Embedder>>,
    parts: RankingParts,
    tls: &OutboundTls,
    metrics: &Arc<Metrics>,
) -> Result<Arc<dyn Answerer>, NoAnswerer> {
    let measure = Measure {
        max_passages: settings.max_passages,
        min_confidence: settings.min_confidence as f32,
        answer_confidence: settings.answer_confidence as f32,
        parts,
    };
    let folder = (!settings.synonyms.is_empty()).then(|| Path::new(&settings.synonyms));
    let thesaurus = Thesaurus::with_folder(folder).map_err(NoAnswerer::Synonyms)?;
    let extractive = Extractive::new(manual_cache, measure, thesaurus, embedder);
    let model = match settings.answerer {
        AnswererChoice::Extractive => None,
        AnswererChoice::Llm => {
            Some(Llm::new(&settings.llm, tls, metrics).map_err(NoAnswerer::Client)?)
        }
    };
    Ok(Arc::new(ManualAnswerer { extractive, model }))
}

impl ManualAnswerer {
    /// Answers from the manual of the question's product.
    fn of_product(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        let Self { extractive, model } = self.clone();
        match model {
            None => stream_of(|teller| extractive.tell(question, teller)),
            Some(model) => stream_of(|teller| model.tell(extractive, question, teller)),
        }
    }
}

impl Answerer for ManualAnswerer {
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        if question.product.documentation.is_some() || question.owners.is_empty() {
            return self.of_product(question);
        }
        let this = self.clone();
        let of_product = move |question| this.of_product(question);
        stream_of(|teller| owner::tell(of_product, question, teller))
    }

    fn sees_pictures(&self) -> bool {
        self.model.is_some()
    }

    /// Without the previous questions when they have no effect.
    fn reduced(&self, question: Question) -> Question {
        let depends_on_previous = match Turn::of(&answer_question(&question)) {
            Turn::FollowUp | Turn::Failed(_) => true,
            // The model always gets them.
            Turn::Question => self.model.is_some(),
            Turn::SmallTalk(_) => false,
        };
        match depends_on_previous {
            true => question,
            false => Question { previous: Vec::new(), ..question },
        }
    }

    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        Box::pin(self.extractive.clone().prepare(product, manual))
    }

    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        Box::pin(self.extractive.clone().confirm(product, manual, suggestions))
    }
}
