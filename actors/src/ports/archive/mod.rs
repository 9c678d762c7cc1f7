//! The archive: conversations after their end, and the queries on them.
//!
//! Chats are archived asynchronously: a session passes a [`Record`](hsc_conversation::archive::Record) to the
//! archive's writer and does not wait; the writer passes batches to [`Archive::write`]. All other calls come from
//! users who can wait: agents, admins, the command line. Accounts and webhook deliveries are in the same database,
//! because it is the only store that all pods share permanently.
//!
//! What must never be: a chat that waits for any of this, an error that names a library, personal data in
//! an error message.

mod accounts;
mod agent_texts;
mod analytics;
mod past;

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use super::webhooks::{Deliveries, Delivery, EndpointBacklog};
pub use accounts::{
    Account, AccountChange, AccountError, AccountSession, Accounts, AttemptLimit, AttemptOutcome,
    FirstLink, LockOut, MOST_DEVICES, Role, SignInAttempt,
};
pub use agent_texts::{CannedReply, Notes, Replies};
pub use analytics::{Analytics, ProductQuestion, RatingsOfADay, Snapshot, Unanswered};
pub use past::{
    Archive, AuditSearch, Audited, ConversationFound, DataSubject, Erased, Export, LeftMessage,
    Privacy, Search, SpilledRecords, StoredUpload, Transcript, TranscriptEntry,
};

use hsc_conversation::BoxError;

/// The reply of the archive: of accounts with an [`AccountError`].
pub type ArchiveReply<'a, T, E = ArchiveError> = BoxFuture<'a, Result<T, E>>;

/// Why a call to the archive failed. A variant for each thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// It is unreachable, or does not reply in time. Whether a batch was written is unknown; writing the same batch
    /// again is safe.
    #[error("the archive cannot be reached")]
    Unavailable {
        /// For the server's log.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
    /// A newer release has changed its tables, and this one must not use them. The same batch may be written once the
    /// tables can be used again, or by the newer release.
    #[error("the archive excludes this release")]
    Excluded {
        /// For the server's log, and for an operator.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
    /// It will never accept this; another attempt is useless.
    #[error("the archive refused it")]
    Refused {
        /// For the server's log.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync + 'static>,
    },
}

impl ArchiveError {
    /// It is unavailable for this reason.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()) }
    }

    /// It excludes this release for this reason.
    pub fn excluded(cause: impl Into<BoxError>) -> Self {
        Self::Excluded { cause: Arc::from(cause.into()) }
    }

    /// It refused for this reason.
    pub fn refused(cause: impl Into<BoxError>) -> Self {
        Self::Refused { cause: Arc::from(cause.into()) }
    }
}

/// A page of a long list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The end of the previous page: [`Paged::next`] unchanged; none is the beginning.
    pub after: Option<String>,
    /// Most items; at most [`Page::MOST`].
    pub limit: u32,
}

impl Page {
    /// Most items of a page: as many as a browser page shows.
    pub const MOST: u32 = 200;
}

/// A page of a long list, newest first, and the start of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The start of the next page; none at the end. Opaque.
    pub next: Option<String>,
}

/// A period, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Period {
    /// Its first millisecond.
    pub from_ms: u64,
    /// The first millisecond after it.
    pub to_ms: u64,
}
