//! A brand and a product as a catalog file gives them.
//!
//! The fields the server works with are typed; the whole entry is kept beside them as it came, so
//! that a client gets every field of its catalog, also those this server has never heard of.

use std::sync::Arc;

use super::Entry;

/// A maker of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Brand {
    /// Stable id, e.g. `roland`.
    pub id: Arc<str>,
    /// The name a customer reads.
    pub name: Arc<str>,
    /// The whole `brand_identity` entry as it stood in the file.
    pub entry: Entry,
}

/// One product of a catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Stable id, unique over all catalogs.
    pub id: Arc<str>,
    /// The name a customer reads.
    pub name: Arc<str>,
    /// Id of its brand.
    pub brand_id: Arc<str>,
    /// Name of its brand.
    pub brand_name: Arc<str>,
    /// Category, empty where the catalog gives none.
    pub category: Arc<str>,
    /// Model number, where the catalog gives one.
    pub model: Option<Arc<str>>,
    /// Names in other languages or scripts (`names` of the entry), searched like the name.
    pub aliases: Vec<String>,
    /// Where it is made, as the catalog says it.
    pub production_country: Option<Arc<str>>,
    /// Its manual, where there is one.
    pub documentation: Option<Documentation>,
    /// Links to other products, dangling ones left out.
    pub relationships: Vec<Relationship>,
    /// The whole entry as it stood in the file.
    pub entry: Entry,
}

/// Where a product's manual is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Documentation {
    /// PDF or HTML.
    pub kind: DocumentationKind,
    /// An http(s) address, or a path below the catalog folder.
    pub url: String,
    /// A second address to try when the first does not answer.
    pub backup_url: Option<String>,
}

/// The form a manual comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentationKind {
    /// A PDF file.
    Pdf,
    /// A web page (`html`, and the older `html_scrape`).
    Html,
}

/// A link from one product to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Kind of link as the catalog names it, e.g. `accessory`.
    pub kind: String,
    /// Id of the other product.
    pub target_id: Arc<str>,
    /// What the catalog calls the link, e.g. `Recommended stand`.
    pub label: Option<String>,
}

/// A related product as the wire shows it (`related_items`), resolved against the catalog.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Accessory {
    /// Id of the related product.
    pub id: String,
    /// As customers read it.
    pub name: String,
    /// Its category, empty where the catalog gives none.
    pub category: String,
    /// Where it is made, empty where the catalog does not say.
    pub production_country: String,
    /// Kind of link, e.g. `accessory`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the catalog calls the link.
    pub label: String,
    /// Address of its picture, empty where there is none.
    pub image: String,
}
