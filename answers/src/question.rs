//! A question, with everything that its answer depends on.

use hsc_catalogs::{Accessory, Exchange, Product, Scenario};

/// A question about one product.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The product it is about.
    pub product: &'a Product,
    /// Its related products, from which `[SUGGESTION: …]` may be taken.
    pub related: &'a [Accessory],
    /// The customer's words.
    pub text: &'a str,
    /// The questions about the same product before this one and their answers, the newest last. They complete a
    /// follow-up such as `and how often?`.
    pub previous: &'a [Exchange],
    /// How the customer uses the product.
    pub scenario: Scenario,
    /// True when a picture came along. The manual's own words cannot answer it, and the answer says so.
    pub has_image: bool,
    /// The customer's language as a locale, e.g. `he-IL`, where the client said it.
    pub locale: Option<&'a str>,
}
