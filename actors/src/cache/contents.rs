//! What a cache holds, how it is loaded, and its limits; and the L2 cache behind it, which pods share.
//!
//! The L2 cache is best effort: a call that cannot complete within its own time bound is skipped, and it never
//! fails a load. The caller still bounds each call and survives its panics.

use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_config::{CacheBudget, CacheSettings};
use serde::{Deserialize, Serialize};

use crate::supervision::{AskError, cores};
use hsc_conversation::answer::ManualRequest;

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
    /// The limits of one cache: the shared ones, and its own budget.
    pub fn of(settings: &CacheSettings, budget: &CacheBudget) -> Self {
        Self {
            shards: match settings.shards {
                0 => 2 * cores(),
                shards => shards,
            },
            entries: budget.entries,
            bytes: budget.bytes,
            ttl: Duration::from_millis(budget.ttl_ms),
            negative_ttl: Duration::from_millis(settings.negative_ttl_ms),
            stale: Duration::from_millis(settings.stale_ms),
            load_timeout: Duration::from_millis(settings.load_timeout_ms),
        }
    }

    /// One shard's part. At least one value, whatever the total: a shard that holds nothing would
    /// load the same value every time.
    pub(crate) fn share(&self) -> Self {
        let shards = self.shards.max(1);
        Self { entries: (self.entries / shards).max(1), bytes: self.bytes / shards, ..*self }
    }
}

/// A dependency of a value. When one of its tags is invalidated, the value is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheTag {
    /// Every value has this tag.
    All,
    /// A version of the catalog.
    CatalogVersion(Arc<str>),
    /// Depends on the product with this id.
    Product(Arc<str>),
    /// Depends on this manual.
    Manual(ManualRequest),
}

/// When a value goes into the L2 cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum L2Policy {
    /// Never stored or looked up there: every pod has its own.
    Never,
    /// Stored as soon as it is loaded.
    AtOnce,
    /// Stored once it is hot. For values that are faster to compute than to fetch.
    WhenHot,
}

/// Why a load gave no value, when its source did not report an error itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LoadFailure {
    /// The loading task panicked.
    #[strum(serialize = "load_panicked")]
    Panicked,
    /// The load exceeded its time limit.
    #[strum(serialize = "load_timed_out")]
    TimedOut,
    /// Too many loads run at once.
    Overloaded,
    /// The shard is restarting.
    Restarting,
    /// The shard was given up.
    GaveUp,
    /// This cache is filled by its users and has no source to load from.
    NoSource,
}

impl LoadFailure {
    /// The value in logs and error codes.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<AskError> for LoadFailure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Restarting => Self::Restarting,
            AskError::GaveUp => Self::GaveUp,
            AskError::Overloaded => Self::Overloaded,
            AskError::TimedOut => Self::TimedOut,
        }
    }
}

/// The values of one cache: their types, their size, how they are loaded.
pub trait Contents: Send + Sync + 'static {
    /// Shared keys are stored in the L2 cache under their hash.
    type Key: Hash + Eq + Clone + Send + Sync + Unpin + 'static;
    /// A value. Cheap to clone: an `Arc`, `Bytes`.
    type Value: Clone + Send + Sync + Unpin + 'static;
    /// Why a load failed, by its source or by the cache. Cheap to clone: every waiter of a load gets it.
    type Error: From<LoadFailure> + Clone + Send + Sync + Unpin + 'static;

    /// Loads a value. Never called concurrently for one key.
    fn load(&self, key: Self::Key) -> BoxFuture<'static, Result<Self::Value, Self::Error>> {
        drop(key);
        async { Err(LoadFailure::NoSource.into()) }.boxed()
    }

    /// Size of a value in bytes, including its key.
    fn weight(&self, key: &Self::Key, value: &Self::Value) -> usize;

    /// The tags of this key's value, in addition to [`CacheTag::All`].
    fn tags(key: &Self::Key) -> Vec<CacheTag>;

    /// When the value of this key goes into the L2 cache.
    fn sharing(key: &Self::Key) -> L2Policy {
        let _ = key;
        L2Policy::AtOnce
    }

    /// True for a fallback value that must be loaded again soon.
    fn is_degraded(&self, value: &Self::Value) -> bool {
        let _ = value;
        false
    }

    /// Marks a stale value that is used because no fresh one could be loaded.
    fn aged(&self, value: Self::Value) -> Self::Value {
        value
    }
}

/// A value of the L2 cache.
#[derive(Debug, Clone)]
pub struct L2Entry<V> {
    /// The stored value.
    pub value: V,
    /// Remaining time to live.
    pub ttl: Duration,
}

/// Result of an L2 lookup.
pub enum L2Lookup<C: Contents> {
    /// The value is cached.
    Found(L2Entry<C::Value>),
    /// It is not cached: the caller loads it.
    Yours(Box<dyn LoadTurn<C>>),
}

/// Keys and their values, the newest first.
pub type RecentEntries<C> = Vec<(<C as Contents>::Key, L2Entry<<C as Contents>::Value>)>;

/// The right to load a value. Dropping it lets the next pod load.
pub trait LoadTurn<C: Contents>: Send + 'static {
    /// Stores the loaded value for `ttl` and releases the turn.
    fn keep(self: Box<Self>, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()>;
}

/// An L2 cache.
pub trait L2Cache<C: Contents>: Send + Sync + 'static {
    /// The value, if it stays valid for at least `at_least`; else the turn to load it. While another pod
    /// loads the value this waits, within a bound: then the caller loads in any case.
    fn enter(&self, key: C::Key, at_least: Duration) -> BoxFuture<'static, L2Lookup<C>>;

    /// The value, if it is cached; does not wait for other pods.
    fn get(&self, key: C::Key) -> BoxFuture<'static, Option<L2Entry<C::Value>>>;

    /// Stores a value without a turn, for `ttl`.
    fn put(&self, key: C::Key, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()>;

    /// The latest values with this tag, the newest first, at most `most`; `None` when the
    /// L2 cache cannot be reached.
    fn recent(&self, tag: CacheTag, most: usize) -> BoxFuture<'static, Option<RecentEntries<C>>>;

    /// Forgets the values with one of these tags, including those that are being loaded.
    fn forget(&self, tags: Vec<CacheTag>) -> BoxFuture<'static, ()>;
}

pub(crate) type OptionalL2<C> = Option<Arc<dyn L2Cache<C>>>;

/// True when the value of this key has one of these tags.
pub(super) fn has_any<C: Contents>(tags: &[CacheTag], key: &C::Key) -> bool {
    tags.contains(&CacheTag::All) || C::tags(key).iter().any(|tag| tags.contains(tag))
}

/// Calls the L2 cache and returns nothing when the call panics or times out: it is best effort.
pub(super) async fn aided<T>(
    longest: Duration,
    call: impl FnOnce() -> BoxFuture<'static, T>,
) -> Option<T> {
    // Called inside the future, so that a panic before its first await is caught too.
    let called = AssertUnwindSafe(async move { call().await }).catch_unwind();
    tokio::time::timeout(longest, called).await.ok()?.ok()
}
