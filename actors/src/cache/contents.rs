//! What a cache holds and how it is loaded.

use std::hash::Hash;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use hsc_conversation::answer::ManualRequest;

/// The part of a cache to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All values that depend on this product.
    Product {
        /// Id of the product.
        id: String,
        /// Its manual, if the catalog names one.
        manual: Option<ManualRequest>,
    },
    /// All values made from this version of the catalog.
    CatalogVersion(String),
    /// Every value of every cache.
    All,
}

impl Scope {
    /// The tags that the scope invalidates.
    #[must_use]
    pub fn tags(&self) -> Vec<CacheTag> {
        match self {
            Self::Product { id, manual } => {
                let product = CacheTag::Product(id.as_str().into());
                let manual = manual.clone().map(CacheTag::Manual);
                std::iter::once(product).chain(manual).collect()
            }
            Self::CatalogVersion(version) => {
                vec![CacheTag::CatalogVersion(version.as_str().into())]
            }
            Self::All => vec![CacheTag::All],
        }
    }
}

/// A dependency of a value. When a scope invalidates one of its tags, the value is forgotten.
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
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The values of one cache: their types, their size, how they are loaded.
pub trait Contents: Send + Sync + 'static {
    /// Shared keys are stored in the L2 cache under their hash.
    type Key: Hash + Eq + Clone + Send + Sync + Unpin + 'static;
    /// A value. Cheap to clone: an `Arc`, `Bytes`.
    type Value: Clone + Send + Sync + Unpin + 'static;
    /// Why a load failed. Cheap to clone: every waiter of a load gets it.
    type Error: Clone + Send + Sync + Unpin + 'static;

    /// Loads a value. Never called concurrently for one key.
    fn load(&self, key: Self::Key) -> BoxFuture<'static, Result<Self::Value, Self::Error>> {
        drop(key);
        let none = Err(self.lost(LoadFailure::NoSource));
        async move { none }.boxed()
    }

    /// Maps a failure of the cache to the error type of the source.
    fn lost(&self, why: LoadFailure) -> Self::Error;

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

/// True when a scope invalidates the value of this key.
pub(super) fn concerns<C: Contents>(key: &C::Key, scope: &Scope) -> bool {
    let taken = scope.tags();
    taken.contains(&CacheTag::All) || C::tags(key).iter().any(|tag| taken.contains(tag))
}
