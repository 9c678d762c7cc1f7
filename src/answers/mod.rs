//! Find the passages that answer a question, and answer from them.
//!
//! A question comes in, a stream of events goes out (`hsc_actors::ports::Answerer`). The manual comes
//! through the shelf; here it is only passages. The way of a question:
//!
//! ```text
//! Question ─► library (index of the manual, built once) ─► asked (its words in the manual's terms)
//!          ─► rank ─► confidence ─► select ─► compose ─► sheet ─► chunks, html, citations
//! ```
//!
//! What must never be: a word of the manual that acts (as Markdown, HTML, marker or instruction), a
//! cited page that was not read, an answer without an end.

mod accessory;
mod asked;
mod compose;
mod confidence;
mod extractive;
#[cfg(test)]
mod fixture;
mod html;
mod index;
mod library;
mod llm;
mod markers;
mod meaning;
mod owner;
mod phrases;
mod rank;
mod select;
mod sheet;
mod start;
mod synonyms;
mod telling;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod windows;

pub use extractive::Extractive;
pub use llm::Llm;
pub use start::{NoAnswerer, from};
pub use synonyms::SynonymsError;
pub use windows::{WINDOWS_VERSION, WindowTexts, window_texts};
