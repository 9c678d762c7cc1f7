//! The present agents.

use std::collections::HashMap;
use std::sync::Arc;

use hsc_conversation::protocol::{Agent, Presence};

/// The agents with recent heartbeats.
#[derive(Debug, Default)]
pub(super) struct Agents {
    known: HashMap<String, KnownAgent>,
}

#[derive(Debug)]
struct KnownAgent {
    agent: Agent,
    available: bool,
    /// Time of the agent's last heartbeat.
    seen_ms: u64,
    /// The agent's sockets, and when each expires.
    sockets: HashMap<Arc<str>, u64>,
}

impl KnownAgent {
    fn is_present(&self, now_ms: u64) -> bool {
        self.sockets.values().any(|until| *until > now_ms)
    }
}

impl Agents {
    /// Handles an agent's heartbeat; true when it changed the list of present agents.
    pub(super) fn heartbeat(
        &mut self,
        agent: Agent,
        socket_id: Arc<str>,
        available: Option<bool>,
        (now_ms, until_ms): (u64, u64),
    ) -> bool {
        let before = self.presence(&agent.id, now_ms);
        let id = agent.id.clone();
        let known = self.seen(agent, now_ms);
        known.available = available.unwrap_or(known.available);
        known.sockets.insert(socket_id, until_ms);
        before != self.presence(&id, now_ms)
    }

    /// An agent has closed a socket; true when that changed the list of present agents.
    pub(super) fn disconnected(
        &mut self,
        agent: &Agent,
        socket_id: &Arc<str>,
        now_ms: u64,
    ) -> bool {
        let before = self.presence(&agent.id, now_ms);
        if let Some(known) = self.known.get_mut(&agent.id)
            && known.sockets.remove(socket_id).is_some()
        {
            known.seen_ms = now_ms;
        }
        before != self.presence(&agent.id, now_ms)
    }

    /// An agent has acted, on any socket.
    pub(super) fn acted(&mut self, agent: &Agent, now_ms: u64) {
        self.seen(agent.clone(), now_ms);
    }

    fn seen(&mut self, agent: Agent, now_ms: u64) -> &mut KnownAgent {
        let new = || KnownAgent {
            agent: agent.clone(),
            available: true,
            seen_ms: now_ms,
            sockets: HashMap::new(),
        };
        let known = self.known.entry(agent.id.clone()).or_insert_with(new);
        (known.agent, known.seen_ms) = (agent, now_ms);
        known
    }

    /// The agent with this id, if present.
    pub(super) fn presence(&self, id: &str, now_ms: u64) -> Option<Presence> {
        let known = self.known.get(id).filter(|known| known.is_present(now_ms))?;
        Some(Presence { agent: known.agent.clone(), available: known.available })
    }

    /// All present agents, by name.
    pub(super) fn present(&self, now_ms: u64) -> Vec<Presence> {
        let ids = self.known.keys();
        let mut all: Vec<Presence> = ids.filter_map(|id| self.presence(id, now_ms)).collect();
        all.sort_by(|a, b| (&a.agent.name, &a.agent.id).cmp(&(&b.agent.name, &b.agent.id)));
        all
    }

    /// Removes expired sockets. Returns whether that changed the list of present agents, and the agents without a
    /// heartbeat since `gone_since_ms`, which are removed.
    pub(super) fn remove_expired(
        &mut self,
        now_ms: u64,
        gone_since_ms: u64,
    ) -> (bool, Vec<String>) {
        let mut changed = false;
        let mut gone = Vec::new();
        self.known.retain(|id, known| {
            let had_sockets = !known.sockets.is_empty();
            known.sockets.retain(|_, until| *until > now_ms);
            changed |= had_sockets && known.sockets.is_empty();
            let stays = !known.sockets.is_empty() || known.seen_ms > gone_since_ms;
            if !stays {
                gone.push(id.clone());
            }
            stays
        });
        (changed, gone)
    }
}
