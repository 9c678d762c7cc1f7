//! The demo set in `catalogs/data` loads without a problem. Its manuals are tested in tools/manual-writer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hsc_catalogs::load_dir;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_demo_set_loads_without_a_problem() {
    let report = load_dir(&here("data")).expect("the folder of the demo set");
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
    assert!(report.catalog.products().len() >= 40);
    let hebrew = |text: &String| text.chars().any(|letter| ('א'..='ת').contains(&letter));
    assert!(report.catalog.products().iter().any(|product| product.aliases.iter().any(hebrew)));
}

#[test]
fn a_product_is_detected_in_a_description_once_the_catalog_is_prepared() {
    let report = load_dir(&here("data")).expect("the folder of the demo set");
    let catalog = &report.catalog;
    catalog.prepare();
    let product = catalog
        .products()
        .iter()
        .find(|product| product.documentation.is_some() && product.model.is_some())
        .expect("a product with a manual and a model number");
    let model = product.model.as_deref().expect("it has one");
    let read = catalog.understand(&format!("why does my {model} make no sound"), 10, None);
    let detected = read.detected.expect("the model number names the product");
    assert_eq!(detected.product.id, product.id);
    assert_eq!(detected.question, "why does make no sound");
    let read = catalog.understand("condenser microphone", 10, None);
    assert!(read.detected.is_none(), "a kind is no product");
    assert!(!read.found.is_empty());
}

#[test]
fn a_sample_begins_with_every_product_that_has_a_manual() {
    let report = load_dir(&here("data")).expect("the folder of the demo set");
    let has_manual = |product: &hsc_catalogs::Product| product.documentation.is_some();
    let count = report.catalog.products().iter().filter(|product| has_manual(product)).count();
    let sample = report.catalog.sample(50);
    assert_eq!(sample.len(), 50);
    assert!(sample[..count].iter().all(|product| has_manual(product)));
    let ids: BTreeSet<&str> = sample.iter().map(|product| &*product.id).collect();
    assert_eq!(ids.len(), 50, "no product stands there twice");
    assert!(report.catalog.sample(3).iter().all(|product| has_manual(product)));
}

#[test]
fn every_image_and_logo_of_the_demo_set_exists() {
    let report = load_dir(&here("data")).expect("the folder of the demo set");
    let named = |text: &str| -> Vec<String> {
        text.split('"').filter(|part| part.starts_with("/static/")).map(str::to_owned).collect()
    };
    let products = report.catalog.products().iter().flat_map(|one| named(one.entry.as_raw()));
    let brands = report.catalog.brands().flat_map(|(brand, _)| named(brand.entry.as_raw()));
    let mut seen = 0;
    for path in products.chain(brands) {
        assert!(here("data").join(path.trim_start_matches('/')).is_file(), "{path}");
        seen += 1;
    }
    assert!(seen > 100);
}
