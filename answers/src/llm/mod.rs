//! The prompt of a language model, and the check of its output. Nothing here calls a model.
//!
//! ```text
//! question ─► Retrieval ─► Prompt ─► (the caller asks a model) ─► ModelOutput ─► Composed
//!              passages     rules, fence              reasoning removed, pages checked
//! ```
//!
//! **Never**: manual text that instructs the model, a cited page that the model was not given.

mod checked;
mod output;
mod prompt;
mod reasoning;

pub use output::ModelOutput;
pub use prompt::{Prompt, Retrieval, estimate_tokens};
