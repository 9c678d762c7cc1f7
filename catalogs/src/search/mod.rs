//! Search as you type.

pub mod eval;

mod automaton;
mod candidates;
mod distance;
mod document;
mod find;
mod fold;
mod index;
mod mark;
mod query;
mod rank;
mod reading;
mod trie;
mod words;

pub use document::{Document, Field, Hit, Matched};
pub use index::Index;
