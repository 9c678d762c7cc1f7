//! Draining: how an operator starts it and what the server does until it stops.

use std::sync::Arc;
use std::time::Duration;

use hsc_actors::Pod;
use log::{info, warn};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The last part of the sessions' time, in which they leave their running answers to another pod.
const HAND_OVER_PART: u32 = 5;
/// The last part of the drain time, in which no session runs: records are written and connections are closed.
const CLOSING_PART: u32 = 5;
/// Most time for that. Kept short: what is not written by then is stored on disk.
const LONGEST_CLOSING: Duration = Duration::from_secs(5);
/// The very last part, for the end of the process itself.
const EXIT_PART: u32 = 20;
/// How often a draining server checks whether the last session has ended.
const DRAIN_STEP: Duration = Duration::from_millis(20);

/// Ends the work of this server within the time of the settings.
pub struct Drain {
    pod: Arc<Pod>,
    requested: Notify,
    timeout: Duration,
}

/// What a request to drain did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainStarted {
    /// False if the server was draining already.
    pub is_first: bool,
    /// Sessions that are asked to connect elsewhere.
    pub sessions: usize,
    /// The longest time until the server has ended.
    pub within: Duration,
}

/// How a drain ended.
pub(crate) struct Drained {
    /// Sessions that did not end in time.
    pub(crate) remaining: usize,
    /// True if running answers were left to other pods.
    pub(crate) leaves_work: bool,
    /// When everything else must have ended.
    pub(crate) until: Instant,
}

impl Drain {
    /// A drain of this pod. The process ends within `timeout`, of which the sessions have the larger part.
    pub(crate) fn new(pod: Arc<Pod>, timeout: Duration) -> Self {
        Self { pod, requested: Notify::new(), timeout }
    }

    /// Admits no new session from now on and wakes [`Drain::requested`]. A second call changes nothing.
    pub fn request(&self) -> DrainStarted {
        // Before the reply: its receiver may look at /ready at once.
        let sessions = self.pod.sessions();
        let is_first = sessions.stop_admission();
        if is_first {
            warn!("an operator drains the server");
            self.requested.notify_one();
        }
        DrainStarted { is_first, sessions: sessions.count(), within: self.timeout }
    }

    /// Waits until an operator requests a drain.
    pub(crate) async fn requested(&self) {
        self.requested.notified().await;
    }

    /// Asks every client to connect elsewhere, a visitor once its answer has ended, and waits until all have ended. Answers
    /// that still run near the end of the time are left to other pods.
    pub(crate) async fn run(&self) -> Drained {
        let began = Instant::now();
        let for_sessions = self.timeout - (self.timeout / CLOSING_PART).min(LONGEST_CLOSING);
        let until = began + for_sessions;
        let sessions = self.pod.sessions();
        info!(sessions = sessions.count(); "draining");
        // Half of the time, so that the last client is asked early enough to end in time.
        sessions.drain(for_sessions / 2).await;
        self.pod.drain_agents();
        let mut remaining = self.emptied(until - for_sessions / HAND_OVER_PART).await;
        let leaves_work = remaining > 0;
        if leaves_work {
            info!(sessions = remaining; "running answers are left to other pods");
            sessions.hand_over().await;
            remaining = self.emptied(until).await;
        }
        if remaining > 0 {
            warn!(sessions = remaining; "sessions did not end in time");
        }
        let until = began + self.timeout - self.timeout / EXIT_PART;
        Drained { remaining, leaves_work, until }
    }

    /// Waits until there is no session, at most until then; returns how many are left.
    async fn emptied(&self, until: Instant) -> usize {
        while self.pod.sessions().count() > 0 && Instant::now() < until {
            tokio::time::sleep(DRAIN_STEP).await;
        }
        self.pod.sessions().count()
    }
}
