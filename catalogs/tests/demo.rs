//! The demo set in `catalogs/data`: it loads without a problem, and its manuals are what their
//! sources typeset to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hsc_catalogs::load_dir;
use hsc_catalogs::typeset::{Form, Piece, Source, html, pdf};

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn sources() -> Vec<(PathBuf, Source)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(here("manual-sources"))
        .expect("the folder of manual sources")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a manual source is UTF-8");
        let source =
            Source::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, source)
    };
    paths.into_iter().map(read).collect()
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
fn a_text_in_the_first_box_is_understood_once_the_words_are_read() {
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
fn every_manual_is_what_its_source_typesets_to() {
    let mut made = BTreeSet::new();
    for (path, source) in sources() {
        let (extension, bytes) = match source.about.form {
            Form::Pdf => (
                "pdf",
                pdf(&source).unwrap_or_else(|error| panic!("{}: {error}", path.display())).bytes,
            ),
            Form::Html => ("html", html(&source).into_bytes()),
        };
        let name = Path::new(path.file_name().expect("a file")).with_extension(extension);
        let there = fs::read(here("data/manuals").join(&name)).unwrap_or_default();
        assert!(
            there == bytes,
            "{} is not what its source typesets to; run\n  \
             hsc catalog typeset catalogs/manual-sources --out catalogs/data/manuals",
            name.display()
        );
        made.insert(name);
    }
    let there: BTreeSet<PathBuf> = fs::read_dir(here("data/manuals"))
        .expect("the folder of manuals")
        .map(|entry| PathBuf::from(entry.expect("an entry").file_name()))
        .collect();
    assert_eq!(there, made, "manuals without a source, or sources without a manual");
}

#[test]
fn the_demo_set_has_real_manuals_of_a_real_length() {
    let of = |form| sources().into_iter().filter(move |(_, source)| source.about.form == form);
    let lengths: Vec<usize> =
        of(Form::Pdf).map(|(_, source)| pdf(&source).expect("it was set above").pages).collect();
    assert!(
        lengths.len() >= 5 && lengths.iter().all(|pages| (20..=80).contains(pages)),
        "{lengths:?}"
    );
    assert!(of(Form::Html).count() >= 1);
}

#[test]
fn every_picture_and_logo_the_demo_set_names_is_there() {
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

#[test]
fn questions_on_the_demo_manuals_name_pages_that_are_there() {
    let pages: std::collections::BTreeMap<String, usize> = sources()
        .into_iter()
        .map(|(path, source)| {
            let stem = path.file_stem().expect("a file").to_string_lossy().into_owned();
            match source.about.form {
                Form::Pdf => (format!("{stem}.pdf"), pdf(&source).expect("it was set above").pages),
                // A page of a web page is a chapter of it.
                Form::Html => {
                    let chapter = |piece: &&Piece| matches!(piece, Piece::Heading { level: 1, .. });
                    (format!("{stem}.html"), source.pieces.iter().filter(chapter).count())
                }
            }
        })
        .collect();
    let text =
        fs::read_to_string(here("../tests/data/demo_questions.jsonl")).expect("the questions");
    let mut asked = BTreeSet::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let manual = line["manual"].as_str().expect("a manual").to_owned();
        for page in line["pages"].as_array().expect("a list of pages") {
            let page = page.as_u64().expect("a page number") as usize;
            assert!((1..=pages[&manual]).contains(&page), "{line}");
        }
        asked.insert(manual);
    }
    assert_eq!(asked, pages.into_keys().collect(), "every demo manual is asked about");
}
