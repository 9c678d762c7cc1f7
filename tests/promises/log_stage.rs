//! The pods of a test and their log: in memory or in Redis.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use hsc::pods::{Link, RedisLog};
use hsc_actors::bridge::{Envelope, InMemoryBus, Loopback, channels};
use hsc_actors::ports::{ConversationLog, RedisStatus as _, Relay as _, Relayed};
use hsc_actors::{LogLimits, MemoryLog};
use hsc_conversation::log::{Batch, ClientPosition, OwnedConversation, StoredEntry};

use crate::eventually::eventually;
use crate::redis::{Redis, link_to};

/// So small that a test exceeds them.
pub(crate) const LIMITS: LogLimits =
    LogLimits { window: 8, ttl: Duration::from_secs(600), bytes: 1024 * 1024 };

/// The shared state of the pods.
pub(crate) struct Stage {
    log: Log,
    limits: LogLimits,
}

enum Log {
    Memory { log: MemoryLog, bus: InMemoryBus },
    Redis { redis: Redis, link: Link },
}

impl Stage {
    pub(crate) async fn memory() -> Self {
        let bus = InMemoryBus::default();
        let log = MemoryLog::new(LIMITS).telling(Arc::new(Loopback::over(&bus)));
        Self { log: Log::Memory { log, bus }, limits: LIMITS }
    }

    pub(crate) async fn redis() -> Self {
        let redis = Redis::start().await;
        let link = link_to(&redis);
        eventually("the link is up", async || link.is_up()).await;
        Self { log: Log::Redis { redis, link }, limits: LIMITS }
    }

    /// The same with other limits, and empty.
    pub(crate) fn with(self, limits: LogLimits) -> Self {
        let log = match self.log {
            Log::Memory { bus, .. } => Log::Memory { log: MemoryLog::new(limits), bus },
            redis @ Log::Redis { .. } => redis,
        };
        Self { log, limits }
    }

    /// Deletes all data. Pods have to be created again.
    pub(crate) async fn forget(&mut self) {
        match &mut self.log {
            Log::Memory { log, .. } => *log = MemoryLog::new(self.limits),
            Log::Redis { redis, .. } => {
                redis.ask(&["FLUSHALL"]).await;
                redis.ask(&["SCRIPT", "FLUSH"]).await;
            }
        }
    }

    /// The log as seen by this pod.
    pub(crate) fn pod(&self, name: &str) -> Arc<dyn ConversationLog> {
        match &self.log {
            Log::Memory { log, .. } => Arc::new(log.of_pod(name)),
            Log::Redis { link, .. } => {
                Arc::new(RedisLog::new(link.clone(), name.into(), self.limits))
            }
        }
    }

    pub(crate) fn redis_ref(&self) -> &Redis {
        let Log::Redis { redis, .. } = &self.log else { panic!("there is no Redis in memory") };
        redis
    }

    pub(crate) fn redis_mut(&mut self) -> &mut Redis {
        let Log::Redis { redis, .. } = &mut self.log else { panic!("there is no Redis in memory") };
        redis
    }

    /// The messages that are published about a conversation from now on.
    pub(crate) async fn listen(&self, conversation: &str) -> BoxStream<'static, Envelope> {
        let channel = channels::conversation(conversation);
        let payloads: BoxStream<'static, Vec<u8>> = match &self.log {
            Log::Memory { bus, .. } => {
                let relay = Loopback::over(bus);
                let relayed = relay.open();
                relay.change_subscriptions(vec![channel], Vec::new());
                let payload = |relayed| async {
                    match relayed {
                        Relayed::Message { payload, .. } => Some(payload.to_vec()),
                        _ => None,
                    }
                };
                relayed.filter_map(payload).boxed()
            }
            Log::Redis { redis, link } => {
                let client = redis::Client::open(redis.url()).expect("an address");
                let mut pubsub = client.get_async_pubsub().await.expect("Redis answers");
                let channel = link.channel(&channel);
                pubsub.subscribe(channel).await.expect("Redis answers");
                pubsub.into_on_message().map(|message| message.get_payload_bytes().to_vec()).boxed()
            }
        };
        payloads.map(|payload| Envelope::read(&payload).expect("an envelope")).boxed()
    }
}

pub(crate) fn owned(conversation: &str, epoch: u64) -> OwnedConversation {
    OwnedConversation { conversation: conversation.into(), epoch }
}

pub(crate) fn seen(epoch: u64, offset: u64) -> ClientPosition {
    ClientPosition { epoch, offset }
}

/// Entries with these offsets; each contains its own.
pub(crate) fn frames(offsets: impl IntoIterator<Item = u64>) -> Vec<StoredEntry> {
    let entry = |offset| StoredEntry {
        offset,
        text: format!(r#"{{"type":"answer_chunk","content":"\"{offset}\" ö","offset":{offset}}}"#)
            .into(),
    };
    offsets.into_iter().map(entry).collect()
}

/// A batch of such entries.
pub(crate) fn batch(offsets: impl IntoIterator<Item = u64>) -> Batch {
    Batch { entries: frames(offsets), checkpoint: None }
}
