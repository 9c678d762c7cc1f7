//! The log of conversations in memory: the log of a pod without Redis.
//!
//! Owns      the newest entries of each conversation; evicts the least recently used one first.
//! Never     waits: the lock is held for a few copies, and never across an await.
//!           An offset is never given twice, no entry is stored without all its successors.
//! On crash  loses everything with the process. A crash of a session loses nothing.

mod table;

pub use table::LogLimits;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use log::debug;
use lru::LruCache;
use tokio::time::Instant;

use crate::bridge::{Body, Envelope, channels};
use crate::mutex::Mutex;
use crate::ports::{ConversationLog, LogReply, Relay};
use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, OwnedConversation, StoredConversation, TakenOver,
};

use table::ConversationTable;

/// Ended conversations that are remembered: 60 bytes each. Few pods end more within one token lifetime.
const MOST_ENDED: NonZeroUsize = NonZeroUsize::new(200_000).expect("not zero");

/// The in-memory log, as one pod sees it. Cheap to clone.
#[derive(Clone)]
pub struct MemoryLog {
    table: Arc<Mutex<ConversationTable>>,
    /// When the tokens of an ended conversation have expired.
    ended: Arc<Mutex<LruCache<Arc<str>, Instant>>>,
    pod: Arc<str>,
    relay: Option<Arc<dyn Relay>>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new(limits: LogLimits) -> Self {
        let table = Arc::new(Mutex::new(ConversationTable::new(limits)));
        let ended = Arc::new(Mutex::new(LruCache::new(MOST_ENDED)));
        Self { table, ended, pod: "here".into(), relay: None }
    }

    /// The same log, for another pod of this process, so that several pods of a test can hand conversations over.
    pub fn of_pod(&self, pod: &str) -> Self {
        Self { pod: pod.into(), ..self.clone() }
    }

    /// Publishes appended entries over this relay.
    #[must_use]
    pub fn telling(self, relay: Arc<dyn Relay>) -> Self {
        Self { relay: Some(relay), ..self }
    }

    /// Runs an operation when its future is polled, and not at the call, as with a log on another machine.
    fn later<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Self) -> Result<T, LogError> + Send + 'static,
    ) -> LogReply<T> {
        let log = self.clone();
        Box::pin(async move { what(&log) })
    }

    async fn append_and_tell(
        &self,
        owned: OwnedConversation,
        batch: Batch,
    ) -> Result<u64, LogError> {
        let frames = self.relay.is_some().then(|| batch.entries.clone());
        let appended = self.table.lock().append(&self.pod, &owned, batch, Instant::now());
        let (before, last) = appended?;
        if let (Some(relay), Some(mut frames)) = (&self.relay, frames)
            && last > before
        {
            frames.retain(|entry| entry.offset > before);
            let OwnedConversation { conversation, epoch } = owned;
            let channel = channels::conversation(&conversation);
            let body = Body::Appended { conversation, epoch, frames };
            let payload = Envelope::new(Arc::clone(&self.pod), body).write();
            // The append has succeeded, whether or not it was published.
            if let Err(error) = relay.publish(channel, payload.into()).await {
                debug!(why:% = error; "appended entries were not published");
            }
        }
        Ok(last)
    }
}

impl ConversationLog for MemoryLog {
    fn begin(&self, owned: OwnedConversation, offset: u64) -> LogReply<()> {
        self.later(move |log| log.table.lock().begin(&log.pod, &owned, offset, Instant::now()))
    }

    fn append(&self, owned: OwnedConversation, batch: Batch) -> LogReply<u64> {
        let log = self.clone();
        Box::pin(async move { log.append_and_tell(owned, batch).await })
    }

    fn take_over(&self, conversation: Arc<str>, seen: ClientPosition) -> LogReply<TakenOver> {
        self.later(move |log| {
            log.table.lock().take_over(&log.pod, &conversation, seen, Instant::now())
        })
    }

    fn read(&self, conversation: Arc<str>) -> LogReply<StoredConversation> {
        self.later(move |log| log.table.lock().read(&conversation, Instant::now()))
    }

    fn answering(&self, owned: OwnedConversation, is_answering: bool) -> LogReply<()> {
        self.later(move |log| {
            log.table.lock().answering(&log.pod, owned, is_answering);
            Ok(())
        })
    }

    fn end_tokens(&self, conversation: Arc<str>, keep: Duration) -> LogReply<()> {
        self.later(move |log| {
            log.ended.lock().put(conversation, Instant::now() + keep);
            Ok(())
        })
    }

    fn are_tokens_ended(&self, conversation: Arc<str>) -> LogReply<bool> {
        self.later(move |log| {
            let until = log.ended.lock().get(&conversation).copied();
            Ok(until.is_some_and(|until| Instant::now() < until))
        })
    }

    fn claim(&self, pod: Arc<str>) -> LogReply<Option<Claimed>> {
        self.later(move |log| Ok(log.table.lock().claim(&log.pod, &pod, Instant::now())))
    }
}
