//! The ports of the actors: manuals, answers, a log, a relay to the other pods.
//!
//! The traits are here and their implementations in `src`, so that no actor uses a network library. Errors name no
//! library either: they have a code, a sentence for the customer, and a cause for the log.

pub mod archive;
mod desk;
mod identity;
mod log;
mod manual_files;
mod pods;
mod uploads;
mod webhooks;

pub use desk::{DeskReply, HandoffDesk};
pub use identity::{
    Attempt, Auditor, FirstAdmin, Identify, IdentityError, IdentityReply, NewAccount,
    OpenedSession, Person, ProviderCallback, ProviderSignIn, SessionCheck, SignedIn, Staff,
    StaffChange, StaffError,
};
pub use log::{ConversationLog, LogReply};
pub use manual_files::{
    CachedFile, EncoderHealth, EncoderStatus, LastLoad, ManualFiles, OriginalFile,
};
pub use pods::{
    Claim, MissingPod, PodDirectory, PodList, PodReport, RedisStatus, Relay, Relayed, SharedQuota,
    SharedVectors,
};
pub use uploads::{ImageContent, StoredImage, UploadError, UploadLimits, Uploads};
pub use webhooks::{Announcement, Announcer, EndpointCounters, WebhookAdmin};

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_catalogs::{Manual, Product, Suggestion};

use hsc_conversation::answer::{AnswerEvent, ManualRequest, Question};
use hsc_conversation::{BoxError, TraceContext};

/// The reply of a loader of manuals.
pub type ManualReply<T> = BoxFuture<'static, Result<T, ManualError>>;

/// Fetches and reads a manual. Never called concurrently for one request: the manual cache ensures that.
pub trait ManualLoader: Send + Sync + 'static {
    /// The manual, or why there is none. Ends within a time limit of its own. Spans of the load are below `trace`.
    fn load(&self, request: ManualRequest, trace: Option<TraceContext>)
    -> ManualReply<Arc<Manual>>;

    /// Marks the stored copy of this manual as suspect: the next load revalidates it at its source. Returns at once.
    fn revalidate(&self, request: &ManualRequest) {
        let _ = request;
    }
}

/// Why a manual could not be loaded. Cheap to clone, because every waiter of one load gets it.
#[derive(Clone, thiserror::Error)]
#[error("{cause} ({code})")]
pub struct ManualError {
    /// Stable and machine-readable, e.g. `unreachable`, `encrypted`, `no_text`.
    pub code: &'static str,
    /// A whole sentence for the customer.
    pub words: String,
    /// The cause for the log.
    pub cause: Arc<dyn Error + Send + Sync + 'static>,
}

impl ManualError {
    /// An error with a code, a sentence and a cause.
    pub fn new(code: &'static str, words: impl Into<String>, cause: impl Into<BoxError>) -> Self {
        Self { code, words: words.into(), cause: Arc::from(cause.into()) }
    }
}

impl fmt::Debug for ManualError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualError({}: {})", self.code, self.cause)
    }
}

/// Answers a question as a stream of events. Dropping the stream cancels the answer.
pub trait Answerer: Send + Sync + 'static {
    /// Starts an answer. The stream always ends with [`AnswerEvent::Done`] and never panics over input.
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent>;

    /// True if an answer can use a picture. Otherwise pictures are not kept: a question
    /// then has [`Image::Unseen`](hsc_conversation::protocol::Image::Unseen).
    fn sees_pictures(&self) -> bool {
        false
    }

    /// A manual was read: prepares for questions about this product from it. The future ends when that has begun:
    /// slow work, such as embedding, continues in the background.
    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        let _ = (product, manual);
        Box::pin(std::future::ready(()))
    }

    /// The `suggestions` that this manual answers from the pages that they name, in their order.
    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        let _ = (product, manual);
        Box::pin(std::future::ready(vec![true; suggestions.len()]))
    }

    /// The question with only what its answer depends on: without the previous question if it stands alone.
    fn reduced(&self, question: Question) -> Question {
        question
    }
}
