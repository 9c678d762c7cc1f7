//! The log of conversations in this process.
//!
//! Owns   the newest entries of each conversation, the longest untouched first to go.
//! Never  waits: the lock is held for a few copies, and nobody sleeps under it.
//! Loses  everything with the process. Sessions that crash find everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use log::debug;
use tokio::time::Instant;

use crate::bridge::{Body, Envelope, channels};
use crate::ports::{
    Batch, Claimed, ConversationLog, Kept, LogError, Owned, Relay, Seen, TakenOver,
};

use super::LogLimits;
use super::table::Table;

/// The log in memory, as one pod sees it. Cheap to clone.
#[derive(Clone)]
pub struct MemoryLog {
    table: Arc<Mutex<Table>>,
    pod: Arc<str>,
    relay: Option<Arc<dyn Relay>>,
}

impl MemoryLog {
    /// An empty one.
    #[must_use]
    pub fn new(limits: LogLimits) -> Self {
        let table = Arc::new(Mutex::new(Table::new(limits)));
        Self { table, pod: "here".into(), relay: None }
    }

    /// The same log, for another pod of this process: several houses under one roof can hand
    /// conversations over.
    #[must_use]
    pub fn of_pod(&self, pod: &str) -> Self {
        Self { pod: pod.into(), ..self.clone() }
    }

    /// Publishes what is appended over this relay.
    #[must_use]
    pub fn telling(self, relay: Arc<dyn Relay>) -> Self {
        Self { relay: Some(relay), ..self }
    }

    async fn append_and_tell(&self, owned: Owned, batch: Batch) -> Result<u64, LogError> {
        let frames = self.relay.is_some().then(|| batch.entries.clone());
        let appended = self.table().append(&self.pod, &owned, batch, Instant::now());
        let (before, last) = appended?;
        if let (Some(relay), Some(mut frames)) = (&self.relay, frames)
            && last > before
        {
            frames.retain(|entry| entry.offset > before);
            let Owned { conversation, epoch } = owned;
            let channel = channels::conversation(&conversation);
            let body = Body::Appended { conversation, epoch, frames };
            let payload = Envelope::new(Arc::clone(&self.pod), body).write();
            // What is in the log is there, whoever heard of it.
            if let Err(error) = relay.publish(channel, payload.into()).await {
                debug!(why:% = error; "nobody was told of what was appended");
            }
        }
        Ok(last)
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
        Box::pin(async move { log.append_and_tell(owned, batch).await })
    }

    fn take_over(
        &self,
        conversation: Arc<str>,
        seen: Seen,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>> {
        let log = self.clone();
        Box::pin(
            async move { log.table().take_over(&log.pod, &conversation, seen, Instant::now()) },
        )
    }

    fn read(&self, conversation: Arc<str>) -> BoxFuture<'static, Result<Kept, LogError>> {
        let log = self.clone();
        Box::pin(async move { log.table().read(&conversation, Instant::now()) })
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
