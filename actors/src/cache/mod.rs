//! Caches whose shards are supervised actors.
//!
//! [`Cache`] is the handle. A cached value is read from a map without a message
//! to an actor ([`SharedEntries`]); a miss goes to the [`Shard`] that owns the key, which loads the value
//! once for all callers. [`Contents`] defines what a cache holds; an [`L2Cache`] is shared with other pods.
//!
//! Never: two concurrent loads of one key, a key that stays stuck because its load panicked
//! or did not end, more bytes or entries than the budget, a hit that waits for an actor.

mod contents;
mod handle;
#[cfg(test)]
mod l2_tests;
mod shard;
mod shared_entries;
#[cfg(test)]
mod tests;

pub use contents::{
    CacheLimits, CacheTag, Contents, L2Cache, L2Entry, L2Lookup, L2Policy, LoadFailure, LoadTurn,
    RecentEntries,
};
pub use handle::Cache;
pub use shard::Outcome;
pub(crate) use shard::Shard;
pub(crate) use shared_entries::SharedEntries;
