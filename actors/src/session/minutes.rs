//! What a conversation has to remember through a crash of its rules.
//!
//! The session keeps them beside the [`Conversation`](super::Conversation), taken after each event
//! that went well. When an event goes wrong the conversation is thrown away, whatever it had become,
//! and a new one is begun from these.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::{MessageId, QueryMessage};

/// The minutes of a conversation. Small while nothing is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Minutes {
    pub(super) compact: bool,
    pub(super) locale: Option<String>,
    /// The last offset given out: the next conversation goes on after it.
    pub(super) offset: u64,
    pub(super) answers: u64,
    /// The question that is being answered.
    pub(super) open: Option<Box<Open>>,
    /// Those behind it.
    pub(super) pending: VecDeque<Asked>,
    /// Ids of questions, so that one sent twice is answered once.
    pub(super) seen: VecDeque<MessageId>,
}

/// A question that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) id: Option<MessageId>,
    /// Shared, because it may hold a picture.
    pub(super) query: Arc<QueryMessage>,
}

/// A question and how far its answer has come.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) asked: Asked,
    /// What the visitor has read of the answer.
    pub(super) said: String,
    pub(super) said_reading: bool,
    pub(super) said_thinking: bool,
    /// Crashes that it has lived through.
    pub(super) crashes: u32,
}

/// How a piece of a repeated answer goes on from what the visitor has read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Repeated<'a> {
    /// Nothing new yet.
    Nothing,
    /// From here on it is new.
    New(&'a str),
    /// It is another answer.
    Differs,
}

/// Compares a piece with what was read of it, `read` being the rest of what was.
pub(super) fn repeated<'a>(read: &str, piece: &'a str) -> Repeated<'a> {
    if let Some(new) = piece.strip_prefix(read) {
        return if new.is_empty() { Repeated::Nothing } else { Repeated::New(new) };
    }
    if read.starts_with(piece) { Repeated::Nothing } else { Repeated::Differs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_answer_goes_on_where_the_first_one_ended() {
        assert_eq!(repeated("Hold the", "Hold"), Repeated::Nothing);
        assert_eq!(repeated("Hold the", "Hold the"), Repeated::Nothing);
        assert_eq!(repeated("Hold the", "Hold the button"), Repeated::New(" button"));
        assert_eq!(repeated("", "button"), Repeated::New("button"));
        assert_eq!(repeated("Hold the", "Press"), Repeated::Differs);
    }
}
