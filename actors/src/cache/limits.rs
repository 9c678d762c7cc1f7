//! Bounds of a cache in size and time.

use std::time::Duration;

/// The budget of one cache over all its shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Number of shards.
    pub shards: usize,
    /// Values over all shards; 0 disables the cache.
    pub entries: usize,
    /// Bytes over all shards.
    pub bytes: usize,
    /// How long a value is fresh, varied by up to a tenth.
    pub ttl: Duration,
    /// How long a failure is remembered, so that a failing source is not asked every time.
    pub negative_ttl: Duration,
    /// How long an expired value is kept as a fallback when no fresh one can be loaded.
    pub stale: Duration,
    /// Time limit of a load; its waiters then get an error.
    pub load_timeout: Duration,
}

impl CacheLimits {
    /// One shard's part. At least one value, whatever the total: a shard that holds nothing would
    /// load the same value every time.
    pub(crate) fn share(&self) -> Self {
        let shards = self.shards.max(1);
        Self { entries: (self.entries / shards).max(1), bytes: self.bytes / shards, ..*self }
    }
}
