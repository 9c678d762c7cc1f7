//! The command writes the valid sources and names the invalid ones.

use std::fs;
use std::process::{Command, Output};

fn run(arguments: &[&str], dir: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual-writer"));
    // No deadline: the tool reads and writes a few files and ends.
    command.args(arguments).current_dir(dir).output().expect("the tool runs")
}

#[test]
fn a_bad_source_is_named_with_its_line_and_the_others_are_written() {
    let dir = std::env::temp_dir().join(format!("hsc-manual-writer-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a folder for the test");
    fs::write(dir.join("good.md"), "---\ntitle: Manual\n---\n# One\n\nText.\n").expect("writable");
    fs::write(dir.join("bad.md"), "---\ntitle: Manual\ntitel: x\n---\n").expect("writable");
    let output = run(&[".", "--out", "made"], &dir);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.starts_with("./bad.md: line 3: unknown field 'titel'"), "{errors}");
    let pdf = fs::read(dir.join("made/good.pdf")).expect("the good one was written");
    assert!(pdf.starts_with(b"%PDF-"));
    let usage = run(&["good.md"], &dir);
    assert_eq!(usage.status.code(), Some(2), "without --out");
    fs::remove_dir_all(&dir).expect("the folder of the test");
}
