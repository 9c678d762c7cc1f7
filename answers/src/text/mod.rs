//! Text functions for comparing and splitting: languages, words, spellings, sentences.
//!
//! Plain functions over strings; nothing here knows a manual or a question.

mod language;
mod sentence;
mod spelling;
mod words;

pub(super) use language::Language;
pub(super) use sentence::sentences;
pub(super) use spelling::distance;
pub(super) use words::{Word, WordReader};
