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
    pub(super) id: String,
    pub(super) brand: Option<String>,
    name: String,
    category: String,
    production_country: Option<String>,
    documentation: Option<Documentation>,
    relationships: Vec<Relationship>,
    model: Option<String>,
    aliases: Vec<String>,
    entry: Entry,
    /// Reported only if the product is accepted: for a rejected one the rejection is what matters.
    warnings: Vec<Problem>,
}

/// Reads a product. Id and name are required.
pub(super) fn draft(
    file: &str,
    at: usize,
    raw: &str,
    dir: Option<&Path>,
    problems: &mut Vec<Problem>,
) -> Option<Draft> {
    let place = format!("products[{at}]");
    let mut refuse = |product_id: Option<&str>, field: &str, reason: &str| {
        problems.push(Problem {
            severity: Severity::Error,
            file: file.to_owned(),
            product_id: product_id.map(str::to_owned),
            field: Some(field.to_owned()),
            reason: reason.to_owned(),
        });
    };
    let Ok(Value::Object(mut map)) = serde_json::from_str::<Value>(raw) else {
        refuse(None, &place, "must be an object; the product is left out");
        return None;
    };
    let id = match map.get("id") {
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(id)) => id.to_string(),
        Some(_) => {
            refuse(None, &format!("{place}.id"), "must be a text; the product is left out");
            return None;
        }
        None => {
            refuse(None, &format!("{place}.id"), "is missing; the product is left out");
            return None;
        }
    };
    if id.is_empty() || id.chars().count() > ID_CHARS {
        refuse(
            None,
            &format!("{place}.id"),
            "must have 1 to 200 characters; the product is left out",
        );
        return None;
    }
    let name = match map.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => name.trim().to_owned(),
        Some(Value::String(_)) | None => {
            refuse(Some(&id), "name", "is missing or empty; the product is left out");
            return None;
        }
        Some(_) => {
            refuse(Some(&id), "name", "must be a text; the product is left out");
            return None;
        }
    };
    let brand =
        map.get("brand").and_then(Value::as_str).map(str::trim).filter(|brand| !brand.is_empty());
    let brand = brand.map(str::to_owned);
    // A client returns the id as text: a number becomes text here.
    map.insert("id".to_owned(), Value::from(id.clone()));
    let mut warnings = Vec::new();
    let mut warn = |field: &str, reason: String| {
        warnings.push(Problem {
            severity: Severity::Warning,
            file: file.to_owned(),
            product_id: Some(id.clone()),
            field: Some(field.to_owned()),
            reason,
        });
    };
    let documentation = documentation(&map, dir, &mut warn);
    let relationships = relationships(&map, &mut warn);
    let category = optional_text(&map, "category", &mut warn).unwrap_or_default().to_owned();
    let production_country =
        optional_text(&map, "production_country", &mut warn).map(str::to_owned);
    Some(Draft {
        brand,
        name,
        category,
        production_country,
        documentation,
        relationships,
        model: model(&map).map(str::to_owned),
        aliases: aliases(&map),
        entry: Entry::from_map(&map),
        id,
        warnings,
    })
}

impl Draft {
    /// The product with its brand.
    pub(super) fn into_product(self, brand: &Brand, problems: &mut Vec<Problem>) -> Product {
        problems.extend(self.warnings);
        Product {
            id: self.id.into(),
            name: self.name.into(),
            brand_id: brand.id.clone(),
            brand_name: brand.name.clone(),
            category: self.category.into(),
            model: self.model.map(Into::into),
            aliases: self.aliases,
            production_country: self.production_country.map(Into::into),
            documentation: self.documentation,
            relationships: self.relationships,
            entry: self.entry,
        }
    }
}

fn optional_text<'a>(
    map: &'a Map<String, Value>,
    field: &str,
    warn: &mut impl FnMut(&str, String),
) -> Option<&'a str> {
    match map.get(field) {
        Some(Value::String(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        None | Some(Value::Null) => None,
        Some(_) => {
            warn(field, "must be a text; it is passed over".to_owned());
            None
        }
    }
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
        if let Some(text) = value.as_str().map(str::trim).filter(|text| !text.is_empty())
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
            for name in ["url", "backup_url", "type"] {
                if !matches!(inner.get(name), None | Some(Value::Null | Value::String(_))) {
                    warn(
                        &format!("documentation.{name}"),
                        "must be a text; it is passed over".to_owned(),
                    );
                }
            }
            let text = |name: &str| {
                inner
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
            };
            ("documentation.url", text("url"), text("backup_url"), text("type"))
        }
        Some(Value::String(url)) => {
            ("documentation", Some(url.trim()).filter(|url| !url.is_empty()), None, None)
        }
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
            let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
            if path.ends_with(".html") || path.ends_with(".htm") || path.ends_with('/') {
                DocumentationKind::Html
            } else {
                DocumentationKind::Pdf
            }
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
        let text = |name: &str| {
            link.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
        };
        match text("target_id") {
            Some(target) => labelled(text("type").unwrap_or("related"), target, text("label")),
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
            match id.as_str().map(str::trim).filter(|id| !id.is_empty()) {
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
