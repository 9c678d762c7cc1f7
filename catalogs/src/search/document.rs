//! The input and output types of the search.

/// A product as the search sees it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Id of the product.
    pub id: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Id of the brand.
    pub brand_id: &'a str,
    /// Name of the brand.
    pub brand: &'a str,
    /// Category; may be empty.
    pub category: &'a str,
    /// Model number, if it is not part of the name.
    pub model: Option<&'a str>,
    /// Other names, e.g. in Hebrew.
    pub aliases: &'a [String],
}

/// A product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The position of the document in the order the index was built from.
    pub document: u32,
    /// Confidence that this product was meant, 0 to 100; see the [module](super) for its
    /// meaning. From 50 on it is a match, below it is a guess.
    pub confidence: u8,
    /// The sort key. Comparable within one query only.
    pub score: f32,
    /// Ranges to mark, sorted by field and position; ranges of one field do not touch.
    pub matched: Vec<Matched>,
}

/// A text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Field {
    /// [`Document::name`].
    Name,
    /// [`Document::model`].
    Model,
    /// [`Document::brand`].
    Brand,
    /// [`Document::category`].
    Category,
    /// [`Document::id`].
    Id,
    /// One of [`Document::aliases`].
    Alias(u8),
    /// [`Document::brand_id`]: searched, and never marked, because customers do not see it.
    BrandId,
}

/// A part of a field that the query explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    /// The field that `start` and `end` refer to.
    pub field: Field,
    /// First character (Unicode scalar value, not byte).
    pub start: u32,
    /// One past the last character.
    pub end: u32,
}
