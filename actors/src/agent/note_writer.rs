//! Stores a note in the archive first, then sends it to the watching agents.
//!
//! In this order no agent misses one: an agent who subscribes and then reads has it from the read or from the
//! subscription, on any pod. While the archive is unavailable the note is written later, and the watching agents get
//! it nevertheless. A note is not part of the conversation: it never enters the log, from which visitors are served.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use log::debug;
use tokio::time::{Instant, timeout};

use crate::archiving::ArchiveHandle;
use crate::bridge::{Body, DeskBroadcast, channels};
use crate::session::SessionContext;
use hsc_conversation::archive::{AgentRef, ArchivedMessage, Author, Record, StampedRecord};
use hsc_conversation::protocol::{Agent, Note};

/// Longest wait for the archive before colleagues get the note.
const KEPT_WITHIN: Duration = Duration::from_secs(1);
/// Longest wait of a transcript for its notes: the visitor's messages are more urgent.
const READ_WITHIN: Duration = Duration::from_secs(1);
/// Most notes of a transcript: more than a team writes about one conversation.
pub(super) const MOST_NOTES: usize = 100;
/// Most bytes of their text, so that a transcript fits into the outgoing budget of a socket.
const MOST_BYTES: usize = 128 * 1024;

/// A note in the form for agents and in the form for the archive.
pub(super) fn stamped(
    agent: Agent,
    conversation: String,
    content: String,
) -> (Note, StampedRecord) {
    let by = AgentRef { id: agent.id.clone(), name: agent.name.clone() };
    let message = ArchivedMessage {
        agent: Some(by),
        ..ArchivedMessage::new(&*conversation, Author::Note, &*content)
    };
    let stamped = ArchiveHandle::stamp(Record::Message(Box::new(message)));
    let (note_id, at_ms) = (stamped.id.clone(), stamped.at_ms);
    (Note { note_id, conversation, agent, content, at_ms }, stamped)
}

/// Stores a note, and sends it to the watching agents.
pub(super) async fn store(context: Arc<SessionContext>, note: Note, stamped: StampedRecord) {
    // Skipped while the archive is known to be unavailable: colleagues would wait for nothing.
    if !context.services.archive.is_up() || !is_written(&context, &stamped).await {
        context.services.archive.write_behind(stamped);
    }
    let channel = channels::to_agents(&note.conversation);
    drop(context.handoffs.bridge.publish(&channel, Body::Talk(DeskBroadcast::Note { note })));
}

async fn is_written(context: &SessionContext, stamped: &StampedRecord) -> bool {
    let began = Instant::now();
    let writing = context.services.notes.write_note(Arc::new(stamped.clone()));
    match timeout(KEPT_WITHIN, writing).await {
        Ok(Ok(())) => {
            context.services.metrics.archive.written(1, began.elapsed());
            context.services.archive.has_written([&stamped.record]);
            true
        }
        Ok(Err(error)) => {
            debug!(cause:% = error; "a note is written behind, the archive did not take it at once");
            false
        }
        Err(_) => false,
    }
}

/// The archived notes of a conversation; none if the archive does not reply in time.
pub(super) async fn read(context: &SessionContext, conversation: &str) -> Vec<Note> {
    if !context.services.archive.is_up() {
        return Vec::new();
    }
    let most = u32::try_from(MOST_NOTES).unwrap_or(u32::MAX);
    match timeout(READ_WITHIN, context.services.notes.notes(conversation, most)).await {
        Ok(Ok(notes)) => notes,
        Ok(Err(error)) => {
            debug!(conversation, cause:% = error; "a transcript goes without its notes");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// Notes that were read and notes that arrived meanwhile, each once, in order; beyond the limits the
/// oldest are dropped.
pub(super) fn merged(read: Vec<Note>, arrived: Vec<Note>) -> Vec<Note> {
    let known: HashSet<String> = read.iter().map(|note| note.note_id.clone()).collect();
    let is_new = |note: &Note| !known.contains(&note.note_id);
    let mut notes: Vec<Note> = read.into_iter().chain(arrived.into_iter().filter(is_new)).collect();
    notes.sort_by_key(|note| note.at_ms);
    let mut remaining = MOST_BYTES;
    let fit = notes.iter().rev().take(MOST_NOTES).take_while(|note| {
        let fits = note.content.len() <= remaining;
        remaining = remaining.saturating_sub(note.content.len());
        fits
    });
    let first = notes.len() - fit.count();
    notes.split_off(first)
}
