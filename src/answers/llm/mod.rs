//! The answerer that asks a language model, over any endpoint that speaks the OpenAI chat API.
//!
//! ```text
//! passages ─► prompt ─► endpoint ─► reasoning removed ─► checked (only pages it was given) ─► chunks
//!               └─ limits    └─ trouble ─► the extractive answer, said so
//! ```
//!
//! What must never be: manual text that instructs the model, a cited page that the model was not
//! given, a key or a customer's words in a log line.

mod answerer;
mod checked;
mod endpoint;
mod limits;
mod prompt;
mod reasoning;
mod sse;
#[cfg(test)]
mod tests;
mod trouble;

pub use answerer::Llm;
