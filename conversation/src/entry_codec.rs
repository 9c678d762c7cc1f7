//! An entry of the log in the form in which the log stores it.
//!
//! ```json
//! {"v":1,"offset":7,"epoch":1,"at":1764038400123,"id":"q1","event":{"answer_chunk":{"content":"Hold "}}}
//! ```
//!
//! Entries of the version before the event model are visitors' frames: [`mod@crate::legacy_entry`] reads them.

use serde::{Deserialize, Serialize};

use crate::event::{ConversationEvent, LogEntry, UnreadableEntry};
use crate::legacy_entry;
use crate::log::StoredEntry;
use crate::protocol::MessageId;

/// The version of the stored form.
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u64,
    offset: u64,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a MessageId>,
    event: &'a ConversationEvent,
}

#[derive(Deserialize)]
struct Version {
    v: Option<u64>,
}

#[derive(Deserialize)]
struct Read {
    offset: u64,
    epoch: u64,
    at: Option<u64>,
    id: Option<MessageId>,
    event: ConversationEvent,
}

impl LogEntry {
    /// Encodes the entry for the log.
    #[must_use]
    pub fn stored(&self) -> StoredEntry {
        let Self { offset, epoch, at_ms, reply_to, event } = self;
        let written = Written {
            v: VERSION,
            offset: *offset,
            epoch: *epoch,
            at: *at_ms,
            id: reply_to.as_ref(),
            event,
        };
        let text = serde_json::to_string(&written)
            .expect("events have string keys and no failing serializer");
        StoredEntry { offset: *offset, text: text.into() }
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
            None => legacy_entry::read(self.offset, &self.text),
            Some(VERSION) => {
                let Read { offset, epoch, at, id, event } = serde_json::from_str(&self.text)?;
                Ok(LogEntry { offset, epoch, at_ms: at, reply_to: id, event })
            }
            Some(other) => Err(UnreadableEntry::Version(other)),
        }
    }
}
