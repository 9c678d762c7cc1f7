//! What a cache holds and where it comes from.

use std::hash::Hash;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use hsc_conversation::answer::ManualRequest;

/// What a cache is to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Whatever concerns this product.
    Product {
        /// Id of the product.
        id: String,
        /// Its manual, where the catalog names one.
        manual: Option<ManualRequest>,
    },
    /// Whatever was made from this version of the catalog.
    CatalogVersion(String),
    /// Every value of every cache.
    All,
}

impl Scope {
    /// What it takes the ground away of.
    #[must_use]
    pub fn grounds(&self) -> Vec<CacheTag> {
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

/// What a value rests on. When a scope takes one of its grounds away, the value is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheTag {
    /// Every value rests on this.
    All,
    /// A version of the catalog.
    CatalogVersion(Arc<str>),
    /// What depends on a product, by its id.
    Product(Arc<str>),
    /// What depends on one manual.
    Manual(ManualRequest),
}

/// Whether a value goes into the second layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum L2Policy {
    /// It does not, and is not looked for there: every pod has its own.
    Never,
    /// As soon as it is there.
    AtOnce,
    /// Once many have asked for it. For values that are made faster than they are fetched.
    WhenHot,
}

/// Why a load gave nothing, where its source did not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LoadFailure {
    /// The loading task panicked.
    #[strum(serialize = "load_panicked")]
    Panicked,
    /// It took longer than it may.
    #[strum(serialize = "load_timed_out")]
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
        self.into()
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

    /// What the value of this key rests on, beside [`CacheTag::All`].
    fn grounds(key: &Self::Key) -> Vec<CacheTag>;

    /// Whether the value of this key goes into the second layer.
    fn sharing(key: &Self::Key) -> L2Policy {
        let _ = key;
        L2Policy::AtOnce
    }

    /// True for a value that is to be asked for again soon, because it is only the best there was.
    fn is_degraded(&self, value: &Self::Value) -> bool {
        let _ = value;
        false
    }

    /// Marks an old value that is used because no new one could be had.
    fn aged(&self, value: Self::Value) -> Self::Value {
        value
    }
}

/// True when a scope takes the value of this key away.
pub(super) fn concerns<C: Contents>(key: &C::Key, scope: &Scope) -> bool {
    let taken = scope.grounds();
    taken.contains(&CacheTag::All) || C::grounds(key).iter().any(|ground| taken.contains(ground))
}
