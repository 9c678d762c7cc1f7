//! A conversation between a visitor, the assistant and an agent, as plain data and plain rules.
//!
//! - [`protocol`]: the messages on the wire, both ways.
//! - [`Conversation`]: the state machine of one visitor's conversation. An [`Input`] goes in, [`Effect`]s come out. It
//!   routes to four machines that own their state: `AnswerRun`, `Handoff`, `Resume`, `Prediction`.
//! - [`ConversationEvent`]: what happens in it, in the form that the log stores ([`LogEntry`]). [`mod@visitor_frame`],
//!   [`mod@agent_frame`], [`archive_row`], [`webhook_events()`] and [`transcript_lines()`] are its projections, one file
//!   a target; [`counted_as`] is its metric label; [`audit_entry`] is the projection of an agent's action.
//! - [`outbox`]: the order in which frames are appended to the log and sent to the client.
//! - [`answer`], [`desk`], [`log`], [`archive`]: the data that a conversation exchanges with the answerer, the desk,
//!   its log and the archive.
//! - [`Tokens`] and [`UploadId`]: proof that a client may continue a conversation, and that a picture belongs to it.
//!
//! What must never be: an actor, a socket, a file, a thread or a log line in this crate.

mod agent_frame;
pub mod answer;
mod answer_run;
pub mod archive;
mod archive_rows;
mod audit_entries;
mod checkpoint;
mod client_address;
mod clock;
mod conversation;
pub mod desk;
mod earlier_client;
mod entry_codec;
mod event;
mod handoff;
mod input;
mod language;
pub mod log;
mod message_id;
mod names;
pub mod outbox;
mod prediction;
pub mod protocol;
mod resume;
mod search_results;
#[cfg(test)]
mod tests;
mod token;
mod topic;
mod trace_context;
mod transcript_lines;
mod upload_id;
mod visitor_frame;
mod visitor_identity;
mod webhook_events;

pub use agent_frame::agent_frame;
pub use archive_rows::{archive_row, archived_event, decision_row};
pub use audit_entries::{AgentAction, audit_entry};
pub use checkpoint::Checkpoint;
pub use client_address::{ClientAddress, ClientKey};
pub use clock::{now_ms, now_seconds};
pub use conversation::{Conversation, QuestionTracer};
pub use event::{
    AnswerCompleted, ClosedBy, ConversationEvent, LogEntry, UnreadableEntry, counted_as,
};
pub use input::{
    Effect, EndedQuestion, Input, NotResumed, Opening, OpeningResult, Rules, UNLOGGED,
};
pub use names::{clean_name, is_clean_name};
pub use prediction::{Predicted, PredictionCache, PredictionKey, PrefetchHint};
pub use search_results::{brand_json, owners, predictions, whole_entry};
pub use token::{TokenError, Tokens};
pub use trace_context::{QuestionTrace, TraceContext};
pub use transcript_lines::{TranscriptAuthor, TranscriptLine, TranscriptPage, transcript_lines};
pub use upload_id::{NO_SUCH_UPLOAD, UploadId, may_stand};
pub use visitor_frame::visitor_frame;
pub use visitor_identity::{VisitorTokenError, VisitorTokenVerifier};
pub use webhook_events::{WebhookEvent, decision_webhook_events, webhook_events};

/// The cause of a failure, from any library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;
