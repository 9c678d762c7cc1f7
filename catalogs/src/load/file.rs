//! Loads the files of a folder, each in one of the three formats, into one catalog.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::problem::{Problem, Severity};
use super::product::{Draft, draft, text};
use crate::catalog::Origins;
use crate::model::{Brand, Entry, Product};
use crate::{Catalog, slug};

/// Largest catalog file. The largest known one has 40 MB; a larger file is not a catalog.
const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// A loaded catalog and its problems.
#[derive(Debug)]
pub struct LoadReport {
    /// The catalog of all valid data.
    pub catalog: Catalog,
    /// All problems, in file order.
    pub problems: Vec<Problem>,
}

/// Loads every `*.json` of a folder, in name order; skips hidden files and subfolders.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn load_dir(dir: &Path) -> io::Result<LoadReport> {
    load(dir, None)
}

/// Loads the folder as if the file of this name, which is one that [`load_dir`] reads, had this
/// content. Writes nothing.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn load_dir_with(dir: &Path, name: &str, text: &str) -> io::Result<LoadReport> {
    load(dir, Some((name, text)))
}

fn load(dir: &Path, instead: Option<(&str, &str)>) -> io::Result<LoadReport> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)?
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        })
        .filter(|path| !file_name(path).starts_with('.') && path.is_file())
        .collect();
    if let Some((name, _)) = instead
        && !paths.iter().any(|path| file_name(path) == name)
    {
        paths.push(dir.join(name));
    }
    paths.sort();
    let read = |path: &PathBuf| {
        if let Some((name, text)) = instead
            && file_name(path) == name
        {
            return parse(name, Ok(text.to_owned()), Some(dir));
        }
        let text = match std::fs::metadata(path) {
            Ok(about) if about.len() > MAX_FILE_BYTES => {
                Err(format!("has {} bytes, the limit is {MAX_FILE_BYTES}", about.len()))
            }
            _ => std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}")),
        };
        parse(&file_name(path), text, Some(dir))
    };
    // One file per thread at a time: parsing dominates, and files are still independent here.
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(paths.len().max(1));
    let mut parsed: Vec<(usize, Parsed)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                let (paths, read) = (&paths, &read);
                scope.spawn(move || {
                    (first..paths.len())
                        .step_by(threads)
                        .map(|at| (at, read(&paths[at])))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("parsing does not panic: a property test"))
            .collect()
    });
    parsed.sort_by_key(|(at, _)| *at);
    Ok(assemble(parsed.into_iter().map(|(_, parsed)| parsed).collect()))
}

/// Loads from texts in memory, each with the name used in reports.
pub fn load_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> LoadReport {
    assemble(files.into_iter().map(|(name, text)| parse(name, Ok(text.to_owned()), None)).collect())
}

/// One parsed file, not yet linked to the others.
#[derive(Default)]
struct Parsed {
    file: Arc<str>,
    digest: u64,
    brand: Option<Map<String, Value>>,
    drafts: Vec<Draft>,
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    brand_identity: Option<&'a RawValue>,
    #[serde(borrow)]
    products: Option<&'a RawValue>,
}

/// Parses a file; `text` is its content, or why it cannot be read.
fn parse(file: &str, text: Result<String, String>, dir: Option<&Path>) -> Parsed {
    let mut parsed = Parsed { file: file.into(), ..Parsed::default() };
    let read = text.and_then(|text| {
        parsed.digest = fnv(text.as_bytes());
        // An editor on Windows may have added a byte order mark.
        parsed.read(text.trim_start_matches('\u{feff}'), dir)
    });
    if let Err(reason) = read {
        parsed.problems.push(Problem::of_file(Severity::Error, file, None, reason));
    }
    parsed
}

impl Parsed {
    /// Reads the brand and the products of a file in one of the three formats.
    ///
    /// # Errors
    /// Why the whole file is left out.
    fn read(&mut self, text: &str, dir: Option<&Path>) -> Result<(), String> {
        let no_json = |error: serde_json::Error| format!("is not JSON: {error}");
        let products: Vec<&RawValue> = if text.trim_start().starts_with('[') {
            serde_json::from_str(text).map_err(no_json)?
        } else {
            let whole: Whole<'_> = serde_json::from_str(text).map_err(no_json)?;
            match whole.brand_identity.map(|raw| serde_json::from_str::<Value>(raw.get())) {
                Some(Ok(Value::Object(brand))) => self.brand = Some(brand),
                Some(Ok(Value::Null)) | None => {}
                Some(_) => self.problems.push(Problem::of_file(
                    Severity::Error,
                    &self.file,
                    Some("brand_identity".to_owned()),
                    "must be an object with 'id' and 'name'; the brand is taken from the products",
                )),
            }
            let products = whole.products.ok_or(
                "has no 'products': expected a list of products, or an object with 'products'",
            )?;
            serde_json::from_str(products.get()).map_err(|_| "'products' must be a list")?
        };
        for (at, raw) in products.into_iter().enumerate() {
            match draft(&self.file, at, raw.get(), dir) {
                Ok(draft) => self.drafts.push(draft),
                Err(refused) => self.problems.push(refused),
            }
        }
        Ok(())
    }
}

fn assemble(files: Vec<Parsed>) -> LoadReport {
    let mut problems = Vec::new();
    let mut brands: HashMap<Arc<str>, (Arc<Brand>, Arc<str>)> = HashMap::new();
    let mut products: Vec<Product> = Vec::new();
    let mut home: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    let mut origin: Vec<Arc<str>> = Vec::new();
    let mut digest = fnv(b"hsc");
    // The brands of all files first: a product of an older file may name a brand that a later file defines.
    let mut with_brand = Vec::with_capacity(files.len());
    for mut file in files {
        digest = (digest ^ file.digest).wrapping_mul(FNV_PRIME);
        problems.append(&mut file.problems);
        let own = file.brand.as_ref().map(|brand| brand_of(&file.file, brand, &mut problems));
        if let Some(brand) = &own {
            match brands.get(&brand.id) {
                Some((_, first)) => problems.push(Problem::of_file(
                    Severity::Warning,
                    &file.file,
                    Some("brand_identity.id".to_owned()),
                    format!(
                        "'{}' is the brand of {first} already; its products are added to that one",
                        brand.id
                    ),
                )),
                None => {
                    brands.insert(brand.id.clone(), (Arc::clone(brand), file.file.clone()));
                }
            }
        }
        with_brand.push((file, own));
    }
    for (file, own) in with_brand {
        for one in file.drafts {
            if let Some(first) = home.get(&one.product.id) {
                let reason = format!("stands in {first} already; the first is kept");
                problems.push(Problem::of_product(
                    Severity::Error,
                    &file.file,
                    &one.product.id,
                    "id",
                    reason,
                ));
                continue;
            }
            let brand = match &own {
                Some(brand) => brands
                    .get(&brand.id)
                    .map_or_else(|| Arc::clone(brand), |(brand, _)| Arc::clone(brand)),
                None => named_brand(
                    one.brand.as_deref().unwrap_or(stem(&file.file)),
                    &file.file,
                    &mut brands,
                ),
            };
            let product = one.into_product(&brand, &mut problems);
            home.insert(product.id.clone(), file.file.clone());
            origin.push(file.file.clone());
            products.push(product);
        }
    }
    for (product, file) in products.iter_mut().zip(&origin) {
        let mut at = 0;
        product.relationships.retain(|link| {
            at += 1;
            let known = home.contains_key(&link.target_id);
            if !known {
                problems.push(Problem::of_product(
                    Severity::Warning,
                    file,
                    &product.id,
                    format!("relationships[{}].target_id", at - 1),
                    format!(
                        "names '{}', which no catalog has; the link is left out",
                        link.target_id
                    ),
                ));
            }
            known
        });
    }
    let origins = Origins {
        products: origin,
        brands: brands.iter().map(|(id, (_, file))| (id.clone(), file.clone())).collect(),
    };
    let brands = brands.into_values().map(|(brand, _)| brand).collect();
    let catalog = Catalog::new(brands, products, origins, format!("{digest:016x}"));
    LoadReport { catalog, problems }
}

/// The brand of a file's own `brand_identity`.
fn brand_of(file: &str, map: &Map<String, Value>, problems: &mut Vec<Problem>) -> Arc<Brand> {
    let (id, name) = (text(map.get("id")), text(map.get("name")));
    for (field, value) in [("id", id), ("name", name)] {
        if value.is_none() {
            problems.push(Problem::of_file(
                Severity::Warning,
                file,
                Some(format!("brand_identity.{field}")),
                "is missing or empty; it is made from the name of the file",
            ));
        }
    }
    let id = id.map_or_else(|| name.map_or_else(|| slug(stem(file)), slug), str::to_owned);
    let name = name.map_or_else(|| titled(stem(file)), str::to_owned);
    Arc::new(Brand { id: id.into(), name: name.into(), entry: Entry::from_map(map) })
}

/// The brand named by a product of an older file, created if no file defines it.
fn named_brand(
    name: &str,
    file: &Arc<str>,
    brands: &mut HashMap<Arc<str>, (Arc<Brand>, Arc<str>)>,
) -> Arc<Brand> {
    let id: Arc<str> = slug(name).into();
    let known =
        brands.values().find(|(brand, _)| *brand.name == *name).map(|(brand, _)| Arc::clone(brand));
    if let Some(brand) = known {
        return brand;
    }
    let (brand, _) = brands.entry(id.clone()).or_insert_with(|| {
        let shown = if slug(name) == name { titled(name) } else { name.to_owned() };
        let mut map = Map::new();
        map.insert("id".to_owned(), id.as_ref().into());
        map.insert("name".to_owned(), shown.clone().into());
        (
            Arc::new(Brand { id: id.clone(), name: shown.into(), entry: Entry::from_map(&map) }),
            file.clone(),
        )
    });
    Arc::clone(brand)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn stem(file: &str) -> &str {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.strip_suffix("_catalog").or_else(|| stem.strip_suffix("-catalog")).unwrap_or(stem)
}

/// `red-fern` as `Red Fern`.
fn titled(slug: &str) -> String {
    let words = slug.split(['-', '_', ' ']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| {
            first.to_uppercase().collect::<String>() + letters.as_str()
        })
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a: the same on every machine and in every release, as a version must be.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_an_older_file_finds_the_brand_of_a_later_file() {
        let older = r#"[{"id":"a-1","name":"One","brand":"acorn"}]"#;
        let newer = r#"{"brand_identity":{"id":"acorn","name":"Acorn Audio","hq":"Turku"},"products":[{"id":"a-2","name":"Two"}]}"#;
        let report = load_files([("a_old.json", older), ("b_new.json", newer)]);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        assert_eq!(report.catalog.brands().len(), 1);
        assert_eq!(&*report.catalog.product("a-1").expect("loaded").brand_name, "Acorn Audio");
    }

    #[test]
    fn all_three_formats_load_and_retain_unknown_fields() {
        let product = |id: &str| {
            format!(r#"{{"id":"{id}","name":"Thing","brand":"B","later":[1,{{"x":null}}]}}"#)
        };
        let files = [
            (
                "one.json",
                format!(
                    r#"{{"brand_identity":{{"id":"b","name":"B","slogan":"!"}},"products":[{}]}}"#,
                    product("1")
                ),
            ),
            ("two.json", format!("[{}]", product("2"))),
            ("three.json", format!(r#"{{"products":[{}]}}"#, product("3"))),
        ];
        let report = load_files(files.iter().map(|(name, text)| (*name, text.as_str())));
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        for id in ["1", "2", "3"] {
            let product = report.catalog.product(id).expect("every form loads");
            assert_eq!(product.entry.to_map()["later"], serde_json::json!([1, { "x": null }]));
            assert_eq!(&*product.brand_id, "b");
        }
        assert_eq!(report.catalog.brand("b").expect("told").entry.to_map()["slogan"], "!");
    }

    #[test]
    fn a_wrong_type_inside_a_product_is_reported_and_the_product_is_loaded() {
        let text = r#"[{"id":"1","name":"One","brand":"B","documentation":{"type":"pdf","url":7},
            "relationships":{"compatible_accessories":["1",2,""]}}]"#;
        let report = load_files([("b.json", text)]);
        let read: Vec<Option<&str>> =
            report.problems.iter().map(|problem| problem.field.as_deref()).collect();
        assert_eq!(
            read,
            [
                Some("documentation.url"),
                Some("compatible_accessories[1]"),
                Some("compatible_accessories[2]")
            ]
        );
        assert_eq!(report.catalog.product("1").expect("kept").relationships.len(), 1);
    }
}
