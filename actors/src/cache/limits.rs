//! How much a cache may hold and for how long.

use std::time::Duration;

/// The budget of one cache over all its shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Number of shards.
    pub shards: usize,
    /// Values over all shards; 0 switches the cache off.
    pub entries: usize,
    /// Bytes over all shards.
    pub bytes: usize,
    /// How long a value is fresh, a tenth more or less.
    pub ttl: Duration,
    /// How long a failure is remembered, so that what cannot be had is not asked for every time.
    pub negative_ttl: Duration,
    /// How long past its time an old value is kept, for when no new one can be had.
    pub stale: Duration,
    /// Longest a load may take before its waiters are told.
    pub load_timeout: Duration,
}

impl CacheLimits {
    /// One shard's part. At least one value, whatever the sum: a shard that can keep nothing would
    /// load the same value every time.
    pub(crate) fn share(&self) -> Self {
        let shards = self.shards.max(1);
        Self { entries: (self.entries / shards).max(1), bytes: self.bytes / shards, ..*self }
    }
}
