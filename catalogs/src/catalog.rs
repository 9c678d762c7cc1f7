//! The catalog: everything that is sold, found by id and by typing. Immutable once built.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::model::{Accessory, Brand, Product};
use crate::search::description::{Described, DescriptionIndex, manuals_first, understand};
use crate::search::{Document, Field, Hit, Index, Matched};

/// An immutable catalog. Searching takes no lock.
pub struct Catalog {
    products: Vec<Arc<Product>>,
    by_id: HashMap<Arc<str>, u32>,
    brands: Vec<Arc<Brand>>,
    by_brand: HashMap<Arc<str>, (usize, usize)>,
    index: Index,
    /// Built beside everything else, so that a start or a reload does not wait for it.
    descriptions: Arc<OnceLock<DescriptionIndex>>,
    /// For each product that others link to, those others.
    named_by: HashMap<Arc<str>, Vec<u32>>,
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
    /// In the catalog that was searched.
    pub product: &'a Arc<Product>,
    /// 0 to 100.
    pub confidence: u8,
    /// What matched, for highlighting.
    pub matched: Vec<Matched>,
}

/// What a whole text means, once typing pauses.
#[derive(Debug, Clone)]
pub struct Understood<'a> {
    /// The products, best first.
    pub found: Vec<Found<'a>>,
    /// The product that the text names, where that is sure.
    pub detected: Option<Named<'a>>,
    /// The text as it was meant, where it was typed with another keyboard layout.
    pub corrected: Option<String>,
}

/// A product that a text names, and what else the text says.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// In the catalog that was searched.
    pub product: &'a Arc<Product>,
    /// 0 to 100.
    pub confidence: u8,
    /// The text without the name; empty where it says nothing else.
    pub question: String,
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
        let index = Index::build(products.iter().map(|product| document(product)));
        let by_id = (0..).zip(&products).map(|(at, product)| (product.id.clone(), at)).collect();
        let descriptions = describe_beside(&products);
        let mut named_by: HashMap<Arc<str>, Vec<u32>> = HashMap::new();
        for (at, product) in (0..).zip(&products) {
            for link in &product.relationships {
                named_by.entry(link.target_id.clone()).or_default().push(at);
            }
        }
        Self { products, by_id, brands, by_brand, index, descriptions, named_by, origins, version }
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

    /// What a customer means by these letters, best first. Between equal matches a product with a manual comes
    /// first.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize) -> Vec<Found<'_>> {
        let has_manual = |document: u32| self.products[document as usize].documentation.is_some();
        let hits = manuals_first(self.index.search(query, limit), has_manual);
        hits.into_iter().map(|hit| self.found(hit)).collect()
    }

    /// What a customer means by a whole text: a question about a product, a kind, a description. Costs more than
    /// [`Catalog::search`], so it is called when typing pauses. `similarity` is what a sentence encoder says: a
    /// number from 0 to 1 for each product in the order of [`Catalog::products`].
    ///
    /// In the first moments of a catalog, until its words are read, the letters decide alone. [`Catalog::prepare`]
    /// waits for that.
    #[must_use]
    pub fn understand(
        &self,
        text: &str,
        limit: usize,
        similarity: Option<&[f32]>,
    ) -> Understood<'_> {
        let Some(descriptions) = self.descriptions.get() else {
            let found = self.search(text, limit);
            return Understood { found, detected: None, corrected: None };
        };
        let read = understand(&self.index, descriptions, text, limit, similarity);
        Understood {
            found: read.hits.into_iter().map(|hit| self.found(hit)).collect(),
            detected: read.detected.map(|detected| Named {
                product: &self.products[detected.document as usize],
                confidence: detected.confidence,
                question: detected.question,
            }),
            corrected: read.corrected,
        }
    }

    /// Waits until [`Catalog::understand`] reads words. For commands and tests; a server does not wait.
    pub fn prepare(&self) {
        self.descriptions.get_or_init(|| describe(&self.products));
    }

    fn found(&self, hit: Hit) -> Found<'_> {
        Found {
            product: &self.products[hit.document as usize],
            confidence: hit.confidence,
            matched: hit.matched,
        }
    }

    /// The products that this one belongs to: those that it names as related and those that name it, with a
    /// manual, its own links first.
    #[must_use]
    pub fn owners(&self, product: &Product) -> Vec<&Arc<Product>> {
        let named = product.relationships.iter().filter_map(|link| self.product(&link.target_id));
        let naming = self
            .named_by
            .get(&product.id)
            .into_iter()
            .flatten()
            .map(|&at| &self.products[at as usize]);
        let mut owners: Vec<&Arc<Product>> = Vec::new();
        for owner in named.chain(naming) {
            let is_known = owners.iter().any(|known| known.id == owner.id);
            if owner.documentation.is_some() && owner.id != product.id && !is_known {
                owners.push(owner);
            }
        }
        owners
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

/// Reads the words of all products on a thread of its own.
fn describe_beside(products: &[Arc<Product>]) -> Arc<OnceLock<DescriptionIndex>> {
    let descriptions = Arc::new(OnceLock::new());
    let (mine, of_thread) = (Arc::clone(&descriptions), products.to_vec());
    let thread = std::thread::Builder::new().name("descriptions".to_owned());
    let begun = thread.spawn(move || {
        mine.get_or_init(|| describe(&of_thread));
    });
    if begun.is_err() {
        // No thread is to be had: late words are better than none.
        descriptions.get_or_init(|| describe(products));
    }
    descriptions
}

fn describe(products: &[Arc<Product>]) -> DescriptionIndex {
    let texts: Vec<String> = products.iter().map(|product| description(product)).collect();
    DescriptionIndex::build(products.iter().zip(&texts).map(|(product, text)| Described {
        document: document(product),
        description: text,
        has_manual: product.documentation.is_some(),
    }))
}

/// A product as the search of letters sees it.
fn document(product: &Product) -> Document<'_> {
    Document {
        id: &product.id,
        name: &product.name,
        brand_id: &product.brand_id,
        brand: &product.brand_name,
        category: &product.category,
        model: product.model.as_deref(),
        aliases: &product.aliases,
    }
}

/// What the catalog says about a product; empty where it says nothing.
fn description(product: &Product) -> String {
    #[derive(serde::Deserialize)]
    struct Says {
        #[serde(default)]
        description: serde_json::Value,
    }
    let says = serde_json::from_str::<Says>(product.entry.as_raw());
    match says.map(|says| says.description) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
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
