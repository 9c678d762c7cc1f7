//! Reads the table row by row and groups products into one file per brand.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde_json::{Map, Value, json};

use super::header::{Column, separator};
use super::row::{Imported, read};
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

fn row(columns: &[Option<Column>], record: &csv::ByteRecord) -> Result<Imported, (String, String)> {
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
    read(texts.iter().copied())
}

fn file(id: &str, name: &str, products: Vec<Map<String, Value>>) -> BrandFile {
    let count = products.len();
    let whole = json!({ "brand_identity": { "id": id, "name": name }, "products": products });
    let mut json = serde_json::to_string_pretty(&whole).expect("a JSON value is JSON");
    json.push('\n');
    BrandFile { name: format!("{id}.json"), products: count, json }
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
}
