//! Which answerer the settings ask for.

use std::sync::Arc;

use hsc_actors::ports::{Answerer, ManualLoader};
use hsc_config::AnswersSettings;

use super::compose::Measure;
use super::extractive::Extractive;

/// The answerer of the settings, reading manuals from `shelf`.
#[must_use]
pub fn from(settings: &AnswersSettings, shelf: Arc<dyn ManualLoader>) -> Arc<dyn Answerer> {
    let measure = Measure {
        max_passages: settings.max_passages,
        min_confidence: settings.min_confidence as f32,
    };
    Arc::new(Extractive::new(shelf, measure))
}
