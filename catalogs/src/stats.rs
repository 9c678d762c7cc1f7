//! Counts of a catalog.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{Catalog, DocumentationKind, Product};

/// The counts of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Brands, including those without a product.
    pub brands: usize,
    /// Products of all brands.
    pub products: usize,
    /// Products with a manual.
    pub with_manual: usize,
    /// Of these, manuals that are PDF files; the others are web pages.
    pub pdf_manuals: usize,
    /// Links from product to product.
    pub relationships: usize,
    /// Number of products by category.
    pub categories: BTreeMap<String, usize>,
    /// Number of products by language of their names.
    pub languages: BTreeMap<String, usize>,
    /// The same per brand, in name order.
    pub per_brand: Vec<BrandStats>,
}

/// The counts of a brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrandStats {
    /// Id of the brand.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Products of this brand.
    pub products: usize,
    /// Products with a manual.
    pub with_manual: usize,
    /// Links of its products.
    pub relationships: usize,
}

impl Stats {
    /// Counts a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let mut categories = BTreeMap::new();
        let mut languages = BTreeMap::new();
        let mut per_brand: Vec<BrandStats> = catalog
            .brands()
            .map(|(brand, products)| BrandStats {
                id: brand.id.to_string(),
                name: brand.name.to_string(),
                products,
                with_manual: 0,
                relationships: 0,
            })
            .collect();
        let at: BTreeMap<String, usize> =
            per_brand.iter().enumerate().map(|(at, brand)| (brand.id.clone(), at)).collect();
        let mut pdf_manuals = 0;
        for product in catalog.products() {
            if !product.category.is_empty() {
                *categories.entry(product.category.to_string()).or_default() += 1;
            }
            for language in languages_of(product) {
                *languages.entry(language).or_default() += 1;
            }
            if let Some(documentation) = &product.documentation {
                pdf_manuals += usize::from(documentation.kind == DocumentationKind::Pdf);
            }
            if let Some(at) = at.get(&*product.brand_id) {
                per_brand[*at].with_manual += usize::from(product.documentation.is_some());
                per_brand[*at].relationships += product.relationships.len();
            }
        }
        Self {
            brands: per_brand.len(),
            products: catalog.products().len(),
            with_manual: per_brand.iter().map(|brand| brand.with_manual).sum(),
            pdf_manuals,
            relationships: per_brand.iter().map(|brand| brand.relationships).sum(),
            categories,
            languages,
            per_brand,
        }
    }
}

/// The languages of a product's names: keys of `names`, endings of `name_xx`.
fn languages_of(product: &Product) -> Vec<String> {
    let entry = product.entry.to_map();
    let marked = entry
        .keys()
        .filter(|field| field.len() == 7)
        .filter_map(|field| field.strip_prefix("name_"));
    let mut languages: Vec<String> = marked.map(str::to_owned).collect();
    if let Some(names) = entry.get("names").and_then(Value::as_object) {
        languages.extend(names.keys().cloned());
    }
    languages.sort();
    languages.dedup();
    languages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_files;

    #[test]
    fn a_catalog_is_counted_by_brand_and_language() {
        let text = r#"{"brand_identity":{"id":"a","name":"A"},"products":[
            {"id":"1","name":"One","category":"Pads","names":{"en":"One","he":"אחת"},"documentation":{"type":"pdf","url":"https://a.example/1.pdf"},
             "relationships":[{"type":"accessory","target_id":"2"}]},
            {"id":"2","name":"Two","name_he":"שתיים","category":"Pads"}]}"#;
        let stats = Stats::of(&load_files([("a.json", text)]).catalog);
        assert_eq!(
            (
                stats.brands,
                stats.products,
                stats.with_manual,
                stats.pdf_manuals,
                stats.relationships
            ),
            (1, 2, 1, 1, 1)
        );
        assert_eq!(stats.languages, BTreeMap::from([("en".to_owned(), 1), ("he".to_owned(), 2)]));
        assert_eq!(stats.categories, BTreeMap::from([("Pads".to_owned(), 2)]));
        assert_eq!(stats.per_brand[0].relationships, 1);
    }
}
