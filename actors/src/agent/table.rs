//! Which agents' sockets this pod holds.

use std::sync::atomic::{AtomicU64, Ordering};

use actix::Recipient;
use dashmap::DashMap;

use super::deliver::Deliver;

/// Agents who come again do so within this time, so that the next pod is not met by all at once.
const SPREAD_MS: u64 = 1_000;

/// The sockets of agents. Plain memory and no actor, so it survives every restart.
#[derive(Default)]
pub(crate) struct AgentSockets {
    table: DashMap<u64, Recipient<Deliver>>,
    next_key: AtomicU64,
}

impl AgentSockets {
    pub(crate) fn next_key(&self) -> u64 {
        self.next_key.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn entered(&self, key: u64, socket: Recipient<Deliver>) {
        self.table.insert(key, socket);
    }

    pub(crate) fn left(&self, key: u64) {
        self.table.remove(&key);
    }

    pub(crate) fn has(&self, key: u64) -> bool {
        self.table.contains_key(&key)
    }

    /// Sockets now.
    pub(crate) fn count(&self) -> usize {
        self.table.len()
    }

    /// Sends everybody to another pod, each at a moment of its own; says how many heard.
    pub(crate) fn leave(&self) -> usize {
        self.tell_all(|| Deliver::Reconnect { after_ms: rand::random_range(0..SPREAD_MS) })
    }

    /// Tells everybody; says how many heard.
    pub(crate) fn tell_all(&self, what: impl Fn() -> Deliver) -> usize {
        // Out of the guards first: one that ends inside of `try_send` would wait for them.
        let all: Vec<Recipient<Deliver>> = self.table.iter().map(|it| it.value().clone()).collect();
        all.into_iter().filter(|socket| socket.try_send(what()).is_ok()).count()
    }
}
