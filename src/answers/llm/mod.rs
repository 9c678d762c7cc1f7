//! The answerer that uses a language model, over any endpoint of the OpenAI chat API.
//!
//! ```text
//! hsc_answers::llm::Retrieval ─► prompt ─► endpoint ─► hsc_answers::llm::ModelOutput ─► chunks
//!                                   └─ limits └─ LlmError ─► the extractive answer, marked as fallback
//! ```
//!
//! Never: a key or a customer's words in a log line, a request without a quota.

mod answerer;
mod endpoint;
mod limits;
mod sse;
#[cfg(test)]
mod tests;

pub(super) use answerer::Llm;
