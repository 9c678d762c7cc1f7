//! Answers a question from the passages of a manual, with cited pages.
//!
//! Pure functions: a question and a manual in, an answer out:
//!
//! ```text
//! Manual ─► Index (built once)        Question ─► turn (small talk, a follow-up, a question of its own)
//!             │                          │
//!             └───► analyzed_question (its words in the manual's terms) ─► rank ─► retrieval ─► select ─► compose
//!                                                                   │         Composed: chunks, html, citations ◄┘
//!                                                   meaning (cosines of the encoders, if there are vectors)
//! ```
//!
//! - [`Index`]: the words of a manual and their positions; [`Thesaurus`]: synonyms, from `answers/synonyms/`
//!   and a folder of the operator.
//! - [`compose()`]: the answer in the manual's own words, with one of three outcomes; [`confirm`]: the suggested
//!   questions that a manual answers.
//! - [`Turn`], [`Phrases`]: small talk, follow-ups, and the fixed phrases of answers, one file per language.
//! - [`llm`]: the prompt of a language model, and the check of its output.
//! - [`encoder`]: texts to vectors whose dot product is their similarity in meaning, in pure Rust.
//! - [`fixture`]: a manual made by hand, for tests.
//!
//! **Never**: a word of the manual that acts (as Markdown, HTML, marker or instruction), a cited page
//! that was not read. This crate knows no actor and no socket, logs nothing and reads no settings. It opens only the
//! model's files and the operator's synonyms. Data for logs and metrics is returned as values
//! ([`Composed::features`]).

mod analyzed_question;
mod answer;
mod compose;
pub mod encoder;
mod figures;
pub mod fixture;
mod html;
mod index;
mod language;
pub mod llm;
mod markers;
mod rank;
mod ranking_parts;
mod retrieval;
mod select;
mod sheet;
mod synonyms;
#[cfg(test)]
mod tests;
mod turn;
mod windows;
mod words;

pub use answer::{Answer, Outcome, Phrases};
pub use compose::{Composed, compose, confirm};
pub use html::html_paragraph;
pub use index::Index;
pub use rank::Nearness;
pub use ranking_parts::{Part, RankingParts};
pub use retrieval::{Features, Measure};
pub use sheet::Chunk;
pub use synonyms::{SynonymsError, Thesaurus};
pub use turn::{Question, Turn, standalone_text};
