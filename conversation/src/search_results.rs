//! Search results in the form of the wire.

use std::sync::Arc;

use hsc_catalogs::{Catalog, Found, Named, Product};
use serde_json::value::RawValue;

use crate::protocol::{
    DetectedProduct, Highlight, LeanBrand, LeanPrediction, LeanProduct, Prediction,
    PredictionContext, Understood, WholePrediction,
};

/// The results, best first.
pub fn predictions(catalog: &Catalog, found: &[Found<'_>], compact: bool) -> Vec<Prediction> {
    found
        .iter()
        .map(|hit| {
            let matched =
                if compact { hit.matched.iter().map(highlight).collect() } else { Vec::new() };
            prediction(catalog, hit.product, hit.confidence, hit.match_text(), matched, compact)
        })
        .collect()
}

/// The meaning of a text.
pub(super) fn understood(
    catalog: &Catalog,
    read: hsc_catalogs::Understood<'_>,
    compact: bool,
) -> Understood {
    let detected = |named: Named<'_>| DetectedProduct {
        product: lean(named.product),
        brand: lean_brand(named.product),
        confidence: named.confidence,
        question: named.question,
    };
    Understood {
        data: predictions(catalog, &read.found, compact),
        detected: read.detected.map(detected),
        corrected: read.corrected,
    }
}

/// The products whose manuals may answer for a product without a manual.
pub fn owners(catalog: &Catalog, product: &Product) -> Vec<Arc<Product>> {
    if product.documentation.is_some() {
        return Vec::new();
    }
    catalog.owners(product).into_iter().cloned().collect()
}

/// A sample of the catalog for empty text. Nothing matched, so confidence is 0.
pub(super) fn sample(catalog: &Catalog, limit: usize, compact: bool) -> Vec<Prediction> {
    catalog
        .sample(limit)
        .into_iter()
        .map(|product| prediction(catalog, product, 0, String::new(), Vec::new(), compact))
        .collect()
}

/// The `brand_identity` of a product's brand; `{}` if its catalog has none.
pub fn brand_json(catalog: &Catalog, product: &Product) -> Box<RawValue> {
    raw(brand_entry(catalog, product).to_owned())
}

/// A product's catalog entry with the `brand_identity` of its brand.
pub fn whole_entry(catalog: &Catalog, product: &Product) -> Box<RawValue> {
    raw(with_brand(product.entry.as_raw(), brand_entry(catalog, product)))
}

fn brand_entry<'a>(catalog: &'a Catalog, product: &Product) -> &'a str {
    catalog.brand(&product.brand_id).map_or("{}", |brand| brand.entry.as_raw())
}

fn prediction(
    catalog: &Catalog,
    product: &Product,
    confidence: u8,
    match_text: String,
    matched: Vec<Highlight>,
    compact: bool,
) -> Prediction {
    if compact {
        return Prediction::Lean(LeanPrediction {
            product: lean(product),
            brand: lean_brand(product),
            confidence,
            match_text,
            matched,
        });
    }
    Prediction::Whole(WholePrediction {
        product: whole_entry(catalog, product),
        brand: brand_json(catalog, product),
        context: PredictionContext { related_items: catalog.related_items(product) },
        confidence,
        match_text,
    })
}

fn lean(product: &Product) -> LeanProduct {
    LeanProduct {
        id: product.id.clone(),
        name: product.name.clone(),
        brand: product.brand_id.clone(),
        category: product.category.clone(),
        manual: product.documentation.is_some(),
    }
}

fn lean_brand(product: &Product) -> LeanBrand {
    LeanBrand { id: product.brand_id.clone(), name: product.brand_name.clone() }
}

/// The entry with `brand_identity` added as its last field. Both are JSON objects already, so a
/// keystroke parses nothing.
fn with_brand(entry: &str, brand: &str) -> String {
    let inner = entry.trim_end().strip_suffix('}').unwrap_or("{").trim_end();
    let comma = if inner.ends_with('{') { "" } else { "," };
    format!("{inner}{comma}\"brand_identity\":{brand}}}")
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("a catalog entry is kept as the JSON it was parsed from")
}

fn highlight(matched: &hsc_catalogs::search::Matched) -> Highlight {
    Highlight { field: matched.field.into(), start: matched.start, end: matched.end }
}

#[cfg(test)]
mod tests {
    use super::with_brand;

    #[test]
    fn the_brand_is_the_last_field_of_the_entry() {
        assert_eq!(with_brand(r#"{"id":"a"}"#, "{}"), r#"{"id":"a","brand_identity":{}}"#);
        assert_eq!(with_brand("{ }", r#"{"id":"b"}"#), r#"{"brand_identity":{"id":"b"}}"#);
    }
}
