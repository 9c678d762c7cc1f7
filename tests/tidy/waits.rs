//! Checks that every wait in tests has a deadline.
//!
//! A raw wait is inside a call that bounds it (`in_time`, `eventually`, `timeout`, `within`), or in an
//! `async` block that is passed to one. Otherwise a comment above it in the same function gives the reason:
//! `// No deadline: …`. As a last resort, `tests/bounded.sh` ends a whole test binary.

use crate::tree::{File, assert_none, files};

/// Calls that wait without a bound.
const RAW: &[&str] = &[
    ".recv().await",
    ".next().await",
    ".changed().await",
    ".notified().await",
    ".wait()",
    "read_line(",
    ".output()",
    "wait_with_output",
    "loop {",
    // A pause between two checks is bounded together with the checks; any other makes a test slow and unreliable.
    "sleep(",
];
/// Calls that bound a wait. The first argument is the bound or the name of the event.
const BOUNDS: &[&str] = &["in_time(", "eventually(", "timeout(", "timeout_at(", "within("];
/// The exception, with its reason.
const MARK: &str = "// No deadline: ";

#[test]
fn every_wait_of_a_test_has_a_deadline() {
    let mut breaches = Vec::new();
    let mut waits = 0;
    for file in files("", &["rs"]) {
        let Some(first) = first_line_of_tests(&file) else { continue };
        let lines: Vec<&str> = file.text.lines().collect();
        for at in first..lines.len() {
            let line = lines[at];
            let is_raw =
                !line.trim_start().starts_with("//") && RAW.iter().any(|raw| line.contains(raw));
            if is_raw {
                waits += 1;
                if !is_bounded(&lines, at) {
                    breaches.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
                }
            }
        }
    }
    assert!(waits > 20, "it finds waits: {waits}");
    assert_none(
        "A wait that can hang: put it into `in_time(\"what\", …)`, or say why not:",
        &breaches,
    );
}

#[test]
fn every_wait_of_a_script_has_a_deadline() {
    let mut breaches = Vec::new();
    for file in files("tests", &["sh", "mjs"]).iter().chain(&files("web/tests", &["ts"])) {
        let lines: Vec<&str> = file.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let shell = file.path.ends_with(".sh") && line.trim_start().starts_with("until ");
            let runs = ["execFileSync(", "spawnSync("].iter().any(|it| line.contains(it));
            // A block that awaits nothing.
            let endless = (line.contains("while (true)") || line.contains("for (;;)"))
                && lines[at..].iter().take(10).any(|line| line.contains("await "));
            let is_bounded = match () {
                () if shell => lines[at..].iter().take(4).any(|line| line.contains("$deadline")),
                () if runs => line.contains("timeout:"),
                () if endless => lines[..at].iter().rev().take(3).any(|line| line.contains(MARK)),
                () => true,
            };
            if !is_bounded {
                breaches.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    assert_none("A wait of a script that can hang:", &breaches);
}

/// The first line of a file's tests; none without tests.
fn first_line_of_tests(file: &File) -> Option<usize> {
    let path = file.path.as_str();
    // The files that search for waits contain their names.
    if path.starts_with("tests/tidy/") || !path.contains('/') {
        return None;
    }
    let is_whole = path.starts_with("tests/") || file.is_tests() || path.ends_with("/stage.rs");
    if is_whole {
        return Some(0);
    }
    file.text.lines().position(|line| line == "mod tests {")
}

/// True if the wait, or one of the blocks around it up to its function, is bounded.
fn is_bounded(lines: &[&str], at: usize) -> bool {
    let has_bound = |line: &str| BOUNDS.iter().any(|bound| line.contains(bound));
    if has_bound(lines[at]) {
        return true;
    }
    let mut depth = indent(lines[at]);
    for (above, line) in lines[..at].iter().enumerate().rev() {
        if line.trim().is_empty() {
            continue;
        }
        if line.contains(MARK) {
            return true;
        }
        if indent(line) >= depth {
            continue;
        }
        depth = indent(line);
        if has_bound(line) || block_name(line).is_some_and(|name| gives(&lines[above..], name)) {
            return true;
        }
        let code = line.trim_start();
        let starts_function = ["fn ", "async fn ", "pub"].iter().any(|word| code.starts_with(word));
        if depth == 0 || (starts_function && code.contains("fn ")) {
            return false;
        }
    }
    false
}

/// The name of an `async` block that is assigned: `let NAME = async {`.
fn block_name(line: &str) -> Option<&str> {
    let (name, value) = line.trim_start().strip_prefix("let ")?.split_once(" = ")?;
    value.contains("async").then(|| name.trim_start_matches("mut "))
}

/// True if the block of this name is passed to a bounding call, a few lines below.
fn gives(lines: &[&str], name: &str) -> bool {
    let is_name = |word: &str| word == name;
    lines.iter().take(60).any(|line| {
        BOUNDS.iter().any(|bound| {
            line.split_once(bound).is_some_and(|(_, arguments)| {
                arguments.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_name)
            })
        })
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[test]
fn a_raw_wait_is_distinguished_from_a_bounded_one() {
    let bounded = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.contains(".recv().await")).expect("a wait");
        is_bounded(&lines, at)
    };
    assert!(!bounded("async fn it() {\n    rx.recv().await;\n}"));
    assert!(!bounded("async fn it() {\n    loop {\n        rx.recv().await;\n    }\n}"));
    assert!(bounded("async fn it() {\n    in_time(\"x\", rx.recv().await);\n}"));
    assert!(bounded(
        "async fn it() {\n    in_time(\"x\", async {\n        rx.recv().await\n    });\n}"
    ));
    assert!(bounded(
        "fn it() {\n    let a = async {\n        rx.recv().await\n    };\n    in_time(\"x\", a);\n}"
    ));
    assert!(!bounded(
        "fn it() {\n    let a = async {\n        rx.recv().await\n    };\n    in_time(\"x\", b);\n}"
    ));
    // A bound of the previous function does not count.
    assert!(!bounded("fn a() {\n    in_time(1, 2);\n}\nfn it() {\n    rx.recv().await\n}"));
    assert!(bounded(
        "fn it() {\n    // No deadline: it ends with the test.\n    rx.recv().await\n}"
    ));
}
