//! The sentence encoder at work: it finds its model, embeds manuals in the background, and remembers.
//!
//! [`Embeddings`] is what others hold: it answers at once with what is there and queues the rest. `worker` is
//! the supervised task that looks for the model and takes manuals from the queue; `store` keeps vectors on
//! disk. Vectors lie in memory, on disk and in Redis under the fingerprints of the texts and of the model.
//!
//! What must never be: a question that waits for a manual to be embedded, a queue without a bound, a model
//! that is damaged and yet used.

mod now;
mod service;
mod store;
mod worker;

pub use now::EmbedNow;
pub use service::{Embeddings, ModelState};
pub use worker::worker;
