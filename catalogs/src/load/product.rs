//! Converts one entry of a file into one product.

use std::path::{Component, Path};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::problem::{Problem, Severity};
use crate::model::{Brand, Documentation, DocumentationKind, Entry, Product, Relationship};

/// Longest product id (protocol, part 1: the longest id that a client may send).
pub(crate) const ID_CHARS: usize = 200;

/// A product without its brand yet.
///
/// It holds no JSON any more: the JSON tree of a whole catalog takes ten times the memory
/// of its text, and files are parsed on several threads.
pub(super) struct Draft {
    /// The product; the id and the name of its brand are empty.
    pub(super) product: Product,
    /// The brand that it names.
    pub(super) brand: Option<String>,
    /// Reported only if the product is accepted: for a rejected one the rejection is what matters.
    warnings: Vec<Problem>,
}

/// Reads a product. Id and name are required.
///
/// # Errors
/// Why the product is left out.
pub(super) fn draft(
    file: &str,
    at: usize,
    raw: &str,
    dir: Option<&Path>,
) -> Result<Draft, Problem> {
    let refused = |field: String, reason: &str| {
        let reason = format!("{reason}; the product is left out");
        Problem::of_file(Severity::Error, file, Some(field), reason)
    };
    let Ok(Value::Object(mut map)) = serde_json::from_str::<Value>(raw) else {
        return Err(refused(format!("products[{at}]"), "must be an object"));
    };
    let of_id = |reason: &str| refused(format!("products[{at}].id"), reason);
    let id = match map.get("id") {
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(id)) => id.to_string(),
        Some(_) => return Err(of_id("must be a text")),
        None => return Err(of_id("is missing")),
    };
    if id.is_empty() || id.chars().count() > ID_CHARS {
        return Err(of_id("must have 1 to 200 characters"));
    }
    let of_name = |reason: &str| Problem {
        product_id: Some(id.clone()),
        ..refused("name".to_owned(), reason)
    };
    let name = match map.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => name.trim().into(),
        Some(Value::String(_)) | None => return Err(of_name("is missing or empty")),
        Some(_) => return Err(of_name("must be a text")),
    };
    let brand = text(map.get("brand")).map(str::to_owned);
    // A client returns the id as text: a number becomes text here.
    map.insert("id".to_owned(), Value::from(id.clone()));
    let mut warnings = Vec::new();
    let mut warn = |field: &str, reason: String| {
        warnings.push(Problem::of_product(Severity::Warning, file, &id, field, reason));
    };
    let product = Product {
        documentation: documentation(&map, dir, &mut warn),
        relationships: relationships(&map, &mut warn),
        category: optional_text(&map, "category", &mut warn).unwrap_or_default().into(),
        production_country: optional_text(&map, "production_country", &mut warn).map(Into::into),
        model: model(&map).map(Into::into),
        aliases: aliases(&map),
        entry: Entry::from_map(&map),
        brand_id: Arc::default(),
        brand_name: Arc::default(),
        name,
        id: id.as_str().into(),
    };
    Ok(Draft { product, brand, warnings })
}

impl Draft {
    /// The product with its brand.
    pub(super) fn into_product(self, brand: &Brand, problems: &mut Vec<Problem>) -> Product {
        problems.extend(self.warnings);
        Product { brand_id: brand.id.clone(), brand_name: brand.name.clone(), ..self.product }
    }
}

/// A text without spaces around it; `None` for another value and for an empty text.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn optional_text<'a>(
    map: &'a Map<String, Value>,
    field: &str,
    warn: &mut impl FnMut(&str, String),
) -> Option<&'a str> {
    let value = map.get(field);
    if !matches!(value, None | Some(Value::Null | Value::String(_))) {
        warn(field, "must be a text; it is passed over".to_owned());
    }
    text(value)
}

fn model(map: &Map<String, Value>) -> Option<&str> {
    let metadata = map.get("metadata").and_then(Value::as_object);
    ["model", "model_number", "sku"]
        .into_iter()
        .find_map(|field| map.get(field).and_then(Value::as_str))
        .or_else(|| metadata.and_then(|metadata| metadata.get("model")).and_then(Value::as_str))
        .map(str::trim)
        .filter(|model| !model.is_empty())
}

/// Other names: `names` by language, `aliases` as a list, or any `name_xx`.
fn aliases(map: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |value: &Value| {
        if let Some(text) = text(Some(value))
            && !found.iter().any(|known| known == text)
        {
            found.push(text.to_owned());
        }
    };
    if let Some(names) = map.get("names").and_then(Value::as_object) {
        names.values().for_each(&mut add);
    }
    if let Some(list) = map.get("aliases").and_then(Value::as_array) {
        list.iter().for_each(&mut add);
    }
    map.iter()
        .filter(|(field, _)| field.len() == 7 && field.starts_with("name_"))
        .for_each(|(_, value)| add(value));
    found
}

fn documentation(
    map: &Map<String, Value>,
    dir: Option<&Path>,
    warn: &mut impl FnMut(&str, String),
) -> Option<Documentation> {
    let (field, url, backup_url, kind) = match map.get("documentation") {
        Some(Value::Object(inner)) => {
            let mut warn = |name: &str, reason| warn(&format!("documentation.{name}"), reason);
            let mut of = |name| optional_text(inner, name, &mut warn);
            ("documentation.url", of("url"), of("backup_url"), of("type"))
        }
        url @ Some(Value::String(_)) => ("documentation", text(url), None, None),
        None | Some(Value::Null) => ("manual_url", None, None, None),
        Some(_) => {
            warn(
                "documentation",
                "must be an object with 'type' and 'url'; it is passed over".to_owned(),
            );
            ("manual_url", None, None, None)
        }
    };
    let older = optional_text(map, "manual_url", warn);
    let (field, url) = match (url, older) {
        (Some(url), _) => (field, url),
        (None, Some(url)) => ("manual_url", url),
        (None, None) => return None,
    };
    let kind = match kind.map(str::to_lowercase).as_deref() {
        Some("pdf") => DocumentationKind::Pdf,
        Some("html" | "html_scrape") => DocumentationKind::Html,
        other => {
            if let Some(other) = other {
                warn(
                    "documentation.type",
                    format!(
                        "'{other}' is none of pdf, html, html_scrape; without it the address decides"
                    ),
                );
            }
            DocumentationKind::of_address(url)
        }
    };
    usable(field, url, dir, warn)?;
    let backup_url = backup_url
        .filter(|backup| usable("documentation.backup_url", backup, dir, warn).is_some())
        .map(str::to_owned);
    Some(Documentation { kind, url: url.to_owned(), backup_url })
}

/// An http(s) address, or a path that stays below the folder. A path is checked again when it is read.
fn usable(
    field: &str,
    url: &str,
    dir: Option<&Path>,
    warn: &mut impl FnMut(&str, String),
) -> Option<()> {
    if let Some((scheme, _)) = url.split_once("://") {
        if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            return Some(());
        }
        warn(
            field,
            format!(
                "'{scheme}://' is not read; use http, https or a path below the catalog folder"
            ),
        );
        return None;
    }
    let path = Path::new(url);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        warn(field, format!("'{url}' leaves the catalog folder; use a path below it"));
        return None;
    }
    if dir.is_some_and(|dir| !dir.join(path).is_file()) {
        warn(field, format!("'{url}' is not there"));
    }
    Some(())
}

fn relationships(
    map: &Map<String, Value>,
    warn: &mut impl FnMut(&str, String),
) -> Vec<Relationship> {
    let mut links = Vec::new();
    let mut labelled = |kind: &str, target: &str, label: Option<&str>| {
        links.push(Relationship {
            kind: kind.to_owned(),
            target_id: Arc::from(target),
            label: label.map(str::to_owned),
        });
    };
    let (list, of_accessories) = match map.get("relationships") {
        Some(Value::Array(list)) => (list.as_slice(), None),
        Some(Value::Object(object)) => (&[][..], object.get("compatible_accessories")),
        None | Some(Value::Null) => (&[][..], None),
        Some(_) => {
            warn("relationships", "must be a list; it is passed over".to_owned());
            (&[][..], None)
        }
    };
    for (at, link) in list.iter().enumerate() {
        let of = |name: &str| text(link.get(name));
        match of("target_id") {
            Some(target) => labelled(of("type").unwrap_or("related"), target, of("label")),
            None => warn(
                &format!("relationships[{at}].target_id"),
                "is missing; the link is left out".to_owned(),
            ),
        }
    }
    for list in [of_accessories, map.get("compatible_accessories")].into_iter().flatten() {
        let Some(ids) = list.as_array() else {
            warn("compatible_accessories", "must be a list of ids; it is passed over".to_owned());
            continue;
        };
        for (at, id) in ids.iter().enumerate() {
            match text(Some(id)) {
                Some(id) => labelled("accessory", id, None),
                None => warn(
                    &format!("compatible_accessories[{at}]"),
                    "must be the id of a product; the link is left out".to_owned(),
                ),
            }
        }
    }
    // Most products have one or two; a list that grows has room for four.
    links.shrink_to_fit();
    links
}
