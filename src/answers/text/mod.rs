//! Text as an answerer compares and cuts it: languages, words, sentences.
//!
//! Plain functions over strings; nothing here knows a manual or a question.

mod language;
mod sentence;
mod words;

pub(super) use language::Language;
pub(super) use sentence::sentences;
pub(super) use words::{Word, WordReader};
