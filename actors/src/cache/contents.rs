//! What a cache holds and where it comes from.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::ports::ManualRequest;

/// What a cache is to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Whatever concerns this product.
    Product {
        /// Its id.
        id: String,
        /// Its manual, where the catalog names one.
        manual: Option<ManualRequest>,
    },
    /// Whatever was made from this version of the catalog.
    CatalogVersion(String),
    /// Everything.
    All,
}

/// Why a load gave nothing, where its source did not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadFailure {
    /// It panicked.
    Panicked,
    /// It took longer than it may.
    TimedOut,
    /// As many loads are under way as may be.
    Overloaded,
    /// The shard is being started again.
    Restarting,
    /// The shard was given up.
    GaveUp,
    /// This cache is filled by its users and has nothing to load from.
    NoSource,
}

impl LoadFailure {
    /// The word for logs and error codes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panicked => "load_panicked",
            Self::TimedOut => "load_timed_out",
            Self::Overloaded => "overloaded",
            Self::Restarting => "restarting",
            Self::GaveUp => "gave_up",
            Self::NoSource => "no_source",
        }
    }
}

/// The values of one cache: what they are, what they weigh, how they are loaded.
pub trait Contents: Send + Sync + 'static {
    /// What a value is found by.
    type Key: Hash + Eq + Clone + Send + Sync + Unpin + 'static;
    /// A value. Cheap to clone: an `Arc`, `Bytes`.
    type Value: Clone + Send + Sync + Unpin + 'static;
    /// Why there is none. Cheap to clone: every waiter of one load gets it.
    type Error: Clone + Send + Sync + Unpin + 'static;

    /// Loads a value. Never called twice at once for one key.
    fn load(&self, key: Self::Key) -> BoxFuture<'static, Result<Self::Value, Self::Error>> {
        drop(key);
        let none = Err(self.lost(LoadFailure::NoSource));
        async move { none }.boxed()
    }

    /// Puts a failure of ours into the words of the source.
    fn lost(&self, why: LoadFailure) -> Self::Error;

    /// Bytes that a value holds, its key included.
    fn weight(&self, key: &Self::Key, value: &Self::Value) -> usize;

    /// True when a scope takes this value away.
    fn concerns(&self, key: &Self::Key, scope: &Scope) -> bool;

    /// True for a value that is to be asked for again soon, because it is only the best there was.
    fn is_makeshift(&self, value: &Self::Value) -> bool {
        let _ = value;
        false
    }

    /// Marks an old value that is used because no new one could be had.
    fn aged(&self, value: Self::Value) -> Self::Value {
        value
    }
}

/// A second layer behind the first, shared with other pods. It is an aid and no authority: what it
/// cannot do it leaves undone, within a bounded time of its own, and never fails a load.
pub trait SecondLevel<C: Contents>: Send + Sync + 'static {
    /// A value, where it has one.
    fn get(&self, key: C::Key) -> BoxFuture<'static, Option<C::Value>>;

    /// Keeps a value for so long.
    fn put(&self, key: C::Key, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()>;

    /// Forgets what a scope takes away.
    fn forget(&self, scope: Scope) -> BoxFuture<'static, ()>;
}

/// A second layer, or none.
pub(crate) type Second<C> = Option<Arc<dyn SecondLevel<C>>>;
