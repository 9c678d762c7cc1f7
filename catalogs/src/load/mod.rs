//! Loads catalog files into a [`Catalog`](crate::Catalog), and reports their problems.
//!
//! Partial success is a value: a bad file or a bad product is reported with file, product, field and
//! reason, and never stops the others. Nothing here logs or counts.

mod file;
mod problem;
mod product;
#[cfg(test)]
mod tests;
mod trial;

pub use file::{LoadReport, load_dir, load_dir_with, load_files};
pub use problem::{Problem, Severity};
pub(crate) use product::ID_CHARS;
pub use trial::Trial;
