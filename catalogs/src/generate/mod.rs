//! Invented catalogs of any size, for measuring and for trying out.
//!
//! A [`Plan`] and its seed decide every byte: the same plan gives the same files on every machine and
//! in every run. Nothing in them is real: brands are put together from syllables.
//!
//! `words` is what things are called, `brand` shares products out and names brands, `product` makes
//! the products of one brand and the links between them, `manual` writes a manual for one of them as
//! Markdown, from which the tool manual-writer makes a PDF.

mod brand;
mod manual;
mod plan;
mod product;
mod words;

pub use plan::{GeneratedFile, Plan, PlanError};
