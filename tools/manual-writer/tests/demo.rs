//! The manuals of the demo catalog, and those of generated catalogs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hsc_catalogs::generate::Plan;
use hsc_manual_writer::{Form, Piece, Source, html, pdf};

/// The folder of the demo catalog's manuals.
const MANUALS: &str = "../../catalogs/data/manuals";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn sources() -> Vec<(PathBuf, Source)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(here("sources"))
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
fn every_stored_manual_equals_the_output_of_its_source() {
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
        let there = fs::read(here(MANUALS).join(&name)).unwrap_or_default();
        assert!(
            there == bytes,
            "{} is not what its source is written as; run\n  \
             cargo run -p hsc-manual-writer -- tools/manual-writer/sources --out catalogs/data/manuals",
            name.display()
        );
        made.insert(name);
    }
    let there: BTreeSet<PathBuf> = fs::read_dir(here(MANUALS))
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
fn questions_on_the_demo_manuals_name_existing_pages() {
    let pages: BTreeMap<String, usize> = sources()
        .into_iter()
        .map(|(path, source)| {
            let stem = path.file_stem().expect("a file").to_string_lossy().into_owned();
            match source.about.form {
                Form::Pdf => (format!("{stem}.pdf"), pdf(&source).expect("it was set above").pages),
                // The pages of a web page are its chapters.
                Form::Html => {
                    let chapter = |piece: &&Piece| matches!(piece, Piece::Heading { level: 1, .. });
                    (format!("{stem}.html"), source.pieces.iter().filter(chapter).count())
                }
            }
        })
        .collect();
    let text =
        fs::read_to_string(here("../../tests/data/demo_questions.jsonl")).expect("the questions");
    let mut manuals = BTreeSet::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let manual = line["manual"].as_str().expect("a manual").to_owned();
        for page in line["pages"].as_array().expect("a list of pages") {
            let page = page.as_u64().expect("a page number") as usize;
            assert!((1..=pages[&manual]).contains(&page), "{line}");
        }
        manuals.insert(manual);
    }
    assert_eq!(manuals, pages.into_keys().collect(), "every demo manual is asked about");
}

#[test]
fn a_generated_manual_has_about_as_many_pages_as_asked() {
    let mut far = Vec::new();
    for (seed, requested) in [8, 20, 60, 200].into_iter().enumerate() {
        let seed = seed as u64;
        let plan = Plan { brands: 2, products: 10, seed, manuals: 4, pages: requested..=requested };
        for file in plan.files().expect("a plan").filter(|file| file.path.ends_with(".md")) {
            let text = String::from_utf8(file.bytes).expect("Markdown is UTF-8");
            let pages = pdf(&Source::parse(&text).expect("a source")).expect("Latin letters").pages;
            if pages.abs_diff(requested) > 2.max(requested / 10) {
                far.push(format!("{}: {pages} for {requested}", file.path));
            }
        }
    }
    assert!(far.is_empty(), "{far:#?}");
}
