//! The table of who is connected.
//!
//! Plain memory and no actor, so whatever restarts forgets nobody. It admits, counts and tells; it
//! knows nothing of what is said in a conversation.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix::Addr;
use dashmap::DashMap;
use log::warn;

use crate::protocol::CloseReason;
use crate::session::{Deliver, Session};

/// Who is connected.
pub struct Sessions {
    table: DashMap<u64, Entry>,
    count: AtomicUsize,
    next_key: AtomicU64,
    max: usize,
    draining: AtomicBool,
}

struct Entry {
    conversation: String,
    session: Addr<Session>,
}

/// Why a socket is refused before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The pod holds as many sessions as it may.
    #[error("the server is full; try again in a few seconds")]
    Full,
    /// The pod is about to stop.
    #[error("the server is about to restart; try again in a few seconds")]
    Draining,
}

impl Sessions {
    /// An empty table for so many sessions.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            table: DashMap::new(),
            count: AtomicUsize::new(0),
            next_key: AtomicU64::new(1),
            max,
            draining: AtomicBool::new(false),
        }
    }

    /// Sessions now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// True once no new session is taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// A place in the table, counted at once so that a rush cannot pass the limit together.
    pub(crate) fn admit(&self) -> Result<u64, Refused> {
        if self.is_draining() {
            return Err(Refused::Draining);
        }
        let free = |count: usize| (count < self.max).then_some(count + 1);
        self.count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, free)
            .map_err(|_| Refused::Full)
            .map(|_| self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn entered(&self, key: u64, conversation: &str, session: Addr<Session>) {
        self.table.insert(key, Entry { conversation: conversation.to_owned(), session });
    }

    /// Gives the place back.
    pub(crate) fn left(&self, key: u64) -> bool {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.table.remove(&key).is_some()
    }

    /// Takes no more sessions and tells those that are here to come again elsewhere, each at its own
    /// moment within `spread`, so that the next pod is not met by all at once.
    pub fn drain(&self, spread: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        let spread_ms = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX).max(1);
        for entry in &self.table {
            let after_ms = rand::random_range(0..spread_ms);
            if entry.session.try_send(Deliver::Reconnect { after_ms }).is_err() {
                warn!(conversation:% = entry.conversation; "session did not hear that the pod drains");
            }
        }
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions")
            .field("count", &self.count())
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl From<Refused> for CloseReason {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full => Self::TryAgainLater,
            Refused::Draining => Self::Restart,
        }
    }
}
