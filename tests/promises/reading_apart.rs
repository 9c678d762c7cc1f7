//! A malicious manual ends only the child process that reads it.
//!
//! Starts the real binary as the server does, with documents that a single process could not bound:
//! streams that inflate without end, unlimited recursion.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use hsc::manuals::Loader;
use hsc::outbound::OutboundTls;
use hsc_actors::ports::{ManualError, ManualLoader as _};
use hsc_catalogs::{Documentation, DocumentationKind, Manual};
use hsc_config::{Isolate, ManualsSettings, Settings};
use hsc_conversation::answer::ManualRequest;
use hsc_monitoring::Metrics;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_hsc"))
}

fn tls() -> OutboundTls {
    OutboundTls::new("").expect("the known roots")
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
    let loader = Loader::new(settings, folder.path(), &tls(), Metrics::new()).expect("a loader");
    let documentation =
        Documentation { kind: DocumentationKind::Pdf, url: "m.pdf".into(), backup_url: None };
    loader.with_program(program()).load(ManualRequest { documentation }, None).await
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in (1..).zip(objects) {
        writeln!(file, "{number} 0 obj").expect("memory");
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    // Without a cross-reference table: readers then search for the objects, as in damaged files.
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
    let mut piece = b"BT /F1 12 Tf (bomb) Tj ET\n".repeat(40);
    piece.resize(1 << 20, b' ');
    repeated(&piece, mib)
}

/// A piece repeated so many times, compressed.
fn repeated(piece: &[u8], times: usize) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..times {
        packer.write_all(piece).expect("packed");
    }
    packer.finish().expect("packed")
}

#[tokio::test]
async fn the_reading_process_returns_a_whole_manual() {
    let page = stream("", b"BT /F1 12 Tf 72 720 Td (Hold the power key for two seconds.) Tj ET");
    let manual =
        read(&settings(), &one_page("/MediaBox[0 0 612 792]", page)).await.expect("a manual");
    assert_eq!(manual.pages[0].text, "Hold the power key for two seconds.");
    assert_eq!(manual.source.location, "m.pdf");
}

#[tokio::test]
async fn a_decompression_bomb_is_an_error_and_no_crash() {
    // 150 MiB from less than two.
    let bomb = one_page("/MediaBox[0 0 612 792]", stream("/Filter/FlateDecode", &packed(150)));
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    let error = read(&settings(), &bomb).await.expect_err("it must not be read");
    assert!(["no_text", "damaged", "too_slow", "reader_died"].contains(&error.code), "{error:?}");
}

#[tokio::test]
async fn endless_recursion_is_an_error_and_no_crash() {
    // The page has no size, and the parent that it inherits from is its own parent.
    let circle = one_page("", stream("", b""));
    let error = read(&settings(), &circle).await.expect_err("it must not be read");
    assert!(["no_text", "damaged", "reader_died"].contains(&error.code), "{error:?}");
}

#[tokio::test]
async fn a_reading_process_that_takes_too_long_is_killed() {
    let settings = ManualsSettings { extract_timeout_ms: 1, ..settings() };
    // Twenty million operators: no machine reads them within the tenth of a second that a child has beyond its limit.
    let busy = repeated(&b"q Q\n".repeat(1 << 18), 40);
    let slow = one_page("/MediaBox[0 0 612 792]", stream("/Filter/FlateDecode", &busy));
    let error = read(&settings, &slow).await.expect_err("it must not be read");
    assert_eq!(error.code, "too_slow");
}

/// Reads a web page in a child process, under the default limits except for the nodes: a million of them
/// take a second, but half a minute with an unoptimised parser while both cores are busy.
async fn read_page(page: String) -> Result<Arc<Manual>, ManualError> {
    let defaults =
        Settings::load(None, std::iter::empty::<(String, String)>()).expect("the defaults");
    let settings =
        ManualsSettings { isolate: Isolate::Always, html_max_nodes: 50_000, ..defaults.manuals };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("m.html"), page).expect("written");
    let loader = Loader::new(&settings, folder.path(), &tls(), Metrics::new()).expect("a loader");
    let documentation =
        Documentation { kind: DocumentationKind::Html, url: "m.html".into(), backup_url: None };
    loader.with_program(program()).load(ManualRequest { documentation }, None).await
}

#[tokio::test]
async fn a_web_page_that_is_built_to_take_long_is_refused_by_the_limit_it_exceeds() {
    let attributes: String = (0..1_000_000).map(|number| format!(" a{number}")).collect();
    for (page, setting) in [
        (format!("<p{attributes}>x"), "manuals.html_max_attributes"),
        ("<div>".repeat(1_000_000), "manuals.html_max_depth"),
        ("<table><tr><td>".repeat(300_000), "manuals.html_max_depth"),
        (format!("<table>{}", "<tr><td>a<td>b".repeat(1_000_000)), "manuals.html_max_nodes"),
    ] {
        let begins = page[..20].to_owned();
        let error = read_page(page).await.expect_err("it must not be read");
        assert_eq!(error.code, "too_complex", "{begins}: {error}");
        assert!(error.to_string().contains(setting), "{begins}: {error}");
    }
}

/// Runs `hsc extract` over a page, its output and its errors into files.
fn extract_into_files(page: &str, arguments: &[&str], before: &str) -> (bool, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("page"), page).expect("written");
    std::fs::write(path("out"), before).expect("written");
    let append = || std::fs::File::options().append(true).create(true).clone();
    let status = Command::new(program())
        .args(["extract", "--kind", "html"])
        .args(arguments)
        .stdin(std::fs::File::open(path("page")).expect("opened"))
        .stdout(append().open(path("out")).expect("opened"))
        .stderr(append().open(path("errors")).expect("opened"))
        .status()
        .expect("started");
    let text = |name: &str| std::fs::read_to_string(path(name)).expect("read");
    (status.success(), text("out"), text("errors"))
}

#[test]
fn extract_writes_the_manual_to_a_redirected_file() {
    let page = format!("<h1>Mixer</h1><p>{}</p>", "It mixes. ".repeat(50_000));
    for before in ["", "a line before\n"] {
        let (is_read, out, errors) = extract_into_files(&page, &[], before);
        assert!(is_read && errors.is_empty(), "{errors}");
        let json = out.strip_prefix(before).expect("what stood there is there").trim();
        let reply: serde_json::Value = serde_json::from_str(json).expect("JSON");
        assert!(reply["manual"]["pages"][0]["text"].as_str().is_some_and(|it| it.len() > 400_000));
    }
}

#[test]
fn extract_writes_the_error_to_a_redirected_file() {
    let (_, out, _) = extract_into_files("no page", &[], "");
    assert_eq!(out.trim(), "\"wrong_kind\"");
    let (_, out, _) = extract_into_files("<p>text</p>", &["--max-text-bytes", "1"], "");
    assert_eq!(out.trim(), "\"too_much_text\"");
    let (_, out, _) = extract_into_files("<p>text</p>", &["--timeout-ms", "0"], "");
    assert_eq!(out.trim(), "\"too_slow\"");
    let (is_read, out, errors) = extract_into_files("<p>text</p>", &["--no-such"], "");
    assert!(!is_read && out.is_empty() && errors.contains("--no-such"), "{errors}");
}

#[test]
fn a_process_out_of_memory_dies_without_output() {
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
    // The child has ended before it has read everything, as intended.
    let _ = input.write_all(&vec![b' '; 100 << 20]);
    drop(input);
    let output = crate::process::finished("hsc extract ends", child);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}
