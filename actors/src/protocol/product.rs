//! Everything the catalog knows of one product, as `GET /api/products/{id}` tells it.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::PredictionContext;

/// One product.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneProduct {
    /// The catalog entry as it is, `brand_identity` added.
    #[schema(value_type = Object)]
    pub product: Box<RawValue>,
    /// The `brand_identity`.
    #[schema(value_type = Object)]
    pub brand: Box<RawValue>,
    /// Its related products.
    pub context: PredictionContext,
    /// Its manual, where the catalog has one.
    pub manual: Option<ManualLink>,
}

/// Where a manual is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManualLink {
    /// Its address on this server; `#page=N` opens page N.
    pub url: String,
    /// `pdf` or `html`, as the catalog says.
    #[serde(rename = "type")]
    pub kind: &'static str,
}
