//! Copies the predictions of other pods, so that a new pod answers many keystrokes from memory.
//!
//! Owns      the catalog version for which it has copied predictions.
//! Calls     the cache of predictions, which reads its L2 cache.
//! Never     delays a keystroke: no keystroke reads the L2 cache.
//! On crash  loses nothing: copying twice is harmless.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::Snapshot;
use hsc_monitoring::Metrics;
use log::info;
use serde_json::json;

use crate::cache::{Cache, CacheTag};
use crate::cached_results::Predictions;
use crate::supervision::{Care, ChildSpec, Life};
use hsc_conversation::BoxError;

/// Most predictions that are copied: somewhat more than the beginnings that many people type.
const MOST: usize = 2_000;
/// Interval at which it checks for a new catalog, or for an L2 cache that is available again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The worker, for the tree.
pub(crate) fn worker(
    cache: Cache<Predictions>,
    catalog: Arc<Snapshot>,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    ChildSpec::worker("cache.predictions.warmer", "cache_warmer", care, metrics, move |life| {
        warm(cache.clone(), Arc::clone(&catalog), life)
    })
}

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
            if let Some(taken) = cache.warm(ground, MOST).await {
                info!(taken; "took over what other pods predicted");
                life.observe(json!({ "taken": taken, "version": &*version }));
                warmed = Some(version);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
