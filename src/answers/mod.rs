//! The answerers: the port `hsc_actors::ports::Answerer` over the library hsc-answers.
//!
//! The library knows how a manual answers a question; this room knows where the manual comes from, on which thread
//! the work runs, which model is asked and what is counted and logged. The way of a question:
//!
//! ```text
//! Question ─► owner (whose manual) ─► extractive ─► loader, library (an index a manual, built once), embedder
//!                                        │ hsc_answers::compose, on its chunks ─► events
//!                                        └ llm ─► limits, endpoint ─► hsc_answers::llm ─► events
//! ```
//!
//! What must never be: a rule of ranking or of wording here, an answer without an end, a customer's words in a log
//! line.

mod event_sender;
mod extractive;
#[cfg(test)]
mod fixture;
mod index_cache;
mod llm;
mod owner;
mod start;
#[cfg(test)]
mod tests;

pub use extractive::Extractive;
pub use llm::Llm;
pub use start::{NoAnswerer, from};
