//! The agents' sockets of this pod, and the messages to them.

use std::sync::atomic::{AtomicU64, Ordering};

use actix::{Message, Recipient};
use dashmap::DashMap;

/// Reconnects are spread over this time, so that they do not all reach the next pod at once.
const SPREAD_MS: u64 = 1_000;

/// A message to every agent's socket.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// Send `reconnect`, and close with 1012.
    Reconnect { after_ms: u64 },
    /// Panic, as an injected fault.
    #[cfg_attr(not(test), expect(dead_code, reason = "rehearsed in tests"))]
    Panic,
}

/// The agents' sockets. Plain memory and not an actor, so it survives every restart.
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

    pub(crate) fn removed(&self, key: u64) {
        self.table.remove(&key);
    }

    pub(crate) fn has(&self, key: u64) -> bool {
        self.table.contains_key(&key)
    }

    /// Number of open sockets.
    pub(crate) fn count(&self) -> usize {
        self.table.len()
    }

    /// Sends every agent to another pod, each with its own delay; returns the number of receivers.
    pub(crate) fn leave(&self) -> usize {
        self.send_all(|| Deliver::Reconnect { after_ms: rand::random_range(0..SPREAD_MS) })
    }

    /// Sends a message to every agent; returns the number of receivers.
    pub(crate) fn send_all(&self, what: impl Fn() -> Deliver) -> usize {
        // Copied first: a socket that ends inside `try_send` would wait for the guards.
        let all: Vec<Recipient<Deliver>> = self.table.iter().map(|it| it.value().clone()).collect();
        all.into_iter().filter(|socket| socket.try_send(what()).is_ok()).count()
    }
}
