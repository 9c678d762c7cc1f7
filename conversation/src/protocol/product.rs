//! The catalog's data of one product, as `GET /api/products/{id}` returns it.

use hsc_catalogs::{DocumentationKind, Scenario};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::protocol::PredictionContext;

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
    /// Its manual; none if the catalog has none.
    pub manual: Option<ManualLink>,
    /// The scenarios that apply to it, `general` always first.
    pub scenarios: Vec<Scenario>,
}

/// Sections of a product's manual, as `GET /api/products/{id}/sections` returns them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManualSections {
    /// Sections that a customer is likely to ask about, in the order of the manual. Empty if there is no manual, or
    /// if it names no sections.
    pub sections: Vec<ManualSection>,
}

/// A section of a manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ManualSection {
    /// Its heading without the number before it.
    pub title: String,
    /// The page on which it begins.
    pub page: u32,
}

/// Where a manual is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManualLink {
    /// Its address on this server; `#page=N` opens page N.
    pub url: String,
    /// `pdf` or `html`, from the catalog.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: DocumentationKind,
}
