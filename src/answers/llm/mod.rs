//! The answerer that asks a language model, over any endpoint that speaks the OpenAI chat API.
//!
//! ```text
//! hsc_answers::llm::Retrieval ─► prompt ─► endpoint ─► hsc_answers::llm::ModelOutput ─► chunks
//!                                   └─ limits └─ trouble ─► the extractive answer, said so
//! ```
//!
//! What must never be: a key or a customer's words in a log line, a request without a quota.

mod answerer;
mod endpoint;
mod error;
mod limits;
mod sse;
#[cfg(test)]
mod tests;

pub use answerer::Llm;
