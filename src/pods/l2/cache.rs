//! The L2 cache as a cache sees it: a lookup finds the value, or gets the turn to load it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, try_join_all};
use hsc_actors::cache::{CacheTag, Contents, L2Cache, L2Entry, L2Lookup, LoadTurn, RecentEntries};
use log::warn;
use tokio::time::Instant;

use super::lock::LoadLock;
use super::store::{L2Store, Storable, StoreLookup};

/// Pause between two lookups of a value that another pod loads: the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));

/// The L2 cache of one cache.
pub(super) struct RedisL2<C>(Arc<L2Store<C>>);

/// The turn to load one value.
struct RedisLoadTurn<C: Contents> {
    store: Arc<L2Store<C>>,
    key: C::Key,
    /// `None` when Redis was not reachable: then the loaded value is not stored there either.
    tag_versions: Option<Vec<String>>,
    lock: Option<LoadLock>,
}

impl<C> RedisL2<C> {
    pub(super) fn new(store: L2Store<C>) -> Self {
        Self(Arc::new(store))
    }
}

impl<C: Storable> L2Cache<C> for RedisL2<C> {
    fn enter(&self, key: C::Key, at_least: Duration) -> BoxFuture<'static, L2Lookup<C>> {
        enter(Arc::clone(&self.0), key, at_least).boxed()
    }

    fn get(&self, key: C::Key) -> BoxFuture<'static, Option<L2Entry<C::Value>>> {
        let store = Arc::clone(&self.0);
        async move { store.look(&key).await.ok()?.held }.boxed()
    }

    fn put(&self, key: C::Key, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()> {
        let store = Arc::clone(&self.0);
        async move {
            let Ok(_place) = store.puts.try_acquire() else {
                return store.meter.error("busy");
            };
            let Ok(tag_versions) = store.bounded(store.tag_versions(&key)).await else {
                return;
            };
            store.put(key, tag_versions, value, ttl).await;
        }
        .boxed()
    }

    fn recent(&self, tag: CacheTag, most: usize) -> BoxFuture<'static, Option<RecentEntries<C>>> {
        let store = Arc::clone(&self.0);
        async move { store.recent(&tag, most).await.ok() }.boxed()
    }

    fn forget(&self, tags: Vec<CacheTag>) -> BoxFuture<'static, ()> {
        let store = Arc::clone(&self.0);
        async move {
            let marked = tags.into_iter().map(|tag| store.forget(tag));
            if let Err(error) = try_join_all(marked).await {
                store.meter.error("unreachable");
                warn!(error:%; "invalidated values may still be in Redis, invalidate again");
            }
        }
        .boxed()
    }
}

async fn enter<C: Storable>(
    store: Arc<L2Store<C>>,
    key: C::Key,
    at_least: Duration,
) -> L2Lookup<C> {
    let until = Instant::now() + Duration::from_millis(store.settings.wait_ms);
    let lock_key: Arc<str> = store.key("lock", &key).into();
    let fresh = |look: &mut StoreLookup<C::Value>| look.held.take_if(|held| held.ttl >= at_least);
    let yours = |key, tag_versions, lock| {
        let store = Arc::clone(&store);
        L2Lookup::Yours(Box::new(RedisLoadTurn { store, key, tag_versions, lock }))
    };
    let mut pause = PAUSES.0;
    loop {
        let Ok(mut look) = store.look(&key).await else {
            return yours(key, None, None);
        };
        if let Some(held) = fresh(&mut look) {
            return L2Lookup::Found(held);
        }
        let lasts = Duration::from_millis(store.settings.lock_ms);
        let taking = LoadLock::take(&store.link, Arc::clone(&lock_key), lasts);
        match store.bounded(taking).await {
            Ok(Some(lock)) => {
                // The previous holder of the lock may have stored the value between the lookup and the lock.
                let Ok(mut look) = store.look(&key).await else {
                    return yours(key, None, Some(lock));
                };
                return match fresh(&mut look) {
                    Some(held) => L2Lookup::Found(held),
                    None => yours(key, Some(look.tag_versions), Some(lock)),
                };
            }
            Ok(None) if Instant::now() >= until => {
                store.meter.error("waited");
                return yours(key, Some(look.tag_versions), None);
            }
            Ok(None) => {}
            Err(_) => return yours(key, Some(look.tag_versions), None),
        }
        // Random, so that a hundred pods do not poll at the same moments.
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

impl<C: Storable> LoadTurn<C> for RedisLoadTurn<C> {
    fn keep(self: Box<Self>, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()> {
        async move {
            let Self { store, key, tag_versions, lock } = *self;
            if let Some(tag_versions) = tag_versions {
                store.put(key, tag_versions, value, ttl).await;
            }
            // Not before the value is stored, or a waiting pod would load it again.
            drop(lock);
        }
        .boxed()
    }
}
