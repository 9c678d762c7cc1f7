//! Properties of loading, for valid and invalid files.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{LoadReport, Problem, Severity, load_files};

fn load(file: &Value) -> LoadReport {
    load_files([("acme.json", file.to_string().as_str())])
}

fn ids(report: &LoadReport) -> Vec<&str> {
    report.catalog.products().iter().map(|product| &*product.id).collect()
}

/// A problem as severity, product and field; the reason is text for people.
fn places(report: &LoadReport) -> Vec<(Severity, Option<&str>, Option<&str>)> {
    let place = |problem: &'_ Problem| {
        assert_eq!(problem.file, "acme.json");
        assert!(!problem.reason.is_empty());
    };
    report.problems.iter().for_each(place);
    report
        .problems
        .iter()
        .map(|p| (p.severity, p.product_id.as_deref(), p.field.as_deref()))
        .collect()
}

#[test]
fn all_three_formats_load_the_same_products() {
    let products =
        json!([{"id": "a", "name": "A"}, {"id": "b", "name": "B", "unheard_of": {"x": [1]}}]);
    for file in [
        json!({"brand_identity": {"id": "acme", "name": "Acme"}, "products": products}),
        json!({"products": products}),
        products.clone(),
    ] {
        let report = load(&file);
        assert_eq!((ids(&report), places(&report)), (vec!["a", "b"], vec![]));
        let entry = report.catalog.product("b").expect("it is loaded").entry.to_map();
        assert_eq!(entry["unheard_of"], json!({"x": [1]}));
        assert_eq!(
            report.catalog.brands().map(|(brand, count)| (&*brand.id, count)).next(),
            Some(("acme", 2))
        );
    }
}

#[test]
fn each_invalid_product_is_reported_with_its_field_and_the_others_are_loaded() {
    let good = |id: &str| json!({"id": id, "name": "Good"});
    for (bad, product, field) in [
        (json!(7), None, "products[1]"),
        (json!({"name": "x"}), None, "products[1].id"),
        (json!({"id": "", "name": "x"}), None, "products[1].id"),
        (json!({"id": ["x"], "name": "x"}), None, "products[1].id"),
        (json!({"id": "x".repeat(201), "name": "x"}), None, "products[1].id"),
        (json!({"id": "x"}), Some("x"), "name"),
        (json!({"id": "x", "name": " "}), Some("x"), "name"),
        (json!({"id": "x", "name": 5}), Some("x"), "name"),
        (json!({"id": "a", "name": "again"}), Some("a"), "id"),
    ] {
        let report = load(&json!({"products": [good("a"), bad, good("b")]}));
        assert_eq!(ids(&report), ["a", "b"], "{bad}");
        assert_eq!(places(&report), [(Severity::Error, product, Some(field))], "{bad}");
    }
}

#[test]
fn each_invalid_part_of_a_product_is_reported_and_the_product_is_loaded() {
    for (part, value, field) in [
        ("category", json!(1), "category"),
        ("production_country", json!([]), "production_country"),
        ("documentation", json!(true), "documentation"),
        ("documentation", json!({"type": "pdf", "url": "ftp://x/y.pdf"}), "documentation.url"),
        ("documentation", json!({"type": "pdf", "url": "../y.pdf"}), "documentation.url"),
        ("documentation", json!({"type": "scroll", "url": "https://x/y"}), "documentation.type"),
        ("manual_url", json!(5), "manual_url"),
        ("relationships", json!("b"), "relationships"),
        ("relationships", json!([{"type": "accessory"}]), "relationships[0].target_id"),
        ("relationships", json!([{"target_id": "gone"}]), "relationships[0].target_id"),
        ("relationships", json!({"compatible_accessories": 1}), "compatible_accessories"),
        ("compatible_accessories", json!(["b", 5]), "compatible_accessories[1]"),
    ] {
        let report =
            load(&json!([{"id": "a", "name": "A", part: value}, {"id": "b", "name": "B"}]));
        assert_eq!(ids(&report), ["a", "b"], "{part}: {value}");
        assert_eq!(
            places(&report),
            [(Severity::Warning, Some("a"), Some(field))],
            "{part}: {value}"
        );
    }
}

#[test]
fn an_invalid_file_is_reported_and_the_other_files_are_loaded() {
    for bad in ["", "{", "null", "7", "{}", "{\"products\": 7}", "[1,", "\u{0}"] {
        let report =
            load_files([("bad.json", bad), ("good.json", "[{\"id\":\"a\",\"name\":\"A\"}]")]);
        assert_eq!(ids(&report), ["a"], "{bad:?}");
        let [problem] = &report.problems[..] else { panic!("one problem: {:?}", report.problems) };
        assert_eq!((problem.file.as_str(), problem.severity), ("bad.json", Severity::Error));
        assert!(problem.is_of_the_file(), "{bad:?}");
    }
}

#[test]
fn a_product_in_two_files_is_reported_for_the_second_and_loaded_from_the_first() {
    let file = |name: &str| json!([{"id": "a", "name": name}]).to_string();
    let (first, second) = (file("First"), file("Second"));
    let report = load_files([("one.json", first.as_str()), ("two.json", second.as_str())]);
    assert_eq!(&*report.catalog.product("a").expect("it is loaded").name, "First");
    let [problem] = &report.problems[..] else { panic!("one problem: {:?}", report.problems) };
    assert_eq!((problem.file.as_str(), problem.product_id.as_deref()), ("two.json", Some("a")));
    assert!(problem.reason.contains("one.json"), "{problem}");
}

#[test]
fn an_id_that_is_a_number_is_text_everywhere() {
    let report = load(&json!([{"id": 101, "name": "A"}]));
    let product = report.catalog.product("101").expect("it is loaded");
    assert_eq!(product.entry.to_map()["id"], "101");
}

/// Arbitrary JSON of limited depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        // Multiples of a quarter: serde_json may change the last of seventeen digits.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        prop::sample::select(vec!["a", "b", "", " ", "pdf", "https://x.test/a.pdf", "../a"])
            .prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let fields = prop::sample::select(vec![
            "id",
            "name",
            "products",
            "brand_identity",
            "type",
            "url",
            "target_id",
            "main",
            "compatible_accessories",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((fields, inner), 0..4).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Products whose fields may be valid, invalid or absent, and other values.
fn nearly_a_product() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        4 => "[a-f]".prop_map(Value::from),
        1 => any_json(),
    ];
    let name = prop_oneof![4 => "[A-Z][a-z]{1,6}".prop_map(Value::from), 1 => any_json()];
    let field = prop::sample::select(vec![
        "category",
        "production_country",
        "documentation",
        "manual_url",
        "relationships",
        "compatible_accessories",
        "images",
        "names",
        "aliases",
        "model",
        "metadata",
        "brand",
        "brand_identity",
        "price",
        "name_he",
        "x",
    ]);
    let product = (id, name, prop::collection::vec((field, any_json()), 0..5)).prop_map(
        |(id, name, mut fields)| {
            fields.extend([("id", id), ("name", name)]);
            object(fields)
        },
    );
    prop_oneof![6 => product, 1 => any_json()]
}

/// Files of all three formats.
fn nearly_a_file() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let products = prop::collection::vec(nearly_a_product(), 0..8);
    (products, prop::option::of(any_json()), any::<bool>()).prop_map(|(products, brand, bare)| {
        let file = match brand {
            None if bare => json!(products),
            None => json!({"products": products}),
            Some(brand) => json!({"brand_identity": brand, "products": products}),
        };
        (file, products)
    })
}

/// The id of a product whose id and name are valid.
fn right(product: &Value) -> Option<String> {
    let fields: &Map<String, Value> = product.as_object()?;
    let id = match fields.get("id")? {
        Value::String(id) => id.trim().to_owned(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let named = !fields.get("name")?.as_str()?.trim().is_empty();
    (named && (1..=200).contains(&id.chars().count())).then_some(id)
}

proptest! {
    #[test]
    fn any_text_loads_or_is_reported(text in "\\PC{0,80}") {
        let report = load_files([("any.json", text.as_str())]);
        prop_assert!(!report.problems.is_empty() || serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn any_json_loads_or_is_reported(file in any_json()) {
        let report = load(&file);
        let holds_products = file.is_array() || file.get("products").is_some_and(Value::is_array);
        prop_assert_eq!(report.problems.iter().any(Problem::is_of_the_file), !holds_products);
    }

    #[test]
    fn every_valid_product_is_loaded_and_every_invalid_one_reported(
        (file, products) in nearly_a_file(),
    ) {
        let report = load(&file);
        let (mut loaded, mut wrong) = (Vec::new(), 0);
        let mut seen = HashSet::new();
        for product in &products {
            match right(product) {
                Some(id) if seen.insert(id.clone()) => loaded.push(id),
                _ => wrong += 1,
            }
        }
        prop_assert_eq!(ids(&report), loaded, "in the order of the file");
        let errors = report.problems.iter().filter(|p| {
            p.severity == Severity::Error && p.field.as_deref() != Some("brand_identity")
        });
        prop_assert_eq!(errors.count(), wrong, "one error a product: {:?}", report.problems);
        for problem in &report.problems {
            prop_assert!(!problem.file.is_empty() && !problem.reason.is_empty());
            prop_assert!(problem.field.is_some(), "{problem}");
        }
        for product in report.catalog.products() {
            prop_assert!(report.catalog.brand(&product.brand_id).is_some(), "a brand for each");
            for link in &product.relationships {
                prop_assert!(report.catalog.product(&link.target_id).is_some(), "none dangles");
            }
        }
    }
}
