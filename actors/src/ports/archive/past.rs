//! Past conversations: writing, reading, searching, exporting and erasing them.

use std::sync::Arc;

use futures::future::BoxFuture;
use hsc_catalogs::Citation;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveReply, Page, Paged, Period};
use hsc_conversation::archive::{AgentRef, Author, MessageOutcome, StampedRecord, Visitor};
use hsc_conversation::protocol::Thumb;

/// Stores and finds conversations. Every call ends within a time limit of its own.
pub trait Archive: Send + Sync + 'static {
    /// Writes all of a batch or nothing. A record that exists already is skipped, so a batch whose write is in doubt
    /// can be written again.
    fn write(&self, batch: Vec<Arc<StampedRecord>>) -> ArchiveReply<'_, ()>;

    /// Checks that the archive is available. The first successful call creates the schema.
    fn reach(&self) -> ArchiveReply<'_, ()>;

    /// The messages, notes and events of a conversation; none if the archive does not know it.
    fn transcript(&self, conversation: &str) -> ArchiveReply<'_, Option<Transcript>>;

    /// Past conversations, newest first.
    fn search(&self, search: Search, page: Page) -> ArchiveReply<'_, Paged<ConversationFound>>;

    /// Offline messages, newest first.
    fn left_messages(&self, page: Page) -> ArchiveReply<'_, Paged<LeftMessage>>;

    /// The actions of agents and admins, newest first.
    fn audit(&self, search: AuditSearch, page: Page) -> ArchiveReply<'_, Paged<Audited>>;
}

/// A filter of conversations. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words that occur in it, all of them; the last one may be the beginning of a word.
    pub text: Option<String>,
    /// A product of the conversation.
    pub product: Option<String>,
    /// Id of an agent who had it.
    pub agent: Option<String>,
    /// The visitor's rating.
    pub rating: Option<u8>,
    /// When it began.
    pub period: Option<Period>,
}

/// A conversation as a row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConversationFound {
    /// Its id.
    pub conversation: String,
    /// When it began.
    pub began_ms: u64,
    /// Time of the last event.
    pub last_ms: u64,
    /// Time of its end, if it ended.
    pub ended_ms: Option<u64>,
    /// The visitor, if known.
    pub visitor: Option<Visitor>,
    /// The visitor's language.
    pub language: Option<String>,
    /// The last product of a question.
    pub product: Option<String>,
    /// The last agent who had it.
    pub agent: Option<AgentRef>,
    /// The visitor's rating.
    pub rating: Option<u8>,
    /// Number of messages.
    pub messages: u64,
    /// The beginning of the first message of the visitor or an agent, for the list.
    pub first_words: String,
    /// Why the visitor wanted an agent.
    pub reason: Option<String>,
    /// How the visitor used the product: `general`, `studio` or `live`.
    pub scenario: Option<String>,
    /// Address of the page on which the visitor chatted.
    pub page: Option<String>,
}

/// A whole conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Transcript {
    /// The row of the list.
    #[serde(flatten)]
    pub about: ConversationFound,
    /// The comment of the rating.
    pub rating_comment: Option<String>,
    /// Messages and events, in order.
    pub entries: Vec<TranscriptEntry>,
    /// The stored pictures.
    pub uploads: Vec<StoredUpload>,
}

/// An entry of a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TranscriptEntry {
    /// A message.
    #[schema(title = "TranscriptMessage")]
    #[serde(rename = "said")]
    Message {
        /// When.
        at_ms: u64,
        /// The author.
        author: Author,
        /// The agent, if an agent wrote it.
        agent: Option<AgentRef>,
        /// Its offset in the conversation's log.
        offset: Option<u64>,
        /// The text.
        text: String,
        /// The text as sanitised HTML; none if there is none.
        html: String,
        /// Id of the product.
        product: Option<String>,
        /// How the assistant's answer ended.
        outcome: Option<MessageOutcome>,
        /// Confidence of the answer.
        confidence: Option<f32>,
        /// The cited pages.
        citations: Vec<Citation>,
        /// The visitor's rating of the answer.
        thumb: Option<Thumb>,
        /// The comment of that rating.
        comment: Option<String>,
        /// Id of the picture in the message.
        upload: Option<String>,
    },
    /// A handoff event.
    #[schema(title = "TranscriptTransfer")]
    #[serde(rename = "turned")]
    Handoff {
        /// When.
        at_ms: u64,
        /// The kind of event.
        turn: hsc_conversation::archive::HandoffRecordKind,
        /// The agent who did it.
        agent: Option<AgentRef>,
        /// The agent who got the conversation.
        to: Option<AgentRef>,
        /// Why.
        reason: Option<String>,
    },
}

/// A stored picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredUpload {
    /// Its id.
    pub id: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Time of deletion.
    pub expires_ms: u64,
    /// True after the deletion.
    pub is_expired: bool,
}

/// An offline message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftMessage {
    /// Its id.
    pub id: String,
    /// When.
    pub at_ms: u64,
    /// Its conversation, if it has one.
    pub conversation: Option<String>,
    /// Mail address for the reply.
    pub address: String,
    /// The message.
    pub text: String,
}

/// A filter of audit entries. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Who acted, as the entry names it.
    pub who: Option<String>,
    /// Name of the action, e.g. `session.close`.
    pub action: Option<String>,
    /// When the action took place.
    pub period: Option<Period>,
}

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Audited {
    /// Its id.
    pub id: String,
    /// When.
    pub at_ms: u64,
    /// The actor.
    pub who: String,
    /// The role.
    pub role: String,
    /// The action.
    pub action: String,
    /// The object of the action.
    pub subject: String,
    /// Details.
    pub detail: String,
    /// Address of the client.
    pub address: String,
}

/// Gives the records of earlier stops to the writer, which writes them before newer ones.
pub trait SpilledRecords: Send + Sync + 'static {
    /// The next records in order, at most so many, and the same ones until they are settled; empty if there are none
    /// that no other pod writes.
    fn next(&self, limit: usize) -> BoxFuture<'_, Vec<Arc<StampedRecord>>>;

    /// The archive has the records that [`Self::next`] gave, or will never take them.
    fn settle(&self);
}

/// The subject of an export or an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSubject {
    /// One conversation, by its id.
    Conversation(String),
    /// A visitor, by the subject or the mail address of the visitor token, or the address of an offline message.
    Visitor(String),
}

/// Exports and erases data.
pub trait Privacy: Send + Sync + 'static {
    /// Everything stored about a subject, internal notes included.
    fn export(&self, subject: DataSubject) -> ArchiveReply<'_, Export>;

    /// Erases everything about a subject. Hourly figures stay: they identify no person. Later messages
    /// are stored again.
    fn erase(&self, subject: DataSubject) -> ArchiveReply<'_, Erased>;

    /// Erases at most `most` conversations, offline messages and audit entries without an event since `before_ms`.
    /// Callers repeat the call until nothing is left to erase.
    fn expire(&self, before_ms: u64, most: u32) -> ArchiveReply<'_, Erased>;
}

/// Everything stored about a subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Export {
    /// Whole conversations.
    pub conversations: Vec<Transcript>,
    /// Their events, in the form of the log; none of conversations from before version 6 of the tables.
    pub events: Vec<serde_json::Value>,
    /// Offline messages.
    pub left_messages: Vec<LeftMessage>,
}

impl Export {
    /// True when nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty() && self.left_messages.is_empty()
    }
}

/// Numbers of erased rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Erased {
    /// Conversations.
    pub conversations: u64,
    /// Messages in them.
    pub messages: u64,
    /// Offline messages.
    pub left_messages: u64,
    /// Audit entries, when erased by age.
    pub audit: u64,
    /// Names of the files of pictures, which the caller removes: the archive contains no pictures.
    pub files: Vec<String>,
}

impl Erased {
    /// True when nothing was erased.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
