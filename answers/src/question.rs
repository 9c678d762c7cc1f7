//! A question, with everything that its answer depends on.

use hsc_catalogs::{Accessory, Exchange, Product, Scenario};

/// A question about one product.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The product.
    pub product: &'a Product,
    /// Its related products, the candidates for `[SUGGESTION: …]`.
    pub related: &'a [Accessory],
    /// The customer's words.
    pub text: &'a str,
    /// The previous questions about the same product with their answers, the newest last. They complete a
    /// follow-up such as `and how often?`.
    pub previous: &'a [Exchange],
    /// How the customer uses the product.
    pub scenario: Scenario,
    /// True when a picture was sent. The extractive answer cannot use it, and says so.
    pub has_image: bool,
    /// The customer's locale, e.g. `he-IL`, if the client sent it.
    pub locale: Option<&'a str>,
}
