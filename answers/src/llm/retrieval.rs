//! A question and its retrieved passages: the source of the prompt, and of the check of the output.

use hsc_catalogs::Manual;

use super::super::compose::{Composed, Measure, Retrieved, compose_likely, look, pages_pending};
use super::super::confidence::Features;
use super::super::index::Index;
use super::super::meaning::Nearness;
use super::super::question::Question;
use super::prompt::{Given, Prompt, gather};

/// A question about a manual, and the passages for the prompt.
pub struct Retrieval<'a> {
    pub(super) question: Question<'a>,
    pub(super) manual: &'a Manual,
    pub(super) index: &'a Index,
    pub(super) look: Retrieved,
    pub(super) given: Vec<Given>,
    measure: Measure,
}

impl<'a> Retrieval<'a> {
    /// Finds the passages. `near` is the similarity of each window to the question for each encoder, if there are
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

    /// True without a passage to answer from: a model could only guess.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The features of the ranking; `None` without a hit.
    #[must_use]
    pub fn features(&self) -> Option<Features> {
        self.look.features
    }

    /// The prompt. `fence` is a word that no manual can contain.
    #[must_use]
    pub fn prompt(&self, fence: &str) -> Prompt {
        Prompt::new(&self.question, &self.given, pages_pending(self.manual), fence)
    }

    /// Likely passages, if the ranking has some.
    pub(super) fn likely(&self) -> Option<Composed> {
        compose_likely(&self.question, self.manual, self.index, &self.look, self.measure)
    }
}
