//! The HTML report: one file that needs nothing else, no script, light or dark as its reader likes.

mod chart;
mod page;

pub use page::html;
