//! Properties of the search, for every query and every catalog.

use proptest::prelude::*;

use super::{Document, Field, Hit, Index};

#[derive(Debug, Clone)]
struct Product {
    id: String,
    name: String,
    brand: String,
    category: String,
    model: Option<String>,
    aliases: Vec<String>,
}

impl Product {
    fn new(id: &str, name: &str, brand: &str, category: &str) -> Product {
        Product {
            id: id.to_owned(),
            name: name.to_owned(),
            brand: brand.to_owned(),
            category: category.to_owned(),
            model: None,
            aliases: Vec::new(),
        }
    }

    fn text(&self, field: Field) -> &str {
        match field {
            Field::Name => &self.name,
            Field::Model => self.model.as_deref().unwrap_or_default(),
            Field::Brand => &self.brand,
            Field::Category => &self.category,
            Field::Id => &self.id,
            Field::Alias(number) => &self.aliases[usize::from(number)],
            Field::BrandId => "",
        }
    }
}

fn index(products: &[Product]) -> Index {
    Index::build(products.iter().map(|product| Document {
        id: &product.id,
        name: &product.name,
        brand_id: &product.brand,
        brand: &product.brand,
        category: &product.category,
        model: product.model.as_deref(),
        aliases: &product.aliases,
    }))
}

/// Realistic and random texts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[A-Za-z0-9אבגטיךםן]{1,8}([ /.-][A-Za-z0-9éüאבגטיךםן]{1,6}){0,4}",
        2 => "[ab1]{0,40}",
        1 => "\\PC{0,24}",
        1 => "[\u{5b0}-\u{5bd}\u{5d0}-\u{5d6}\u{300}e\u{301}ﬁ½\u{200f}\u{202e}😀👩\u{200d}🎤 -]{0,24}",
    ]
}

fn product() -> impl Strategy<Value = Product> {
    let aliases = prop::collection::vec(text(), 0..3);
    (text(), text(), text(), text(), prop::option::of(text()), aliases).prop_map(
        |(id, name, brand, category, model, aliases)| Product {
            id,
            name,
            brand,
            category,
            model,
            aliases,
        },
    )
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text(),
        1 => "\\PC{0,60}",
        1 => any::<char>().prop_map(|c| c.to_string().repeat(1_100)),
        1 => "[abאב12]{200,1000}",
        1 => "([a-c1-2]{1,3}[ -]){60,300}",
    ]
}

fn check(products: &[Product], hits: &[Hit], limit: usize) -> Result<(), TestCaseError> {
    prop_assert!(hits.len() <= limit);
    prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "the best comes first");
    for hit in hits {
        let product = &products[hit.document as usize];
        prop_assert!((1..=100).contains(&hit.confidence));
        for range in &hit.matched {
            let characters = product.text(range.field).chars().count() as u32;
            prop_assert!(range.start < range.end && range.end <= characters, "{range:?}");
        }
        for two in hit.matched.windows(2) {
            prop_assert!(
                two[0].field < two[1].field
                    || (two[0].field == two[1].field && two[0].end < two[1].start),
                "ranges are in order and apart: {:?}",
                hit.matched
            );
        }
        let times = hits.iter().filter(|other| other.document == hit.document).count();
        prop_assert_eq!(times, 1, "a product comes once");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn hits_are_sorted_and_marked_inside_their_texts_for_any_query(
        products in prop::collection::vec(product(), 0..24),
        query in query(),
        limit in 0_usize..120,
    ) {
        let index = index(&products);
        let hits = index.search(&query, limit);
        check(&products, &hits, limit)?;
        prop_assert_eq!(&hits, &index.search(&query, limit), "the same again");
        let all = index.search(&query, 100);
        prop_assert_eq!(&hits[..], &all[..limit.min(all.len())], "a limit only cuts");
    }

    #[test]
    fn a_product_is_found_by_its_own_name(products in prop::collection::vec(product(), 1..12)) {
        let index = index(&products);
        for product in &products {
            let hits = index.search(&product.name, 100);
            if product.name.chars().filter(|c| c.is_ascii_alphanumeric()).count() < 3 {
                continue;
            }
            prop_assert!(
                hits.iter().any(|hit| products[hit.document as usize].name == product.name),
                "{:?} is not among {hits:?}", product.name
            );
        }
    }
}

fn shop() -> Vec<Product> {
    let mut drums = Product::new("acme_12_td17", "Acme TD-17KV Drum Kit", "Acme", "Drums");
    drums.aliases.push("מערכת תּוּפִּים".to_owned());
    let mut guitar = Product::new("cordoba_7", "Córdoba C7-CD", "Córdoba", "Guitars");
    guitar.model = Some("C7-CD".to_owned());
    vec![
        drums,
        guitar,
        Product::new("acme_12_td27", "Acme TD-27KV Drum Kit", "Acme", "Drums"),
        Product::new("bolt_9_wall", "Bolt Wall-Mount Stand", "Bolt", "Accessories"),
        Product::new("bolt_3_fine", "Bolt ﬁne 2½ Cable 😀 Black", "Bolt", "Cables"),
    ]
}

/// The best product for a query, and its name with the marked ranges in brackets.
fn marked(query: &str, field: Field) -> String {
    let products = shop();
    let hit = index(&products).search(query, 1).remove(0);
    let text: Vec<char> = products[hit.document as usize].text(field).chars().collect();
    let mut out = String::new();
    for (at, c) in (0..).zip(&text) {
        let of = |place: fn(&super::Matched) -> u32| {
            hit.matched.iter().any(|range| range.field == field && place(range) == at)
        };
        if of(|range| range.start) {
            out.push('[');
        }
        out.push(*c);
        if of(|range| range.end - 1) {
            out.push(']');
        }
    }
    out
}

#[test]
fn every_way_to_write_a_model_number_finds_it_and_marks_the_same() {
    for query in ["td17", "td 17", "TD-17", "td-1 7", "ＴＤ１７", "t.d.17"] {
        assert_eq!(marked(query, Field::Name), "Acme [TD-17]KV Drum Kit", "{query}");
    }
}

#[test]
fn marks_count_characters_not_bytes() {
    assert_eq!(marked("cordoba", Field::Name), "[Córdoba] C7-CD");
    assert_eq!(marked("fine black", Field::Name), "Bolt [ﬁne] 2½ Cable 😀 [Black]");
    assert_eq!(marked("תופים", Field::Alias(0)), "מערכת [תּוּפִּים]");
    assert_eq!(marked("תופ", Field::Alias(0)), "מערכת [תּוּפִּ]ים");
}

#[test]
fn word_order_joins_splits_and_errors_find_the_same_product() {
    let products = shop();
    let index = index(&products);
    for (query, id) in [
        ("kit drum td27 acme", "acme_12_td27"),
        ("acmetd27kv", "acme_12_td27"),
        ("wallmount", "bolt_9_wall"),
        ("wall mount stnad", "bolt_9_wall"),
        ("wal-lmount", "bolt_9_wall"),
        ("acme td72kv", "acme_12_td27"),
        ("cordova", "cordoba_7"),
    ] {
        let hits = index.search(query, 3);
        assert_eq!(products[hits[0].document as usize].id, id, "{query}: {hits:?}");
        assert!(hits[0].confidence >= 50, "{query}: {hits:?}");
    }
}

/// Products with names in many scripts, with units, decimals and similar model numbers.
fn scripts() -> Vec<Product> {
    let catalog: serde_json::Value =
        serde_json::from_str(include_str!("fixture/scripts.json")).expect("a catalog");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let products = catalog["products"].as_array().expect("products").iter();
    let product = products.map(|product| Product {
        model: product["model"].as_str().map(str::to_owned),
        ..Product::new(&text(&product["id"]), &text(&product["name"]), "Suchmarke", "")
    });
    product.collect()
}

fn best(index: &Index, products: &[Product], query: &str) -> (String, u8) {
    let hits = index.search(query, 10);
    let id = |hit: &Hit| products[hit.document as usize].id.clone();
    hits.first().map_or_else(Default::default, |hit| (id(hit), hit.confidence))
}

#[test]
fn every_script_unit_and_spelling_finds_its_product_first() {
    let products = scripts();
    let index = index(&products);
    for line in include_str!("fixture/scripts.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a query");
        let query = line["q"].as_str().expect("a query is a text");
        let (id, confidence) = best(&index, &products, query);
        match line["want"].as_str() {
            Some(expected) => assert_eq!(id, expected, "{query}: {confidence}"),
            None => assert!(confidence < 50, "{query}: {id} {confidence}"),
        }
    }
}

#[test]
fn a_spelling_that_means_the_same_costs_no_confidence() {
    let products = scripts();
    let index = index(&products);
    for query in [
        "gross",
        "strassenlampe",
        "lodz",
        "isik",
        "IŞIK",
        "oresund",
        "ΦΟΥΡΝΟΣ",
        "грунтовий",
        "مكنسه",
        "VK-٨٨",
        "路由器",
        "ケトル",
        "けとる",
        "밥솥",
        "ตั้งพื้น",
        "САВ-500",
        "CАB 500",
        "ax2",
        "18volt",
        "60watt",
        "27 inch monitor",
        "8 ohm speaker",
        "cable 1,5 m",
        "drill 5ah",
    ] {
        let (id, confidence) = best(&index, &products, query);
        assert!(confidence >= 90, "{query}: {id} {confidence}");
    }
}

#[test]
fn a_word_stays_in_its_language_even_if_its_letters_look_like_others() {
    let products = [
        Product::new("latin", "COP-5 Router", "", ""),
        Product::new("cyrillic", "Сор 5 Чайник", "", ""),
        Product::new("greek", "Νότα 5", "", ""),
    ];
    let index = index(&products);
    for (query, id) in
        [("сор 5", "cyrillic"), ("cop 5", "latin"), ("νοτα", "greek"), ("СОР-5", "cyrillic")]
    {
        assert_eq!(best(&index, &products, query).0, id, "{query}");
    }
    let only_latin = super::Index::build([Document {
        id: "latin",
        name: "COP-5 Router",
        brand_id: "",
        brand: "",
        category: "",
        model: None,
        aliases: &[],
    }]);
    assert!(only_latin.search("сор", 1).is_empty(), "a word without a number is no model number");
    assert!(only_latin.search("СОР-5", 1)[0].confidence >= 90);
}

#[test]
fn another_number_has_lower_confidence_and_a_variant_is_marked_as_written() {
    let products = [
        Product::new("long", "Cable 15 m", "", ""),
        Product::new("short", "Cable 1.5 m", "", ""),
        Product::new("unit", "Iron 60 Watt", "", ""),
    ];
    let index = index(&products);
    for (query, right, wrong) in [("cable 15m", "long", "short"), ("cable 1.5m", "short", "long")] {
        let hits = index.search(query, 2);
        let id = |at: usize| products[hits[at].document as usize].id.as_str();
        assert_eq!((id(0), id(1)), (right, wrong), "{query}");
        assert!(hits[0].confidence > hits[1].confidence + 5, "{query}: {hits:?}");
    }
    let hit = index.search("60w", 1).remove(0);
    assert_eq!(products[hit.document as usize].id, "unit");
    let marked: Vec<(u32, u32)> = hit.matched.iter().map(|it| (it.start, it.end)).collect();
    assert_eq!(marked, [(5, 7), (8, 12)], "60 and Watt");
}

#[test]
fn a_product_outside_the_catalog_is_not_found_with_confidence() {
    let index = index(&shop());
    for query in ["qwertyuiop", "hello", "bitcoin price", "404", "zzzzzz", "😀", "שלום", "1111"]
    {
        let best = index.search(query, 1).first().map_or(0, |hit| hit.confidence);
        assert!(best < 50, "{query}: {best}");
    }
}

#[test]
fn a_name_that_begins_with_the_query_ranks_above_one_that_contains_it() {
    let products = [
        Product::new("a", "Lamp Desk", "Lumo", ""),
        Product::new("b", "Desk Lamp Holder Extra Long", "Lumo", ""),
    ];
    let hits = index(&products).search("desk lamp h", 2);
    assert_eq!(hits[0].document, 1);
}

#[test]
fn letters_of_a_product_match_one_part_of_a_query_only() {
    let products = [
        Product::new("a", "Ride 2002 Flat", "Lumo", ""),
        Product::new("b", "Ride 2002 Flat 20 Inch Heavy", "Lumo", ""),
    ];
    let hits = index(&products).search("2002 flat 20", 2);
    assert_eq!(hits[0].document, 1);
    assert!(hits[0].confidence > hits.get(1).map_or(0, |hit| hit.confidence));
}

#[test]
fn nothing_is_found_in_an_empty_catalog_or_by_an_empty_query() {
    assert!(index(&[]).search("td17", 10).is_empty());
    assert!(index(&[]).is_empty());
    assert!(index(&shop()).search("", 10).is_empty());
    assert!(index(&shop()).search(" -- ", 10).is_empty());
    assert!(index(&shop()).search("td17", 0).is_empty());
}
