//! A manual that means harm takes down the process that reads it, and nobody else.
//!
//! These start the real binary as the server does, with both extractors, and give it what no wrapper
//! in one process can hold: streams that inflate without end, recursion without end.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use hsc::manuals::Loader;
use hsc_actors::ports::{ManualError, ManualLoader as _, ManualRequest};
use hsc_catalogs::{Documentation, DocumentationKind, Manual};
use hsc_config::{Isolate, ManualsSettings, Settings};
use hsc_monitoring::Metrics;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_hsc"))
}

fn settings() -> ManualsSettings {
    let defaults =
        Settings::load(None, std::iter::empty::<(String, String)>()).expect("the defaults");
    ManualsSettings { isolate: Isolate::Always, extract_timeout_ms: 4_000, ..defaults.manuals }
}

/// Reads bytes as the server reads a file of its catalog folder.
async fn read(settings: &ManualsSettings, bytes: &[u8]) -> Result<Arc<Manual>, ManualError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("m.pdf"), bytes).expect("written");
    let loader = Loader::new(settings, folder.path(), Metrics::new()).expect("a loader");
    let documentation =
        Documentation { kind: DocumentationKind::Pdf, url: "m.pdf".into(), backup_url: None };
    loader.with_program(program()).load(ManualRequest { documentation }).await
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in (1..).zip(objects) {
        writeln!(file, "{number} 0 obj").expect("memory");
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    // No table of places: readers look for the objects themselves, as they do in damaged files.
    write!(file, "trailer\n<</Size {}/Root 1 0 R>>\n%%EOF\n", objects.len() + 1).expect("memory");
    file
}

fn stream(entries: &str, body: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{entries}/Length {}>>\nstream\n", body.len()).into_bytes();
    object.extend(body);
    object.extend(b"\nendstream");
    object
}

fn one_page(parent: &str, content: Vec<u8>) -> Vec<u8> {
    pdf(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Count 1/Kids[3 0 R]/Parent 2 0 R>>".to_vec(),
        format!(
            "<</Type/Page/Parent 2 0 R{parent}/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
        )
        .into_bytes(),
        content,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ])
}

fn packed(mib: usize) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut piece = b"BT /F1 12 Tf (bomb) Tj ET\n".repeat(40);
    piece.resize(1 << 20, b' ');
    for _ in 0..mib {
        packer.write_all(&piece).expect("packed");
    }
    packer.finish().expect("packed")
}

#[tokio::test]
async fn a_whole_manual_comes_back_from_the_process_that_read_it() {
    let page = stream("", b"BT /F1 12 Tf 72 720 Td (Hold the power key for two seconds.) Tj ET");
    let manual =
        read(&settings(), &one_page("/MediaBox[0 0 612 792]", page)).await.expect("a manual");
    assert_eq!(manual.pages[0].text, "Hold the power key for two seconds.");
    assert_eq!(manual.source.location, "m.pdf");
}

#[tokio::test]
async fn a_stream_that_inflates_without_end_is_a_reason_and_no_crash() {
    // 150 MiB out of less than two.
    let bomb = one_page("/MediaBox[0 0 612 792]", stream("/Filter/FlateDecode", &packed(150)));
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    let error = read(&settings(), &bomb).await.expect_err("it must not be read");
    assert!(["no_text", "damaged", "too_slow", "reader_died"].contains(&error.code), "{error:?}");
}

#[tokio::test]
async fn recursion_without_end_ends_with_its_process() {
    // Without a page size the second extractor asks the parent for one, and this parent is its own.
    let circle = one_page("", stream("", b""));
    let error = read(&settings(), &circle).await.expect_err("it must not be read");
    assert!(["no_text", "damaged", "reader_died"].contains(&error.code), "{error:?}");
}

#[tokio::test]
async fn reading_that_takes_too_long_is_killed() {
    let settings = ManualsSettings { extract_timeout_ms: 1, ..settings() };
    let slow = one_page("/MediaBox[0 0 612 792]", stream("/Filter/FlateDecode", &packed(20)));
    let error = read(&settings, &slow).await.expect_err("it must not be read");
    assert_eq!(error.code, "too_slow");
}

#[test]
fn a_process_that_may_use_little_memory_dies_alone_and_says_nothing() {
    let mut child = Command::new(program())
        .args([
            "extract",
            "--kind",
            "pdf",
            "--memory-bytes",
            "20000000",
            "--max-bytes",
            "200000000",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut input = child.stdin.take().expect("piped");
    // The child is gone before it has read everything; that is the point.
    let _ = input.write_all(&vec![b' '; 100 << 20]);
    drop(input);
    let output = crate::process::finished("hsc extract ends", child);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}
