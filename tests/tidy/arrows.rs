//! Checks which crate depends on which: the graph of docs/architecture.md, compared with `cargo metadata`.

use std::process::Command;

use serde_json::Value;

use crate::tree::{assert_none, root};

/// Each of our crates with the ones that it may import. The graph has no cycles.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "hsc",
        &[
            "hsc-actors",
            "hsc-answers",
            "hsc-catalogs",
            "hsc-config",
            "hsc-conversation",
            "hsc-load",
            "hsc-manuals",
            "hsc-monitoring",
            "hsc-manual-writer",
        ],
    ),
    ("hsc-manual-writer", &["hsc-catalogs"]),
    ("hsc-actors", &["hsc-catalogs", "hsc-config", "hsc-conversation", "hsc-monitoring"]),
    ("hsc-conversation", &["hsc-catalogs"]),
    ("hsc-load", &["hsc-conversation"]),
    ("hsc-monitoring", &["hsc-config"]),
    ("hsc-answers", &["hsc-catalogs"]),
    ("hsc-manuals", &["hsc-catalogs"]),
    ("hsc-catalogs", &[]),
    ("hsc-config", &[]),
];

/// The crates without a runtime: a command-line tool or another program can use them.
const PLAIN: &[&str] = &["hsc-answers", "hsc-catalogs", "hsc-config", "hsc-conversation"];

/// What a plain crate must not depend on: crates with threads, sockets or a log.
const RUNTIME: &[&str] = &["actix", "tokio", "futures", "log", "reqwest", "redis", "sqlx"];

/// What the reader of manuals must not depend on. It starts its child processes with tokio; it has no socket, no log
/// and no metrics.
const NOT_OF_MANUALS: &[&str] =
    &["actix", "futures", "log", "prometheus", "reqwest", "redis", "sqlx"];

/// The crates for tests and the demo, which are in no shipped binary: only tests depend on them.
const TOOLS: &[&str] = &["hsc-manual-writer"];

/// The crates that may name actix.
const ACTIX: &[&str] = &["hsc", "hsc-actors"];

/// A package of the workspace and its dependencies, including those of tests and benchmarks.
struct Package {
    name: String,
    depends_on: Vec<String>,
    /// The dependencies in the built library or binary.
    contains: Vec<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test, so there is a cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().expect("a name is a string").to_owned();
    metadata["packages"]
        .as_array()
        .expect("a workspace has packages")
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            depends_on: package["dependencies"]
                .as_array()
                .expect("a package has a list of dependencies")
                .iter()
                .map(|dependency| text(&dependency["name"]))
                .collect(),
            contains: package["dependencies"]
                .as_array()
                .expect("a package has a list of dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

#[test]
fn the_plan_lists_exactly_the_crates_of_the_workspace() {
    let mut built: Vec<String> = packages().into_iter().map(|package| package.name).collect();
    let mut planned: Vec<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    built.sort();
    planned.sort();
    assert_eq!(built, planned, "draw a new crate into ARROWS and docs/architecture.md first");
}

#[test]
fn every_dependency_between_crates_is_on_the_plan() {
    let mut breaches = Vec::new();
    for package in packages() {
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == package.name)
            .expect("the plan has every crate; the test above says so");
        for other in package.depends_on.iter().filter(|name| name.starts_with("hsc")) {
            if !allowed.contains(&other.as_str()) {
                breaches.push(format!("{} depends on {other}", package.name));
            }
        }
    }
    assert_none("There is no such arrow in docs/architecture.md:", &breaches);
}

#[test]
fn no_tool_is_in_the_server() {
    let mut breaches = Vec::new();
    for package in packages() {
        for tool in package.contains.iter().filter(|name| TOOLS.contains(&name.as_str())) {
            breaches.push(format!("{} contains {tool}", package.name));
        }
    }
    assert_none("A tool may be a dependency of tests alone:", &breaches);
}

#[test]
fn only_the_server_and_the_actors_name_actix() {
    let mut breaches = Vec::new();
    for package in packages().iter().filter(|package| !ACTIX.contains(&package.name.as_str())) {
        for other in package.depends_on.iter().filter(|name| name.starts_with("actix")) {
            breaches.push(format!("{} depends on {other}", package.name));
        }
    }
    assert_none("Only src and actors may name actix:", &breaches);
}

#[test]
fn the_plain_crates_depend_on_no_runtime() {
    let mut breaches = Vec::new();
    for package in packages().iter().filter(|package| PLAIN.contains(&package.name.as_str())) {
        for other in package.depends_on.iter().filter(|name| RUNTIME.contains(&name.as_str())) {
            breaches.push(format!("{} depends on {other}", package.name));
        }
    }
    assert_none("A plain crate returns facts and leaves the rest to its caller:", &breaches);
}

#[test]
fn the_manuals_crate_has_no_socket_and_no_log() {
    let packages = packages();
    let manuals = packages.iter().find(|package| package.name == "hsc-manuals");
    let manuals = manuals.expect("the plan has it; a test above says that it is built");
    let breaches: Vec<String> = manuals
        .depends_on
        .iter()
        .filter(|name| NOT_OF_MANUALS.contains(&name.as_str()))
        .map(|name| format!("hsc-manuals depends on {name}"))
        .collect();
    assert_none(
        "The reader returns facts and leaves fetching, counting and logging to src:",
        &breaches,
    );
}
