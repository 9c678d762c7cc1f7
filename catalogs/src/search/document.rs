//! What goes into the index and what comes out.

/// A product as the search sees it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Id of the product.
    pub id: &'a str,
    /// The name a customer reads.
    pub name: &'a str,
    /// Id of the brand.
    pub brand_id: &'a str,
    /// Name of the brand.
    pub brand: &'a str,
    /// Category, may be empty.
    pub category: &'a str,
    /// Model number, where there is one beside the name.
    pub model: Option<&'a str>,
    /// Other names, e.g. in Hebrew.
    pub aliases: &'a [String],
}

/// A product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The position of the document in the order the index was built from.
    pub document: u32,
    /// How sure it is that this product was meant, 0 to 100; see the [module](super) for what it
    /// means. From 50 on it is a match, below it is a guess.
    pub confidence: u8,
    /// What hits are ordered by. It compares hits of one query, not of different ones.
    pub score: f32,
    /// What to mark, sorted by field and place; ranges of one field do not touch.
    pub matched: Vec<Matched>,
}

/// A text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    Alias(u16),
}

/// A part of a field that the query explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    /// The text that `start` and `end` count in.
    pub field: Field,
    /// First character (Unicode scalar value, not byte).
    pub start: u32,
    /// One past the last character.
    pub end: u32,
}

/// Which text an entry is from, smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldNumber(u8);

impl FieldNumber {
    pub(crate) const NAME: FieldNumber = FieldNumber(0);
    pub(crate) const MODEL: FieldNumber = FieldNumber(1);
    pub(crate) const BRAND: FieldNumber = FieldNumber(2);
    pub(crate) const CATEGORY: FieldNumber = FieldNumber(3);
    pub(crate) const ID: FieldNumber = FieldNumber(4);
    /// The id of the brand: searched, but no field a customer sees.
    pub(crate) const BRAND_ID: FieldNumber = FieldNumber(5);

    pub(crate) fn alias(number: usize) -> FieldNumber {
        FieldNumber(6 + number as u8)
    }

    /// The field as a caller knows it.
    pub(crate) fn field(self) -> Option<Field> {
        match self {
            FieldNumber::NAME => Some(Field::Name),
            FieldNumber::MODEL => Some(Field::Model),
            FieldNumber::BRAND => Some(Field::Brand),
            FieldNumber::CATEGORY => Some(Field::Category),
            FieldNumber::ID => Some(Field::Id),
            FieldNumber::BRAND_ID => None,
            FieldNumber(alias) => Some(Field::Alias(u16::from(alias - 6))),
        }
    }
}
