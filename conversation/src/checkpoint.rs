//! What a conversation has to remember: through a crash of its rules, and when another pod goes on.
//!
//! The session keeps them beside the [`Conversation`](crate::conversation::Conversation), taken after each event
//! that went well. When an event goes wrong the conversation is thrown away, whatever it had become,
//! and a new one is begun from these. The log of the conversation keeps the same beside what was said
//! ([`crate::checkpoint_codec`]), for the pod that takes the conversation over.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::archive::Visitor;
use crate::handoff::Handoff;
use crate::protocol::{ClientFrame, MessageId, QueryMessage, Resume};

/// The checkpoint of a conversation. Small while nothing is asked.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    pub(super) compact: bool,
    pub(super) locale: Option<String>,
    /// Who speaks, where the embedding site has signed for them.
    pub(super) visitor: Option<Visitor>,
    /// Who owns the conversation; 0 before its first `hello`.
    pub(super) epoch: u64,
    /// The last offset given out: the next conversation goes on after it.
    pub(super) offset: u64,
    pub(super) answers: u64,
    /// The question that is being answered.
    pub(super) open: Option<Box<OpenAnswer>>,
    /// Those behind it.
    pub(super) pending: VecDeque<AcceptedQuestion>,
    /// Ids, so that a message sent twice is answered once.
    pub(super) seen: VecDeque<SeenMessage>,
    /// A `hello` that is not welcomed yet.
    pub(super) greeting: Option<Box<PendingHello>>,
    /// What is known of a person in it.
    pub(super) handoff: Handoff,
}

/// The id of a message that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenMessage {
    pub(super) id: MessageId,
    /// A question or what stops one: repeating it would be noticed. A keystroke is just answered again.
    pub(super) matters: bool,
}

/// A `hello` whose conversation is being opened, and what the client said behind it.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingHello {
    pub(super) id: Option<MessageId>,
    /// The conversation to go on with, where it can still be gone on with.
    pub(super) resume: Option<Resume>,
    /// It wanted to go on with a conversation after it had begun another.
    pub(super) is_late: bool,
    pub(super) held: Vec<ClientFrame>,
}

/// A question that was accepted.
#[derive(Debug, Clone)]
pub(super) struct AcceptedQuestion {
    pub(super) id: Option<MessageId>,
    /// Shared, because it may hold a picture.
    pub(super) query: Arc<QueryMessage>,
    /// A picture came with it, and was left behind when the conversation was taken over.
    pub(super) lost_picture: bool,
}

/// A question and how far its answer has come.
#[derive(Debug, Clone)]
pub(super) struct OpenAnswer {
    pub(super) asked: AcceptedQuestion,
    /// What the visitor has read of the answer.
    pub(super) said: TextDigest,
    pub(super) said_reading: bool,
    pub(super) said_thinking: bool,
    /// Crashes that it has lived through, of its session or of its pod.
    pub(super) crashes: u32,
}

/// A text that was said, as its length and a digest: enough to tell whether another begins with it.
/// The text itself would make the checkpoint longer with every piece of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextDigest {
    pub(super) bytes: usize,
    pub(super) digest: u64,
}

/// How a piece of a repeated answer goes on from what the visitor has read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RepeatMatch<'a> {
    /// Nothing new yet.
    Nothing,
    /// From here on it is new.
    New(&'a str),
    /// It is another answer.
    Differs,
}

impl Default for TextDigest {
    fn default() -> Self {
        // FNV-1a, 64 bits: the same on every pod, whatever it was built with.
        Self { bytes: 0, digest: 0xcbf2_9ce4_8422_2325 }
    }
}

impl TextDigest {
    /// Goes on with a piece.
    pub(super) fn push(&mut self, piece: &str) {
        self.bytes += piece.len();
        for byte in piece.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Compares a text that is said again, piece by piece, with what was read of it; `self` is what it
    /// has come to before this piece. Whether it differs is known when it is as long as what was read.
    pub(super) fn repeat<'a>(&mut self, piece: &'a str, read: TextDigest) -> RepeatMatch<'a> {
        let rest = read.bytes - self.bytes;
        if piece.len() < rest {
            self.push(piece);
            return RepeatMatch::Nothing;
        }
        let Some((again, new)) = piece.split_at_checked(rest) else { return RepeatMatch::Differs };
        self.push(again);
        match new {
            _ if *self != read => RepeatMatch::Differs,
            "" => RepeatMatch::Nothing,
            new => RepeatMatch::New(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> TextDigest {
        let mut said = TextDigest::default();
        said.push(text);
        said
    }

    #[test]
    fn a_repeated_answer_goes_on_where_the_first_one_ended() {
        let read = said("Hold the");
        assert_eq!(said("").repeat("Hold", read), RepeatMatch::Nothing);
        assert_eq!(said("").repeat("Hold the", read), RepeatMatch::Nothing);
        assert_eq!(said("").repeat("Hold the button", read), RepeatMatch::New(" button"));
        assert_eq!(said("Hold").repeat(" the button", read), RepeatMatch::New(" button"));
        assert_eq!(said("").repeat("button", said("")), RepeatMatch::New("button"));
        assert_eq!(said("Press").repeat(" it down", read), RepeatMatch::Differs);
        assert_eq!(said("Hold t").repeat("ö", read), RepeatMatch::Differs, "even amid a letter");
        assert_eq!(said("Hold th").repeat("ö", read), RepeatMatch::Differs, "even amid a letter");
    }
}
