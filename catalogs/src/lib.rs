//! Brands, products and manuals as data, and search as you type.
//!
//! A plain library: it knows no actor, no socket, no runtime and no log. Loading returns the
//! catalog together with its problems; the caller counts and logs.
//!
//! - [`model`]: products and manuals as data. `Product`, `Brand`, `Manual`, `Page`, `Passage`.
//! - [`load`]: catalog files into a [`Catalog`], with a list of their problems.
//! - [`search`]: search as you type.
//! - [`import`]: a CSV table into catalog files.
//! - [`generate`]: synthetic catalogs of any size, for benchmarks and trials.
//! - [`language_of`]: the language of a locale.
//! - [`Snapshot`]: the current catalog, swapped atomically by a reload.

mod catalog;
pub mod generate;
pub mod import;
pub mod load;
pub mod model;
pub mod search;
mod snapshot;
mod stats;

pub use catalog::{Catalog, Found, Named, Understood};
pub use load::{LoadReport, Problem, Severity, Trial, load_dir, load_dir_with, load_files};
pub use model::{
    Accessory, Block, Brand, Citation, Documentation, DocumentationKind, Entry, Exchange, Heading,
    Manual, ManualFormat, ManualSource, PICTURE_MARK, Page, Passage, Product, Relationship,
    Scenario, Suggestion, language_of,
};
pub use snapshot::{ReloadOutcome, Snapshot};
pub use stats::{BrandStats, Stats};

/// A name as an id: lower case, each run of other characters than letters and digits as one dash.
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
