//! The reply to a keystroke.
//!
//! A part-1 client gets the whole catalog entry; a client that sent `compact` gets only what a list on the screen
//! needs, because this is the most frequent message.

use hsc_catalogs::Accessory;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The reply to a keystroke, best first.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PredictionData {
    /// New predictions.
    Made(Vec<Prediction>),
    /// The same as JSON, made once and sent to many clients.
    Ready(std::sync::Arc<RawValue>),
}

/// One predicted product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Prediction {
    /// For a client of part 1.
    Whole(WholePrediction),
    /// For a client that sent `compact`.
    Lean(LeanPrediction),
}

/// Part 1: the whole catalog entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WholePrediction {
    /// The catalog entry as it is, `brand_identity` added.
    #[schema(value_type = Object)]
    pub product: Box<RawValue>,
    /// The `brand_identity`.
    #[schema(value_type = Object)]
    pub brand: Box<RawValue>,
    /// Its related products.
    pub context: PredictionContext,
    /// 0 to 100.
    pub confidence: u8,
    /// The text that matched.
    pub match_text: String,
}

/// Part 2, `compact`: the fields that a list on the screen needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanPrediction {
    /// Name, model and picture.
    pub product: LeanProduct,
    /// Its brand.
    pub brand: LeanBrand,
    /// 0 to 100.
    pub confidence: u8,
    /// The text that matched.
    pub match_text: String,
    /// Where it matched.
    pub matched: Vec<Highlight>,
}

/// `context` of a prediction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PredictionContext {
    /// Related products.
    pub related_items: Vec<Accessory>,
}

/// `context` under its wire name.
pub type Context = PredictionContext;

/// The short form of a product.
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

/// The short form of a brand.
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
