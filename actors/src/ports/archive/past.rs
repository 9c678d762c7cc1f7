//! Past conversations: written, read and searched.

use std::sync::Arc;

use futures::future::BoxFuture;
use hsc_catalogs::Citation;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, Page, Paged, Period};
use hsc_conversation::archive::{AgentRef, Author, MessageOutcome, StampedRecord, Thumb, Visitor};

/// Keeps conversations and finds them again. Every call ends within a bounded time of its own.
pub trait Archive: Send + Sync + 'static {
    /// Writes all of a batch or nothing. A record that is there already is passed over, so a batch whose
    /// fate is unknown can be written again.
    fn write(&self, batch: Vec<Arc<StampedRecord>>) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Is it there? Makes what it needs when it is reached for the first time.
    fn reach(&self) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Everything said in a conversation, notes too; none when the archive does not know it.
    fn transcript(
        &self,
        conversation: &str,
    ) -> BoxFuture<'_, Result<Option<Transcript>, ArchiveError>>;

    /// Past conversations, newest first.
    fn search(
        &self,
        search: Search,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<ConversationFound>, ArchiveError>>;

    /// Offline messages, newest first.
    fn left_messages(&self, page: Page) -> BoxFuture<'_, Result<Paged<LeftMessage>, ArchiveError>>;

    /// What agents and admins did, newest first.
    fn audit(
        &self,
        search: AuditSearch,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<Audited>, ArchiveError>>;
}

/// Which conversations are wanted. What is empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words that were said in it, all of them, the last one also as a beginning.
    pub text: Option<String>,
    /// A product that was asked about.
    pub product: Option<String>,
    /// Id of an agent who had it.
    pub agent: Option<String>,
    /// The visitor's mark.
    pub rating: Option<u8>,
    /// When it began.
    pub period: Option<Period>,
}

/// A conversation as a line of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConversationFound {
    /// Its id.
    pub conversation: String,
    /// When it began.
    pub began_ms: u64,
    /// When something happened last.
    pub last_ms: u64,
    /// When it ended, where it did.
    pub ended_ms: Option<u64>,
    /// Who spoke, where that is known.
    pub visitor: Option<Visitor>,
    /// The visitor's language.
    pub language: Option<String>,
    /// The product asked about last.
    pub product: Option<String>,
    /// The agent who had it last.
    pub agent: Option<AgentRef>,
    /// The visitor's mark.
    pub rating: Option<u8>,
    /// Messages in it.
    pub messages: u64,
    /// The beginning of what was said first by the visitor or an agent, for the list.
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
    /// What a list tells of it.
    #[serde(flatten)]
    pub about: ConversationFound,
    /// What was said with the mark.
    pub rating_comment: Option<String>,
    /// What was said and what happened, in order.
    pub entries: Vec<TranscriptEntry>,
    /// The pictures that were kept.
    pub uploads: Vec<StoredUpload>,
}

/// One thing of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TranscriptEntry {
    /// Something was said.
    #[schema(title = "TranscriptMessage")]
    Said {
        /// When.
        at_ms: u64,
        /// By whom.
        author: Author,
        /// Who of the team.
        agent: Option<AgentRef>,
        /// Its place in the conversation's log.
        offset: Option<u64>,
        /// The text.
        text: String,
        /// As sanitised HTML, where it has any.
        html: String,
        /// About which product.
        product: Option<String>,
        /// How the machine's answer ended.
        outcome: Option<MessageOutcome>,
        /// How sure the machine was.
        confidence: Option<f32>,
        /// The pages it rests on.
        citations: Vec<Citation>,
        /// The visitor's thumb.
        thumb: Option<Thumb>,
        /// And what was said with it.
        comment: Option<String>,
        /// The picture that went with it.
        upload: Option<String>,
    },
    /// The conversation went from one to another.
    #[schema(title = "TranscriptTransfer")]
    Turned {
        /// When.
        at_ms: u64,
        /// What happened.
        turn: hsc_conversation::archive::HandoffRecordKind,
        /// Who of the team did it.
        agent: Option<AgentRef>,
        /// To whom it went.
        to: Option<AgentRef>,
        /// Why.
        reason: Option<String>,
    },
}

/// A picture that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredUpload {
    /// Its id.
    pub id: String,
    /// What it is.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// When it goes.
    pub expires_ms: u64,
    /// True when it is gone.
    pub is_expired: bool,
}

/// An offline message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftMessage {
    /// Its id.
    pub id: String,
    /// When.
    pub at_ms: u64,
    /// In which conversation, where there was one.
    pub conversation: Option<String>,
    /// Where the answer is to go.
    pub address: String,
    /// The message.
    pub text: String,
}

/// Which entries of the audit are wanted. What is empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Who did it.
    pub who: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// When.
    pub period: Option<Period>,
}

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Audited {
    /// Its id.
    pub id: String,
    /// When.
    pub at_ms: u64,
    /// Who.
    pub who: String,
    /// In which role.
    pub role: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More.
    pub detail: String,
    /// From which address.
    pub address: String,
}
