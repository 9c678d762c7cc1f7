//! Caches whose shards are supervised actors.
//!
//! [`Cache`] is the handle everybody holds. A value that is there is read out of a map without a hop
//! to any actor ([`Pages`]); what is not there is asked of the [`Shard`] that owns its key, which loads it
//! once, however many ask. What a cache holds is said by its [`Contents`]; a second layer that other
//! pods share is a [`SecondLevel`].
//!
//! What must never be: two loads of one key at once, a key that stays stuck because its load panicked
//! or did not end, more bytes or entries than the budget, a hit that waits for an actor.

mod contents;
mod handle;
mod limits;
mod order;
mod pages;
mod second;
#[cfg(test)]
mod second_tests;
mod shard;
#[cfg(test)]
mod tests;

pub use contents::{Contents, Ground, LoadFailure, Scope, Sharing};
pub use handle::Cache;
pub use limits::CacheLimits;
pub(crate) use pages::Pages;
pub use second::{Entry, Held, Recent, SecondLevel, Turn};
pub use shard::Outcome;
pub(crate) use shard::Shard;
