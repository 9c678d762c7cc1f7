//! An entry of the log in the form in which the log stores it.
//!
//! ```json
//! {"v":1,"offset":7,"epoch":1,"at":1764038400123,"id":"q1","event":{"answer_chunk":{"content":"Hold "}}}
//! ```
//!
//! Entries of the version before the event model are the visitor's rendered frames. They stay in the log for
//! `conversations.ttl_ms`, and pods of that version write them during a rolling update.

use hsc_catalogs::Citation;
use serde::{Deserialize, Serialize};

use crate::answer::AnswererName;
use crate::archive::MessageOutcome;
use crate::event::{AnswerCompleted, ConversationEvent, LogEntry, UnreadableEntry};
use crate::log::StoredEntry;
use crate::protocol::{AnswerContext, ChatMessage, HandoffChange, HandoffState, MessageId, Reason};

/// The version of the stored form.
const VERSION: u64 = 1;
/// The epoch of a frame of the previous version. Only conversations that began with `hello` were logged, so it was at
/// least 1.
const LEGACY_EPOCH: u64 = 1;
/// Codes of answers that failed, in frames of the previous version.
const LEGACY_FAILURES: [&str; 5] =
    ["internal", "interrupted", "picture_lost", "too_many_pictures", "busy"];

/// A stored value, and the version of its form as a field of the same object. The checkpoint is stored so as well.
#[derive(Serialize)]
pub(crate) struct Versioned<'a, T> {
    pub(crate) v: u64,
    #[serde(flatten)]
    pub(crate) value: &'a T,
}

/// The version of a stored value.
#[derive(Deserialize)]
pub(crate) struct Version {
    pub(crate) v: Option<u64>,
}

impl LogEntry {
    /// Encodes the entry for the log.
    pub fn stored(&self) -> StoredEntry {
        let text = serde_json::to_string(&Versioned { v: VERSION, value: self })
            .expect("events have string keys and no failing serializer");
        StoredEntry { offset: self.offset, text: text.into() }
    }
}

impl StoredEntry {
    /// Reads an entry of this version, or a frame that the previous version stored.
    ///
    /// # Errors
    /// Why the entry cannot be read.
    pub fn read(&self) -> Result<LogEntry, UnreadableEntry> {
        let Version { v } = serde_json::from_str(&self.text)?;
        match v {
            None => read_frame(self.offset, &self.text),
            Some(VERSION) => Ok(serde_json::from_str(&self.text)?),
            Some(other) => Err(UnreadableEntry::Version(other)),
        }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    id: Option<MessageId>,
}

#[derive(Deserialize)]
struct Context {
    data: AnswerContext,
}

#[derive(Deserialize)]
struct Final {
    #[serde(default)]
    citations: Vec<Citation>,
    #[serde(default)]
    confidence: f32,
    #[serde(default)]
    grounded: bool,
    #[serde(default)]
    html: String,
    answerer: AnswererName,
    #[serde(default)]
    fallback: bool,
    #[serde(default)]
    stale: bool,
    #[serde(default)]
    likely: bool,
    #[serde(default)]
    pages_pending: u32,
    #[serde(default)]
    cancelled: bool,
    reason: Option<Reason>,
    question: Option<String>,
    product_id: Option<String>,
}

/// Reads a frame of the previous version that was stored at this offset.
fn read_frame(offset: u64, text: &str) -> Result<LogEntry, UnreadableEntry> {
    let Head { kind, id } = serde_json::from_str(text)?;
    let mut at_ms = None;
    let event = match kind.as_str() {
        // These have the fields of their events.
        "answer_chunk" | "agent_joined" | "agent_left" => {
            serde_json::from_str(&format!("{{\"{kind}\":{text}}}"))?
        }
        "context" => {
            let Context { data } = serde_json::from_str(text)?;
            ConversationEvent::AnswerContext(Box::new(data))
        }
        "final_answer" => {
            let last: Final = serde_json::from_str(text)?;
            ConversationEvent::AnswerCompleted(Box::new(last.into()))
        }
        "handoff" => {
            let HandoffChange { state, reason: message, form } = serde_json::from_str(text)?;
            match state {
                HandoffState::Waiting => ConversationEvent::HandoffRequested { message },
                HandoffState::WithAgent => ConversationEvent::HandoffAccepted,
                HandoffState::Returned => ConversationEvent::HandoffReturned { message },
                HandoffState::Closed => {
                    ConversationEvent::ConversationClosed { by: None, at_desk: false }
                }
                HandoffState::Unavailable => {
                    ConversationEvent::HandoffUnavailable { message, form }
                }
            }
        }
        "message" => {
            let message: ChatMessage = serde_json::from_str(text)?;
            at_ms = Some(message.at_ms);
            ConversationEvent::MessageSent(Box::new(message))
        }
        _ => return Err(UnreadableEntry::Type(kind)),
    };
    Ok(LogEntry { offset, epoch: LEGACY_EPOCH, at_ms, reply_to: id, event })
}

impl From<Final> for AnswerCompleted {
    fn from(last: Final) -> Self {
        let outcome = match &last.reason {
            _ if last.cancelled => MessageOutcome::Cancelled,
            None => MessageOutcome::Answered,
            Some(reason) if reason.code == "unknown" => MessageOutcome::Unknown,
            Some(reason) if LEGACY_FAILURES.contains(&reason.code.as_str()) => {
                MessageOutcome::Failed
            }
            Some(_) => MessageOutcome::NoManual,
        };
        Self {
            question: last.question,
            product: last.product_id,
            text: String::new(),
            html: last.html,
            citations: last.citations,
            confidence: last.confidence,
            grounded: last.grounded,
            answerer: last.answerer,
            outcome,
            fallback: last.fallback,
            stale: last.stale,
            likely: last.likely,
            pages_pending: last.pages_pending,
            reason: last.reason,
            first_words_ms: None,
            cached: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::log::StoredEntry;
    use crate::visitor_frame;

    /// Frames of the previous version, as its log stored them.
    const STORED: &str = include_str!("../fixtures/visitor_frames.jsonl");

    #[test]
    fn entries_of_the_version_before_are_replayed_byte_for_byte() {
        let with_log = STORED.split("\"type\":\"welcome\"").nth(1).expect("a logged conversation");
        let mut read = 0;
        for frame in with_log.lines().skip(1).filter(|frame| frame.contains("\"offset\":")) {
            read += 1;
            let stored = StoredEntry { offset: read, text: frame.into() };
            let entry = stored.read().unwrap_or_else(|error| panic!("{error}: {frame}"));
            let replayed = visitor_frame(&entry).expect("the visitor was sent it");
            assert_eq!(&*replayed.json, frame);
            let again = entry.stored().read().expect("our own form");
            assert_eq!(again, entry, "rewritten in the form of this version");
        }
        assert_eq!(read, 63, "every stored frame of the fixture");
    }
}
