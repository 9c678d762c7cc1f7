//! Answers a question from the passages of a manual, with cited pages.
//!
//! Pure functions: a question and a manual in, an answer out:
//!
//! ```text
//! Manual ─► Index (built once)        Question ─► turn (small talk, a follow-up, a question of its own)
//!             │                          │
//!             └───► analyzed_question (its words in the manual's terms) ─► rank ─► confidence ─► select ─► compose
//!                                                                   │          Composed: chunks, html, citations ◄┘
//!                                                   meaning (cosines of the encoders, if there are vectors)
//! ```
//!
//! - [`Index`]: the words of a manual and their positions; [`Thesaurus`]: synonyms, from `answers/synonyms/`
//!   and a folder of the operator; [`window_texts`]: the encoder input of a manual.
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

mod accessory;
mod analyzed_question;
mod answer;
mod compose;
mod confidence;
pub mod encoder;
pub mod fixture;
mod html;
mod index;
pub mod llm;
mod markers;
mod meaning;
mod phrases;
mod question;
mod rank;
mod ranking_parts;
mod select;
mod sheet;
mod suggest;
mod synonyms;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod windows;

pub use answer::{Answer, Outcome};
pub use compose::{Composed, Measure, compose};
pub use confidence::Features;
pub use html::html_paragraph;
pub use index::Index;
pub use meaning::Nearness;
pub use phrases::Phrases;
pub use question::Question;
pub use ranking_parts::{Part, RankingParts};
pub use sheet::Chunk;
pub use suggest::confirm;
pub use synonyms::{SynonymsError, Thesaurus};
pub use turn::{Turn, standalone_text};
pub use windows::{WINDOWS_VERSION, WindowTexts, window_texts};
