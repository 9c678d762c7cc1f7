//! The limits of a conversation.

use crate::protocol::Limits;

/// The limits of a conversation, from the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Questions that may wait behind the one that is being answered.
    pub pending_questions: usize,
    /// Confidence (0 to 100) from which a prediction's manual is opened ahead of the question.
    pub prefetch_confidence: u8,
    /// What a client is told in `welcome`.
    pub limits: Limits,
}
