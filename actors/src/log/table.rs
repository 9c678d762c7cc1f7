//! All conversations of the in-memory log as a plain table, bounded in bytes and in time: no clock, no lock.
//!
//! It has every rule: which entries expire, which are evicted, which pod may write.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hsc_config::ConversationsSettings;
use lru::LruCache;
use tokio::time::Instant;

use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, MOST_OFFSET, MissedEntries, OwnedConversation,
    StoredConversation, StoredEntry, TakenOver,
};

/// Bytes of a conversation without its text: itself and its slot in the table, its name, and the
/// counters of shared text.
const OWN_BYTES: usize = 280;
/// Bytes of an entry without its text.
const ENTRY_BYTES: usize = 32;

/// Number of remembered epoch ends. A client of an older epoch has missed many resumes of
/// another copy of itself.
const MOST_ENDS: usize = 32;

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
    ) -> Result<StoredConversation, LogError> {
        self.forget_old(now);
        let entries = self.conversations.peek(conversation).ok_or(LogError::Unknown)?;
        Ok(StoredConversation {
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

/// One conversation. Its entries end at `offset` without a gap, so only their texts are stored.
struct ConversationEntries {
    epoch: u64,
    owner: Arc<str>,
    offset: u64,
    checkpoint: Option<Arc<str>>,
    touched: Instant,
    entries: VecDeque<Arc<str>>,
    text_bytes: usize,
    /// Past epochs and the last offset of each, the newest last. Usually empty.
    ends: Vec<(u64, u64)>,
}

impl ConversationEntries {
    fn new(epoch: u64, owner: Arc<str>, offset: u64, now: Instant) -> Self {
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
    fn bytes(&self) -> usize {
        let checkpoint = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.len());
        let ends = self.ends.capacity() * size_of::<(u64, u64)>();
        OWN_BYTES + ends + self.text_bytes + self.entries.len() * ENTRY_BYTES + checkpoint
    }

    /// Checks that this writer is the owner.
    fn admits(&self, writer: &OwnedConversation, pod: &str) -> Result<(), LogError> {
        match self.epoch.cmp(&writer.epoch) {
            Ordering::Less => Err(LogError::Unknown),
            Ordering::Equal if *self.owner == *pod => Ok(()),
            Ordering::Equal | Ordering::Greater => Err(LogError::Stale { owner: self.epoch }),
        }
    }

    /// Appends the entries that are missing, or nothing when there is a gap. Returns the last offset
    /// before and after.
    fn append(&mut self, batch: Batch, window: usize) -> Result<(u64, u64), LogError> {
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
    fn give_to(&mut self, pod: &Arc<str>) -> Arc<str> {
        self.end_epoch(self.epoch + 1);
        std::mem::replace(&mut self.owner, Arc::clone(pod))
    }

    /// The entries that a client at this position has missed; then the conversation is the pod's. If the client's
    /// position is past the end of its epoch here, all entries after it are new to the client: earlier ones are lost.
    fn resume(&mut self, seen: ClientPosition, pod: &Arc<str>) -> (MissedEntries, Arc<str>) {
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
    fn all(&self) -> Vec<StoredEntry> {
        self.numbered().map(stored).collect()
    }

    fn after(&self, after: u64) -> MissedEntries {
        if after + 1 < self.first_offset() {
            return MissedEntries::Gone;
        }
        let missed = self.numbered().filter(|(offset, _)| *offset > after);
        MissedEntries::All(missed.map(stored).collect())
    }

    fn numbered(&self) -> impl Iterator<Item = (u64, &Arc<str>)> {
        (self.first_offset()..).zip(&self.entries)
    }

    /// The offset of the oldest entry that is stored, or of the next one.
    fn first_offset(&self) -> u64 {
        self.offset + 1 - self.entries.len() as u64
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

fn stored((offset, text): (u64, &Arc<str>)) -> StoredEntry {
    StoredEntry { offset, text: Arc::clone(text) }
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LogLimits =
        LogLimits { window: 4, ttl: Duration::from_secs(60), bytes: 1024 * 1024 };

    fn pod() -> Arc<str> {
        "pod".into()
    }

    fn owned(conversation: &str) -> OwnedConversation {
        OwnedConversation { conversation: conversation.into(), epoch: 1 }
    }

    fn batch(offset: u64, frame: &str) -> Batch {
        Batch { entries: vec![StoredEntry { offset, text: frame.into() }], checkpoint: None }
    }

    #[test]
    fn the_least_recently_touched_conversation_is_evicted_when_memory_is_full() {
        let mut table = ConversationTable::new(LogLimits { bytes: 8 * 1024, ..LIMITS });
        let now = Instant::now();
        for name in ["a", "b", "c"] {
            table.begin(&pod(), &owned(name), 0, now).unwrap();
            table.append(&pod(), &owned(name), batch(1, &"x".repeat(2_000)), now).unwrap();
        }
        table.append(&pod(), &owned("a"), batch(2, "touched"), now).unwrap();
        table.append(&pod(), &owned("c"), batch(2, &"x".repeat(2_000)), now).unwrap();
        assert!(table.size().1 <= 8 * 1024);
        assert!(matches!(
            table.append(&pod(), &owned("b"), batch(2, "x"), now),
            Err(LogError::Unknown)
        ));
        assert_eq!(table.append(&pod(), &owned("a"), batch(3, "x"), now).unwrap(), (2, 3));
    }

    #[test]
    fn a_conversation_larger_than_the_limit_is_not_stored() {
        let mut table = ConversationTable::new(LogLimits { bytes: 8 * 1024, ..LIMITS });
        let now = Instant::now();
        table.begin(&pod(), &owned("a"), 0, now).unwrap();
        table.append(&pod(), &owned("a"), batch(1, &"x".repeat(10_000)), now).unwrap();
        assert_eq!(table.size(), (0, 0));
    }

    #[test]
    fn an_untouched_conversation_expires_and_a_touched_one_stays() {
        let mut table = ConversationTable::new(LIMITS);
        let now = Instant::now();
        table.begin(&pod(), &owned("a"), 0, now).unwrap();
        table.begin(&pod(), &owned("b"), 0, now).unwrap();
        let later = now + LIMITS.ttl / 2;
        table.append(&pod(), &owned("a"), batch(1, "x"), later).unwrap();
        let latest = now + LIMITS.ttl;
        assert!(table.append(&pod(), &owned("a"), batch(2, "x"), latest).is_ok());
        assert_eq!(table.size().0, 1);
    }

    #[test]
    fn the_byte_count_is_exact_after_refusals_and_replacements() {
        let mut table = ConversationTable::new(LIMITS);
        let now = Instant::now();
        table.begin(&pod(), &owned("a"), 0, now).unwrap();
        for offset in 1..=20 {
            table.append(&pod(), &owned("a"), batch(offset, "some words"), now).unwrap();
            table.append(&pod(), &owned("a"), batch(offset + 5, "too early"), now).unwrap_err();
            table.append(&pod(), &owned("a"), batch(offset, "again"), now).unwrap();
        }
        let full = table.size();
        table.begin(&pod(), &owned("a"), 30, now).unwrap();
        let begun_again = table.size();
        assert!(begun_again.1 < full.1);
        table.take_over(&pod(), &"a".into(), ClientPosition { epoch: 1, offset: 90 }, now).unwrap();
        // It remembers the end of the epoch, and nothing else.
        assert!((begun_again.1..begun_again.1 + 100).contains(&table.size().1));
    }

    #[test]
    fn an_idle_conversation_takes_less_than_300_bytes() {
        // Allocated bytes of the node, of the slot in the table at its lowest load, and of the name.
        let node =
            size_of::<ConversationEntries>() + size_of::<Arc<str>>() + 2 * size_of::<usize>();
        let name = 2 * size_of::<usize>() + 32;
        assert!(node + 36 + name + 2 * 16 <= 300, "{}", node + 36 + name + 2 * 16);
        let mut table = ConversationTable::new(LIMITS);
        table.begin(&pod(), &owned("0123456789abcdef0123456789abcdef"), 0, Instant::now()).unwrap();
        assert!(table.size().1 <= 300);
    }
}
