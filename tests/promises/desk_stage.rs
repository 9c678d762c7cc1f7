//! The pods of a test and their desk: in memory or in Redis.

use std::sync::Arc;
use std::time::Duration;

use hsc::pods::{Link, RedisDesk};
use hsc_actors::ports::{HandoffDesk, RedisStatus as _};
use hsc_actors::{DeskLimits, MemoryDesk};
use hsc_conversation::desk::{HandoffRequest, TicketDetails};
use hsc_conversation::protocol::Agent;

use crate::eventually::eventually;
use crate::redis::{Redis, link_to};

/// So long that no test reaches them.
pub(crate) const LIMITS: DeskLimits = DeskLimits {
    max_waiting: 100,
    present_for: Duration::from_secs(600),
    returns_after: Duration::from_secs(600),
    answer_within: None,
    expires_after: Duration::from_secs(600),
    remembers_for: Duration::from_secs(600),
};

/// The shared state of the pods.
pub(crate) struct Stage {
    backend: Backend,
    limits: DeskLimits,
}

enum Backend {
    Memory(MemoryDesk),
    Redis { redis: Redis, link: Link },
}

impl Stage {
    pub(crate) async fn memory() -> Self {
        Self { backend: Backend::Memory(MemoryDesk::new(LIMITS, "a".into())), limits: LIMITS }
    }

    pub(crate) async fn redis() -> Self {
        let redis = Redis::start().await;
        let link = link_to(&redis);
        eventually("the link is up", async || link.is_up()).await;
        Self { backend: Backend::Redis { redis, link }, limits: LIMITS }
    }

    /// The same with other limits and without tickets.
    pub(crate) fn with(self, limits: DeskLimits) -> Self {
        let backend = match self.backend {
            Backend::Memory(_) => Backend::Memory(MemoryDesk::new(limits, "a".into())),
            redis @ Backend::Redis { .. } => redis,
        };
        Self { backend, limits }
    }

    /// The desk as seen by this pod.
    pub(crate) fn pod(&self, name: &str) -> Arc<dyn HandoffDesk> {
        match &self.backend {
            Backend::Memory(desk) => Arc::new(desk.of_pod(name)),
            Backend::Redis { link, .. } => {
                Arc::new(RedisDesk::new(link.clone(), name.into(), self.limits))
            }
        }
    }

    pub(crate) async fn empty(&mut self) {
        match &mut self.backend {
            Backend::Memory(desk) => *desk = MemoryDesk::new(self.limits, "a".into()),
            Backend::Redis { redis, .. } => drop(redis.ask(&["FLUSHALL"]).await),
        }
    }

    /// The Redis, if there is one.
    pub(crate) fn redis_of(&mut self) -> Option<&mut Redis> {
        match &mut self.backend {
            Backend::Memory(_) => None,
            Backend::Redis { redis, .. } => Some(redis),
        }
    }
}

/// An agent with this id.
pub(crate) fn agent(id: &str) -> Agent {
    let name = format!("{}{}", id[..1].to_uppercase(), &id[1..]);
    Agent { id: id.to_owned(), name }
}

/// A handoff request without further fields.
pub(crate) fn handoff_request(conversation: &str) -> HandoffRequest {
    HandoffRequest {
        conversation: conversation.into(),
        details: TicketDetails::default(),
        last: None,
        since_ms: None,
        agent: None,
        awaits_answer: false,
    }
}
