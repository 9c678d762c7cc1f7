//! Converts a CSV table of products into catalog files, one per brand.
//!
//! `header` maps columns, `row` converts a row into a product or reports what is wrong with
//! it, `table` reads the file and groups products by brand. Valid rows are kept independent of the
//! others; an invalid one is reported by line and column.

mod header;
mod row;
mod table;

pub use table::{BrandFile, ImportError, ImportReport, RowProblem, import};
