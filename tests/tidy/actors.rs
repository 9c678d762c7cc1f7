//! What every actor's file must say and must not do.

use crate::tree::{assert_none, files};

/// What the head of an actor's file tells a newcomer, in this order.
const CARD: &[&str] = &["Owns", "Receives", "Calls", "Never", "On crash"];

/// The lines within which the card stands: a newcomer reads it without scrolling.
const HEAD: usize = 20;

/// What must not stand in a file of `actors`, and why.
const BANNED: &[(&str, &str)] = &[
    (".do_send(", "queues past the mailbox's bound and drops in silence; use the handle's `post`"),
    ("std::time::Instant", "does not stand still in a test; use tokio::time::Instant"),
    ("thread::sleep(", "stops every actor of its thread; use a timer"),
];

/// The file whose business it is to do what is banned, on demand: a thread that hangs is a fault.
const FAULTS: &str = "actors/src/supervision/fault_injection.rs";

#[test]
fn every_actor_file_begins_with_its_card() {
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
fn no_actor_does_what_freezes_or_loses() {
    let mut breaches = Vec::new();
    let written = files("actors/src", &["rs"]);
    for file in written.iter().filter(|file| !file.is_tests() && file.path != FAULTS) {
        // A test may hold its own thread up, to see what becomes of it.
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
