//! Brands, products and manuals as data, and search as you type over them.
//!
//! A plain library: it knows no actor, no socket, no runtime and no log. Loading returns what was
//! loaded beside what was wrong with it; whoever called counts and logs.
//!
//! - [`model`]: what is sold and read, as data. `Product`, `Brand`, `Manual`, `Page`, `Passage`.
//! - [`load`]: catalog files into a [`Catalog`], and what was wrong with them.
//! - [`search`]: search as you type.
//! - [`import`]: a CSV table into catalog files.
//! - [`generate`]: invented catalogs of any size, for measuring and trying out.
//! - [`language_of`]: the language of a locale.
//! - [`Snapshot`]: the catalog of this moment, swapped atomically by a reload.

mod catalog;
pub mod generate;
pub mod import;
mod language;
pub mod load;
pub mod model;
pub mod search;
mod snapshot;
mod stats;

pub use catalog::{Catalog, Found, Named, Understood};
pub use language::language_of;
pub use load::{LoadReport, Problem, Severity, Trial, load_dir, load_dir_with, load_files};
pub use model::{
    Accessory, Block, Brand, Citation, Documentation, DocumentationKind, Entry, Exchange, Heading,
    Manual, ManualFormat, ManualSource, PICTURE_MARK, Page, Passage, Product, Relationship,
    Scenario, Suggestion,
};
pub use snapshot::{ReloadOutcome, Snapshot};
pub use stats::{BrandStats, Stats};

/// A name as an id: lower case, whatever is no letter or digit as one dash.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
