//! Products and manuals as plain data.
//!
//! Nothing here loads, fetches, searches or answers.

mod manual;
mod product;
mod question;

pub use manual::{
    Block, Citation, Heading, Manual, ManualFormat, ManualSource, PICTURE_MARK, Page, Passage,
};
pub use product::{
    Accessory, Brand, Documentation, DocumentationKind, Entry, Product, Relationship,
};
pub use question::{Exchange, Scenario, Suggestion, language_of};
