//! Converts a CSV table of products into catalog files, one per brand.
//!
//! Valid rows are kept independent of the others; an invalid one is reported by line and column.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde_json::{Map, Value, json};

use crate::load::ID_CHARS;
use crate::model::DocumentationKind;
use crate::slug;

/// The result of an import.
#[derive(Debug)]
pub struct ImportReport {
    /// One catalog file per brand, in name order.
    pub files: Vec<BrandFile>,
    /// Products in them.
    pub products: usize,
    /// Skipped rows, and why.
    pub problems: Vec<RowProblem>,
}

/// The catalog file of a brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandFile {
    /// Its file name, e.g. `quellwerk.json`.
    pub name: String,
    /// How many products are in it.
    pub products: usize,
    /// The catalog file as JSON, with a newline at its end.
    pub json: String,
}

/// A skipped row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Line of the file on which the row begins; 1 is the header.
    pub line: u64,
    /// The column, if the problem belongs to one.
    pub column: Option<String>,
    /// The problem.
    pub reason: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ": {column}")?;
        }
        write!(f, ": {}; the row is left out", self.reason)
    }
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ImportError {
    /// The header is missing.
    #[error(
        "has no header; the first line names the columns: id,name,brand,category,model,price,manual_url"
    )]
    NoHeader,
    /// A required column is missing.
    #[error("has no column '{column}'; there are: {there}")]
    NoColumn {
        /// Name of the required column.
        column: &'static str,
        /// The existing columns.
        there: String,
    },
    /// Two columns for one field.
    #[error("has two columns for '{column}': '{first}' and '{second}'")]
    Twice {
        /// The canonical name of the field.
        column: String,
        /// Heading of the first column.
        first: String,
        /// Heading of the second column.
        second: String,
    },
}

/// Reads a table: UTF-8 with or without a byte order mark, separated by comma, semicolon or tab.
///
/// ```
/// let report = hsc_catalogs::import::import(b"name,brand,price\nPad One,Acorn,49.90\n,Acorn,1\n")?;
/// assert_eq!((report.products, report.problems.len()), (1, 1));
/// assert_eq!(report.problems[0].to_string(), "line 3: name: is empty; the row is left out");
/// # Ok::<(), hsc_catalogs::import::ImportError>(())
/// ```
///
/// # Errors
/// When the header is missing or has no column for names or brands.
pub fn import(bytes: &[u8]) -> Result<ImportReport, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(&String::from_utf8_lossy(first_line)))
        .flexible(true)
        .from_reader(bytes);
    let header = reader.byte_headers().map_err(|_| ImportError::NoHeader)?.clone();
    let columns = columns(&header)?;
    let mut problems = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut brands: BTreeMap<String, (String, Vec<Map<String, Value>>)> = BTreeMap::new();
    for record in reader.byte_records() {
        // Reading from memory cannot fail, and every byte string is a field: only the end remains.
        let Ok(record) = record else { break };
        let line = record.position().map_or(0, csv::Position::line);
        match row(&columns, &record) {
            Ok(Imported { id, brand, product }) => {
                if let Some(first) = lines.get(&id) {
                    let reason = format!("'{id}' stands on line {first} already");
                    problems.push(RowProblem { line, column: Some("id".to_owned()), reason });
                    continue;
                }
                lines.insert(id, line);
                brands.entry(slug(&brand)).or_insert((brand, Vec::new())).1.push(product);
            }
            Err((column, reason)) => {
                let column = Some(column).filter(|column| !column.is_empty());
                problems.push(RowProblem { line, column, reason });
            }
        }
    }
    let products = brands.values().map(|(_, products)| products.len()).sum();
    let files =
        brands.into_iter().map(|(id, (name, products))| file(&id, &name, products)).collect();
    Ok(ImportReport { files, products, problems })
}

fn columns(header: &csv::ByteRecord) -> Result<Vec<Option<Column>>, ImportError> {
    let headings: Vec<String> =
        header.iter().map(|heading| String::from_utf8_lossy(heading).trim().to_owned()).collect();
    let columns: Vec<Option<Column>> = headings.iter().map(|heading| Column::of(heading)).collect();
    if columns.iter().all(Option::is_none) {
        return Err(ImportError::NoHeader);
    }
    for (at, column) in columns.iter().enumerate() {
        if let (Some(column), Some(first)) =
            (column, columns[..at].iter().position(|c| c == column))
        {
            return Err(ImportError::Twice {
                column: column.name().to_owned(),
                first: headings[first].clone(),
                second: headings[at].clone(),
            });
        }
    }
    for (needed, column) in [(Column::Name, "name"), (Column::Brand, "brand")] {
        if !columns.contains(&Some(needed)) {
            return Err(ImportError::NoColumn { column, there: headings.join(", ") });
        }
    }
    Ok(columns)
}

fn row(columns: &[Option<Column>], record: &csv::ByteRecord) -> Result<Imported, Refusal> {
    if record.len() > columns.len() {
        let reason = format!(
            "has {} cells under {} headings; put texts that hold a separator in quotes",
            record.len(),
            columns.len()
        );
        return Err((String::new(), reason));
    }
    let mut texts = Vec::with_capacity(record.len());
    for (column, cell) in columns.iter().zip(record) {
        let Some(column) = column else { continue };
        let text = std::str::from_utf8(cell).map_err(|_| {
            (column.name().to_owned(), "is not UTF-8; save the table as UTF-8".to_owned())
        })?;
        texts.push((column, text));
    }
    read_row(texts.iter().copied())
}

fn file(id: &str, name: &str, products: Vec<Map<String, Value>>) -> BrandFile {
    let count = products.len();
    let whole = json!({ "brand_identity": { "id": id, "name": name }, "products": products });
    let mut json = serde_json::to_string_pretty(&whole).expect("a JSON value is JSON");
    json.push('\n');
    BrandFile { name: format!("{id}.json"), products: count, json }
}

/// A product of a row, and its brand.
#[derive(Debug)]
struct Imported {
    id: String,
    brand: String,
    product: Map<String, Value>,
}

/// The problem of a row: the column, and the reason.
type Refusal = (String, String);

/// Reads a row as a product; `cells` are its columns and texts in table order.
fn read_row<'a>(
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
    put(&mut product, "id", &id);
    put(&mut product, "name", name);
    put(&mut product, "brand", &slug(brand));
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
                let kind = DocumentationKind::of_address(text);
                let mut documentation = json!({ "type": kind, "url": text });
                if let Some(backup) = get(&Column::BackupUrl) {
                    documentation["backup_url"] = backup.into();
                }
                product.insert("documentation".to_owned(), documentation);
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

/// A product field that a column may fill.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
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
    fn of(heading: &str) -> Option<Self> {
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
    fn name(&self) -> &str {
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
fn separator(first_line: &str) -> u8 {
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
    use crate::load_files;

    const TABLE: &str = "\u{feff}SKU;Product name;Manufacturer;Category;Model;Price;Manual;Accessories;spec.weight;name_he\n\
        a-1;Pad One;Acorn Audio;Pads;P-1;1.299,00 €;https://a.example/p1.pdf;a-2; a-3;1 kg;פד\n\
        a-1;Pad One again;Acorn Audio;;;;;;;\n\
        a-2;\"Stand; black\";Acorn Audio;Stands;S-2;cheap;;;;\n\
        ;Stand;Birch;Stands;S-9;9,90;;;;\n\
        x;y;z\n\
        1;2;3;4;5;6;7;8;9;10;11\n";

    #[test]
    fn valid_rows_are_imported_and_invalid_ones_reported_by_line_and_column() {
        // Accessories are separated by the table's own mark here, so they need quotes.
        let table = TABLE.replace("a-2; a-3", "\"a-2; birch-s-9\"");
        let report = import(table.as_bytes()).expect("a header");
        let problems: Vec<String> = report.problems.iter().map(RowProblem::to_string).collect();
        assert_eq!(
            problems,
            [
                "line 3: id: 'a-1' stands on line 2 already; the row is left out",
                "line 4: price: 'cheap' is not a price, e.g. 1299.00; the row is left out",
                "line 7: has 11 cells under 10 headings; put texts that hold a separator in quotes; the row is left out",
            ]
        );
        let names: Vec<(&str, usize)> =
            report.files.iter().map(|file| (file.name.as_str(), file.products)).collect();
        assert_eq!(names, [("acorn-audio.json", 1), ("birch.json", 1), ("z.json", 1)]);
    }

    #[test]
    fn an_imported_table_loads_as_intended() {
        let table = TABLE.replace("a-2; a-3", "\"birch-s-9\"");
        let report = import(table.as_bytes()).expect("a header");
        let loaded =
            load_files(report.files.iter().map(|file| (file.name.as_str(), file.json.as_str())));
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let pad = loaded.catalog.product("a-1").expect("imported");
        assert_eq!(&*pad.brand_name, "Acorn Audio");
        assert_eq!(pad.model.as_deref(), Some("P-1"));
        assert_eq!(pad.aliases, ["פד"]);
        assert_eq!(&*pad.relationships[0].target_id, "birch-s-9");
        assert_eq!(pad.entry.to_map()["price"], 1299.0);
        assert_eq!(pad.entry.to_map()["specs"]["weight"], "1 kg");
        assert!(pad.documentation.is_some());
    }

    #[test]
    fn an_unreadable_table_is_reported_with_what_is_missing() {
        assert_eq!(import(b"").expect_err("empty"), ImportError::NoHeader);
        assert_eq!(import(b",,\n1,2,3\n").expect_err("no headings"), ImportError::NoHeader);
        let error = import(b"id,title\n").expect_err("no brand");
        assert_eq!(error.to_string(), "has no column 'brand'; there are: id, title");
        let error = import(b"name,title,brand\n").expect_err("two names");
        assert_eq!(error.to_string(), "has two columns for 'name': 'name' and 'title'");
    }

    #[test]
    fn a_cell_that_is_not_utf8_excludes_only_its_row() {
        let report = import(b"name,brand\nCaf\xe9,A\nTea,A\n").expect("a header");
        assert_eq!(report.products, 1);
        assert_eq!(
            report.problems[0].to_string(),
            "line 2: name: is not UTF-8; save the table as UTF-8; the row is left out"
        );
    }

    #[test]
    fn a_value_that_the_loader_would_refuse_is_refused_by_column() {
        let refused = |id: &str, brand: &str| {
            let cells = [(Column::Id, id), (Column::Name, "!"), (Column::Brand, brand)];
            read_row(cells.iter().map(|(column, text)| (column, *text)))
                .err()
                .map(|(column, _)| column)
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
