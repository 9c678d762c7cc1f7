//! A question about one product and what becomes of it while it is answered: data, no calls.

use std::sync::Arc;

use hsc_catalogs::{Accessory, Citation, Documentation, Exchange, Product, Scenario};
use serde::{Deserialize, Serialize};

use crate::ClientKey;
use crate::protocol::Image;

/// Which manual is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ManualRequest {
    /// Where it is. Two products that share a manual share this, and so share one load.
    pub documentation: Documentation,
}

/// Who causes a question to be answered: what limits on answers count by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// The conversation it belongs to; none for a cached answer that is renewed in the background.
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
    pub asker: Requester,
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
        /// `none`, or the code of the error that the manual's loader reports.
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
