//! The archive: what is kept of conversations after they are over, and what is asked of it later.
//!
//! Chats are written behind: a session hands a [`Record`](hsc_conversation::archive::Record) to the archive's writer and waits for nothing;
//! the writer gives batches to [`Archive::write`]. Everything else here is asked by people who can wait:
//! agents, admins, the command line. Accounts and webhook deliveries live in the same database, because
//! it is the one thing that every pod shares and that outlives them all.
//!
//! What must never be: a chat that waits for any of this, an error that names a library, personal data
//! in an error's words.

mod accounts;
mod analytics;
mod deliveries;
mod notes;
mod past;
mod privacy;
mod replies;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use accounts::{
    Account, AccountChange, AccountError, AccountSession, Accounts, AttemptLimit, AttemptOutcome,
    LockOut, MOST_DEVICES, Role, SignInAttempt,
};
pub use analytics::{Analytics, ProductQuestion, RatingsOfADay, Snapshot, Unanswered};
pub use deliveries::{Deliveries, Delivery, EndpointBacklog};
pub use notes::{Notes, StoredNote};
pub use past::{
    Archive, AuditSearch, Audited, ConversationFound, LeftMessage, Search, StoredUpload,
    Transcript, TranscriptEntry,
};
pub use privacy::{DataSubject, Erased, Export, Privacy};
pub use replies::{CannedReply, Replies};

use hsc_conversation::BoxError;

/// Why the archive did not do what it was asked. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be reached, or does not answer in time. Whether a batch was written is unknown; writing
    /// the same batch again is safe.
    #[error("the archive cannot be reached")]
    Unavailable {
        /// For the log of the server.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
    /// It was reached and will never take this; trying again is no use.
    #[error("the archive refused it")]
    Refused {
        /// For the log of the server.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl ArchiveError {
    /// It could not be reached, for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }

    /// It refused, for this reason.
    pub fn refused(cause: impl Into<BoxError>) -> Self {
        Self::Refused { cause: Arc::from(cause.into()) }
    }
}

/// A piece of a long list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Where the piece before ended: [`Paged::next`] as it came; none is the beginning.
    pub after: Option<String>,
    /// Most items; the archive gives at most [`Page::MOST`].
    pub limit: u32,
}

impl Page {
    /// Most items of a piece: what a page in a browser can show, and no more than fits a reply.
    pub const MOST: u32 = 200;
}

/// A piece of a long list, newest first, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on; none is the end. Opaque: to be given back as it came.
    pub next: Option<String>,
}

/// A span of time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Period {
    /// Its first millisecond.
    pub from_ms: u64,
    /// The first one after it.
    pub to_ms: u64,
}
