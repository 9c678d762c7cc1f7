//! The catalog: all products, found by id and by search. Immutable once built.

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
    /// Built in the background, so that neither a start nor a reload waits for it.
    descriptions: Arc<OnceLock<DescriptionIndex>>,
    /// For each product that is the target of links, the linking products.
    named_by: HashMap<Arc<str>, Vec<u32>>,
    origins: Origins,
    version: String,
}

/// The files of a catalog.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    /// The file of each product, in product order.
    pub(crate) products: Vec<Arc<str>>,
    /// The file that defines each brand, by its id.
    pub(crate) brands: HashMap<Arc<str>, Arc<str>>,
}

/// A search result.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The product.
    pub product: &'a Arc<Product>,
    /// 0 to 100.
    pub confidence: u8,
    /// Matched ranges, for highlighting.
    pub matched: Vec<Matched>,
}

/// The interpretation of a whole text, once typing pauses.
#[derive(Debug, Clone)]
pub struct Understood<'a> {
    /// The products, best first.
    pub found: Vec<Found<'a>>,
    /// The product that the text names, if that is certain enough.
    pub detected: Option<Named<'a>>,
    /// The corrected text, if it was typed with another keyboard layout.
    pub corrected: Option<String>,
}

/// A product that a text names, and the rest of the text.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// The product.
    pub product: &'a Arc<Product>,
    /// 0 to 100.
    pub confidence: u8,
    /// The text without the name; empty if nothing is left.
    pub question: String,
}

impl Found<'_> {
    /// The text of the field that matched most; the name if nothing is marked.
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
            Some(Field::Name | Field::BrandId) | None => None,
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
        let mut products: Vec<Arc<Product>> = products.into_iter().map(Arc::new).collect();
        // Collected in place: the allocation of the products themselves would stay.
        products.shrink_to_fit();
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
    pub fn products(&self) -> &[Arc<Product>] {
        &self.products
    }

    /// Every brand with its number of products, in name order.
    pub fn brands(&self) -> impl ExactSizeIterator<Item = (&Arc<Brand>, usize)> {
        self.brands
            .iter()
            .map(|brand| (brand, self.by_brand.get(&brand.id).map_or(0, |(_, count)| *count)))
    }

    /// The product with this id.
    pub fn product(&self, id: &str) -> Option<&Arc<Product>> {
        self.by_id.get(id).map(|at| &self.products[*at as usize])
    }

    /// The brand with this id.
    pub fn brand(&self, id: &str) -> Option<&Arc<Brand>> {
        self.by_brand.get(id).map(|(at, _)| &self.brands[*at])
    }

    /// The file that the product with this id came from.
    pub fn file_of_product(&self, id: &str) -> Option<&str> {
        let at = *self.by_id.get(id)? as usize;
        self.origins.products.get(at).map(|file| &**file)
    }

    /// The file that defines the brand with this id, or the first one with a product of it.
    pub fn file_of_brand(&self, id: &str) -> Option<&str> {
        self.origins.brands.get(id).map(|file| &**file)
    }

    /// Content hash of the source files.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The index, for benchmarks.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The products that best match a partial input, best first. Between equal matches a product with a
    /// manual comes first.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Found<'_>> {
        let has_manual = |document: u32| self.products[document as usize].documentation.is_some();
        let hits = manuals_first(self.index.search(query, limit), has_manual);
        hits.into_iter().map(|hit| self.found(hit)).collect()
    }

    /// The products that a whole text is about: a question about a product, a kind, a description. More expensive than
    /// [`Catalog::search`], so it is called when typing pauses. `similarity` is the score of a sentence encoder: a
    /// number from 0 to 1 for each product in the order of [`Catalog::products`].
    ///
    /// Right after a load, until the index of descriptions is built, only the letter search is used.
    /// [`Catalog::prepare`] waits for that index.
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

    /// Waits until [`Catalog::understand`] can use descriptions. For commands and tests; a server does not wait.
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

    /// The products that this one belongs to: the targets and sources of its links that have a
    /// manual, its own links first.
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

    /// A deterministic sample of at most `limit` products: those with a manual first, each group
    /// evenly spread over the catalog and so over its brands.
    pub fn sample(&self, limit: usize) -> Vec<&Arc<Product>> {
        let (with_manual, without): (Vec<_>, Vec<_>) =
            self.products.iter().partition(|product| product.documentation.is_some());
        let mut sample = spread(&with_manual, limit);
        sample.extend(spread(&without, limit - sample.len()));
        sample
    }

    /// A product's related products, as sent to clients.
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

/// Builds the index of descriptions on a thread of its own.
fn describe_beside(products: &[Arc<Product>]) -> Arc<OnceLock<DescriptionIndex>> {
    let descriptions = Arc::new(OnceLock::new());
    let (mine, of_thread) = (Arc::clone(&descriptions), products.to_vec());
    let thread = std::thread::Builder::new().name("descriptions".to_owned());
    let begun = thread.spawn(move || {
        mine.get_or_init(|| describe(&of_thread));
    });
    if begun.is_err() {
        // Without a thread it is built here: a delay is better than no descriptions.
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

/// A product as a document of the letter search.
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

/// The catalog's description of a product; may be empty.
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

/// At most `limit` products, evenly spread.
fn spread<'a>(products: &[&'a Arc<Product>], limit: usize) -> Vec<&'a Arc<Product>> {
    let count = limit.min(products.len());
    (0..count).map(|at| products[at * products.len() / count]).collect()
}

/// The picture of a product: `images.main`, else `images.thumbnail`, else empty.
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
