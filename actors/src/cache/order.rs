//! The eviction order, as a plain state machine: the least recently used value goes first.
//!
//! A hit does not change the order, it only marks the value as used; a marked value that would be evicted
//! gets a second chance instead. So a hit costs no lock and no message.

use std::hash::Hash;

use lru::LruCache;

/// The values of one shard in eviction order, and their weight.
pub(super) struct Order<K: Hash + Eq> {
    recency: LruCache<K, usize>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

/// Why a value is evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Reason {
    Entries,
    Bytes,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl<K: Hash + Eq + Clone> Order<K> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { recency: LruCache::unbounded(), bytes: 0, max_entries, max_bytes }
    }

    pub(super) fn entries(&self) -> usize {
        self.recency.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a value at the young end, new or again.
    pub(super) fn put(&mut self, key: K, weight: usize) {
        self.forget(&key);
        self.bytes += weight;
        self.recency.put(key, weight);
    }

    pub(super) fn forget(&mut self, key: &K) {
        if let Some(weight) = self.recency.pop(key) {
            self.bytes -= weight;
        }
    }

    /// The next value to evict, if any. The last value stays whatever it weighs: without
    /// it the same value would be loaded every time. `was_used` clears the mark of a hit.
    pub(super) fn next_out(&mut self, mut was_used: impl FnMut(&K) -> bool) -> Option<(K, Reason)> {
        // Each value is passed over at most once, or a stream of hits would never let this end.
        let mut chances = self.recency.len();
        loop {
            let reason = if self.recency.len() > self.max_entries.max(1) {
                Reason::Entries
            } else if self.bytes > self.max_bytes && self.recency.len() > 1 {
                Reason::Bytes
            } else {
                return None;
            };
            let (key, weight) = self.recency.pop_lru()?;
            if chances > 0 && was_used(&key) {
                chances -= 1;
                self.recency.put(key, weight);
                continue;
            }
            self.bytes -= weight;
            return Some((key, reason));
        }
    }
}
