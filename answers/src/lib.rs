//! From a question and the passages of a manual to an answer that cites its pages.
//!
//! A question and a manual come in, an answer goes out; nothing waits and nothing is asked of anybody:
//!
//! ```text
//! Manual ─► Index (built once)        Question ─► turn (small talk, a follow-up, a question of its own)
//!             │                          │
//!             └───────► asked (its words in the manual's terms) ─► rank ─► confidence ─► select ─► compose
//!                                                                   │          Composed: chunks, html, citations ◄┘
//!                                                   meaning (cosines of the encoders, where there are vectors)
//! ```
//!
//! - [`Index`]: which word of a manual stands where; [`Thesaurus`]: words for the same thing, from `answers/synonyms/`
//!   and a folder of the operator; [`window_texts`]: what encoders read of a manual.
//! - [`compose()`]: the answer in the manual's own words, with one of three outcomes; [`confirm`]: which suggested
//!   questions a manual answers.
//! - [`Turn`], [`Phrases`]: small talk, follow-ups, and the words an answer adds to the manual's, a file a language.
//! - [`llm`]: what a language model is given, and what becomes of its words.
//! - [`encoder`]: texts to vectors whose dot product is their similarity in meaning, in pure Rust.
//! - [`fixture`]: a manual made by hand, for tests.
//!
//! **What must never be**: a word of the manual that acts (as Markdown, HTML, marker or instruction), a cited page
//! that was not read. This crate knows no actor and no socket, logs nothing and reads no settings. It opens the
//! model's files and the operator's synonyms and nothing else. What a caller may log or count is a value
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
