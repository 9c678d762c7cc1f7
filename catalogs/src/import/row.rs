//! Converts one row of the table into one product.

use serde_json::{Map, Value, json};

use super::header::Column;
use crate::load::ID_CHARS;
use crate::slug;

/// A product of a row, and its brand.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) id: String,
    pub(super) brand: String,
    pub(super) product: Map<String, Value>,
}

/// The problem of a row: the column, and the reason.
pub(super) type Refusal = (String, String);

/// Reads a row; `cells` are its columns and texts in table order.
pub(super) fn read<'a>(
    cells: impl Iterator<Item = (&'a Column, &'a str)> + Clone,
) -> Result<Imported, Refusal> {
    let cells =
        cells.map(|(column, text)| (column, text.trim())).filter(|(_, text)| !text.is_empty());
    let get =
        |target: &Column| cells.clone().find(|(column, _)| *column == target).map(|(_, text)| text);
    let need = |target: &Column| {
        get(target).ok_or_else(|| (target.name().to_owned(), "is empty".to_owned()))
    };
    let name = need(&Column::Name)?;
    let brand = need(&Column::Brand)?;
    // Without an id column the id is made from the fields that identify a product.
    let id = match get(&Column::Id) {
        Some(id) => id.to_owned(),
        None => slug(&format!("{brand} {}", get(&Column::Model).unwrap_or(name))),
    };
    // The loader would refuse such an id.
    if id.is_empty() || id.chars().count() > ID_CHARS {
        let reason = format!("must have 1 to {ID_CHARS} characters");
        return Err((Column::Id.name().to_owned(), reason));
    }
    if slug(brand).is_empty() {
        return Err((Column::Brand.name().to_owned(), "has no letter and no digit".to_owned()));
    }
    let mut product = Map::new();
    product.insert("id".to_owned(), id.clone().into());
    product.insert("name".to_owned(), name.into());
    product.insert("brand".to_owned(), slug(brand).into());
    let mut specs = Map::new();
    for (column, text) in cells.clone() {
        match column {
            Column::Id | Column::Name | Column::Brand | Column::BackupUrl => {}
            Column::Category => put(&mut product, "category", text),
            Column::Model => put(&mut product, "model", text),
            Column::Country => put(&mut product, "production_country", text),
            Column::Image => {
                product.insert("images".to_owned(), json!({ "main": text }));
            }
            Column::Price => {
                let price = price(text).ok_or_else(|| {
                    (column.name().to_owned(), format!("'{text}' is not a price, e.g. 1299.00"))
                })?;
                product.insert("price".to_owned(), price.into());
            }
            Column::ManualUrl => {
                let mut documentation = Map::new();
                documentation.insert("type".to_owned(), kind_of(text).into());
                documentation.insert("url".to_owned(), text.into());
                if let Some(backup) = get(&Column::BackupUrl) {
                    documentation.insert("backup_url".to_owned(), backup.into());
                }
                product.insert("documentation".to_owned(), documentation.into());
            }
            Column::Accessories => {
                let links: Vec<Value> = text
                    .split(';')
                    .map(str::trim)
                    .filter(|id| !id.is_empty())
                    .map(|id| json!({ "type": "accessory", "target_id": id }))
                    .collect();
                product.insert("relationships".to_owned(), links.into());
            }
            Column::Spec(name) => put(&mut specs, name, text),
            Column::Other(name) => put(&mut product, name, text),
        }
    }
    if !specs.is_empty() {
        product.insert("specs".to_owned(), specs.into());
    }
    Ok(Imported { id, brand: brand.to_owned(), product })
}

fn put(map: &mut Map<String, Value>, field: &str, text: &str) {
    map.insert(field.to_owned(), text.into());
}

/// The kind of a manual, by its address.
fn kind_of(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
    if path.ends_with(".html") || path.ends_with(".htm") || path.ends_with('/') {
        "html"
    } else {
        "pdf"
    }
}

/// `1299`, `1,299.00`, `1.299,00 €`, `$ 49.90`: the last mark with one or two digits behind it is the
/// decimal one, other marks separate thousands.
fn price(text: &str) -> Option<f64> {
    let bare: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && !"€$£₪¥'".contains(*letter))
        .collect();
    let bare = ["EUR", "USD", "GBP", "ILS", "CHF"]
        .iter()
        .fold(bare.as_str(), |bare, code| bare.trim_start_matches(code).trim_end_matches(code));
    let decimal = bare.rfind(['.', ',']).filter(|at| (1..=2).contains(&(bare.len() - at - 1)));
    let (whole, cents) = decimal.map_or((bare, ""), |at| (&bare[..at], &bare[at + 1..]));
    let whole: String = grouped(whole)?;
    if !cents.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{whole}.{cents}0").parse().ok().filter(|price: &f64| price.is_finite())
}

/// The digits of a whole number, without the marks between groups of three.
fn grouped(whole: &str) -> Option<String> {
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let digits = groups
        .iter()
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let threes = groups.iter().skip(1).all(|group| group.len() == 3);
    (digits && threes).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_the_loader_would_refuse_is_refused_by_column() {
        let refused = |id: &str, brand: &str| {
            let cells = [(Column::Id, id), (Column::Name, "!"), (Column::Brand, brand)];
            read(cells.iter().map(|(column, text)| (column, *text))).err().map(|(column, _)| column)
        };
        assert_eq!(refused(&"x".repeat(ID_CHARS), "Acorn"), None);
        assert_eq!(refused(&"x".repeat(ID_CHARS + 1), "Acorn").as_deref(), Some("id"));
        assert_eq!(refused("", "--").as_deref(), Some("id"), "made of nothing");
        assert_eq!(refused("x", "--").as_deref(), Some("brand"), "its file would be hidden");
    }

    #[test]
    fn a_price_is_parsed_in_common_notations() {
        for (text, value) in [
            ("1299", 1299.0),
            ("1,299.00", 1299.0),
            ("1.299,00 €", 1299.0),
            ("$ 49.90", 49.9),
            ("1.299", 1299.0),
            ("12,5", 12.5),
            ("USD 7", 7.0),
        ] {
            assert_eq!(price(text), Some(value), "{text}");
        }
        for text in ["", "on request", "-5", "1.2.3", "12,34,5", "1e3", "inf", &"9".repeat(400)] {
            assert_eq!(price(text), None, "{text}");
        }
    }
}
