//! What actors ask of the world outside: a manual, an answer, a log, a way to the other pods.
//!
//! The traits stand here and their implementations upstairs in `src`, so that no actor knows a
//! library that talks to the network. Errors name no library either: a code, words a customer can
//! read, and a cause for the log.

mod announcer;
pub mod archive;
mod client;
mod desk;
mod identity;
mod log;
mod quota;
mod relay;
mod roll;
mod staff;
mod uploads;
mod vectors;

pub use announcer::{Announcement, Announcer};
pub use client::{ClientAddress, ClientKey};
pub use desk::{
    AtDesk, ByAgent, Desk, DeskChange, DeskError, DeskView, LetGo, Place, TicketDetails,
    VisitorEnds, VisitorsSeen, Wanted,
};
pub use identity::{
    Attempt, Auditor, Begun, First, Identify, IdentityError, NotVouched, Opened, Person, Returned,
    SignedIn, StillIn, Vouch,
};
pub use log::{
    Batch, Claimed, ConversationLog, Entry, Kept, LogError, MOST_OFFSET, Missed, Owned, Seen,
    TakenOver,
};
pub use quota::SharedQuota;
pub use relay::{Relay, Relayed};
pub use roll::{Gone, PodReport, Roll, RollCall};
pub use staff::{NewAccount, Staff, StaffChange, StaffError};
pub use uploads::{Picture, Shown, UploadError, UploadLimits, Uploads};
pub use vectors::{Claim, SharedVectors};

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_catalogs::{
    Accessory, Citation, Documentation, Exchange, Manual, Product, Scenario, Suggestion,
};
use serde::{Deserialize, Serialize};

use crate::cache::Sharing;
use crate::protocol::Image;

/// The cause of a failure, whatever library it came from.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Which manual is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ManualRequest {
    /// Where it is. Two products that share a manual share this, and so share one load.
    pub documentation: Documentation,
}

impl ManualRequest {
    /// A manual below the catalog folder is at hand in every pod, and pods whose folders differ (an
    /// update that rolls) must not read each other's.
    pub(crate) fn sharing(&self) -> Sharing {
        let url = &self.documentation.url;
        let is_away = url.starts_with("http://") || url.starts_with("https://");
        if is_away { Sharing::AtOnce } else { Sharing::Never }
    }
}

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

/// Who causes a question to be answered: what limits on answers count by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asker {
    /// The conversation it belongs to; none where nobody waits, as for an answer that is renewed.
    pub conversation: Option<Arc<str>>,
    /// The visitor's client; none where it is not connected or not a visitor: an answer that a vanished pod
    /// left behind, a draft for an agent.
    pub client: Option<ClientKey>,
}

/// A question about one product, with everything an answer may rest on.
#[derive(Debug, Clone)]
pub struct Question {
    /// The product it is about.
    pub product: Arc<Product>,
    /// Its related products, from which `[SUGGESTION: …]` may be taken.
    pub related: Vec<Accessory>,
    /// Where the product has no manual, the products that it belongs to: their manuals may answer.
    pub owners: Vec<Arc<Product>>,
    /// The customer's words.
    pub text: String,
    /// The questions about the same product before this one and their answers, the newest last. They complete a
    /// follow-up such as `and how often?`.
    pub previous: Vec<Exchange>,
    /// How the customer uses the product.
    pub scenario: Scenario,
    /// A picture the customer sent along.
    pub image: Option<Image>,
    /// The customer's language, e.g. `he`, where the client said it.
    pub locale: Option<String>,
    /// Who asks.
    pub asker: Asker,
}

/// What happens while an answer is made, in this order: perhaps `Recalled`, then `Reading`, `Thinking`,
/// `Chunk`s, one `Done`.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerEvent {
    /// It was made before and is said again.
    Recalled,
    /// The manual is being opened.
    Reading,
    /// The manual is open and the answer is being made.
    Thinking,
    /// The next piece of the answer, markers inside.
    Chunk(String),
    /// The answer is complete. Nothing comes after it.
    Done(Box<Answer>),
}

/// What is known of an answer once it is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The whole text, the chunks joined.
    pub text: String,
    /// The whole text as sanitised HTML.
    pub html: String,
    /// The pages it rests on, in the order the text cites them; for [`Outcome::Unknown`] the closest pages.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
    /// Who made it.
    pub answerer: AnswererName,
    /// Why the configured answerer was not used, where it was not.
    pub fallback: Option<String>,
    /// True when an older copy of the manual was used because its host did not answer.
    pub stale_manual: bool,
    /// True when it was made while the manual was still being embedded or recognized: the same question may soon have a better
    /// answer, so this one is not kept.
    pub provisional: bool,
    /// Scanned pages of the manual that were not recognized yet.
    pub pages_pending: u32,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The manual answers, and so did we.
    Answered,
    /// The manual was read, and the passages that the answer quotes may answer.
    Likely,
    /// The manual was read and does not say.
    Unknown,
    /// There is no manual to read: none in the catalog (`none`), or it could not be had.
    NoManual {
        /// `none`, or the code of the [`ManualError`].
        code: &'static str,
        /// What a customer reads.
        words: String,
    },
}

impl Outcome {
    /// The word of the metric label.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Likely => "likely",
            Self::Unknown => "unknown",
            Self::NoManual { .. } => "no_manual",
        }
    }
}

/// Who made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswererName {
    /// The manual's own sentences.
    Extractive,
    /// A language model that was given passages of the manual.
    Llm,
}

impl AnswererName {
    /// The word of the wire and of the metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extractive => "extractive",
            Self::Llm => "llm",
        }
    }
}

/// Answers a question as a stream of events. Dropping the stream cancels the answer.
pub trait Answerer: Send + Sync + 'static {
    /// Starts an answer. The stream always ends with [`AnswerEvent::Done`] and never panics over input.
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent>;

    /// True where an answer can rest on a picture. Where it is false, pictures are not kept: a question then
    /// has [`Image::Unseen`].
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
