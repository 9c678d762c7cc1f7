//! Takes over what other pods predict, so that a pod that starts answers many keystrokes from memory.
//!
//! Owns      the version of the catalog that it has taken predictions over for.
//! Calls     the cache of predictions, which asks its second layer.
//! Never     holds a keystroke up: no keystroke looks in the second layer.
//! On crash  loses nothing: a second time does no harm.

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

/// Predictions taken over at most. Somewhat more than the beginnings that many people type.
const MOST: usize = 2_000;
/// How often it looks whether the catalog is another one, or the second layer can be asked by now.
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
