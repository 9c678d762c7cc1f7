//! Creates the configured answerer.

use std::path::Path;
use std::sync::Arc;

use hsc_actors::ports::{Answerer, ManualLoader};
use hsc_answers::encoder::Embedder;
use hsc_answers::{Measure, RankingParts, SynonymsError, Thesaurus};
use hsc_config::{AnswererChoice, AnswersSettings};
use hsc_conversation::BoxError;
use hsc_monitoring::Metrics;

use super::extractive::Extractive;
use super::llm::Llm;
use super::owner::OwnerAnswerer;
use crate::outbound::OutboundTls;

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
    let answerer: Arc<dyn Answerer> = match settings.answerer {
        AnswererChoice::Extractive => Arc::new(extractive),
        AnswererChoice::Llm => {
            Arc::new(Llm::new(&settings.llm, extractive, tls, metrics).map_err(NoAnswerer::Client)?)
        }
    };
    Ok(Arc::new(OwnerAnswerer(answerer)))
}
