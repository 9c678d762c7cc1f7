//! The second layer of a cache: behind the first, shared with other pods.
//!
//! It is an aid and no authority: what it cannot do it leaves undone, within a bounded time of its own,
//! and never fails a load. Whoever calls it bounds it and bears its panics all the same.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{CacheTag, Contents, Scope};

/// A value of the second layer.
#[derive(Debug, Clone)]
pub struct L2Entry<V> {
    /// The stored value.
    pub value: V,
    /// How long it may still be used.
    pub left: Duration,
}

/// What became of somebody who wants a value.
pub enum L2Lookup<C: Contents> {
    /// It is there.
    Found(L2Entry<C::Value>),
    /// It is not there: load it.
    Yours(Box<dyn LoadTurn<C>>),
}

/// Keys and their values, the newest first.
pub type RecentEntries<C> = Vec<(<C as Contents>::Key, L2Entry<<C as Contents>::Value>)>;

/// The turn to load a value. Dropping it lets the next pod try.
pub trait LoadTurn<C: Contents>: Send + 'static {
    /// Keeps what was loaded, for so long, and gives the turn back.
    fn keep(self: Box<Self>, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()>;
}

/// A second layer.
pub trait L2Cache<C: Contents>: Send + Sync + 'static {
    /// The value, if it is good for so long at least; else whose turn it is to load it. While another pod
    /// loads it this waits, within a bound: then it is the caller's turn in any case.
    fn enter(&self, key: C::Key, at_least: Duration) -> BoxFuture<'static, L2Lookup<C>>;

    /// The value, where it is there; nobody is waited for.
    fn get(&self, key: C::Key) -> BoxFuture<'static, Option<L2Entry<C::Value>>>;

    /// Keeps a value that nobody took a turn for, for so long.
    fn put(&self, key: C::Key, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()>;

    /// What was put last and rests on this, the newest first, at most so many; nothing at all where the
    /// layer cannot be asked just now.
    fn recent(&self, ground: CacheTag, most: usize)
    -> BoxFuture<'static, Option<RecentEntries<C>>>;

    /// Forgets what a scope takes away, also what is being loaded meanwhile.
    fn forget(&self, scope: Scope) -> BoxFuture<'static, ()>;
}

/// A second layer, or none.
pub(crate) type OptionalL2<C> = Option<Arc<dyn L2Cache<C>>>;

/// Calls a second layer and gives nothing when it panics or does not end: it is an aid.
pub(super) async fn aided<T>(
    longest: Duration,
    call: impl FnOnce() -> BoxFuture<'static, T>,
) -> Option<T> {
    // Called inside the future, so that a panic before its first await is caught too.
    let called = AssertUnwindSafe(async move { call().await }).catch_unwind();
    tokio::time::timeout(longest, called).await.ok()?.ok()
}
