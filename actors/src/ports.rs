//! What actors ask of the world outside: a manual, an answer, a log, a way to the other pods.
//!
//! The traits stand here and their implementations upstairs in `src`, so that no actor knows a
//! library that talks to the network. Errors name no library either: a code, words a customer can
//! read, and a cause for the log.

mod announcer;
pub mod archive;
mod desk;
mod encoder_status;
mod identity;
mod log;
mod manual_files;
mod pod_directory;
mod quota;
mod redis_status;
mod relay;
mod staff;
mod uploads;
mod vectors;
mod webhook_admin;

pub use announcer::{Announcement, Announcer};
pub use desk::{DeskReply, HandoffDesk};
pub use encoder_status::{EncoderHealth, EncoderStatus};
pub use identity::{
    Attempt, Auditor, FirstAdmin, Identify, IdentityError, OpenedSession, Person, ProviderCallback,
    ProviderSignIn, SessionCheck, SignedIn,
};
pub use log::ConversationLog;
pub use manual_files::{CachedFile, LastLoad, ManualFiles, OriginalFile};
pub use pod_directory::{MissingPod, PodDirectory, PodList, PodReport};
pub use quota::SharedQuota;
pub use redis_status::RedisStatus;
pub use relay::{Relay, Relayed};
pub use staff::{NewAccount, Staff, StaffChange, StaffError};
pub use uploads::{ImageContent, StoredImage, UploadError, UploadLimits, Uploads};
pub use vectors::{Claim, SharedVectors};
pub use webhook_admin::{EndpointCounters, WebhookAdmin};

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_catalogs::{Manual, Product, Suggestion};

use hsc_conversation::BoxError;
use hsc_conversation::answer::{AnswerEvent, ManualRequest, Question};

/// Fetches a manual and reads it. Never called twice at once for one request: the shelf sees to that.
pub trait ManualLoader: Send + Sync + 'static {
    /// The manual, or why there is none. Ends within a bounded time of its own.
    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>>;

    /// Somebody doubts that what is kept of this manual is right: the next load asks its source again. Returns at
    /// once.
    fn doubt(&self, request: &ManualRequest) {
        let _ = request;
    }
}

/// Why a manual could not be had. Cheap to clone, because every waiter of one load gets it.
#[derive(Clone)]
pub struct ManualError {
    /// Stable and machine-readable, e.g. `unreachable`, `encrypted`, `no_text`.
    pub code: &'static str,
    /// What a customer reads, a whole sentence.
    pub words: String,
    /// What the log gets.
    pub cause: Arc<dyn Error + Send + Sync + 'static>,
}

impl ManualError {
    /// Puts a code and a sentence to a cause.
    pub fn new(code: &'static str, words: impl Into<String>, cause: impl Into<BoxError>) -> Self {
        Self { code, words: words.into(), cause: Arc::from(cause.into()) }
    }
}

impl fmt::Debug for ManualError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualError({}: {})", self.code, self.cause)
    }
}

impl fmt::Display for ManualError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.code)
    }
}

impl Error for ManualError {}

/// Answers a question as a stream of events. Dropping the stream cancels the answer.
pub trait Answerer: Send + Sync + 'static {
    /// Starts an answer. The stream always ends with [`AnswerEvent::Done`] and never panics over input.
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent>;

    /// True where an answer can rest on a picture. Where it is false, pictures are not kept: a question then
    /// has [`Image::Unseen`](hsc_conversation::protocol::Image::Unseen).
    fn sees_pictures(&self) -> bool {
        false
    }

    /// A manual was read: gets ready for questions about this product from it. The future ends when that is
    /// begun: whatever takes longer, such as embedding, goes on in the background.
    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        let _ = (product, manual);
        Box::pin(std::future::ready(()))
    }

    /// Which of `suggestions` this manual answers from the pages that they name, in their order.
    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        let _ = (product, manual);
        Box::pin(std::future::ready(vec![true; suggestions.len()]))
    }

    /// The question with only what its answer depends on: without the previous question where it stands alone.
    fn reduced(&self, question: Question) -> Question {
        question
    }
}
