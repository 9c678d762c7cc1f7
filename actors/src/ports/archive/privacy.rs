//! One visitor's data: handed out, erased, and gone by itself when it is old.

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, LeftMessage, Transcript};

/// Whose data is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSubject {
    /// One conversation's, by its id.
    Conversation(String),
    /// A visitor's, by the subject or the mail address that was signed for, or the address of a form.
    Visitor(String),
}

/// Hands out and erases.
pub trait Privacy: Send + Sync + 'static {
    /// Everything stored about a person, internal notes included.
    fn export(&self, whose: DataSubject) -> BoxFuture<'_, Result<Export, ArchiveError>>;

    /// Erases it all. Figures by hour stay: they name nobody. What is said afterwards is kept again.
    fn erase(&self, whose: DataSubject) -> BoxFuture<'_, Result<Erased, ArchiveError>>;

    /// Erases conversations and left messages in which nothing happened since then, at most so many at
    /// once; the audit too. Whoever calls it calls again while there is something to erase.
    fn expire(&self, before_ms: u64, most: u32) -> BoxFuture<'_, Result<Erased, ArchiveError>>;
}

/// Everything stored about a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Export {
    /// Whole conversations.
    pub conversations: Vec<Transcript>,
    /// Messages left in the form.
    pub left_messages: Vec<LeftMessage>,
}

impl Export {
    /// True when nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty() && self.left_messages.is_empty()
    }
}

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Erased {
    /// Conversations.
    pub conversations: u64,
    /// Messages in them.
    pub messages: u64,
    /// Messages left in the form.
    pub left_messages: u64,
    /// Entries of the audit, when it was by age.
    pub audit: u64,
    /// Names of the files of uploads, which the caller is to remove: the archive holds no pictures.
    pub files: Vec<String>,
}

impl Erased {
    /// True when there was nothing to erase.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
