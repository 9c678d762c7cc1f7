//! The transcript of a conversation, in the form of `/api/transcript?format=json`.

use hsc_conversation::TranscriptLine;
use serde::Serialize;
use utoipa::ToSchema;

/// The transcript of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TranscriptText {
    /// The conversation.
    pub(super) conversation: String,
    /// False if the beginning is missing: it is not stored any more, or beyond the limit.
    pub(super) whole: bool,
    /// Messages and events, in order.
    pub(super) lines: Vec<TranscriptLine>,
}
