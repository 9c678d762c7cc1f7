//! A brand and a product of a catalog file.
//!
//! The fields that the server uses are typed; the whole entry is stored unchanged, so
//! that a client gets every field of its catalog, including unknown ones.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// A maker of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Brand {
    /// Stable id, e.g. `roland`.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// The whole `brand_identity` entry of the file.
    pub entry: Entry,
}

/// One product of a catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Stable id, unique over all catalogs.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// Id of its brand.
    pub brand_id: Arc<str>,
    /// Name of its brand.
    pub brand_name: Arc<str>,
    /// Category; may be empty.
    pub category: Arc<str>,
    /// Model number, if the catalog has one.
    pub model: Option<Arc<str>>,
    /// Names in other languages or scripts (`names` of the entry), searched like the name.
    pub aliases: Vec<String>,
    /// Country of production, as in the catalog.
    pub production_country: Option<Arc<str>>,
    /// Its manual, if there is one.
    pub documentation: Option<Documentation>,
    /// Links to other products, without dangling ones.
    pub relationships: Vec<Relationship>,
    /// The whole entry of the file.
    pub entry: Entry,
}

/// The location of a product's manual.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Documentation {
    /// PDF or HTML.
    pub kind: DocumentationKind,
    /// An http(s) address, or a path below the catalog folder.
    pub url: String,
    /// A second address, used when the first fails.
    pub backup_url: Option<String>,
}

/// The format of a manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentationKind {
    /// A PDF file.
    Pdf,
    /// A web page (`html`, and the older `html_scrape`).
    Html,
}

impl DocumentationKind {
    /// The format that an address suggests; a PDF unless it names a web page.
    pub(crate) fn of_address(url: &str) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
        if path.ends_with(".html") || path.ends_with(".htm") || path.ends_with('/') {
            Self::Html
        } else {
            Self::Pdf
        }
    }
}

/// A link from one product to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Kind of link in the catalog, e.g. `accessory`.
    pub kind: String,
    /// Id of the other product.
    pub target_id: Arc<str>,
    /// Label of the link in the catalog, e.g. `Recommended stand`.
    pub label: Option<String>,
}

/// A related product as sent to clients (`related_items`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Accessory {
    /// Id of the related product.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Its category; may be empty.
    pub category: String,
    /// Country of production; may be empty.
    pub production_country: String,
    /// Kind of link, e.g. `accessory`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Label of the link in the catalog.
    pub label: String,
    /// Address of its picture; may be empty.
    pub image: String,
}

/// A JSON object stored as text: small in memory, sent to clients without being parsed again, and
/// with every field of its file, including unknown ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry(Arc<str>);

impl Entry {
    /// Serialises a map.
    pub fn from_map(map: &Map<String, Value>) -> Self {
        Self(serde_json::to_string(map).expect("a JSON map is JSON").into())
    }

    /// The JSON text, always one object.
    pub fn as_raw(&self) -> &str {
        &self.0
    }

    /// The parsed object.
    pub fn to_map(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).expect("an entry was made from a JSON map")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
