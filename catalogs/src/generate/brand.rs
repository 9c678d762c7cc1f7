//! A brand and its products: names, numbers of products, the links between products, the catalog file.

use std::collections::HashSet;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::words::{Kind, WORDS, one_of};
use crate::slug;

/// A brand before its products are made.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) id: String,
    pub(super) name: String,
    /// Its name in Hebrew letters, for brands with Hebrew names.
    pub(super) hebrew: Option<String>,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) founded: u32,
    /// The kinds of products it makes.
    pub(super) kinds: Vec<&'static Kind>,
    /// Prefixes of its model numbers, one per kind.
    pub(super) prefixes: Vec<String>,
    pub(super) products: usize,
}

/// One brand in three has Hebrew names, as in the real catalogs we have seen.
const HEBREW_ONE_IN: u32 = 3;

/// Names the brands and distributes the products: a few are large, most are small, none is empty.
pub(super) fn share_out(chance: &mut ChaCha8Rng, brands: usize, products: usize) -> Vec<Outline> {
    let weights: Vec<usize> =
        (0..brands).map(|_| chance.random_range(1_usize..=12).pow(2)).collect();
    let total: usize = weights.iter().sum();
    let spare = products - brands;
    let mut remaining = spare;
    let mut shares: Vec<usize> = weights
        .iter()
        .map(|weight| {
            let share = spare * weight / total;
            remaining -= share;
            share + 1
        })
        .collect();
    // The rest after rounding: less than one per brand.
    for share in shares.iter_mut().take(remaining) {
        *share += 1;
    }
    let mut taken = HashSet::new();
    shares.into_iter().map(|products| outline(chance, products, &mut taken)).collect()
}

fn outline(chance: &mut ChaCha8Rng, products: usize, taken: &mut HashSet<String>) -> Outline {
    let (name, hebrew) = name(chance, taken);
    let (city, country) = *one_of(chance, &WORDS.places);
    let many = chance.random_range(1..=4);
    let mut kinds: Vec<&'static Kind> = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    for kind in WORDS.kinds.sample(chance, many) {
        kinds.push(kind);
        let mut prefix = letters(chance);
        while prefixes.contains(&prefix) {
            prefix = letters(chance);
        }
        prefixes.push(prefix);
    }
    Outline {
        id: slug(&name),
        hebrew: (chance.random_range(0..HEBREW_ONE_IN) == 0).then_some(hebrew),
        name,
        city,
        country,
        founded: chance.random_range(1921..=2019),
        kinds,
        prefixes,
        products,
    }
}

/// A unique name, in Latin and Hebrew letters.
fn name(chance: &mut ChaCha8Rng, taken: &mut HashSet<String>) -> (String, String) {
    loop {
        let long = chance.random_range(2..=3);
        let parts: Vec<&(&str, &str)> =
            (0..long).map(|_| one_of(chance, &WORDS.syllables)).collect();
        let latin: String = parts.iter().map(|(latin, _)| *latin).collect();
        let hebrew: String = parts.iter().map(|(_, hebrew)| *hebrew).collect();
        // An ending does not make a name unique: customers leave it out.
        if taken.insert(latin.clone()) || taken.len() >= NAMES {
            let number =
                if taken.len() >= NAMES { format!(" {}", taken.len()) } else { String::new() };
            if !number.is_empty() {
                taken.insert(format!("{latin}{number}"));
            }
            let (first, rest) = latin.split_at(1);
            let ending = one_of(chance, &WORDS.endings);
            return (format!("{}{rest}{ending}{number}", first.to_uppercase()), hebrew);
        }
    }
}

/// Above this number of brands free names become rare: a number is added.
const NAMES: usize = 6_000;

/// One to three capitals, without I and O, which look like digits.
fn letters(chance: &mut ChaCha8Rng) -> String {
    const CAPITALS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let long = *one_of(chance, &[1, 2, 2, 2, 3]);
    (0..long).map(|_| char::from(*one_of(chance, CAPITALS))).collect()
}

/// A generated product.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) kind: &'static Kind,
    /// The kind of accessory, if it is one.
    extra: Option<(&'static str, &'static str)>,
    hebrew: Option<String>,
    line: &'static str,
    country: &'static str,
    price_cents: u32,
    /// Its specifications, by name.
    pub(super) specs: Vec<(&'static str, String)>,
    /// Positions of related products in the brand: kind of link, label, position.
    links: Vec<(&'static str, &'static str, usize)>,
    pub(super) has_manual: bool,
}

impl Made {
    /// Path of its manual below the catalog folder.
    pub(super) fn manual_path(&self) -> String {
        format!("manuals/{}.pdf", self.id)
    }

    fn category(&self) -> &'static str {
        self.extra.map_or(self.kind.name, |(name, _)| name)
    }
}

/// One product in this many is an accessory of another kind of product.
const EXTRA_ONE_IN: u32 = 4;

/// Generates the products of a brand; `with_manual` selects those with a manual.
pub(super) fn products(
    chance: &mut ChaCha8Rng,
    brand: &Outline,
    with_manual: impl Fn(usize) -> bool,
) -> Vec<Made> {
    let mut taken = HashSet::new();
    let mut made: Vec<Made> = (0..brand.products)
        .map(|at| {
            let mut one = product(chance, brand, at, &mut taken);
            one.has_manual = with_manual(at);
            one
        })
        .collect();
    for at in 0..made.len() {
        made[at].links = links(chance, &made, at);
    }
    made
}

fn product(
    chance: &mut ChaCha8Rng,
    brand: &Outline,
    at: usize,
    taken: &mut HashSet<String>,
) -> Made {
    let which = chance.random_range(0..brand.kinds.len());
    let kind = brand.kinds[which];
    // The first product of a brand is no accessory: accessories need a product to belong to.
    let extra = (at > 0 && chance.random_range(0..EXTRA_ONE_IN) == 0)
        .then(|| *one_of(chance, &kind.extras));
    let line = *one_of(chance, &WORDS.lines);
    let model = loop {
        let model = model(chance, &brand.prefixes[which], taken.len());
        if taken.insert(slug(&model).replace('-', "")) {
            break model;
        }
    };
    let form = *one_of(chance, &WORDS.forms);
    let words = match extra {
        Some((name, _)) => [brand.name.as_str(), &model, name, ""],
        None => [brand.name.as_str(), line, &model, kind.name],
    };
    let mut name = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if extra.is_none() && !form.is_empty() {
        name = format!("{name} {form}");
    }
    let hebrew = brand.hebrew.as_ref().map(|own| {
        let what = extra.map_or(kind.hebrew, |(_, hebrew)| hebrew);
        format!("{own} {model} {what}")
    });
    let (from, to) = if extra.is_some() { (9, 150) } else { kind.price };
    let country = if chance.random_range(0..2) == 0 {
        brand.country
    } else {
        one_of(chance, &WORDS.places).1
    };
    let specs = if extra.is_some() { extra_specs(chance) } else { specs(chance, kind) };
    Made {
        id: format!("{}-{}", brand.id, slug(&model)),
        name,
        model,
        kind,
        extra,
        hebrew,
        line,
        country,
        price_cents: chance.random_range(from..=to) * 100 - chance.random_range(0..2) * 10,
        specs,
        links: Vec::new(),
        has_manual: false,
    }
}

/// A model number as makers write them: `TD-17`, `MX500`, `K2-810`, `RX 24S`. Numbers get longer when
/// a brand runs out of short ones.
fn model(chance: &mut ChaCha8Rng, prefix: &str, taken: usize) -> String {
    let digits = match taken {
        0..60 => chance.random_range(2..=3),
        60..600 => chance.random_range(3..=4),
        _ => 5,
    };
    let number = chance.random_range(10_u32.pow(digits - 1)..10_u32.pow(digits));
    let number =
        if chance.random_range(0..3) > 0 && number > 99 { number / 10 * 10 } else { number };
    let mark = one_of(chance, &["-", "-", "", "", " "]);
    let suffix = one_of(chance, &["", "", "", "", "", "X", "S", "P", "SE", "KV", "MK2"]);
    format!("{prefix}{mark}{number}{suffix}")
}

fn specs(chance: &mut ChaCha8Rng, kind: &Kind) -> Vec<(&'static str, String)> {
    let mut specs: Vec<(&'static str, String)> = vec![
        ("width_mm", chance.random_range(120..1400).to_string()),
        ("depth_mm", chance.random_range(90..500).to_string()),
        ("height_mm", chance.random_range(40..620).to_string()),
        ("weight_g", (chance.random_range(30..2800) * 10).to_string()),
        ("power_w", chance.random_range(4..900).to_string()),
    ];
    for (name, unit, from, to) in kind.settings.iter().take(2) {
        let top = chance.random_range(from + (to - from) / 2..=*to);
        specs.push((name, format!("{from} to {top} {unit}").trim_end().to_owned()));
    }
    specs
}

fn extra_specs(chance: &mut ChaCha8Rng) -> Vec<(&'static str, String)> {
    let colour = one_of(chance, &["black", "grey", "white"]);
    vec![
        ("weight_g", (chance.random_range(5..400) * 10).to_string()),
        ("colour", (*colour).to_owned()),
    ]
}

/// An accessory fits some products of its kind; a product has some accessories, and sometimes a successor.
fn links(
    chance: &mut ChaCha8Rng,
    made: &[Made],
    at: usize,
) -> Vec<(&'static str, &'static str, usize)> {
    let one = &made[at];
    let same_kind = |wanted_extra: bool| -> Vec<usize> {
        (0..made.len())
            .filter(|other| {
                *other != at
                    && std::ptr::eq(made[*other].kind, one.kind)
                    && made[*other].extra.is_some() == wanted_extra
            })
            .collect()
    };
    let mut links = Vec::new();
    if one.extra.is_some() {
        let many = chance.random_range(1..=3);
        links.extend(
            same_kind(false).sample(chance, many).map(|other| ("compatible", "Fits", *other)),
        );
    } else {
        let many = chance.random_range(1..=4);
        links.extend(
            same_kind(true)
                .sample(chance, many)
                .map(|other| ("accessory", "Recommended accessory", *other)),
        );
        if chance.random_range(0..8) == 0 {
            links.extend(
                same_kind(false).choose(chance).map(|other| ("successor", "Newer model", *other)),
            );
        }
    }
    links.sort_unstable_by_key(|(_, _, other)| *other);
    links
}

/// The catalog file of a brand.
pub(super) fn file(brand: &Outline, made: &[Made]) -> Vec<u8> {
    let entries: Vec<Value> = made.iter().map(|one| entry(brand, made, one)).collect();
    let whole = json!({
        "brand_identity": {
            "id": brand.id,
            "name": brand.name,
            "hq": format!("{}, {}", brand.city, brand.country),
            "founded": brand.founded,
            "website": format!("https://{}.example", brand.id),
            "logo_url": format!("/static/brands/{}.svg", brand.id),
            "description": format!("An invented maker of {}.", listed(brand)),
        },
        "products": entries,
    });
    let mut bytes = serde_json::to_vec_pretty(&whole).expect("a JSON value is JSON");
    bytes.push(b'\n');
    bytes
}

fn listed(brand: &Outline) -> String {
    brand
        .kinds
        .iter()
        .map(|kind| format!("{}s", kind.name.to_lowercase()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn entry(brand: &Outline, made: &[Made], one: &Made) -> Value {
    let mut entry = Map::new();
    let mut put = |field: &str, value: Value| {
        entry.insert(field.to_owned(), value);
    };
    put("id", one.id.as_str().into());
    put("name", one.name.as_str().into());
    if let Some(hebrew) = &one.hebrew {
        put("names", json!({ "en": one.name, "he": hebrew }));
    }
    put("brand", brand.id.as_str().into());
    put("category", one.category().into());
    put("model", one.model.as_str().into());
    put("production_country", one.country.into());
    let picture = format!("/static/products/{}.svg", slug(one.category()));
    put("images", json!({ "main": picture, "thumbnail": picture }));
    if one.has_manual {
        put("documentation", json!({ "type": "pdf", "url": one.manual_path() }));
    }
    let links: Vec<Value> = one
        .links
        .iter()
        .map(|(kind, label, other)| json!({ "type": kind, "target_id": made[*other].id, "label": label }))
        .collect();
    put("relationships", links.into());
    put("price", (f64::from(one.price_cents) / 100.0).into());
    put("currency", "EUR".into());
    put(
        "specs",
        one.specs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect::<Map<_, Value>>()
            .into(),
    );
    put("description", description(brand, one).into());
    put("family", one.line.into());
    entry.into()
}

fn description(brand: &Outline, one: &Made) -> String {
    match one.extra {
        Some((name, _)) => format!("{name} for a {} {}.", brand.name, one.kind.name.to_lowercase()),
        None => format!(
            "{} of the {} line with {} and {}.",
            one.kind.name,
            one.line,
            one.kind.parts[0],
            one.kind.parts[1 + one.price_cents as usize % (one.kind.parts.len() - 1)],
        ),
    }
}
