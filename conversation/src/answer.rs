//! A question about one product, the events of its answer and the answer: data, no calls.

use std::sync::Arc;

use hsc_catalogs::{Accessory, Citation, Documentation, Exchange, Product, Scenario};
use serde::{Deserialize, Serialize};

use crate::protocol::Image;
use crate::{ClientKey, TraceContext};

/// The manual to load.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ManualRequest {
    /// Where the manual is. Two products that share a manual share this value, and so share one load.
    pub documentation: Documentation,
}

/// The client and conversation that limits on answers are counted by, and the trace of the question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// The conversation; none for a cached answer that is renewed in the background.
    pub conversation: Option<Arc<str>>,
    /// The visitor's client. None for an answer that a vanished pod left behind (the visitor is not connected) and
    /// for an agent's draft.
    pub client: Option<ClientKey>,
    /// The span that the answer belongs to; none if traces are off.
    pub trace: Option<TraceContext>,
}

/// A question about one product, with everything that its answer may use.
#[derive(Debug, Clone)]
pub struct Question {
    /// The product of the question.
    pub product: Arc<Product>,
    /// Its related products, from which `[SUGGESTION: …]` may be taken.
    pub related: Vec<Accessory>,
    /// For a product without a manual: the products that it belongs to, whose manuals may answer.
    pub owners: Vec<Arc<Product>>,
    /// The customer's words.
    pub text: String,
    /// Earlier questions about the same product and their answers, the newest last. They complete a follow-up such as
    /// `and how often?`.
    pub previous: Vec<Exchange>,
    /// How the customer uses the product.
    pub scenario: Scenario,
    /// A picture that the customer sent with the question.
    pub image: Option<Image>,
    /// The customer's language, e.g. `he`; none if the client did not send it.
    pub locale: Option<String>,
    /// The key of the limits.
    pub asker: Requester,
}

/// The progress of an answer. Order: optionally `FromCache`, then `Reading`, `Thinking`, `Chunk`s, one `Done`.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerEvent {
    /// The answer comes from the cache.
    FromCache,
    /// The manual is being loaded.
    Reading,
    /// The manual is loaded and the answer is being made.
    Thinking,
    /// The next piece of the answer, with markers.
    Chunk(String),
    /// The answer is complete. Nothing comes after it.
    Done(Box<Answer>),
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The whole text, the chunks joined.
    pub text: String,
    /// The whole text as sanitised HTML.
    pub html: String,
    /// The pages it rests on, in the order in which the text cites them; for [`Outcome::Unknown`] the closest pages.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
    /// The answerer that made it.
    pub answerer: AnswererName,
    /// Why the configured answerer was not used; none if it was used.
    pub fallback: Option<String>,
    /// True when an older copy of the manual was used because its host did not answer.
    pub stale_manual: bool,
    /// True when the answer was made while the manual was still being embedded or recognized. It is not cached: the
    /// same question may soon have a better answer.
    pub provisional: bool,
    /// Scanned pages of the manual that are not recognized yet.
    pub pages_pending: u32,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// The manual answers the question.
    Answered,
    /// The manual has passages that may answer; the answer quotes them.
    Likely,
    /// The manual does not answer the question.
    Unknown,
    /// There is no manual: the catalog has none (`none`), or it could not be loaded.
    NoManual {
        /// `none`, or the code of the error that the manual's loader reports.
        code: &'static str,
        /// The sentence for the customer.
        words: String,
    },
}

impl Outcome {
    /// The value of the metric label.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }
}

/// The component that makes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AnswererName {
    /// Sentences of the manual, quoted.
    Extractive,
    /// A language model that gets passages of the manual.
    Llm,
}

impl AnswererName {
    /// The value on the wire and of the metric label.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
