//! The L2 cache, behind the in-process cache and shared with other pods.
//!
//! It is best effort: a call that cannot complete within its own time bound is skipped, and it never
//! fails a load. The caller still bounds each call and survives its panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{CacheTag, Contents, Scope};

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

    /// Forgets the values of a scope, including those that are being loaded.
    fn forget(&self, scope: Scope) -> BoxFuture<'static, ()>;
}

pub(crate) type OptionalL2<C> = Option<Arc<dyn L2Cache<C>>>;

/// Calls the L2 cache and returns nothing when the call panics or times out: it is best effort.
pub(super) async fn aided<T>(
    longest: Duration,
    call: impl FnOnce() -> BoxFuture<'static, T>,
) -> Option<T> {
    // Called inside the future, so that a panic before its first await is caught too.
    let called = AssertUnwindSafe(async move { call().await }).catch_unwind();
    tokio::time::timeout(longest, called).await.ok()?.ok()
}
