//! The `hsc catalog …` commands, and their errors.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hsc_manual_writer::{Source, pdf};

fn hsc(arguments: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hsc"));
    command.args(arguments).current_dir(dir);
    crate::process::output("hsc ends", &mut command)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

#[test]
fn a_command_without_a_subcommand_prints_help() {
    let dir = folder();
    for arguments in [&[][..], &["catalog"]] {
        let output = hsc(arguments, dir.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("Usage: hsc"), "{}", err(&output));
    }
}

#[test]
fn check_names_file_product_field_and_reason_and_fails() {
    let dir = folder();
    let text = r#"{"brand_identity":{"id":"a","name":"A"},"products":[{"id":"a-1","name":"One"},{"id":"a-2","name":" "}]}"#;
    fs::write(dir.path().join("a.json"), text).expect("writable");
    let output = hsc(&["catalog", "check", "."], dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        out(&output),
        "error: a.json: product 'a-2': name: is missing or empty; the product is left out\n\
         .: 1 product of 1 brand, 0 with a manual; 1 error, 0 warnings\n"
    );
    let output = hsc(&["catalog", "check", "nowhere"], dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("hsc: cannot read nowhere: "), "{}", err(&output));
}

#[test]
fn check_fails_on_warnings_only_when_strict() {
    let dir = folder();
    let text = r#"[{"id":"a-1","name":"One","brand":"A","relationships":[{"target_id":"gone"}]}]"#;
    fs::write(dir.path().join("a.json"), text).expect("writable");
    assert_eq!(hsc(&["catalog", "check", "."], dir.path()).status.code(), Some(0));
    let strict = hsc(&["catalog", "check", "--strict", "."], dir.path());
    assert_eq!(strict.status.code(), Some(1));
    assert!(out(&strict).contains("names 'gone', which no catalog has"), "{}", out(&strict));
}

#[test]
fn a_generated_catalog_passes_the_check_and_is_counted_by_stats() {
    let dir = folder();
    let generate = "catalog generate --brands 3 --products 40 --seed 7 --manuals 2 --pages-min 20 --pages-max 24 made";
    let output = hsc(&generate.split(' ').collect::<Vec<_>>(), dir.path());
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("cargo run -p hsc-manual-writer"), "{}", out(&output));
    // The effect of the command that it suggests.
    let manuals = fs::read_dir(dir.path().join("made/manuals")).expect("the folder of manuals");
    let sources: Vec<_> = manuals.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(sources.len(), 2);
    for path in sources {
        let text = fs::read_to_string(&path).expect("a source");
        let source = Source::parse(&text).expect("manual-writer reads it");
        let pdf = pdf(&source).expect("letters of the fonts");
        fs::write(path.with_extension("pdf"), pdf.bytes).expect("writable");
    }
    let output = hsc(&["catalog", "check", "--strict", "made"], dir.path());
    assert_eq!(
        out(&output),
        "made: 40 products of 3 brands, 2 with a manual; 0 errors, 0 warnings\n"
    );
    let output = hsc(&["catalog", "stats", "--json", "made"], dir.path());
    let stats: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&stats["brands"], &stats["products"], &stats["with_manual"]),
        (&3.into(), &40.into(), &2.into())
    );
    let again = hsc(&generate.split(' ').collect::<Vec<_>>(), dir.path());
    assert!(err(&again).contains("made has catalog files already"), "{}", err(&again));
}

#[test]
fn import_writes_valid_rows_reports_invalid_ones_and_does_not_overwrite() {
    let dir = folder();
    fs::write(dir.path().join("t.csv"), "name,brand,price\nPad,Acorn,49.90\nStand,Acorn,cheap\n")
        .expect("writable");
    let import = ["catalog", "import", "t.csv", "--out", "made"];
    let output = hsc(&import, dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        err(&output),
        "t.csv: line 3: price: 'cheap' is not a price, e.g. 1299.00; the row is left out\n"
    );
    let check = hsc(&["catalog", "check", "--strict", "made"], dir.path());
    assert!(check.status.success(), "{}", out(&check));
    let again = hsc(&import, dir.path());
    assert!(err(&again).contains("made/acorn.json would be written over"), "{}", err(&again));
}
