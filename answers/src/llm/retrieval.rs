//! A question and what was found for it: what a model is given, and what its words are checked against.

use hsc_catalogs::Manual;

use super::super::compose::{Composed, Measure, Retrieved, compose_likely, look, pages_pending};
use super::super::confidence::Features;
use super::super::index::Index;
use super::super::meaning::Nearness;
use super::super::question::Question;
use super::prompt::{Given, Prompt, gather};

/// A question about a manual, and the passages of it that a model is given.
pub struct Retrieval<'a> {
    pub(super) question: Question<'a>,
    pub(super) manual: &'a Manual,
    pub(super) index: &'a Index,
    pub(super) look: Retrieved,
    pub(super) given: Vec<Given>,
    measure: Measure,
}

impl<'a> Retrieval<'a> {
    /// Finds the passages. `near` is how near each window is to the question for each encoder, where there are
    /// vectors; the passages together have at most `context_chars` characters.
    #[must_use]
    pub fn new(
        question: Question<'a>,
        manual: &'a Manual,
        index: &'a Index,
        near: &[Nearness],
        measure: Measure,
        context_chars: usize,
    ) -> Self {
        let look = look(&question, manual, index, near, measure);
        let best = &look.hits[..look.hits.len().min(measure.max_passages)];
        let given = gather(manual, index, best, context_chars);
        Self { question, manual, index, look, given, measure }
    }

    /// True when there is no passage that an answer could rest on: a model could only guess.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The features of the ranking; none where nothing was found.
    #[must_use]
    pub fn features(&self) -> Option<Features> {
        self.look.features
    }

    /// What the model is asked. `fence` is a word that no manual can know.
    #[must_use]
    pub fn prompt(&self, fence: &str) -> Prompt {
        Prompt::new(&self.question, &self.given, pages_pending(self.manual), fence)
    }

    /// Passages that may answer, where the ranking has some.
    pub(super) fn likely(&self) -> Option<Composed> {
        compose_likely(&self.question, self.manual, self.index, &self.look, self.measure)
    }
}
