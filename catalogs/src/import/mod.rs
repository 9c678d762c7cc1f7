//! A CSV table of products into catalog files, a file a brand.
//!
//! `header` knows which column is which, `row` turns a row into a product or says what is wrong with
//! it, `table` reads the file and sorts products by brand. Good rows are kept whatever the others
//! are like; a bad one is named by line and column.

mod header;
mod row;
mod table;

pub use table::{BrandFile, ImportError, ImportReport, RowProblem, import};
