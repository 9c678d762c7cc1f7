//! A question, and how much of its answer was sent: state that survives a crash of the state machine.

use std::sync::Arc;

use crate::protocol::{MessageId, QueryMessage};
use crate::trace_context::QuestionTrace;

/// A question that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct AcceptedQuestion {
    pub(crate) id: Option<MessageId>,
    /// Shared, because it may hold a picture.
    pub(crate) query: Arc<QueryMessage>,
    /// The question had a picture, which was too large to be stored when the conversation was taken over.
    pub(crate) lost_picture: bool,
    /// None if traces are off.
    pub(crate) trace: Option<QuestionTrace>,
}

/// A question and the progress of its answer.
#[derive(Debug, Clone)]
pub(crate) struct OpenAnswer {
    pub(crate) question: AcceptedQuestion,
    /// The part of the answer that was sent to the visitor.
    pub(crate) sent_text: TextDigest,
    pub(crate) sent_reading: bool,
    pub(crate) sent_thinking: bool,
    /// Crashes during this answer, of its session or of its pod.
    pub(crate) crashes: u32,
}

/// Length and digest of a text: enough to decide whether another text begins with it. The text itself would make the
/// checkpoint longer with every chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextDigest {
    pub(crate) bytes: usize,
    pub(crate) digest: u64,
}

/// How a piece of a repeated answer compares with the part that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RepeatMatch<'a> {
    /// All of it was sent before.
    Nothing,
    /// This part is new.
    New(&'a str),
    /// It differs from the part that was sent.
    Differs,
}

impl Default for TextDigest {
    fn default() -> Self {
        // FNV-1a, 64 bits: the same on every pod and in every build.
        Self { bytes: 0, digest: 0xcbf2_9ce4_8422_2325 }
    }
}

impl TextDigest {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &str) {
        self.bytes += piece.len();
        for byte in piece.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Compares a repeated text, piece by piece, with the part that was sent; `self` is the digest before this piece.
    /// The result is known once the repeated text is as long as the part that was sent.
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

    fn digest_of(text: &str) -> TextDigest {
        let mut digest_of = TextDigest::default();
        digest_of.push(text);
        digest_of
    }

    #[test]
    fn a_repeated_answer_continues_at_the_end_of_the_first_one() {
        let read = digest_of("Hold the");
        assert_eq!(digest_of("").repeat("Hold", read), RepeatMatch::Nothing);
        assert_eq!(digest_of("").repeat("Hold the", read), RepeatMatch::Nothing);
        assert_eq!(digest_of("").repeat("Hold the button", read), RepeatMatch::New(" button"));
        assert_eq!(digest_of("Hold").repeat(" the button", read), RepeatMatch::New(" button"));
        assert_eq!(digest_of("").repeat("button", digest_of("")), RepeatMatch::New("button"));
        assert_eq!(digest_of("Press").repeat(" it down", read), RepeatMatch::Differs);
        assert_eq!(
            digest_of("Hold t").repeat("ö", read),
            RepeatMatch::Differs,
            "even amid a letter"
        );
        assert_eq!(
            digest_of("Hold th").repeat("ö", read),
            RepeatMatch::Differs,
            "even amid a letter"
        );
    }
}
