//! The catalog: everything that is sold, found by id and by typing. Immutable once built.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Accessory, Brand, Product};
use crate::search::{Document, Field, Index, Matched};

/// An immutable catalog. Searching takes no lock.
pub struct Catalog {
    products: Vec<Arc<Product>>,
    by_id: HashMap<Arc<str>, u32>,
    brands: Vec<Arc<Brand>>,
    by_brand: HashMap<Arc<str>, (usize, usize)>,
    index: Index,
    origins: Origins,
    version: String,
}

/// The files that a catalog came from.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    /// The file of each product, in their order.
    pub(crate) products: Vec<Arc<str>>,
    /// The file that tells of each brand, by its id.
    pub(crate) brands: HashMap<Arc<str>, Arc<str>>,
}

/// A product that was found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The product.
    pub product: &'a Arc<Product>,
    /// 0 to 100.
    pub confidence: u8,
    /// What matched, for highlighting.
    pub matched: Vec<Matched>,
}

impl Found<'_> {
    /// The text of the field that matched most, the name where nothing is marked.
    #[must_use]
    pub fn match_text(&self) -> String {
        let widest = self.matched.iter().max_by_key(|matched| matched.end - matched.start);
        let text = match widest.map(|matched| &matched.field) {
            Some(Field::Model) => self.product.model.as_deref(),
            Some(Field::Brand) => Some(&*self.product.brand_name),
            Some(Field::Category) => Some(&*self.product.category),
            Some(Field::Id) => Some(&*self.product.id),
            Some(Field::Alias(at)) => {
                self.product.aliases.get(usize::from(*at)).map(String::as_str)
            }
            Some(Field::Name) | None => None,
        };
        text.unwrap_or(&self.product.name).to_owned()
    }
}

impl Catalog {
    /// Builds the catalog and its search index.
    pub(crate) fn new(
        mut brands: Vec<Arc<Brand>>,
        products: Vec<Product>,
        origins: Origins,
        version: String,
    ) -> Self {
        let products: Vec<Arc<Product>> = products.into_iter().map(Arc::new).collect();
        brands.sort_by(|a, b| {
            a.name.to_lowercase().cmp(&b.name.to_lowercase()).then_with(|| a.id.cmp(&b.id))
        });
        let mut by_brand: HashMap<Arc<str>, (usize, usize)> =
            brands.iter().enumerate().map(|(at, brand)| (brand.id.clone(), (at, 0))).collect();
        for product in &products {
            if let Some((_, count)) = by_brand.get_mut(&product.brand_id) {
                *count += 1;
            }
        }
        let index = Index::build(products.iter().map(|product| Document {
            id: &product.id,
            name: &product.name,
            brand_id: &product.brand_id,
            brand: &product.brand_name,
            category: &product.category,
            model: product.model.as_deref(),
            aliases: &product.aliases,
        }));
        let by_id = (0..).zip(&products).map(|(at, product)| (product.id.clone(), at)).collect();
        Self { products, by_id, brands, by_brand, index, origins, version }
    }

    /// Every product, in the order of the files.
    #[must_use]
    pub fn products(&self) -> &[Arc<Product>] {
        &self.products
    }

    /// Every brand with its number of products, by name.
    pub fn brands(&self) -> impl ExactSizeIterator<Item = (&Arc<Brand>, usize)> {
        self.brands
            .iter()
            .map(|brand| (brand, self.by_brand.get(&brand.id).map_or(0, |(_, count)| *count)))
    }

    /// The product with this id.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<&Arc<Product>> {
        self.by_id.get(id).map(|at| &self.products[*at as usize])
    }

    /// The brand with this id.
    #[must_use]
    pub fn brand(&self, id: &str) -> Option<&Arc<Brand>> {
        self.by_brand.get(id).map(|(at, _)| &self.brands[*at])
    }

    /// The file that the product with this id came from.
    #[must_use]
    pub fn file_of_product(&self, id: &str) -> Option<&str> {
        let at = *self.by_id.get(id)? as usize;
        self.origins.products.get(at).map(|file| &**file)
    }

    /// The file that tells of the brand with this id, or the first that has a product of it.
    #[must_use]
    pub fn file_of_brand(&self, id: &str) -> Option<&str> {
        self.origins.brands.get(id).map(|file| &**file)
    }

    /// Content hash of the files it was loaded from: equal where they are.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The index, for those who measure it.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What a customer means by these letters, best first.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize) -> Vec<Found<'_>> {
        self.index
            .search(query, limit)
            .into_iter()
            .map(|hit| Found {
                product: &self.products[hit.document as usize],
                confidence: hit.confidence,
                matched: hit.matched,
            })
            .collect()
    }

    /// A sample of at most `limit` products, the same each time: those with a manual first, each group
    /// evenly spread over the catalog and so over its brands.
    #[must_use]
    pub fn sample(&self, limit: usize) -> Vec<&Arc<Product>> {
        let (with_manual, without): (Vec<_>, Vec<_>) =
            self.products.iter().partition(|product| product.documentation.is_some());
        let mut sample = spread(&with_manual, limit);
        sample.extend(spread(&without, limit - sample.len()));
        sample
    }

    /// A product's related products, as the wire shows them.
    #[must_use]
    pub fn related_items(&self, product: &Product) -> Vec<Accessory> {
        product
            .relationships
            .iter()
            .filter_map(|link| self.product(&link.target_id).map(|other| (link, other)))
            .map(|(link, other)| Accessory {
                id: other.id.to_string(),
                name: other.name.to_string(),
                category: other.category.to_string(),
                production_country: other
                    .production_country
                    .as_deref()
                    .unwrap_or_default()
                    .to_owned(),
                kind: link.kind.clone(),
                label: link.label.clone().unwrap_or_default(),
                image: image_of(other),
            })
            .collect()
    }
}

/// At most `limit` products, at equal distances.
fn spread<'a>(products: &[&'a Arc<Product>], limit: usize) -> Vec<&'a Arc<Product>> {
    let count = limit.min(products.len());
    (0..count).map(|at| products[at * products.len() / count]).collect()
}

/// The picture of a product: `images.main`, else `images.thumbnail`, else nothing.
fn image_of(product: &Product) -> String {
    let entry = product.entry.to_map();
    let images = entry.get("images");
    let named =
        |name: &str| images.and_then(|images| images.get(name)).and_then(serde_json::Value::as_str);
    named("main").or_else(|| named("thumbnail")).unwrap_or_default().to_owned()
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog")
            .field("products", &self.products.len())
            .field("brands", &self.brands.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
