//! The answerers: the port `hsc_actors::ports::Answerer` over the library hsc-answers.
//!
//! The library knows how a manual answers a question; this folder loads the manual, chooses the thread
//! for the work, asks the model, and counts and logs. The path of a question:
//!
//! ```text
//! Question ─► answerer, owner (whose manual) ─► extractive ─► loader, IndexCache (built once a manual), embedder
//!                                                  │ hsc_answers::compose, on its chunks ─► events
//!                                                  └ llm ─► limits, endpoint ─► hsc_answers::llm ─► events
//! ```
//!
//! Never: a rule of ranking or of wording here, an answer without an end, a customer's words in a log line.

mod answerer;
mod extractive;
mod llm;
mod owner;
#[cfg(test)]
mod tests;

pub use answerer::{NoAnswerer, from};
