//! The log of conversations in this process.
//!
//! Owns   the newest entries of each conversation, the longest untouched first to go.
//! Never  waits: the lock is held for a few copies, and nobody sleeps under it.
//! Loses  everything with the process. Sessions that crash find everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::ports::{Batch, Claimed, ConversationLog, LogError, Owned, TakenOver};

use super::LogLimits;
use super::table::Table;

/// The log in memory, as one pod sees it. Cheap to clone.
#[derive(Clone)]
pub struct MemoryLog {
    table: Arc<Mutex<Table>>,
    pod: Arc<str>,
}

impl MemoryLog {
    /// An empty one.
    #[must_use]
    pub fn new(limits: LogLimits) -> Self {
        Self { table: Arc::new(Mutex::new(Table::new(limits))), pod: "here".into() }
    }

    /// The same log, for another pod of this process: several houses under one roof can hand
    /// conversations over.
    #[must_use]
    pub fn of_pod(&self, pod: &str) -> Self {
        Self { table: Arc::clone(&self.table), pod: pod.into() }
    }

    /// A panic under the lock would be a mistake in the table; whoever comes next is not punished for it.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConversationLog for MemoryLog {
    fn begin(&self, owned: Owned, offset: u64) -> BoxFuture<'static, Result<(), LogError>> {
        let log = self.clone();
        Box::pin(async move { log.table().begin(&log.pod, &owned, offset, Instant::now()) })
    }

    fn append(&self, owned: Owned, batch: Batch) -> BoxFuture<'static, Result<u64, LogError>> {
        let log = self.clone();
        Box::pin(async move { log.table().append(&log.pod, &owned, batch, Instant::now()) })
    }

    fn take_over(
        &self,
        conversation: Arc<str>,
        after: u64,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>> {
        let log = self.clone();
        Box::pin(
            async move { log.table().take_over(&log.pod, &conversation, after, Instant::now()) },
        )
    }

    fn answering(
        &self,
        owned: Owned,
        is_answering: bool,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        let log = self.clone();
        Box::pin(async move {
            log.table().answering(&log.pod, owned, is_answering);
            Ok(())
        })
    }

    fn claim(&self, pod: Arc<str>) -> BoxFuture<'static, Result<Option<Claimed>, LogError>> {
        let log = self.clone();
        Box::pin(async move { Ok(log.table().claim(&log.pod, &pod, Instant::now())) })
    }
}

impl std::fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLog").field("pod", &self.pod).finish_non_exhaustive()
    }
}
