//! One conversation of the in-memory log: the newest entries, and the owner.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use hsc_conversation::log::{
    Batch, ClientPosition, LogError, MOST_OFFSET, MissedEntries, OwnedConversation, StoredEntry,
};

/// Bytes of a conversation without its text: itself and its slot in the table, its name, and the
/// counters of shared text.
const OWN_BYTES: usize = 280;
/// Bytes of an entry without its text.
const ENTRY_BYTES: usize = 32;

/// Number of remembered epoch ends. A client of an older epoch has missed many resumes of
/// another copy of itself.
const MOST_ENDS: usize = 32;

/// One conversation. Its entries end at `offset` without a gap, so only their texts are stored.
pub(super) struct ConversationEntries {
    pub(super) epoch: u64,
    pub(super) owner: Arc<str>,
    pub(super) offset: u64,
    pub(super) checkpoint: Option<Arc<str>>,
    pub(super) touched: Instant,
    entries: VecDeque<Arc<str>>,
    text_bytes: usize,
    /// Past epochs and the last offset of each, the newest last. Usually empty.
    ends: Vec<(u64, u64)>,
}

impl ConversationEntries {
    pub(super) fn new(epoch: u64, owner: Arc<str>, offset: u64, now: Instant) -> Self {
        Self {
            epoch,
            owner,
            offset,
            checkpoint: None,
            touched: now,
            entries: VecDeque::new(),
            text_bytes: 0,
            ends: Vec::new(),
        }
    }

    /// Its share of the byte limit.
    pub(super) fn bytes(&self) -> usize {
        let checkpoint = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.len());
        let ends = self.ends.capacity() * size_of::<(u64, u64)>();
        OWN_BYTES + ends + self.text_bytes + self.entries.len() * ENTRY_BYTES + checkpoint
    }

    /// Checks that this writer is the owner.
    pub(super) fn admits(&self, writer: &OwnedConversation, pod: &str) -> Result<(), LogError> {
        match self.epoch.cmp(&writer.epoch) {
            std::cmp::Ordering::Greater => Err(LogError::Stale { owner: self.epoch }),
            std::cmp::Ordering::Equal if *self.owner != *pod => {
                Err(LogError::Stale { owner: self.epoch })
            }
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(LogError::Unknown),
        }
    }

    /// Appends the entries that are missing, or nothing when there is a gap. Returns the last offset
    /// before and after.
    pub(super) fn append(&mut self, batch: Batch, window: usize) -> Result<(u64, u64), LogError> {
        let (last, mut next) = (self.offset, self.offset);
        let is_new = |entry: &&StoredEntry| entry.offset > last;
        for entry in batch.entries.iter().filter(is_new) {
            if entry.offset != next + 1 {
                return Err(LogError::Gap { last });
            }
            next = entry.offset;
        }
        for entry in batch.entries.into_iter().filter(|entry| entry.offset > last) {
            self.text_bytes += entry.text.len();
            self.entries.push_back(entry.text);
        }
        while self.entries.len() > window {
            let oldest = self.entries.pop_front().expect("it is longer than the window");
            self.text_bytes -= oldest.len();
        }
        self.offset = next;
        self.checkpoint = batch.checkpoint.or(self.checkpoint.take());
        Ok((last, next))
    }

    /// Gives the conversation to a pod, in the next epoch. Returns the previous owner.
    pub(super) fn give_to(&mut self, pod: &Arc<str>) -> Arc<str> {
        self.end_epoch(self.epoch + 1);
        std::mem::replace(&mut self.owner, Arc::clone(pod))
    }

    /// The entries that a client at this position has missed; then the conversation is the pod's. If the client's
    /// position is past the end of its epoch here, all entries after it are new to the client: earlier ones are lost.
    pub(super) fn resume(
        &mut self,
        seen: ClientPosition,
        pod: &Arc<str>,
    ) -> (MissedEntries, Arc<str>) {
        let after = seen.offset.min(MOST_OFFSET);
        let is_ahead = self.end_of(seen.epoch).is_none_or(|end| after > end);
        let missed = if is_ahead { MissedEntries::Ahead } else { self.after(after) };
        let before = self.give_to(pod);
        if is_ahead {
            self.offset = self.offset.max(after);
            self.epoch = self.epoch.max(seen.epoch + 1);
            self.entries = VecDeque::new();
            self.text_bytes = 0;
        }
        (missed, before)
    }

    /// All stored entries, in order.
    pub(super) fn all(&self) -> Vec<StoredEntry> {
        let first = self.offset + 1 - self.entries.len() as u64;
        let all = (first..).zip(&self.entries);
        all.map(|(offset, frame)| StoredEntry { offset, text: Arc::clone(frame) }).collect()
    }

    fn after(&self, after: u64) -> MissedEntries {
        let first = self.offset + 1 - self.entries.len() as u64;
        if after + 1 < first {
            return MissedEntries::Gone;
        }
        let all = (first..).zip(&self.entries).filter(|(offset, _)| *offset > after);
        MissedEntries::All(
            all.map(|(offset, frame)| StoredEntry { offset, text: Arc::clone(frame) }).collect(),
        )
    }

    /// The last offset of an epoch, if it is known.
    fn end_of(&self, epoch: u64) -> Option<u64> {
        if epoch == self.epoch {
            return Some(self.offset);
        }
        self.ends.iter().find(|(ended, _)| *ended == epoch).map(|(_, offset)| *offset)
    }

    fn end_epoch(&mut self, next: u64) {
        if self.ends.len() == MOST_ENDS {
            self.ends.remove(0);
        }
        self.ends.push((self.epoch, self.offset));
        self.epoch = next;
    }
}
