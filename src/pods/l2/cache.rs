//! The L2 cache as a cache sees it: a lookup finds the value, or gets the turn to load it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, try_join_all};
use hsc_actors::cache::{
    CacheTag, Contents, L2Cache, L2Entry, L2Lookup, LoadTurn, RecentEntries, Scope,
};
use log::warn;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::lock::LoadLock;
use super::store::{L2Store, StoreLookup};

/// Pause between two lookups of a value that another pod loads: the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));

/// The L2 cache of one cache.
pub(super) struct RedisL2<C> {
    store: Arc<L2Store>,
    contents: PhantomData<fn() -> C>,
}

/// The turn to load one value.
struct RedisLoadTurn<C: Contents> {
    store: Arc<L2Store>,
    key: C::Key,
    /// `None` when Redis was not reachable: then the loaded value is not stored there either.
    tag_versions: Option<Vec<String>>,
    lock: Option<LoadLock>,
}

impl<C> RedisL2<C> {
    pub(super) fn new(store: L2Store) -> Self {
        Self { store: Arc::new(store), contents: PhantomData }
    }
}

impl<C> L2Cache<C> for RedisL2<C>
where
    C: Contents,
    C::Key: Serialize + DeserializeOwned,
    C::Value: Serialize + DeserializeOwned,
{
    fn enter(&self, key: C::Key, at_least: Duration) -> BoxFuture<'static, L2Lookup<C>> {
        enter(Arc::clone(&self.store), key, at_least).boxed()
    }

    fn get(&self, key: C::Key) -> BoxFuture<'static, Option<L2Entry<C::Value>>> {
        let store = Arc::clone(&self.store);
        async move { store.look::<C>(&key).await.ok()?.held }.boxed()
    }

    fn put(&self, key: C::Key, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()> {
        let store = Arc::clone(&self.store);
        async move {
            let Ok(_place) = store.puts.try_acquire() else {
                return store.meter.error("busy");
            };
            let Ok(tag_versions) = store.bounded(store.tag_versions::<C>(&key)).await else {
                return;
            };
            store.put::<C>(key, tag_versions, value, ttl).await;
        }
        .boxed()
    }

    fn recent(&self, tag: CacheTag, most: usize) -> BoxFuture<'static, Option<RecentEntries<C>>> {
        let store = Arc::clone(&self.store);
        async move { store.recent::<C>(&tag, most).await.ok() }.boxed()
    }

    fn forget(&self, scope: Scope) -> BoxFuture<'static, ()> {
        let store = Arc::clone(&self.store);
        async move {
            let marked = scope.tags().into_iter().map(|tag| store.forget(tag));
            if let Err(error) = try_join_all(marked).await {
                store.meter.error("unreachable");
                warn!(error:%; "invalidated values may still be in Redis, invalidate again");
            }
        }
        .boxed()
    }
}

async fn enter<C>(store: Arc<L2Store>, key: C::Key, at_least: Duration) -> L2Lookup<C>
where
    C: Contents,
    C::Key: Serialize + DeserializeOwned,
    C::Value: Serialize + DeserializeOwned,
{
    let until = Instant::now() + store.limits.wait;
    let lock_key: Arc<str> = store.key("lock", &key).into();
    let fresh = |look: &mut StoreLookup<C::Value>| look.held.take_if(|held| held.ttl >= at_least);
    let yours = |key, tag_versions, lock| {
        L2Lookup::Yours(Box::new(RedisLoadTurn::<C> {
            store: Arc::clone(&store),
            key,
            tag_versions,
            lock,
        }))
    };
    let mut pause = PAUSES.0;
    loop {
        let Ok(mut look) = store.look::<C>(&key).await else {
            return yours(key, None, None);
        };
        if let Some(held) = fresh(&mut look) {
            return L2Lookup::Found(held);
        }
        let taking = LoadLock::take(&store.link, Arc::clone(&lock_key), store.limits.lock);
        match store.bounded(taking).await {
            Ok(Some(lock)) => {
                // The previous holder of the lock may have stored the value between the lookup and the lock.
                let Ok(mut look) = store.look::<C>(&key).await else {
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

impl<C> LoadTurn<C> for RedisLoadTurn<C>
where
    C: Contents,
    C::Key: Serialize,
    C::Value: Serialize,
{
    fn keep(self: Box<Self>, value: C::Value, ttl: Duration) -> BoxFuture<'static, ()> {
        async move {
            let Self { store, key, tag_versions, lock } = *self;
            if let Some(tag_versions) = tag_versions {
                store.put::<C>(key, tag_versions, value, ttl).await;
            }
            // Not before the value is stored, or a waiting pod would load it again.
            drop(lock);
        }
        .boxed()
    }
}
