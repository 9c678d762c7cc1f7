//! The L2 cache in Redis: a value that one pod loaded need not be loaded by the others.
//!
//! [`RedisL2Caches`] creates them. `cache` is what a cache sees, `store` the values in Redis, `lock` lets one
//! pod load for all, `packing` encodes values as bytes.
//!
//! Never: a load that fails because of Redis, a miss that waits longer than the settings
//! allow, a value that is trusted because it was there.

mod cache;
mod lock;
mod packing;
mod store;
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use hsc_actors::cache::{Contents, L2Cache};
use hsc_config::{CacheBudget, CacheSettings};
use hsc_monitoring::Metrics;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Link;
use cache::RedisL2;
use store::{L2Limits, L2Store};
pub use vectors::RedisVectors;

/// Creates the L2 cache of each cache, if Redis is configured and the settings enable it.
#[derive(Clone, Copy)]
pub struct RedisL2Caches<'a> {
    redis: Option<&'a Link>,
    settings: &'a CacheSettings,
    metrics: &'a Metrics,
}

impl<'a> RedisL2Caches<'a> {
    /// In this Redis, within the bounds of these settings.
    #[must_use]
    pub fn new(redis: Option<&'a Link>, settings: &'a CacheSettings, metrics: &'a Metrics) -> Self {
        Self { redis, settings, metrics }
    }

    /// The L2 cache of the cache with this name.
    #[must_use]
    pub fn of<C>(&self, cache: &'static str, budget: &CacheBudget) -> Option<Arc<dyn L2Cache<C>>>
    where
        C: Contents,
        C::Key: Serialize + DeserializeOwned,
        C::Value: Serialize + DeserializeOwned,
    {
        let (l2, longest) = (&self.settings.l2, self.settings.load_timeout_ms);
        let link = self.redis.filter(|_| l2.enabled)?;
        let limits = L2Limits {
            value_bytes: l2.max_value_bytes,
            timeout: Duration::from_millis(l2.timeout_ms),
            // The other half of the time is for the load itself.
            wait: Duration::from_millis(l2.wait_ms.min(longest / 2)),
            lock: Duration::from_millis(l2.lock_ms),
            ttl: Duration::from_millis(budget.ttl_ms),
        };
        let meter = self.metrics.caches.l2_meter(cache);
        Some(Arc::new(RedisL2::<C>::new(L2Store::new(link.clone(), cache, limits, meter))))
    }
}
