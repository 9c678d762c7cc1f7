//! The projection of an event for agents who watch a conversation: the `frame` of an `entry` and of a `transcript`.

use serde_json::value::RawValue;

use crate::event::LogEntry;
use crate::protocol::{ServerFrame, TranscriptEntry};
use crate::visitor_frame::visitor_message;

/// The event in the form of the visitor's message; none for an event that is not sent to the visitor.
pub fn agent_frame(entry: &LogEntry) -> Option<TranscriptEntry> {
    let message = visitor_message(entry)?;
    let (id, offset) = (entry.reply_to.as_ref(), Some(entry.offset));
    let frame = ServerFrame { message: &message, id, offset };
    let frame: Box<RawValue> = serde_json::value::to_raw_value(&frame).ok()?;
    Some(TranscriptEntry { offset: entry.offset, frame })
}
