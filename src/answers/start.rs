//! Which answerer the settings ask for.

use std::sync::Arc;

use hsc_actors::ports::{Answerer, BoxError, ManualLoader};
use hsc_config::{AnswererChoice, AnswersSettings};
use hsc_monitoring::Metrics;

use super::compose::Measure;
use super::extractive::Extractive;
use super::llm::Llm;
use super::owner::FromOwners;

/// Why there is no answerer.
#[derive(Debug, thiserror::Error)]
#[error("the client for the language model cannot be made")]
pub struct NoAnswerer(#[source] BoxError);

/// The answerer of the settings, reading manuals from `shelf`.
///
/// # Errors
/// When a language model is asked for and no HTTP client can be made. That the endpoint answers is
/// seen with the first question, and until it does the manual's own words are the answer.
pub fn from(
    settings: &AnswersSettings,
    shelf: Arc<dyn ManualLoader>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<dyn Answerer>, NoAnswerer> {
    let measure = Measure {
        max_passages: settings.max_passages,
        min_confidence: settings.min_confidence as f32,
    };
    let extractive = Extractive::new(shelf, measure);
    let answerer: Arc<dyn Answerer> = match settings.answerer {
        AnswererChoice::Extractive => Arc::new(extractive),
        AnswererChoice::Llm => {
            Arc::new(Llm::new(&settings.llm, extractive, metrics).map_err(NoAnswerer)?)
        }
    };
    Ok(Arc::new(FromOwners(answerer)))
}
