//! All conversations of the in-memory log, bounded in bytes and in time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hsc_config::ConversationsSettings;
use lru::LruCache;
use tokio::time::Instant;

use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, MissedEntries, OwnedConversation, TakenOver,
};

use super::conversation_entries::ConversationEntries;

/// Bounds of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Entries of one conversation.
    pub window: usize,
    /// How long an untouched conversation is stored.
    pub ttl: Duration,
    /// Total bytes, for the log in memory.
    pub bytes: usize,
}

impl From<&ConversationsSettings> for LogLimits {
    fn from(settings: &ConversationsSettings) -> Self {
        Self {
            window: settings.window,
            ttl: Duration::from_millis(settings.ttl_ms),
            bytes: settings.memory_bytes,
        }
    }
}

/// The table. The eviction order of the cache is the order of the last touch.
pub(super) struct ConversationTable {
    limits: LogLimits,
    conversations: LruCache<Arc<str>, ConversationEntries>,
    bytes: usize,
    /// Running answers, by pod.
    answering: HashMap<Arc<str>, HashSet<OwnedConversation>>,
}

impl ConversationTable {
    pub(super) fn new(limits: LogLimits) -> Self {
        Self { limits, conversations: LruCache::unbounded(), bytes: 0, answering: HashMap::new() }
    }

    pub(super) fn begin(
        &mut self,
        pod: &Arc<str>,
        owned: &OwnedConversation,
        offset: u64,
        now: Instant,
    ) -> Result<(), LogError> {
        self.forget_old(now);
        if let Some(entries) = self.conversations.peek(&owned.conversation) {
            match entries.admits(owned, pod) {
                // It exists already, and its offset is at least as high.
                Ok(()) if entries.offset >= offset => return Ok(()),
                Ok(()) | Err(LogError::Unknown) => {}
                Err(stale) => return Err(stale),
            }
        }
        let entries = ConversationEntries::new(owned.epoch, Arc::clone(pod), offset, now);
        self.bytes += entries.bytes();
        if let Some((_, old)) = self.conversations.push(Arc::clone(&owned.conversation), entries) {
            self.bytes -= old.bytes();
        }
        self.forget_what_does_not_fit();
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        pod: &Arc<str>,
        owned: &OwnedConversation,
        batch: Batch,
        now: Instant,
    ) -> Result<(u64, u64), LogError> {
        let window = self.limits.window;
        self.touch(&owned.conversation, now, |entries| {
            entries.admits(owned, pod)?;
            entries.append(batch, window)
        })
    }

    pub(super) fn take_over(
        &mut self,
        pod: &Arc<str>,
        conversation: &Arc<str>,
        seen: ClientPosition,
        now: Instant,
    ) -> Result<TakenOver, LogError> {
        self.touch(conversation, now, |entries| {
            let (missed, before) = entries.resume(seen, pod);
            Ok(taken(entries, missed, before))
        })
    }

    pub(super) fn read(
        &mut self,
        conversation: &Arc<str>,
        now: Instant,
    ) -> Result<hsc_conversation::log::StoredConversation, LogError> {
        self.forget_old(now);
        let entries = self.conversations.peek(conversation).ok_or(LogError::Unknown)?;
        Ok(hsc_conversation::log::StoredConversation {
            epoch: entries.epoch,
            offset: entries.offset,
            entries: entries.all(),
        })
    }

    pub(super) fn answering(
        &mut self,
        pod: &Arc<str>,
        owned: OwnedConversation,
        is_answering: bool,
    ) {
        if is_answering {
            self.answering.entry(Arc::clone(pod)).or_default().insert(owned);
        } else if let Some(marks) = self.answering.get_mut(pod) {
            marks.remove(&owned);
            if marks.is_empty() {
                self.answering.remove(pod);
            }
        }
    }

    pub(super) fn claim(
        &mut self,
        claimer: &Arc<str>,
        gone: &Arc<str>,
        now: Instant,
    ) -> Option<Claimed> {
        while let Some(mark) = self.answering.get(gone).and_then(|marks| marks.iter().next()) {
            let mark = mark.clone();
            self.answering(gone, mark.clone(), false);
            let taken = self.touch(&mark.conversation, now, |entries| {
                // The previous owner of a conversation that was taken over no longer makes that answer.
                entries.admits(&mark, gone)?;
                let before = entries.give_to(claimer);
                Ok(taken(entries, MissedEntries::All(Vec::new()), before))
            });
            if let Ok(taken) = taken {
                let conversation = mark.conversation;
                let owned = OwnedConversation {
                    conversation: Arc::clone(&conversation),
                    epoch: taken.epoch,
                };
                self.answering(claimer, owned, true);
                return Some(Claimed { conversation, taken });
            }
        }
        None
    }

    /// Runs an operation on a conversation, which counts as touched when it succeeds.
    fn touch<T>(
        &mut self,
        conversation: &Arc<str>,
        now: Instant,
        what: impl FnOnce(&mut ConversationEntries) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        self.forget_old(now);
        let entries = self.conversations.peek_mut(conversation).ok_or(LogError::Unknown)?;
        let before = entries.bytes();
        let done = what(entries)?;
        entries.touched = now;
        self.bytes = self.bytes - before + entries.bytes();
        self.conversations.promote(conversation);
        self.forget_what_does_not_fit();
        Ok(done)
    }

    /// The least recently touched comes first, so only expired conversations are visited.
    fn forget_old(&mut self, now: Instant) {
        let ttl = self.limits.ttl;
        while self.conversations.peek_lru().is_some_and(|(_, entries)| now - entries.touched >= ttl)
        {
            self.forget_last();
        }
    }

    fn forget_what_does_not_fit(&mut self) {
        while self.bytes > self.limits.bytes {
            self.forget_last();
        }
    }

    fn forget_last(&mut self) {
        let (_, entries) = self
            .conversations
            .pop_lru()
            .expect("bytes are counted only for conversations of the table");
        self.bytes -= entries.bytes();
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let counted: usize = self.conversations.iter().map(|(_, entries)| entries.bytes()).sum();
        assert_eq!(self.bytes, counted, "the sum is kept right");
        (self.conversations.len(), self.bytes)
    }
}

fn taken(entries: &ConversationEntries, missed: MissedEntries, before: Arc<str>) -> TakenOver {
    TakenOver {
        epoch: entries.epoch,
        offset: entries.offset,
        missed,
        checkpoint: entries.checkpoint.clone(),
        from: (before != entries.owner).then_some(before),
    }
}
