//! Checks the names and first lines of files.

use crate::tree::{File, assert_none, files, root};

/// The folders that hold code.
const CODE: &[&str] = &[
    "src",
    "actors",
    "answers",
    "catalogs",
    "config",
    "conversation",
    "load",
    "manuals",
    "monitoring",
    "tests",
    "tools",
    "web",
];

/// Forbidden generic names: the content deserves a more specific name and its own file.
const DRAWERS: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "types", "manager", "misc", "shared"];

fn code() -> Vec<File> {
    CODE.iter()
        .flat_map(|folder| files(folder, &["rs", "ts", "tsx", "js", "mjs", "css"]))
        .filter(|file| !file.is_written_by_a_program())
        .collect()
}

#[test]
fn no_file_has_a_generic_name() {
    let breaches: Vec<String> = code()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| {
            path.split('/')
                .map(|part| part.split('.').next().unwrap_or(part))
                .any(|name| DRAWERS.contains(&name))
        })
        .collect();
    assert_none("Name a file after the one concept it holds:", &breaches);
}

#[test]
fn every_file_begins_with_a_module_comment() {
    let breaches: Vec<String> = code()
        .into_iter()
        .filter(|file| file.path.ends_with(".rs") && !file.is_tests())
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path)
        .collect();
    assert_none("Begin with a line `//!` that says what lives here:", &breaches);
}

#[test]
fn every_crate_uses_the_lints_of_the_workspace() {
    let breaches: Vec<String> = files("", &["toml"])
        .into_iter()
        .filter(|file| file.path.ends_with("Cargo.toml"))
        .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
        .map(|file| file.path)
        .collect();
    assert_none("Lints live once, in [workspace.lints]; a crate asks for them:", &breaches);
}

#[test]
fn both_licences_exist() {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(name).is_file(), "{name} is missing");
    }
}
