//! The pods of a test and the desk they share: the one in memory, or the one in Redis.

use std::sync::Arc;
use std::time::Duration;

use hsc::pods::{Link, RedisDesk};
use hsc_actors::ports::{HandoffDesk, RedisStatus as _};
use hsc_actors::{DeskLimits, MemoryDesk};
use hsc_conversation::desk::HandoffRequest;
use hsc_conversation::protocol::Agent;

use crate::eventually::eventually;
use crate::redis::{Redis, link_to};

/// So long that no test gets past them.
pub(crate) const LIMITS: DeskLimits = DeskLimits {
    max_waiting: 100,
    present_for: Duration::from_secs(600),
    returns_after: Duration::from_secs(600),
    answer_within: None,
    expires_after: Duration::from_secs(600),
    remembers_for: Duration::from_secs(600),
};

/// Where pods meet.
pub(crate) struct Stage {
    kept: Kept,
    limits: DeskLimits,
}

enum Kept {
    Memory(MemoryDesk),
    Redis { redis: Redis, link: Link },
}

impl Stage {
    pub(crate) async fn memory() -> Self {
        Self { kept: Kept::Memory(MemoryDesk::new(LIMITS, "a".into())), limits: LIMITS }
    }

    pub(crate) async fn redis() -> Self {
        let redis = Redis::start().await;
        let link = link_to(&redis);
        eventually("the link is up", async || link.is_up()).await;
        Self { kept: Kept::Redis { redis, link }, limits: LIMITS }
    }

    /// The same with other limits, and empty.
    pub(crate) fn with(self, limits: DeskLimits) -> Self {
        let kept = match self.kept {
            Kept::Memory(_) => Kept::Memory(MemoryDesk::new(limits, "a".into())),
            redis @ Kept::Redis { .. } => redis,
        };
        Self { kept, limits }
    }

    /// The desk as a pod sees it.
    pub(crate) fn pod(&self, name: &str) -> Arc<dyn HandoffDesk> {
        match &self.kept {
            Kept::Memory(desk) => Arc::new(desk.of_pod(name)),
            Kept::Redis { link, .. } => {
                Arc::new(RedisDesk::new(link.clone(), name.into(), self.limits))
            }
        }
    }

    pub(crate) async fn empty(&mut self) {
        match &mut self.kept {
            Kept::Memory(desk) => *desk = MemoryDesk::new(self.limits, "a".into()),
            Kept::Redis { redis, .. } => drop(redis.ask(&["FLUSHALL"]).await),
        }
    }

    /// The Redis, where there is one.
    pub(crate) fn redis_of(&mut self) -> Option<&mut Redis> {
        match &mut self.kept {
            Kept::Memory(_) => None,
            Kept::Redis { redis, .. } => Some(redis),
        }
    }
}

/// An agent of this id.
pub(crate) fn agent(id: &str) -> Agent {
    let name = format!("{}{}", id[..1].to_uppercase(), &id[1..]);
    Agent { id: id.to_owned(), name }
}

/// A conversation whose visitor wants a person, and nothing is known of it.
pub(crate) fn wanted(conversation: &str) -> HandoffRequest {
    HandoffRequest {
        conversation: conversation.into(),
        product: None,
        visitor: None,
        locale: None,
        scenario: None,
        page: None,
        reason: None,
        last: None,
        since_ms: None,
        agent: None,
        awaits_answer: false,
    }
}
