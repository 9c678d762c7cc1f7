//! What a keystroke is answered with.
//!
//! A part-1 client gets the whole catalog entry; a client that said `compact` gets what a list on
//! the screen needs and no more, because this is the message that is sent most.

use hsc_catalogs::Accessory;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The answer to a keystroke, best first.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PredictionData {
    /// Made just now.
    Made(Vec<Prediction>),
    /// The same as JSON, made once and sent to many.
    Ready(std::sync::Arc<RawValue>),
}

/// One predicted product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Prediction {
    /// Part 1: everything the catalog knows.
    Whole {
        /// The catalog entry as it is, `brand_identity` added.
        #[schema(value_type = Object)]
        product: Box<RawValue>,
        /// The `brand_identity`.
        #[schema(value_type = Object)]
        brand: Box<RawValue>,
        /// Its related products.
        context: PredictionContext,
        /// 0 to 100.
        confidence: u8,
        /// The text that matched.
        match_text: String,
    },
    /// Part 2, `compact`.
    Lean {
        /// What a list needs.
        product: LeanProduct,
        /// Its brand.
        brand: LeanBrand,
        /// 0 to 100.
        confidence: u8,
        /// The text that matched.
        match_text: String,
        /// Where it matched.
        matched: Vec<Highlight>,
    },
}

/// `context` of a prediction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PredictionContext {
    /// Related products.
    pub related_items: Vec<Accessory>,
}

/// `context` under its wire name.
pub type Context = PredictionContext;

/// A product in few words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanProduct {
    /// Id.
    #[schema(value_type = String)]
    pub id: std::sync::Arc<str>,
    /// Name.
    #[schema(value_type = String)]
    pub name: std::sync::Arc<str>,
    /// Id of its brand.
    #[schema(value_type = String)]
    pub brand: std::sync::Arc<str>,
    /// Category.
    #[schema(value_type = String)]
    pub category: std::sync::Arc<str>,
    /// True where the catalog has a manual for it.
    pub manual: bool,
}

/// A brand in few words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanBrand {
    /// Id.
    #[schema(value_type = String)]
    pub id: std::sync::Arc<str>,
    /// Name.
    #[schema(value_type = String)]
    pub name: std::sync::Arc<str>,
}

/// A range of characters (Unicode scalar values, end excluded) that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlight {
    /// `name`, `model`, `brand`, `category`, `id` or `alias`.
    pub field: &'static str,
    /// First character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}
