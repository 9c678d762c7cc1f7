//! Checks the head of every actor's file, and that it contains no banned call.

use crate::tree::{assert_none, files};

/// The entries in the head of an actor's file, in this order.
const CARD: &[&str] = &["Owns", "Receives", "Calls", "Never", "On crash"];

/// The number of lines within which the head has to end, so that it is read without scrolling.
const HEAD: usize = 20;

/// What a file of `actors` must not contain, and why.
const BANNED: &[(&str, &str)] = &[
    (".do_send(", "queues past the mailbox's bound and drops in silence; use the handle's `post`"),
    ("std::time::Instant", "does not stand still in a test; use tokio::time::Instant"),
    ("thread::sleep(", "stops every actor of its thread; use a timer"),
];

/// The file that may use banned calls: it injects faults, and a hanging thread is one.
const FAULTS: &str = "actors/src/supervision/fault_injection.rs";

#[test]
fn every_actor_file_begins_with_its_header() {
    let mut breaches = Vec::new();
    let mut actors = 0;
    for file in files("actors/src", &["rs"]).iter().filter(|file| !file.is_tests()) {
        if !file.code_lines().any(|(_, code)| code.contains("Actor for ") && code.contains("impl"))
        {
            continue;
        }
        actors += 1;
        let head: Vec<&str> =
            file.text.lines().take(HEAD).filter_map(|line| line.strip_prefix("//! ")).collect();
        for word in CARD {
            if !head.iter().any(|line| line.starts_with(word)) {
                breaches.push(format!("{}: no line that begins with {word}", file.path));
            }
        }
    }
    assert!(actors > 0, "there are actors");
    assert_none("An actor's file begins with what it owns and what a crash costs:", &breaches);
}

#[test]
fn no_actor_uses_a_banned_call() {
    let mut breaches = Vec::new();
    let written = files("actors/src", &["rs"]);
    for file in written.iter().filter(|file| !file.is_tests() && file.path != FAULTS) {
        // A test may block its own thread.
        let tests = file.text.lines().position(|line| line == "mod tests {").unwrap_or(usize::MAX);
        for (line, code) in file.code_lines().take_while(|(line, _)| *line <= tests) {
            for (word, reason) in BANNED {
                if code.contains(word) {
                    breaches.push(format!("{}:{line}: {word} {reason}", file.path));
                }
            }
        }
    }
    assert_none("Not in actors:", &breaches);
}
