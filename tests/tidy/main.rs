//! Checks the repository against docs/architecture.md.
//!
//! One file per rule. Each reads the repository's files or the output of `cargo metadata`, and lists every violation.
//! No test links the server, so the whole binary is built and run within seconds.
//!
//! Never: a rule without a hint. A message contains the place, the violation, and what
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
