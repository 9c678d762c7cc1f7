//! The transcript of a conversation, in the form of `/api/transcript?format=json`.

use hsc_conversation::TranscriptLine;
use serde::Serialize;
use utoipa::ToSchema;

/// What was said in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TranscriptText {
    /// The conversation.
    pub(super) conversation: String,
    /// False where its beginning is not told: it is not kept any more, or very long ago.
    pub(super) whole: bool,
    /// What was said and what happened, in order.
    pub(super) lines: Vec<TranscriptLine>,
}
