//! The L2 cache in Redis: a value that one pod loaded need not be loaded by the others.
//!
//! [`l2_cache`] creates it. `cache` is what a cache sees, `store` the values in Redis, `lock` lets one
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
use store::L2Store;

/// The L2 cache of the cache with this name, if Redis is configured and the settings enable it.
pub fn l2_cache<C>(
    cache: &'static str,
    redis: Option<&Link>,
    settings: &CacheSettings,
    budget: &CacheBudget,
    metrics: &Metrics,
) -> Option<Arc<dyn L2Cache<C>>>
where
    C: Contents,
    C::Key: Serialize + DeserializeOwned,
    C::Value: Serialize + DeserializeOwned,
{
    let mut l2 = settings.l2.clone();
    let link = redis.filter(|_| l2.enabled)?;
    // The other half of the time is for the load itself.
    l2.wait_ms = l2.wait_ms.min(settings.load_timeout_ms / 2);
    let ttl = Duration::from_millis(budget.ttl_ms);
    let meter = metrics.caches.l2_meter(cache);
    Some(Arc::new(RedisL2::<C>::new(L2Store::new(link.clone(), cache, l2, ttl, meter))))
}
