//! A visitor's data: export, erasure, and erasure by age.

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, LeftMessage, Transcript};

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
    fn export(&self, subject: DataSubject) -> BoxFuture<'_, Result<Export, ArchiveError>>;

    /// Erases everything about a subject. Hourly figures stay: they identify no person. Later messages
    /// are stored again.
    fn erase(&self, subject: DataSubject) -> BoxFuture<'_, Result<Erased, ArchiveError>>;

    /// Erases at most `most` conversations, offline messages and audit entries without an event since `before_ms`.
    /// Callers repeat the call until nothing is left to erase.
    fn expire(&self, before_ms: u64, most: u32) -> BoxFuture<'_, Result<Erased, ArchiveError>>;
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
    #[must_use]
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
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
