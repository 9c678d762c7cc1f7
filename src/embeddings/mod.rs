//! The sentence encoder in the server: it loads its model, embeds manuals in the background, and stores vectors.
//!
//! [`Embeddings`] is the handle: it returns existing vectors at once and queues the rest. `worker` is
//! the supervised task that loads the model and takes manuals from the queue; `store` keeps vectors on
//! disk. Vectors in memory, on disk and in Redis are keyed by fingerprints of the texts and of the model.
//!
//! Never: a question that waits for a manual to be embedded, a queue without a bound, a
//! damaged model in use.

mod now;
mod service;
mod store;
mod worker;

pub use now::EmbedNow;
pub use service::{Embeddings, ModelState};
pub use worker::worker;
