//! The caches of a pod, and their invalidation.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::{Manual, Product, Snapshot};
use hsc_monitoring::Metrics;
use log::info;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cache::{Cache, CacheTag};
use crate::cached_results::{Answers, Predictions};
use crate::manual_cache::ManualCache;
use crate::ports::{ManualError, ManualLoader as _};
use crate::supervision::{
    AskError, ChildSpec, Life, OnGiveUp, SupervisionConfig, Supervisor, Threads, TreeReport,
};
use hsc_conversation::BoxError;
use hsc_conversation::answer::ManualRequest;

/// The name of the manual cache's supervisor in the tree.
const MANUALS: &str = "cache.manuals";
/// Most predictions that are copied: somewhat more than the beginnings that many people type.
const MOST_WARMED: usize = 2_000;
/// Interval at which it checks for a new catalog, or for an L2 cache that is available again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Every cache of a pod. Cheap to clone.
#[derive(Clone)]
pub struct Caches {
    pub(crate) manual_cache: ManualCache,
    pub(crate) predictions: Cache<Predictions>,
    pub(crate) answers: Cache<Answers>,
    pub(crate) catalog: Arc<Snapshot>,
}

/// What an operator invalidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Invalidate {
    /// The manual at this address, and the answers made from it.
    Manual(String),
    /// All values that depend on this product.
    Product(String),
    /// All values made from this version of the catalog.
    CatalogVersion(String),
    /// Every value of every cache.
    All,
}

/// Number of values that each cache has forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Invalidated {
    /// Read manuals.
    pub manuals: usize,
    /// Answers to keystrokes.
    pub predictions: usize,
    /// Answers to questions.
    pub answers: usize,
}

impl Caches {
    /// Invalidates values here, and in the L2 cache if `in_l2`. The caller announces it to the
    /// other pods. A pod that receives an announcement leaves the L2 cache alone if the announcing pod has invalidated it
    /// before: by now it may hold newer values.
    ///
    /// # Errors
    /// When a shard did not reply; the others have forgotten.
    pub async fn invalidate(&self, what: Invalidate, in_l2: bool) -> Result<Invalidated, AskError> {
        let tags = self.tags(what);
        for tag in &tags {
            if let CacheTag::Manual(manual) = tag {
                // Has the source asked again, else a fresh copy on disk would be read and the invalidation have no effect.
                self.manual_cache.revalidate(manual);
            }
        }
        let (manuals, predictions, answers) = tokio::join!(
            self.manual_cache.cache.invalidate(&tags, in_l2),
            self.predictions.invalidate(&tags, in_l2),
            self.answers.invalidate(&tags, in_l2),
        );
        Ok(Invalidated { manuals: manuals?, predictions: predictions?, answers: answers? })
    }

    /// The manual if it is cached, or the remembered error of its last load.
    pub fn manual(&self, request: &ManualRequest) -> Option<Result<Arc<Manual>, ManualError>> {
        self.manual_cache.cache.peek(request)
    }

    /// Opens a manual, as a question would.
    ///
    /// # Errors
    /// Why the manual could not be loaded.
    pub async fn open(&self, request: ManualRequest) -> Result<Arc<Manual>, ManualError> {
        self.manual_cache.open(request).await
    }

    /// The tags of the values to invalidate.
    fn tags(&self, what: Invalidate) -> Vec<CacheTag> {
        let catalog = self.catalog.load();
        let manual_of = |product: &Product| {
            product.documentation.clone().map(|documentation| ManualRequest { documentation })
        };
        match what {
            Invalidate::All => vec![CacheTag::All],
            Invalidate::CatalogVersion(version) => vec![CacheTag::CatalogVersion(version.into())],
            Invalidate::Product(id) => {
                let manual = catalog.product(&id).and_then(|product| manual_of(product));
                let product = CacheTag::Product(id.into());
                std::iter::once(product).chain(manual.map(CacheTag::Manual)).collect()
            }
            // Several products may share a manual.
            Invalidate::Manual(url) => {
                let tags = catalog.products().iter().filter_map(|product| {
                    let manual = manual_of(product).filter(|it| it.documentation.url == url)?;
                    Some([CacheTag::Product(Arc::clone(&product.id)), CacheTag::Manual(manual)])
                });
                tags.flatten().collect()
            }
        }
    }

    /// Adds the counts of loads to the manual cache's node of the tree.
    pub(crate) fn describe(&self, tree: &mut TreeReport) {
        let Some(manuals) = tree.find_mut(MANUALS) else { return };
        if let (Some(observed), Value::Object(counted)) =
            (manuals.observed.as_object_mut(), self.manual_cache.observed())
        {
            observed.extend(counted);
        }
    }

    /// The supervisors of the caches, one for each, over their shards.
    pub(crate) fn children(
        &self,
        supervision: &SupervisionConfig,
        threads: &Arc<Threads>,
        metrics: &Arc<Metrics>,
    ) -> Vec<ChildSpec> {
        let group = |name: &'static str, shards| {
            let up = OnGiveUp::Escalate;
            Supervisor::spec(name, supervision.care, up, shards, threads, metrics)
        };
        vec![
            group(MANUALS, self.manual_cache.children()),
            group("cache.predictions", self.prediction_children(supervision, metrics)),
            group("cache.answers", self.answers.children()),
        ]
    }

    /// The shards, and with an L2 cache the task that takes over shared predictions.
    fn prediction_children(
        &self,
        supervision: &SupervisionConfig,
        metrics: &Arc<Metrics>,
    ) -> Vec<ChildSpec> {
        let mut children = self.predictions.children();
        if self.predictions.has_l2() {
            let (cache, catalog) = (self.predictions.clone(), Arc::clone(&self.catalog));
            let (name, kind) = ("cache.predictions.warmer", "cache_warmer");
            children.push(ChildSpec::worker(name, kind, supervision.care, metrics, move |life| {
                warm(cache.clone(), Arc::clone(&catalog), life)
            }));
        }
        children
    }
}

/// Copies the predictions of other pods, so that a new pod answers many keystrokes from memory. No keystroke reads the
/// L2 cache or waits for this. A crash loses nothing: copying twice is harmless.
async fn warm(
    cache: Cache<Predictions>,
    catalog: Arc<Snapshot>,
    life: Life,
) -> Result<(), BoxError> {
    let mut warmed: Option<Arc<str>> = None;
    loop {
        let version: Arc<str> = catalog.load().version().into();
        if warmed.as_ref() != Some(&version) {
            let ground = CacheTag::CatalogVersion(Arc::clone(&version));
            if let Some(taken) = cache.warm(ground, MOST_WARMED).await {
                info!(taken; "took over what other pods predicted");
                life.observe(json!({ "taken": taken, "version": &*version }));
                warmed = Some(version);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
