use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::LogLimits;
use super::table::ConversationTable;
use hsc_conversation::log::{Batch, ClientPosition, LogError, OwnedConversation, StoredEntry};

const LIMITS: LogLimits = LogLimits { window: 4, ttl: Duration::from_secs(60), bytes: 1024 * 1024 };

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
    let node = size_of::<super::conversation_entries::ConversationEntries>()
        + size_of::<Arc<str>>()
        + 2 * size_of::<usize>();
    let name = 2 * size_of::<usize>() + 32;
    assert!(node + 36 + name + 2 * 16 <= 300, "{}", node + 36 + name + 2 * 16);
    let mut table = ConversationTable::new(LIMITS);
    table.begin(&pod(), &owned("0123456789abcdef0123456789abcdef"), 0, Instant::now()).unwrap();
    assert!(table.size().1 <= 300);
}
