//! The events of a conversation. The log stores them in the form of [`mod@crate::entry_codec`].
//!
//! Everything that is sent, shown or archived of an event is a projection of it: [`mod@crate::visitor_frame`] for the
//! visitor, [`mod@crate::agent_frame`] for the agents, [`crate::archive_row`] for the archive. Fields may be added to
//! an event without a new version; a reader ignores unknown fields.

use hsc_catalogs::Citation;
use serde::{Deserialize, Serialize};

use crate::answer::AnswererName;
use crate::archive::{MessageOutcome, VisitorDescription};
use crate::protocol::{
    Agent, AnswerContext, ChatMessage, Csat, LeaveReason, MessageId, Reason, Thumb,
};

/// An event and its offset in the conversation. [`LogEntry::stored`] adds the version of this form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// One more than the offset of the previous event. An event that is not sent to the visitor has no offset of its
    /// own; it has the offset of the previous event.
    pub offset: u64,
    /// The epoch of the owner that wrote it; 0 in a conversation that has no log.
    pub epoch: u64,
    /// Time of the event, in milliseconds since 1970. None in entries of versions that did not store it.
    #[serde(rename = "at", skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// The visitor's id of the message that caused the event.
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// What happened, with its fields.
    pub event: ConversationEvent,
}

/// What happened in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConversationEvent {
    /// New facts about the visitor.
    VisitorDescribed(Box<VisitorDescription>),
    /// The visitor asked, and an answer started.
    QuestionAsked {
        /// The question.
        question: String,
        /// Id of the product.
        product: String,
        /// The visitor's language, a BCP 47 tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// A chunk of an answer.
    AnswerChunk {
        /// Text with markers.
        content: String,
    },
    /// The context of an answer; once, after its last chunk.
    AnswerContext(Box<AnswerContext>),
    /// An answer ended.
    AnswerCompleted(Box<AnswerCompleted>),
    /// The visitor waits for an agent, for the first time or again.
    HandoffRequested {
        /// Why the visitor waits again, in the visitor's language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// No agent is available.
    HandoffUnavailable {
        /// Why, in the visitor's language.
        message: Option<String>,
        /// True when the visitor can leave a message instead.
        form: bool,
    },
    /// An agent has the conversation; follows the first [`ConversationEvent::AgentJoined`] of a handoff.
    HandoffAccepted,
    /// The assistant has the conversation again: the agent returned it, or the visitor's request ended.
    HandoffReturned {
        /// Why, in the visitor's language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// An agent joined the conversation.
    AgentJoined {
        /// The agent who has the conversation now.
        agent: Agent,
    },
    /// An agent left the conversation.
    AgentLeft {
        /// The agent who had the conversation.
        agent: Agent,
        /// Why the agent left.
        reason: LeaveReason,
    },
    /// A message between visitor and agent.
    MessageSent(Box<ChatMessage>),
    /// The visitor rated an answer.
    AnswerRated {
        /// Offset of the answer's end.
        answer: u64,
        /// Up or down.
        thumb: Thumb,
        /// The visitor's comment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// The visitor rated the conversation.
    ConversationRated(Csat),
    /// The conversation ended.
    ConversationClosed {
        /// The side that closed it. None in entries of versions that did not store it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<ClosedBy>,
        /// True when the conversation was at the desk, which decided the end.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_desk: bool,
    },
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerCompleted {
    /// The question. None for a question that was cancelled before its answer began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Id of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The whole answer, with markers; for a failed answer, the sentence that says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The whole answer as sanitised HTML.
    pub html: String,
    /// The pages it rests on, in the order it cites them.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
    /// The answerer that made it.
    pub answerer: AnswererName,
    /// How it ended.
    pub outcome: MessageOutcome,
    /// True when the language model was configured but did not answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// True when an older copy of the manual was used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// True when it quotes passages that may answer, and states nothing itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub likely: bool,
    /// Scanned pages of the manual that are not recognized yet.
    #[serde(default)]
    pub pages_pending: u32,
    /// Why there is no answer; none if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Time from the question to the first words, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_words_ms: Option<u64>,
    /// True when the answer came from the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// The side that closed a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// The visitor.
    Visitor,
    /// The agent.
    Agent,
}

impl ConversationEvent {
    /// True for an event that is sent to the visitor: it has an offset of its own and is stored in the log.
    pub fn is_sent(&self) -> bool {
        !matches!(
            self,
            Self::VisitorDescribed(_)
                | Self::QuestionAsked { .. }
                | Self::AnswerRated { .. }
                | Self::ConversationRated(_)
        )
    }
}

/// The value of the metric label `event`; none for an event that is part of another one: chunks and context of an answer,
/// and new facts about the visitor.
pub fn counted_as(event: &ConversationEvent) -> Option<&'static str> {
    match event {
        ConversationEvent::VisitorDescribed(_)
        | ConversationEvent::AnswerChunk { .. }
        | ConversationEvent::AnswerContext(_) => None,
        ConversationEvent::QuestionAsked { .. }
        | ConversationEvent::AnswerCompleted(_)
        | ConversationEvent::HandoffRequested { .. }
        | ConversationEvent::HandoffUnavailable { .. }
        | ConversationEvent::HandoffAccepted
        | ConversationEvent::HandoffReturned { .. }
        | ConversationEvent::AgentJoined { .. }
        | ConversationEvent::AgentLeft { .. }
        | ConversationEvent::MessageSent(_)
        | ConversationEvent::AnswerRated { .. }
        | ConversationEvent::ConversationRated(_)
        | ConversationEvent::ConversationClosed { .. } => Some(event.into()),
    }
}

/// Why an entry of a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEntry {
    /// Written by a later version.
    #[error("the entry has version {0}, which this server does not know")]
    Version(u64),
    /// Neither an entry of this version nor a frame of the previous version.
    #[error("the entry is malformed")]
    Malformed(#[from] serde_json::Error),
    /// A frame of the previous version, of a type that is never stored.
    #[error("an entry of the earlier form has the type {0}")]
    Type(String),
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_label_is_the_name_that_the_log_stores() {
        let (message, comment) = (None, None);
        let events = [
            ConversationEvent::QuestionAsked {
                question: String::new(),
                product: String::new(),
                language: None,
            },
            ConversationEvent::HandoffRequested { message: message.clone() },
            ConversationEvent::HandoffUnavailable { message: message.clone(), form: true },
            ConversationEvent::HandoffAccepted,
            ConversationEvent::HandoffReturned { message },
            ConversationEvent::AnswerRated {
                answer: 1,
                thumb: Thumb::Up,
                comment: comment.clone(),
            },
            ConversationEvent::ConversationRated(Csat { rating: 5, comment }),
            ConversationEvent::ConversationClosed { by: None, at_desk: false },
        ];
        for event in events {
            let stored = serde_json::to_value(&event).expect("an event is JSON");
            let name = match &stored {
                Value::String(name) => Some(name.as_str()),
                Value::Object(fields) => fields.keys().next().map(String::as_str),
                _ => None,
            };
            assert!(name.is_some());
            assert_eq!(counted_as(&event), name);
        }
        let piece = ConversationEvent::AnswerChunk { content: String::new() };
        assert_eq!(counted_as(&piece), None);
    }
}
