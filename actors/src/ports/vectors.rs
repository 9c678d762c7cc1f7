//! Vectors of manuals that pods share, so that one pod embeds a manual for all.

use std::any::Any;

use futures::future::BoxFuture;

/// The right to embed a manual.
pub enum Claim {
    /// It is this pod's for as long as the value lives.
    Ours(Box<dyn Any + Send>),
    /// Another pod embeds it: look again a little later.
    Theirs,
}

/// Where pods put vectors for each other. Without an answer of the store a pod embeds for itself.
pub trait SharedVectors: Send + Sync + 'static {
    /// The bytes stored under `key`.
    fn get(&self, key: String) -> BoxFuture<'static, Option<Vec<u8>>>;
    /// Stores bytes; what is not stored is embedded again.
    fn put(&self, key: String, bytes: Vec<u8>) -> BoxFuture<'static, ()>;
    /// Asks for the right to embed what is stored under `key`.
    fn claim(&self, key: String) -> BoxFuture<'static, Claim>;
}
