//! Where the values of one cache lie in Redis, and under which marks.
//!
//! A value lies under the hash of its key, beside the marks of what it rested on when it was made.
//! Forgetting is a mark and not a search: it gives a ground a new mark, and whatever was made under the
//! old one is not found any more, also what another pod is just loading.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use hsc_actors::cache::{CacheTag, Contents, L2Entry, L2Policy, RecentEntries};
use hsc_monitoring::L2Meter;
use log::debug;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::packing::{PackError, pack, unpack};
use crate::pods::{Link, LinkError};

/// Counts the forms of keys and values. What was written in another form is not found.
const FORM: &str = "v1";
/// Puts at once of one cache. A put that would be one more is left undone: others will make it again.
const PUTS_AT_ONCE: usize = 32;
/// Values remembered as put last, for pods that start.
const RECENT: isize = 4_096;
/// Values that are fetched at once for a pod that starts, each up to the largest there may be.
const FETCHED_AT_ONCE: usize = 64;
/// Least time a mark is kept. It must outlive every value that was made before it, here and in pods with
/// other settings.
const MARK_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// How much the second layer may take, out of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct L2Limits {
    /// Largest value, packed.
    pub(super) value_bytes: usize,
    /// Longest a look may take.
    pub(super) timeout: Duration,
    /// Longest another pod's load is waited for.
    pub(super) wait: Duration,
    /// After how long a pod that died while it loaded is not waited for any more.
    pub(super) lock: Duration,
    /// How long the values of this cache are kept.
    pub(super) ttl: Duration,
}

/// The values of one cache, in Redis.
pub(super) struct L2Store {
    pub(super) link: Link,
    /// What every key begins with.
    root: String,
    pub(super) limits: L2Limits,
    pub(super) meter: L2Meter,
    pub(super) puts: Semaphore,
}

/// A value as it lies there.
#[derive(Serialize, Deserialize)]
struct StoredValue<K, V> {
    key: K,
    /// The marks of what it rests on, in order, as they were when it was made.
    marks: Vec<String>,
    value: V,
}

/// What a look finds.
pub(super) struct StoreLookup<V> {
    pub(super) held: Option<L2Entry<V>>,
    /// The marks now.
    pub(super) marks: Vec<String>,
}

impl L2Store {
    pub(super) fn new(link: Link, cache: &'static str, limits: L2Limits, meter: L2Meter) -> Self {
        let root = format!("{}:l2:{cache}:{FORM}", link.prefix());
        Self { link, root, limits, meter, puts: Semaphore::new(PUTS_AT_ONCE) }
    }

    /// Looks for a value and at the marks it must bear, all in one round.
    pub(super) async fn look<C>(&self, key: &C::Key) -> Result<StoreLookup<C::Value>, LinkError>
    where
        C: Contents,
        C::Key: Serialize + DeserializeOwned,
        C::Value: Serialize + DeserializeOwned,
    {
        let at = self.key("value", key);
        let looked = async { tokio::try_join!(self.fetch(&at), self.marks::<C>(key)) };
        let (fetched, marks) = self.bounded(looked).await?;
        let held = match fetched {
            Some((packed, left)) => self.read::<C>(packed, left).await.and_then(|(lying, held)| {
                if lying.key != *key {
                    self.unfit(PackError::Foreign);
                    return None;
                }
                (lying.marks == marks).then_some(held)
            }),
            None => None,
        };
        Ok(StoreLookup { held, marks })
    }

    /// The bytes at a place and how long they are good. What is larger than may be is not fetched whole.
    async fn fetch(&self, at: &str) -> Result<Option<(Vec<u8>, Duration)>, LinkError> {
        let (mut range, mut left) = (redis::cmd("GETRANGE"), redis::cmd("PTTL"));
        range.arg(at).arg(0).arg(self.limits.value_bytes);
        left.arg(at);
        let (range, left) = (self.link.command::<Vec<u8>>(range), self.link.command::<i64>(left));
        let (range, left) = tokio::join!(range, left);
        let (packed, left) = match range {
            // A list, a hash: nothing of ours.
            Err(LinkError::Redis(error)) if error.code() == Some("WRONGTYPE") => {
                self.unfit(PackError::Foreign);
                return Ok(None);
            }
            range => (range?, left?),
        };
        match u64::try_from(left) {
            Ok(left) if !packed.is_empty() => Ok(Some((packed, Duration::from_millis(left)))),
            // It was over between the two questions, or there was nothing.
            _ if packed.is_empty() || left == -2 => Ok(None),
            // Without an end: whatever we write has one.
            _ => {
                self.unfit(PackError::Foreign);
                Ok(None)
            }
        }
    }

    /// Reads bytes, beside the threads that serve.
    async fn read<C>(
        &self,
        packed: Vec<u8>,
        left: Duration,
    ) -> Option<(StoredValue<C::Key, ()>, L2Entry<C::Value>)>
    where
        C: Contents,
        C::Key: DeserializeOwned,
        C::Value: DeserializeOwned,
    {
        let most = self.limits.value_bytes;
        let read = move || unpack::<StoredValue<C::Key, C::Value>>(&packed, most);
        let read = tokio::task::spawn_blocking(read).await.unwrap_or(Err(PackError::Damaged));
        let StoredValue { key, marks, value } = read.map_err(|unfit| self.unfit(unfit)).ok()?;
        Some((StoredValue { key, marks, value: () }, L2Entry { value, left }))
    }

    pub(super) async fn put<C>(
        &self,
        key: C::Key,
        marks: Vec<String>,
        value: C::Value,
        ttl: Duration,
    ) where
        C: Contents,
        C::Key: Serialize,
        C::Value: Serialize,
    {
        let (at, hash, most) = (self.key("value", &key), hash(&key), self.limits.value_bytes);
        let grounds = C::grounds(&key);
        let is_listed = C::sharing(&key) == L2Policy::WhenHot;
        let packed = move || pack(&StoredValue { key, marks, value }, most);
        let packed = tokio::task::spawn_blocking(packed).await.unwrap_or(Err(PackError::Damaged));
        let packed = match packed {
            Ok(packed) => packed,
            Err(unfit) => return self.unfit(unfit),
        };
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut set = redis::cmd("SET");
        set.arg(&at).arg(packed).arg("PX").arg(ttl_ms);
        let put = async {
            self.link.command::<()>(set).await?;
            if is_listed {
                let listed = grounds.iter().map(|ground| self.list(ground, &hash, ttl_ms));
                try_join_all(listed).await?;
            }
            Ok(())
        };
        if let Err(error) = put.await {
            self.unreachable(&error);
        }
    }

    /// Notes a value as the newest of what rests on this.
    async fn list(&self, ground: &CacheTag, hash: &str, ttl_ms: u64) -> Result<(), LinkError> {
        let at = self.key("recent", ground);
        let (mut add, mut trim) = (redis::cmd("ZADD"), redis::cmd("ZREMRANGEBYRANK"));
        add.arg(&at).arg(jiff::Timestamp::now().as_millisecond()).arg(hash);
        trim.arg(&at).arg(0).arg(-1 - RECENT);
        let mut expire = redis::cmd("PEXPIRE");
        expire.arg(&at).arg(ttl_ms);
        self.link.command::<u64>(add).await?;
        self.link.command::<u64>(trim).await?;
        self.link.command::<u64>(expire).await.map(drop)
    }

    pub(super) async fn recent<C>(
        &self,
        ground: &CacheTag,
        most: usize,
    ) -> Result<RecentEntries<C>, LinkError>
    where
        C: Contents,
        C::Key: Serialize + DeserializeOwned,
        C::Value: Serialize + DeserializeOwned,
    {
        let mut newest = redis::cmd("ZREVRANGE");
        newest.arg(self.key("recent", ground)).arg(0).arg(most as isize - 1);
        let hashes: Vec<String> = self.link.command(newest).await?;
        let mut marks_of: HashMap<CacheTag, String> = HashMap::new();
        let mut found = Vec::new();
        for hashes in hashes.chunks(FETCHED_AT_ONCE) {
            let fetched = hashes.iter().map(async |hash| {
                let (packed, left) = self.fetch(&self.at("value", hash)).await.ok()??;
                let read = self.read::<C>(packed, left).await?;
                (self::hash(&read.0.key) == *hash).then_some(read)
            });
            for (lying, held) in join_all(fetched).await.into_iter().flatten() {
                let mut marks = Vec::new();
                for ground in grounds::<C>(&lying.key) {
                    let mark = match marks_of.get(&ground) {
                        Some(mark) => mark.clone(),
                        None => self.mark(&ground).await?,
                    };
                    marks_of.insert(ground, mark.clone());
                    marks.push(mark);
                }
                if lying.marks == marks {
                    found.push((lying.key, held));
                }
            }
        }
        Ok(found)
    }

    /// The marks of what a value rests on.
    pub(super) async fn marks<C: Contents>(&self, key: &C::Key) -> Result<Vec<String>, LinkError> {
        let grounds = grounds::<C>(key);
        try_join_all(grounds.iter().map(|ground| self.mark(ground))).await
    }

    /// Empty for what was never forgotten.
    async fn mark(&self, ground: &CacheTag) -> Result<String, LinkError> {
        let mut get = redis::cmd("GETRANGE");
        get.arg(self.key("mark", ground)).arg(0).arg(64);
        // Bytes of another program are a mark like any other: what was made under it is found.
        let mark: Vec<u8> = self.link.command(get).await?;
        Ok(String::from_utf8_lossy(&mark).into_owned())
    }

    pub(super) async fn forget(&self, ground: CacheTag) -> Result<(), LinkError> {
        let mut set = redis::cmd("SET");
        let mark = format!("{:016x}", rand::random::<u64>());
        let lasts = MARK_LASTS.max(self.limits.ttl * 2);
        let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        set.arg(self.key("mark", &ground)).arg(mark).arg("PX").arg(lasts_ms);
        self.link.command(set).await
    }

    pub(super) fn key(&self, what: &str, key: &impl Serialize) -> String {
        self.at(what, &hash(key))
    }

    fn at(&self, what: &str, hash: &str) -> String {
        format!("{}:{what}:{hash}", self.root)
    }

    /// Within the bound on what somebody waits for.
    pub(super) async fn bounded<T>(
        &self,
        asked: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LinkError> {
        let bound = self.limits.timeout;
        let asked = timeout(bound, asked).await.unwrap_or(Err(LinkError::TimedOut(bound)));
        asked.inspect_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: &LinkError) {
        self.meter.trouble("unreachable");
        debug!(error:%; "the second cache layer cannot be asked");
    }

    fn unfit(&self, unfit: PackError) {
        self.meter.trouble(match unfit {
            PackError::TooLarge => "too_large",
            PackError::Foreign | PackError::Damaged => "corrupt",
        });
        debug!(why:% = unfit; "a value of the second cache layer is passed over");
    }
}

fn grounds<C: Contents>(key: &C::Key) -> Vec<CacheTag> {
    std::iter::once(CacheTag::All).chain(C::grounds(key)).collect()
}

/// What a key, or a ground, is found by. The version of the server is in it: two versions may make two
/// things of one manual, and while an update rolls both are there.
fn hash(key: &impl Serialize) -> String {
    let json = serde_json::to_vec(key).expect("keys and grounds are plain data");
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(&json);
    hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
