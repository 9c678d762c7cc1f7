//! Synthetic catalogs of any size, for benchmarks and trials.
//!
//! A [`Plan`] and its seed determine every byte: the same plan gives the same files on every machine.
//! No real names occur: brands are put together from syllables.
//!
//! `words` has the vocabulary, `brand` names brands and makes their products, `manual` writes a manual for one of
//! them as Markdown, from which the tool manual-writer makes a PDF.

mod brand;
mod manual;
mod plan;
mod words;

pub use plan::{GeneratedFile, Plan, PlanError};
