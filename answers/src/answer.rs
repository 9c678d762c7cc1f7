//! The metadata of a complete answer.

use hsc_catalogs::Citation;

use super::html;
use super::phrases::Phrases;
use super::question::Question;

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its outcome.
    pub outcome: Outcome,
    /// The whole text, the chunks joined.
    pub text: String,
    /// The whole text as sanitised HTML.
    pub html: String,
    /// The supporting pages, in the order of the text; for [`Outcome::Unknown`] the closest pages.
    pub citations: Vec<Citation>,
    /// The share of answers at this confidence that are right, 0 to 1.
    pub confidence: f32,
    /// True when a cited page supports every statement.
    pub grounded: bool,
    /// True when it comes from an older copy of the manual, because the manual's host did not respond.
    pub stale_manual: bool,
    /// Scanned pages of the manual that were not recognized yet.
    pub pages_pending: u32,
}

/// The outcome of an answer from an open manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The manual answers.
    Answered,
    /// The quoted passages may answer.
    Likely,
    /// The manual does not answer.
    Unknown,
}

impl Answer {
    /// A reply to small talk: fixed words, and no page of the manual.
    #[must_use]
    pub fn small_talk(reply: &str, question: &Question) -> Self {
        Self {
            outcome: Outcome::Answered,
            text: reply.to_owned(),
            html: html::render(reply, &question.product.id, &Phrases::of(question).page),
            citations: Vec::new(),
            confidence: 1.0,
            grounded: true,
            stale_manual: false,
            pages_pending: 0,
        }
    }
}
