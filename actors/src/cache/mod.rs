//! Caches whose shards are supervised actors.
//!
//! [`Cache`] is the handle everybody holds. A value that is there is read out of a map without a hop
//! to any actor ([`SharedEntries`]); what is not there is asked of the [`Shard`] that owns its key, which loads it
//! once, however many ask. What a cache holds is said by its [`Contents`]; a second layer that other
//! pods share is a [`L2Cache`].
//!
//! What must never be: two loads of one key at once, a key that stays stuck because its load panicked
//! or did not end, more bytes or entries than the budget, a hit that waits for an actor.

mod contents;
mod handle;
mod l2;
#[cfg(test)]
mod l2_tests;
mod limits;
mod order;
mod shard;
mod shared_entries;
#[cfg(test)]
mod tests;

pub use contents::{CacheTag, Contents, L2Policy, LoadFailure, Scope};
pub use handle::Cache;
pub use l2::{L2Cache, L2Entry, L2Lookup, LoadTurn, RecentEntries};
pub use limits::CacheLimits;
pub use shard::Outcome;
pub(crate) use shard::Shard;
pub(crate) use shared_entries::SharedEntries;
