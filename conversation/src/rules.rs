//! The limits of a conversation.

use crate::protocol::Limits;

/// The limits of a conversation, from the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Most questions in the queue behind the running answer.
    pub pending_questions: usize,
    /// Confidence (0 to 100) from which a prediction's manual is loaded ahead of the question.
    pub prefetch_confidence: u8,
    /// The limits that `welcome` sends to a client.
    pub limits: Limits,
}
