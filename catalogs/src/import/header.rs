//! Maps the columns of the table to product fields.

/// A product field that a column may fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Name,
    Brand,
    Category,
    Model,
    Price,
    ManualUrl,
    BackupUrl,
    Image,
    Country,
    Accessories,
    /// `spec.weight`: an entry of `specs`.
    Spec(String),
    /// A field that is copied as text under the name of its column.
    Other(String),
}

/// Names of each column, in lower case with `_` between words. The first is the documented one.
const KNOWN: &[(Column, &[&str])] = &[
    (Column::Id, &["id", "product_id", "sku", "article", "article_number"]),
    (Column::Name, &["name", "product_name", "product", "title"]),
    (Column::Brand, &["brand", "brand_name", "manufacturer", "maker", "vendor"]),
    (Column::Category, &["category", "product_category", "product_type", "type", "group"]),
    (Column::Model, &["model", "model_number", "model_no", "part_number", "mpn"]),
    (Column::Price, &["price", "unit_price", "list_price", "msrp", "rrp"]),
    (
        Column::ManualUrl,
        &[
            "manual_url",
            "manual",
            "manual_link",
            "documentation",
            "documentation_url",
            "user_manual",
        ],
    ),
    (Column::BackupUrl, &["backup_url", "manual_backup_url", "manual_url_2"]),
    (Column::Image, &["image", "image_url", "picture", "photo"]),
    (Column::Country, &["production_country", "country", "country_of_origin", "origin", "made_in"]),
    (
        Column::Accessories,
        &["accessories", "compatible_accessories", "related", "related_products"],
    ),
];

impl Column {
    /// The column with this heading; `None` for an empty one.
    pub(super) fn of(heading: &str) -> Option<Self> {
        let heading = heading.trim();
        let plain = heading.to_lowercase().replace([' ', '-'], "_");
        if plain.is_empty() {
            return None;
        }
        for mark in ["spec.", "specs.", "spec:", "spec_"] {
            if let Some(name) = plain.strip_prefix(mark).filter(|name| !name.is_empty()) {
                return Some(Self::Spec(name.to_owned()));
            }
        }
        let known = KNOWN.iter().find(|(_, names)| names.contains(&plain.as_str()));
        Some(known.map_or(Self::Other(plain), |(column, _)| column.clone()))
    }

    /// The name used in reports.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Spec(name) | Self::Other(name) => name,
            known => {
                KNOWN.iter().find(|(column, _)| column == known).map_or("", |(_, names)| names[0])
            }
        }
    }
}

/// The separator of a table, detected from its first line: the most frequent of comma, semicolon and
/// tab outside quotes.
pub(super) fn separator(first_line: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in first_line.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(mark, _)| *mark == byte && !quoted) {
            *count += 1;
        }
    }
    // The earliest of equals: a table of one column is read as comma separated.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(mark, _)| *mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_several_names() {
        for (heading, column) in [
            ("SKU", Column::Id),
            (" Product Name ", Column::Name),
            ("Manufacturer", Column::Brand),
            ("Model-Number", Column::Model),
            ("Made in", Column::Country),
            ("spec.Weight", Column::Spec("weight".to_owned())),
            ("name_he", Column::Other("name_he".to_owned())),
        ] {
            assert_eq!(Column::of(heading), Some(column), "{heading}");
        }
        assert_eq!(Column::of("  "), None);
    }

    #[test]
    fn the_separator_is_the_most_frequent_mark_outside_quotes() {
        assert_eq!(separator("id,name,brand"), b',');
        assert_eq!(separator("id;name;\"a,b,c,d\""), b';');
        assert_eq!(separator("id\tname"), b'\t');
        assert_eq!(separator("id"), b',');
    }
}
