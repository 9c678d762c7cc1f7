//! A question, and how much of its answer the visitor has: what outlives a crash of the state machine.

use std::sync::Arc;

use crate::protocol::{MessageId, QueryMessage};

/// A question that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct AcceptedQuestion {
    pub(crate) id: Option<MessageId>,
    /// Shared, because it may hold a picture.
    pub(crate) query: Arc<QueryMessage>,
    /// A picture came with it and was too large to be stored when the conversation was taken over.
    pub(crate) lost_picture: bool,
}

/// A question and how far its answer has come.
#[derive(Debug, Clone)]
pub(crate) struct OpenAnswer {
    pub(crate) asked: AcceptedQuestion,
    /// What the visitor has read of the answer.
    pub(crate) said: TextDigest,
    pub(crate) said_reading: bool,
    pub(crate) said_thinking: bool,
    /// Crashes that it has lived through, of its session or of its pod.
    pub(crate) crashes: u32,
}

/// A text that was said, as its length and a digest: enough to tell whether another begins with it.
/// The text itself would make the checkpoint longer with every piece of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextDigest {
    pub(crate) bytes: usize,
    pub(crate) digest: u64,
}

/// How a piece of a repeated answer goes on from what the visitor has read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RepeatMatch<'a> {
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
    pub(crate) fn push(&mut self, piece: &str) {
        self.bytes += piece.len();
        for byte in piece.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Compares a text that is said again, piece by piece, with what was read of it; `self` is what it
    /// has come to before this piece. Whether it differs is known when it is as long as what was read.
    pub(crate) fn repeat<'a>(&mut self, piece: &'a str, read: TextDigest) -> RepeatMatch<'a> {
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
