//! The HTML report: one self-contained file without scripts, in light and dark.

mod chart;
mod page;

pub use page::html;
