//! Keeps the house as docs/architecture.md draws it.
//!
//! What lives here: one file a rule. Each reads the repository's files, or what `cargo metadata`
//! says of them, and names every place that breaks its rule. None of them links the server, so the
//! whole binary is built and run within seconds.
//!
//! What must never be: a rule that only one person can satisfy. A message says where, what, and what
//! to do instead.

mod actors;
mod arrows;
mod containers;
mod cycles;
mod files;
mod links;
mod rooms;
mod tree;
mod waits;
