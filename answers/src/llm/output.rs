//! The streamed words of a model, and the resulting answer.

use std::collections::HashSet;

use hsc_catalogs::Citation;

use super::super::answer::{Answer, Outcome, Phrases};
use super::super::compose::{Composed, compose_likely, pages_pending, quote};
use super::super::html;
use super::super::markers::{Marker, Part, parts};
use super::super::select::{self, Piece};
use super::super::sheet::Chunk;
use super::super::words::sentences;
use super::checked::Checker;
use super::prompt::Retrieval;
use super::reasoning::ReasoningFilter;

/// Maximum confidence of an answer without a page for every statement: it may be right, but the visitor
/// cannot check it.
const UNCHECKED: f32 = 0.5;
/// Length in characters from which a block is a statement that needs a page. `Here is how:` is not one.
const STATEMENT_CHARS: usize = 40;

/// The output so far: without reasoning, and without pages outside the prompt.
pub struct ModelOutput<'a> {
    retrieval: &'a Retrieval<'a>,
    reasoning: ReasoningFilter,
    checker: Checker,
    text: String,
}

impl<'a> ModelOutput<'a> {
    /// The output of a model that was given the passages of `retrieval`. `begins_inside` means that the endpoint's
    /// previous answer began with reasoning without an opening tag ([`Self::began_inside`]).
    pub fn new(retrieval: &'a Retrieval<'a>, begins_inside: bool) -> Self {
        let accessories =
            retrieval.question.related.iter().map(|accessory| accessory.name.clone()).collect();
        let checker = Checker::new(retrieval.given.iter().map(|given| given.page), accessories);
        let reasoning = ReasoningFilter::new(begins_inside);
        Self { retrieval, reasoning, checker, text: String::new() }
    }

    /// Adds the next words of the model; returns the text to send, in order.
    #[must_use]
    pub fn push(&mut self, words: &str) -> Vec<String> {
        let mut shown = Vec::new();
        let filtered = self.reasoning.push(words);
        if filtered.retracts {
            // Sent text cannot be withdrawn from the stream, but the answer does not contain it.
            self.checker.restart();
            if !std::mem::take(&mut self.text).is_empty() {
                shown.push("\n\n".to_owned());
            }
        }
        let words = self.checker.push(&filtered.text);
        shown.extend(self.show(words));
        shown
    }

    /// The text that was held back, at the end of the stream.
    #[must_use]
    pub fn finish(&mut self) -> Option<String> {
        let rest = self.reasoning.finish();
        let words = self.checker.push(&rest) + &self.checker.finish();
        self.show(words)
    }

    fn show(&mut self, words: String) -> Option<String> {
        // Models often begin with a line break; a removed marker may leave one.
        let words = if self.text.is_empty() { words.trim_start().to_owned() } else { words };
        self.text.push_str(&words);
        (!words.is_empty()).then_some(words)
    }

    /// True when words of the answer were sent.
    pub fn has_spoken(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// True when this output began with reasoning without an opening tag.
    pub fn began_inside(&self) -> bool {
        self.reasoning.began_inside
    }

    /// The answer of a model that has finished. If the model found none, likely passages are added:
    /// the chunks are still to be sent.
    #[must_use]
    pub fn into_answer(self) -> Composed {
        let Retrieval { question, manual, index, look, measure, .. } = self.retrieval;
        let features = look.features;
        let page = &Phrases::of(question).page;
        let grounded = self.is_grounded();
        let unknown = self.checker.unknown;
        let answer = Answer {
            outcome: if unknown { Outcome::Unknown } else { Outcome::Answered },
            html: html::render(&self.text, &question.product.id, page),
            citations: self.citations(),
            confidence: if grounded { look.sure.max(UNCHECKED) } else { look.sure.min(UNCHECKED) },
            grounded,
            stale_manual: manual.source.stale,
            pages_pending: pages_pending(manual),
            text: self.text,
        };
        let likely = || compose_likely(question, manual, index, look, *measure);
        let Some(likely) = unknown.then(likely).flatten() else {
            return Composed { chunks: Vec::new(), answer, features };
        };
        let (chunks, text, html) = joined(&answer.text, "\n\n", likely.chunks, self.retrieval);
        let Answer { outcome, citations, confidence, grounded, .. } = likely.answer;
        let answer = Answer { outcome, text, html, citations, confidence, grounded, ..answer };
        Composed { chunks, answer, features }
    }

    /// The answer of a model that failed: `manual`, the extractive answer, below the model's words and a notice.
    /// The chunks are still to be sent. `is_limited` means that no request was sent because a limit is reached.
    #[must_use]
    pub fn fall_back(self, manual: Composed, is_limited: bool) -> Composed {
        let phrases = Phrases::of(&self.retrieval.question);
        let has_spoken = self.has_spoken();
        let notice = if has_spoken {
            format!("\n\n{}\n\n", phrases.broke_off)
        } else if is_limited {
            format!("{}\n\n", phrases.limited)
        } else {
            format!("{}\n\n", phrases.fallback)
        };
        let Composed { chunks, answer, features } = manual;
        let mut citations = self.citations();
        let cited = &self.checker.cited;
        citations.extend(answer.citations.into_iter().filter(|own| !cited.contains(&own.page)));
        let grounded = answer.grounded && (!has_spoken || self.is_grounded());
        let (chunks, text, html) = joined(&self.text, &notice, chunks, self.retrieval);
        let answer = Answer { text, html, citations, grounded, ..answer };
        Composed { chunks, answer, features }
    }

    /// True when each paragraph or list with a statement cites a page, and no marker was removed.
    fn is_grounded(&self) -> bool {
        let states = |block: &&str| {
            let parts = parts(block);
            let words = parts.iter().map(|part| match part {
                Part::Text(words) => words.trim().chars().count(),
                Part::Marker(_) => 0,
            });
            words.sum::<usize>() >= STATEMENT_CHARS && !block.trim_end().ends_with(':')
        };
        let cites = |block: &str| {
            parts(block).iter().any(|part| matches!(part, Part::Marker(Marker::Manual(_))))
        };
        !self.checker.unknown
            && self.checker.struck == 0
            && !self.checker.cited.is_empty()
            && self.text.split("\n\n").filter(states).all(cites)
    }

    fn citations(&self) -> Vec<Citation> {
        let Retrieval { question, manual, index, given, .. } = self.retrieval;
        let words = |text: &str| -> HashSet<String> {
            let words = index.reader.words(text).into_iter();
            words.filter(|word| !word.common).map(|word| word.term).collect()
        };
        let answer = words(&self.text);
        let cite = |page: &u32| {
            // The sentence or row of the page that shares most with the answer.
            let share = |text: &str| {
                let own = words(text);
                own.intersection(&answer).count() as f32 / (own.len() as f32 + 1.0).sqrt()
            };
            let pieces = select::quotable(manual, *page);
            let quoted = select::most_telling(&pieces, share).map(Piece::quoted);
            // A page with plain text only.
            let quoted = quoted.unwrap_or_else(|| {
                let given = given.iter().filter(|given| given.page == *page);
                let all = given.flat_map(|given| sentences(&given.text));
                let best = all.max_by(|a, b| share(a).total_cmp(&share(b)));
                best.unwrap_or_default().to_owned()
            });
            let best = quoted.as_str();
            let own = words(best);
            let score = own.intersection(&answer).count() as f32 / (own.len() as f32).max(1.0);
            Citation {
                page: *page,
                page_label: manual.page_label(*page).map(str::to_owned),
                quote: quote(best),
                url: html::page_url(&question.product.id, *page),
                score: score.clamp(0.0, 1.0),
            }
        };
        self.checker.cited.iter().map(cite).collect()
    }
}

/// The model's words, a fixed notice after them, and chunks of the manual's words: what is still to be sent, and the
/// whole as text and as HTML.
fn joined(
    answer_text: &str,
    between: &str,
    chunks: Vec<Chunk>,
    retrieval: &Retrieval,
) -> (Vec<Chunk>, String, String) {
    let between = Chunk { text: between.to_owned(), markdown: between.to_owned() };
    let chunks: Vec<Chunk> = std::iter::once(between).chain(chunks).collect();
    let (mut text, mut markdown) = (answer_text.to_owned(), answer_text.to_owned());
    for chunk in &chunks {
        text += &chunk.text;
        markdown += &chunk.markdown;
    }
    let question = &retrieval.question;
    let html = html::render(&markdown, &question.product.id, &Phrases::of(question).page);
    (chunks, text, html)
}
