//! The keys of one cache's values in Redis, and their tag versions.
//!
//! A value is stored under the hash of its key, together with the versions of its tags at that time.
//! Invalidation needs no search: it gives a tag a new version, and values with the
//! old one are not found any more, including one that another pod is loading.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use hsc_actors::cache::{CacheTag, Contents, L2Entry, L2Policy, RecentEntries};
use hsc_config::SecondLayerSettings;
use hsc_monitoring::L2Meter;
use log::debug;
use redis::Cmd;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::packing::{PackError, pack, unpack};
use crate::pods::link::millis;
use crate::pods::{Link, LinkError};

/// Version of the format of keys and values, and of how a manual is read. Values of another version are not found.
const FORM: &str = "v3";
/// Concurrent writes of one cache. A further write is skipped: the value will be made again.
const PUTS_AT_ONCE: usize = 32;
/// Number of latest values that are remembered for pods that start.
const RECENT: isize = 4_096;
/// Values fetched concurrently for a pod that starts, each up to the size limit.
const FETCHED_AT_ONCE: usize = 64;
/// Minimum lifetime of a tag version. It must outlive every value written before it, here and in pods
/// with other settings.
const MARK_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// What a cache stores in Redis: keys and values that can be written and read.
pub(super) trait Storable:
    Contents<Key: Serialize + DeserializeOwned, Value: Serialize + DeserializeOwned>
{
}

impl<C> Storable for C where
    C: Contents<Key: Serialize + DeserializeOwned, Value: Serialize + DeserializeOwned>
{
}

/// The values of one cache, in Redis.
pub(super) struct L2Store<C> {
    pub(super) link: Link,
    /// Prefix of every key.
    root: String,
    pub(super) settings: SecondLayerSettings,
    /// Lifetime of the values of this cache.
    ttl: Duration,
    pub(super) meter: L2Meter,
    pub(super) puts: Semaphore,
    contents: PhantomData<fn() -> C>,
}

/// A value as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredValue<K, V> {
    key: K,
    /// The versions of its tags, in order, at the time it was made.
    #[serde(rename = "marks")]
    tag_versions: Vec<String>,
    value: V,
}

/// The result of a lookup.
pub(super) struct StoreLookup<V> {
    pub(super) held: Option<L2Entry<V>>,
    /// The current versions of the tags.
    pub(super) tag_versions: Vec<String>,
}

impl<C: Storable> L2Store<C> {
    pub(super) fn new(
        link: Link,
        cache: &'static str,
        settings: SecondLayerSettings,
        ttl: Duration,
        meter: L2Meter,
    ) -> Self {
        let root = format!("{}:l2:{cache}:{FORM}", link.prefix());
        let (puts, contents) = (Semaphore::new(PUTS_AT_ONCE), PhantomData);
        Self { link, root, settings, ttl, meter, puts, contents }
    }

    /// Looks up a value and the current versions of its tags in one round trip.
    pub(super) async fn look(&self, key: &C::Key) -> Result<StoreLookup<C::Value>, LinkError> {
        let at = self.key("value", key);
        let looked = async { tokio::try_join!(self.fetch(&at), self.tag_versions(key)) };
        let (fetched, tag_versions) = self.bounded(looked).await?;
        let held = match fetched {
            Some((packed, ttl)) => self.read(packed).await.and_then(|stored| {
                if stored.key != *key {
                    self.unfit(PackError::Foreign);
                    return None;
                }
                let is_current = stored.tag_versions == tag_versions;
                is_current.then_some(L2Entry { value: stored.value, ttl })
            }),
            None => None,
        };
        Ok(StoreLookup { held, tag_versions })
    }

    /// The bytes of a key and their remaining lifetime. A value over the size limit is not fetched whole.
    async fn fetch(&self, at: &str) -> Result<Option<(Vec<u8>, Duration)>, LinkError> {
        let (mut range, mut ttl) = (redis::cmd("GETRANGE"), redis::cmd("PTTL"));
        range.arg(at).arg(0).arg(self.settings.max_value_bytes);
        ttl.arg(at);
        let (range, ttl) = (self.link.command::<Vec<u8>>(range), self.link.command::<i64>(ttl));
        let (range, ttl) = tokio::join!(range, ttl);
        let (packed, ttl) = match range {
            // A list or a hash, not written by this server.
            Err(LinkError::Redis(error)) if error.code() == Some("WRONGTYPE") => {
                self.unfit(PackError::Foreign);
                return Ok(None);
            }
            range => (range?, ttl?),
        };
        match u64::try_from(ttl) {
            Ok(ttl) if !packed.is_empty() => Ok(Some((packed, Duration::from_millis(ttl)))),
            // It expired between the two commands, or there was none.
            _ if packed.is_empty() || ttl == -2 => Ok(None),
            // Without an expiry: this server always sets one.
            _ => {
                self.unfit(PackError::Foreign);
                Ok(None)
            }
        }
    }

    /// Decodes bytes on the blocking pool, off the threads that serve.
    async fn read(&self, packed: Vec<u8>) -> Option<StoredValue<C::Key, C::Value>> {
        let most = self.settings.max_value_bytes;
        let read = tokio::task::spawn_blocking(move || unpack(&packed, most)).await;
        read.unwrap_or(Err(PackError::Damaged)).map_err(|unfit| self.unfit(unfit)).ok()
    }

    pub(super) async fn put(
        &self,
        key: C::Key,
        tag_versions: Vec<String>,
        value: C::Value,
        ttl: Duration,
    ) {
        let (at, hash) = (self.key("value", &key), hash(&key));
        let most = self.settings.max_value_bytes;
        let tags = C::tags(&key);
        let is_listed = C::sharing(&key) == L2Policy::WhenHot;
        let packed = move || pack(&StoredValue { key, tag_versions, value }, most);
        let packed = tokio::task::spawn_blocking(packed).await.unwrap_or(Err(PackError::Damaged));
        let packed = match packed {
            Ok(packed) => packed,
            Err(unfit) => return self.unfit(unfit),
        };
        let ttl_ms = millis(ttl).max(1);
        let mut set = redis::cmd("SET");
        set.arg(&at).arg(packed).arg("PX").arg(ttl_ms);
        let put = async {
            self.link.command::<()>(set).await?;
            if is_listed {
                let listed = tags.iter().map(|tag| self.list(tag, &hash, ttl_ms));
                try_join_all(listed).await?;
            }
            Ok(())
        };
        if let Err(error) = put.await {
            self.unreachable(&error);
        }
    }

    /// Records a value as the latest of this tag.
    async fn list(&self, tag: &CacheTag, hash: &str, ttl_ms: u64) -> Result<(), LinkError> {
        let at = self.key("recent", tag);
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let mut expire = redis::cmd("PEXPIRE");
        expire.arg(&at).arg(ttl_ms);
        self.link.command::<u64>(Cmd::zadd(&at, hash, now_ms)).await?;
        self.link.command::<u64>(Cmd::zremrangebyrank(&at, 0, -1 - RECENT)).await?;
        self.link.command::<u64>(expire).await.map(drop)
    }

    pub(super) async fn recent(
        &self,
        tag: &CacheTag,
        most: usize,
    ) -> Result<RecentEntries<C>, LinkError> {
        let mut newest = redis::cmd("ZREVRANGE");
        newest.arg(self.key("recent", tag)).arg(0).arg(most as isize - 1);
        let hashes: Vec<String> = self.link.command(newest).await?;
        let mut version_of_tag: HashMap<CacheTag, String> = HashMap::new();
        let mut found = Vec::new();
        for hashes in hashes.chunks(FETCHED_AT_ONCE) {
            let fetched = hashes.iter().map(async |hash| {
                let (packed, ttl) = self.fetch(&self.at("value", hash)).await.ok()??;
                let stored = self.read(packed).await?;
                (self::hash(&stored.key) == *hash).then_some((stored, ttl))
            });
            for (stored, ttl) in join_all(fetched).await.into_iter().flatten() {
                let mut tag_versions = Vec::new();
                for tag in tags::<C>(&stored.key) {
                    let tag_version = match version_of_tag.get(&tag) {
                        Some(tag_version) => tag_version.clone(),
                        None => self.tag_version(&tag).await?,
                    };
                    version_of_tag.insert(tag, tag_version.clone());
                    tag_versions.push(tag_version);
                }
                if stored.tag_versions == tag_versions {
                    found.push((stored.key, L2Entry { value: stored.value, ttl }));
                }
            }
        }
        Ok(found)
    }

    /// The current versions of a value's tags.
    pub(super) async fn tag_versions(&self, key: &C::Key) -> Result<Vec<String>, LinkError> {
        let tags = tags::<C>(key);
        try_join_all(tags.iter().map(|tag| self.tag_version(tag))).await
    }

    /// Empty for a tag that was never invalidated.
    async fn tag_version(&self, tag: &CacheTag) -> Result<String, LinkError> {
        let mut get = redis::cmd("GETRANGE");
        get.arg(self.tag_key(tag)).arg(0).arg(64);
        // Bytes of another program are a version like any other: values made under it are found.
        let tag_version: Vec<u8> = self.link.command(get).await?;
        Ok(String::from_utf8_lossy(&tag_version).into_owned())
    }

    pub(super) async fn forget(&self, tag: CacheTag) -> Result<(), LinkError> {
        let mut set = redis::cmd("SET");
        let tag_version = format!("{:016x}", rand::random::<u64>());
        let lasts = MARK_LASTS.max(self.ttl * 2);
        set.arg(self.tag_key(&tag)).arg(tag_version).arg("PX").arg(millis(lasts));
        self.link.command(set).await
    }

    pub(super) fn key(&self, what: &str, key: &impl Serialize) -> String {
        self.at(what, &hash(key))
    }

    /// Where the version of a tag is. All versions of the server share it, so whichever invalidates does so for all.
    fn tag_key(&self, tag: &CacheTag) -> String {
        self.at("mark", &hash_of("", tag))
    }

    fn at(&self, what: &str, hash: &str) -> String {
        format!("{}:{what}:{hash}", self.root)
    }

    /// Within the time limit of a lookup that a caller waits for.
    pub(super) async fn bounded<T>(
        &self,
        reply: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LinkError> {
        let bound = Duration::from_millis(self.settings.timeout_ms);
        let reply = timeout(bound, reply).await.unwrap_or(Err(LinkError::TimedOut(bound)));
        reply.inspect_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: &LinkError) {
        self.meter.error("unreachable");
        debug!(error:%; "the L2 cache cannot be reached");
    }

    fn unfit(&self, unfit: PackError) {
        self.meter.error(match unfit {
            PackError::TooLarge => "too_large",
            PackError::Foreign | PackError::Damaged => "corrupt",
        });
        debug!(why:% = unfit; "skipped a value of the L2 cache");
    }
}

fn tags<C: Contents>(key: &C::Key) -> Vec<CacheTag> {
    std::iter::once(CacheTag::All).chain(C::tags(key)).collect()
}

/// The hash of a key. It includes the version of the server: two versions may make different values of one
/// manual, and during a rolling update both are running.
fn hash(key: &impl Serialize) -> String {
    hash_of(env!("CARGO_PKG_VERSION"), key)
}

fn hash_of(version: &str, key: &impl Serialize) -> String {
    let json = serde_json::to_vec(key).expect("keys and tags are plain data");
    let mut hasher = Sha256::new();
    hasher.update(version);
    hasher.update(&json);
    hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
