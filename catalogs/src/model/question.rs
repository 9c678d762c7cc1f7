//! What surrounds a question about a product: how the product is used, the turns before it, and the questions that a
//! manual suggests.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a customer uses the product; an answer may weigh it.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum Scenario {
    /// No special use.
    #[default]
    General,
    /// Recording in a studio.
    Studio,
    /// A performance on stage.
    Live,
}

impl Scenario {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A question and its answer, each cut short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The visitor's words.
    pub question: String,
    /// The answer; empty where there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// A question that may be suggested to a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// As it is sent when a visitor chooses it.
    pub text: String,
    /// The pages that should answer it, from the first to the last.
    pub pages: (u32, u32),
}
