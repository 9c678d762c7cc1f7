//! The shelf of read manuals: one load a manual, however many ask.
//!
//! A [`Cache`] of manuals, filled by the [`ManualLoader`] of the world outside; and, since it loads
//! manuals too, a loader like any other, only that it remembers.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_catalogs::Manual;
use hsc_monitoring::Metrics;

use crate::cache::{Cache, CacheLimits, CacheTag, Contents, L2Cache, L2Policy, LoadFailure};
use crate::cached_results::sharing_of;
use crate::manual_loader::ManualLoaderHandle;
use crate::ports::{ManualError, ManualLoader};
use crate::supervision::{Care, ChildSpec, Root, RootSpec, Threads};
use crate::supervision_config::SupervisionConfig;
use hsc_conversation::answer::ManualRequest;

/// Handle of the shelf. Cheap to clone.
#[derive(Clone)]
pub struct ManualCache {
    cache: Cache<ManualContents>,
    loader: ChildSpec,
    source: Arc<dyn ManualLoader>,
}

/// Manuals as the contents of a cache.
pub struct ManualContents {
    loader: Arc<dyn ManualLoader>,
}

impl ManualCache {
    /// A manual cache whose loader and shards, [`ManualCache::children`], are yet to be hung into a tree.
    #[must_use]
    pub fn new(
        loader: Arc<dyn ManualLoader>,
        second: Option<Arc<dyn L2Cache<ManualContents>>>,
        limits: CacheLimits,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let source = Arc::clone(&loader);
        let (spec, loading) = ManualLoaderHandle::new(loader, limits.load_timeout, care, metrics);
        let manuals = ManualContents { loader: Arc::new(loading) };
        let cache = Cache::new("manuals", manuals, second, limits, care, metrics);
        Self { cache, loader: spec, source }
    }

    /// A shelf on its own, for a program that has no house; it works as long as its root is kept.
    ///
    /// # Panics
    /// Outside an actix system.
    #[must_use]
    pub fn start(
        loader: Arc<dyn ManualLoader>,
        limits: CacheLimits,
        upkeep: &SupervisionConfig,
        metrics: &Arc<Metrics>,
    ) -> (Self, Root) {
        let shelf = Self::new(loader, None, limits, upkeep.care, metrics);
        let root = Root::start(
            "root",
            RootSpec {
                children: shelf.children(),
                on_give_up: upkeep.on_give_up,
                care: upkeep.care,
                threads: Arc::new(Threads::start(upkeep.threads)),
                metrics: Arc::clone(metrics),
            },
        );
        (shelf, root)
    }

    /// The manual, from the shelf when it is there; else the first asker starts the load and later
    /// ones wait for the same one.
    ///
    /// # Errors
    /// Why it could not be had, the same for everybody who waited.
    pub async fn open(&self, request: ManualRequest) -> Result<Arc<Manual>, ManualError> {
        self.cache.get(request).await
    }

    /// The cache behind it.
    #[must_use]
    pub fn cache(&self) -> &Cache<ManualContents> {
        &self.cache
    }

    /// Its loader and its shards, for the tree; the loader first, because shards ask it.
    #[must_use]
    pub fn children(&self) -> Vec<ChildSpec> {
        let mut children = vec![self.loader.clone()];
        children.extend(self.cache.children());
        children
    }
}

impl ManualLoader for ManualCache {
    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        let shelf = self.clone();
        async move { shelf.open(request).await }.boxed()
    }

    fn doubt(&self, request: &ManualRequest) {
        self.source.doubt(request);
    }
}

impl std::fmt::Debug for ManualCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManualCache").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl Contents for ManualContents {
    type Key = ManualRequest;
    type Value = Arc<Manual>;
    type Error = ManualError;

    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        self.loader.load(request)
    }

    fn lost(&self, why: LoadFailure) -> ManualError {
        let words = match why {
            LoadFailure::Overloaded => {
                "Too many manuals are being opened just now. Please ask again in a moment."
            }
            _ => "The manual could not be opened just now. Please ask again in a moment.",
        };
        ManualError::new(
            why.as_str(),
            words,
            format!("the shelf could not load it: {}", why.as_str()),
        )
    }

    fn weight(&self, _: &ManualRequest, manual: &Arc<Manual>) -> usize {
        weight(manual)
    }

    /// Not on the catalog: what a manual says does not change with the catalog that names it.
    fn grounds(key: &ManualRequest) -> Vec<CacheTag> {
        vec![CacheTag::Manual(key.clone())]
    }

    fn sharing(key: &ManualRequest) -> L2Policy {
        sharing_of(key)
    }

    fn is_degraded(&self, manual: &Arc<Manual>) -> bool {
        manual.source.stale || !manual.source.pending.is_empty()
    }

    fn aged(&self, manual: Arc<Manual>) -> Arc<Manual> {
        let mut aged = Arc::unwrap_or_clone(manual);
        aged.source.stale = true;
        Arc::new(aged)
    }
}

/// Bytes of text a manual holds; what it costs beside is small change.
fn weight(manual: &Manual) -> usize {
    let pages: usize = manual.pages.iter().map(|page| page.text.len() + 64).sum();
    let passages: usize = manual
        .passages
        .iter()
        .map(|passage| {
            let blocks: usize = passage.blocks.iter().map(|block| block.text().len() + 32).sum();
            let headings: usize = passage.headings.iter().map(|heading| heading.len() + 24).sum();
            blocks + headings + 64
        })
        .sum();
    pages + passages
}
