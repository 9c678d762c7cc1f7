//! The answerers: the port `hsc_actors::ports::Answerer` over the library hsc-answers.
//!
//! The library knows how a manual answers a question; this folder loads the manual, chooses the thread
//! for the work, asks the model, and counts and logs. The path of a question:
//!
//! ```text
//! Question ─► owner (whose manual) ─► extractive ─► loader, IndexCache (an index a manual, built once), embedder
//!                                        │ hsc_answers::compose, on its chunks ─► events
//!                                        └ llm ─► limits, endpoint ─► hsc_answers::llm ─► events
//! ```
//!
//! Never: a rule of ranking or of wording here, an answer without an end, a customer's words in a log line.

mod extractive;
mod llm;
mod owner;
mod start;
#[cfg(test)]
mod tests;

pub use extractive::Extractive;
pub use llm::Llm;
pub use start::{NoAnswerer, from};
