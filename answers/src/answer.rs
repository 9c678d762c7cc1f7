//! What is known of an answer once it is complete.

use hsc_catalogs::Citation;

use super::html;
use super::phrases::Phrases;
use super::question::Question;

/// An answer as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The whole text, the chunks joined.
    pub text: String,
    /// The whole text as sanitised HTML.
    pub html: String,
    /// The pages it rests on, in the order the text cites them; for [`Outcome::Unknown`] the closest pages.
    pub citations: Vec<Citation>,
    /// The share of answers at this confidence that are right, 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
    /// True when it comes from an older copy of the manual, because the manual's host did not answer.
    pub stale_manual: bool,
    /// Scanned pages of the manual that were not recognized yet.
    pub pages_pending: u32,
}

/// How an answer from an open manual ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The manual answers.
    Answered,
    /// The passages that the answer quotes may answer.
    Likely,
    /// The manual does not say.
    Unknown,
}

impl Answer {
    /// A reply to small talk: our own words, and no page of the manual.
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
