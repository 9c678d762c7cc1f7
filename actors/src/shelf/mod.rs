//! The shelf of read manuals: one load a manual, however many ask.
//!
//! [`Shelf`] is the handle everybody holds. A manual that is there is read out of a concurrent map
//! without a hop to any actor; what is not there is asked of the [`shard::Shard`] that owns its key.

mod shard;

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, Arbiter, ArbiterHandle};
use dashmap::DashMap;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_catalogs::Manual;
use hsc_monitoring::Metrics;
use tokio::time::Instant;

use crate::ports::{ManualError, ManualLoader, ManualRequest};

/// How much a shelf may hold and for how long, out of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ShelfLimits {
    /// Number of shards.
    pub shards: usize,
    /// Manuals over all shards.
    pub entries: usize,
    /// Bytes of text over all shards.
    pub bytes: usize,
    /// How long a manual stays.
    pub ttl: Duration,
    /// How long a failure is remembered, so that a manual that cannot be had is not asked for with every question.
    pub negative_ttl: Duration,
    /// Longest a load may take before its waiters are told.
    pub load_timeout: Duration,
}

/// A manual on the shelf, or why it is not there, and until when that holds.
#[derive(Clone)]
pub(crate) struct Kept {
    outcome: Result<Arc<Manual>, ManualError>,
    until: Instant,
}

/// The map that hits are read from. Only shards write to it.
pub(crate) type Open = DashMap<ManualRequest, Kept>;

/// Handle of the shelf. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    shards: Arc<[Addr<shard::Shard>]>,
    open: Arc<Open>,
    hasher: std::hash::RandomState,
    metrics: Arc<Metrics>,
}

impl Shelf {
    /// Starts the shards, each on the arbiter that comes next.
    #[must_use]
    pub fn start(
        loader: Arc<dyn ManualLoader>,
        limits: &ShelfLimits,
        arbiters: &[ArbiterHandle],
        metrics: Arc<Metrics>,
    ) -> Self {
        let open: Arc<Open> = Arc::new(DashMap::new());
        let count = limits.shards.max(1);
        let here = [Arbiter::current()];
        let arbiters = if arbiters.is_empty() { &here[..] } else { arbiters };
        let shards = (0..count)
            .map(|index| {
                let shard = shard::Shard::new(
                    Arc::clone(&loader),
                    Arc::clone(&open),
                    limits.share(count),
                    Arc::clone(&metrics),
                );
                shard.start_on(&arbiters[index % arbiters.len()])
            })
            .collect();
        Self { shards, open, hasher: std::hash::RandomState::new(), metrics }
    }

    /// The manual, from the shelf when it is there; else the first asker starts the load and later
    /// ones wait for the same one.
    ///
    /// # Errors
    /// Why it could not be had, the same for everybody who waited.
    pub async fn open(&self, request: ManualRequest) -> Result<Arc<Manual>, ManualError> {
        let kept = self.open.get(&request).map(|kept| kept.value().clone());
        let shard = self.shard_of(&request);
        if let Some(kept) = kept.filter(|kept| kept.until > Instant::now()) {
            self.metrics.caches.hit("manuals", "l1");
            // Recency may miss a beat when the shard is busy; a hit never waits for it.
            let _ = shard.try_send(shard::Touched(request));
            return kept.outcome;
        }
        match shard.send(shard::OpenManual(request)).await {
            Ok(outcome) => outcome,
            Err(error) => Err(ManualError::new(
                "shelf_down",
                "The manual could not be opened just now. Please ask again in a moment.",
                error,
            )),
        }
    }

    /// Manuals on the shelf now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.iter().filter(|kept| kept.outcome.is_ok()).count()
    }

    /// True when nothing is on the shelf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard_of(&self, request: &ManualRequest) -> &Addr<shard::Shard> {
        let mut hasher = self.hasher.build_hasher();
        request.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % self.shards.len() as u64).unwrap_or(0);
        &self.shards[index]
    }
}

/// To an answerer the shelf is a loader like any other, only that it remembers.
impl ManualLoader for Shelf {
    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        let shelf = self.clone();
        async move { shelf.open(request).await }.boxed()
    }
}

impl ShelfLimits {
    /// One shard's part. At least one manual, whatever the sum: a shard that can keep nothing would
    /// load the same manual with every question.
    fn share(&self, shards: usize) -> Self {
        Self { entries: (self.entries / shards).max(1), bytes: self.bytes / shards, ..self.clone() }
    }
}
