//! From passages and a question to an answer.
//!
//! So far this crate holds the sentence encoder ([`encoder`]): texts to vectors whose dot product is
//! their similarity in meaning, in the process of the server, in pure Rust.
//!
//! **What must never be**: this crate knows no actor and no socket, logs nothing and reads no settings.
//! It opens the model's files and nothing else.

pub mod encoder;
