//! What a language model is given, and what becomes of its words. Nothing here asks a model.
//!
//! ```text
//! question ─► Retrieval ─► Prompt ─► (the caller asks a model) ─► ModelOutput ─► Composed
//!              passages     rules, fence              reasoning removed, pages checked
//! ```
//!
//! **What must never be**: manual text that instructs the model, a cited page that the model was not given.

mod checked;
mod output;
mod prompt;
mod reasoning;
mod retrieval;

pub use output::ModelOutput;
pub use prompt::{Prompt, estimate_tokens};
pub use retrieval::Retrieval;
