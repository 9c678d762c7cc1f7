//! Brands, products and manuals as data, and search as you type over them.
//!
//! A plain library: it knows no actor, no socket, no runtime and no log. Loading returns what was
//! loaded beside what was wrong with it; whoever called counts and logs.
//!
//! - [`model`]: what is sold and read, as data. `Product`, `Brand`, `Manual`, `Page`, `Passage`.

pub mod model;

pub use model::{
    Accessory, Block, Brand, Citation, Documentation, DocumentationKind, Heading, Manual,
    ManualFormat, ManualSource, Page, Passage, Product, Relationship,
};
