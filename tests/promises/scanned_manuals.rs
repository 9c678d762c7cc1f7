//! Scanned pages are recognized by tesseract in a process with limits, each page once.
//!
//! Starts the real binary as the server does, and the real tesseract. If a test has to observe or to disturb
//! tesseract, a script replaces it that records each run and then executes tesseract.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hsc::manuals::Loader;
use hsc::outbound::OutboundTls;
use hsc_actors::ports::{ManualError, ManualLoader as _};
use hsc_catalogs::{Documentation, DocumentationKind, Manual};
use hsc_config::{Isolate, ManualsSettings, OcrSettings, Settings};
use hsc_conversation::answer::ManualRequest;
use hsc_monitoring::Metrics;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::eventually::{eventually, in_time};
use crate::server::Server;
use crate::shop::{MIXER, Shop};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/manuals/fixtures/ocr");

fn tls() -> OutboundTls {
    OutboundTls::new("").expect("the known roots")
}

fn settings() -> ManualsSettings {
    let defaults =
        Settings::load(None, std::iter::empty::<(String, String)>()).expect("the defaults");
    let ocr = OcrSettings {
        languages: vec!["eng".into()],
        // Both cores may be busy with other tests.
        page_timeout_ms: 60_000,
        wait_ms: 60_000,
        ..defaults.manuals.ocr
    };
    ManualsSettings { isolate: Isolate::Always, ocr, ..defaults.manuals }
}

fn with_ocr(change: impl FnOnce(&mut OcrSettings)) -> ManualsSettings {
    let mut settings = settings();
    change(&mut settings.ocr);
    settings
}

fn loader(settings: &ManualsSettings) -> Loader {
    let loader =
        Loader::new(settings, Path::new(FIXTURES), &tls(), Metrics::new()).expect("a loader");
    loader.with_program(PathBuf::from(env!("CARGO_BIN_EXE_hsc")))
}

async fn load(loader: &Loader, fixture: &str) -> Result<Arc<Manual>, ManualError> {
    let documentation =
        Documentation { kind: DocumentationKind::Pdf, url: fixture.to_owned(), backup_url: None };
    loader.load(ManualRequest { documentation }, None).await
}

async fn read(settings: &ManualsSettings, fixture: &str) -> Arc<Manual> {
    load(&loader(settings), fixture).await.expect("a manual")
}

/// The text of a page, its words separated by single spaces.
fn page(manual: &Manual, number: usize) -> String {
    manual.pages[number - 1].text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const SAFETY: &str = "Safety first Unplug the unit before you open the cover. Wait until the green lamp goes \
    out, which takes thirty seconds. Never touch the coil while the warning lamp is lit.";
const FILTER: [&str; 4] = [
    "Changing the filter",
    "Turn the handle to the left and lift the lid.",
    "Pull the old filter out by its red tab.",
    "Push the new filter in until it clicks.",
];
const WARRANTY: &str = "Warranty The warranty of this machine lasts twenty-six months. Keep the receipt and the \
    serial number of the machine.";

fn has_filter(text: &str) {
    for part in FILTER {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

/// A script in place of tesseract. It records each recognition as an empty file, named by its number, its process and
/// its parent process: a process with these limits cannot write bytes into a file.
struct Script {
    folder: TempDir,
    command: PathBuf,
}

/// A recorded run.
struct Run {
    process: i32,
    parent: i32,
}

impl Script {
    /// `run` are lines of shell that see `$n`, the number of the run.
    fn new(run: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let command = folder.path().join("ocr");
        let notes = folder.path().join("runs");
        std::fs::create_dir(&notes).expect("a folder");
        let path = std::env::var("PATH").expect("a PATH");
        let text = format!(
            "#!/bin/sh\nPATH='{path}'\ncase \"$1\" in --*) exec tesseract \"$@\";; esac\n\
             cd '{}' && set -- \"$@\" && n=$(($(ls | wc -l) + 1)) && : > \"$(printf %03d $n)-$$-$PPID\"\n\
             {run}\nexec tesseract \"$@\"\n",
            notes.display()
        );
        std::fs::write(&command, text).expect("written");
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755))
            .expect("made a program");
        Self { folder, command }
    }

    fn settings(&self, change: impl FnOnce(&mut OcrSettings)) -> ManualsSettings {
        let mut settings = with_ocr(change);
        settings.ocr.command = self.command.display().to_string();
        settings.cache_dir = self.folder.path().join("cache").display().to_string();
        settings
    }

    fn runs(&self) -> Vec<Run> {
        let entries = std::fs::read_dir(self.folder.path().join("runs")).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        let run = |name: String| {
            let mut parts = name.split('-').skip(1).map(|id| id.parse().expect("a number"));
            let mut next = || parts.next().expect("two numbers");
            Run { process: next(), parent: next() }
        };
        names.into_iter().map(run).collect()
    }
}

fn kill(process: i32) {
    let process = rustix::process::Pid::from_raw(process).expect("a process");
    rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("killed");
}

fn is_alive(process: i32) -> bool {
    // A process that has ended and was not waited for has no command line.
    std::fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn tesseract_is_installed_with_the_languages_of_these_tests() {
    let mut tesseract = Command::new("tesseract");
    let version = in_time("tesseract lists its languages", tesseract.arg("--list-langs").output());
    let listed = version.await.expect("tesseract; `make need-test` installs it").stdout;
    let listed = String::from_utf8(listed).expect("text");
    for language in ["eng", "heb", "osd"] {
        assert!(listed.lines().any(|line| line == language), "no {language} in {listed}");
    }
}

#[tokio::test]
async fn the_pages_of_a_scan_retain_their_numbers_in_every_image_encoding() {
    let manual = read(&settings(), "scan.pdf").await;
    assert_eq!(page(&manual, 1), SAFETY);
    has_filter(&page(&manual, 2));
    assert_eq!(page(&manual, 3), WARRANTY);
    assert!(manual.source.pending.is_empty() && manual.source.unread.is_empty());
    let headings: Vec<_> =
        manual.passages.iter().map(|passage| (passage.page, passage.headings.join(" "))).collect();
    for expected in [(1, "Safety first"), (2, "Changing the filter"), (3, "Warranty")] {
        assert!(
            headings.iter().any(|(page, heading)| (*page, heading.as_str()) == expected),
            "no {expected:?} in {headings:?}"
        );
    }
}

#[tokio::test]
async fn images_in_every_other_encoding_are_read() {
    // JBIG2, JPEG 2000, JPEG in CMYK, and a stencil over a background.
    let manual = read(&settings(), "pictures.pdf").await;
    for number in 1..=4 {
        let text = page(&manual, number);
        assert!(
            text.contains("The warranty of this machine lasts twenty-six months."),
            "{number}: {text}"
        );
    }
}

#[tokio::test]
async fn a_rotated_scan_is_read_upright_with_and_without_a_rotation_in_the_file() {
    let manual = read(&settings(), "rotated.pdf").await;
    has_filter(&page(&manual, 1));
    has_filter(&page(&manual, 2));
}

#[tokio::test]
async fn columns_of_a_scan_in_strips_are_read_one_after_the_other() {
    let manual = read(&settings(), "columns.pdf").await;
    assert_eq!(
        page(&manual, 1),
        "Hold the green key for three seconds to reset the lamp. The lamp blinks twice when the reset is \
         complete. Release the key and wait until the display is dark. Then switch the machine on again with \
         the main switch at the back. Clean the case with a soft cloth. Do not use petrol or alcohol, as they \
         dissolve the paint. Dry the contacts with warm air only. Store the machine in a dry room that is free \
         of dust, and cover it when it is not used for several weeks."
    );
}

#[tokio::test]
async fn letters_drawn_as_shapes_are_recognized() {
    let manual = read(&settings(), "outlined.pdf").await;
    assert_eq!(
        page(&manual, 1),
        "Hold the brown key for six seconds to open the lid. Take the sieve out and rinse it under warm water. \
         Do not put it into the dishwasher, as it would bend."
    );
}

#[tokio::test]
async fn a_hebrew_scan_is_text_in_reading_order() {
    let manual = read(&with_ocr(|ocr| ocr.languages = vec!["heb".into()]), "hebrew.pdf").await;
    let text = page(&manual, 1);
    for line in [
        "לחצו על הכפתור הירוק במשך שלוש שניות",
        "כדי לאפס את המכשיר לאחר החלפת המסנן",
        "המתינו עד שהנורה האדומה תכבה לגמרי",
    ] {
        assert!(text.contains(line), "no {line:?} in {text:?}");
    }
}

#[tokio::test]
async fn a_manual_with_text_does_not_wait_and_its_scanned_page_is_added_later() {
    let settings = settings();
    let loader = loader(&settings);
    let more = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&more);
    loader.when_more(move |documentation| {
        assert_eq!(documentation.url, "mixed.pdf");
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let manual = load(&loader, "mixed.pdf").await.expect("a manual");
    assert!(page(&manual, 1).starts_with("Press the level key"));
    assert!(page(&manual, 3).starts_with("Press the brake key"));
    assert_eq!(manual.source.pending, [2]);
    eventually("its page is recognized", async || more.load(Ordering::SeqCst) == 1).await;
    let manual = load(&loader, "mixed.pdf").await.expect("a manual");
    assert!(page(&manual, 1).starts_with("Press the level key"));
    assert_eq!(page(&manual, 2), WARRANTY);
    assert!(manual.source.pending.is_empty());
}

#[tokio::test]
async fn a_loader_that_waits_for_ocr_returns_every_page() {
    let settings = with_ocr(|ocr| ocr.wait_ms = 0);
    let manual = load(&loader(&settings).waits_for_ocr(), "mixed.pdf").await.expect("a manual");
    assert_eq!(page(&manual, 2), WARRANTY);
    assert!(manual.source.pending.is_empty());
}

#[tokio::test]
async fn without_tesseract_a_scan_is_reported_and_a_mixed_manual_names_its_unread_pages() {
    let absent: [fn(&mut OcrSettings); 4] = [
        |ocr| ocr.command = "/nonexistent/tesseract".into(),
        |ocr| ocr.command = "no-program-of-this-name".into(),
        |ocr| ocr.enabled = hsc_config::OcrChoice::Never,
        |ocr| ocr.languages = vec!["xyz".into()],
    ];
    for (number, absent) in absent.into_iter().enumerate() {
        let settings = with_ocr(absent);
        let error = load(&loader(&settings), "scan.pdf").await.expect_err("it has no text");
        assert_eq!(error.code, "no_text", "{number}");
        assert_eq!(
            error.words,
            "The manual for this product is a scan without text and cannot be searched.",
            "{number}"
        );
        let manual = read(&settings, "mixed.pdf").await;
        assert_eq!(
            (&manual.source.pending, &manual.source.unread),
            (&vec![], &vec![2]),
            "{number}"
        );
        assert_eq!(page(&manual, 2), "");
    }
}

#[tokio::test]
async fn a_language_that_is_not_installed_is_left_out() {
    let languages = vec!["xyz".into(), "eng".into()];
    let manual = read(&with_ocr(|ocr| ocr.languages = languages), "scan.pdf").await;
    assert_eq!(page(&manual, 1), SAFETY);
}

#[tokio::test]
async fn damaged_and_huge_pictures_are_named_and_the_other_pages_are_read() {
    let manual = read(&settings(), "damaged.pdf").await;
    assert_eq!(manual.source.unread, [1, 2]);
    assert_eq!([page(&manual, 1), page(&manual, 2)], ["", ""]);
    assert_eq!(page(&manual, 3), WARRANTY);
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_left_out_and_not_retried() {
    let script = Script::new("[ $n != 2 ] || exec sleep 600");
    let settings = script.settings(|ocr| ocr.page_timeout_ms = 30_000);
    let manual = read(&settings, "scan.pdf").await;
    assert_eq!(manual.source.unread, [2]);
    assert_eq!((page(&manual, 1), page(&manual, 3)), (SAFETY.to_owned(), WARRANTY.to_owned()));
    let again = read(&settings, "scan.pdf").await;
    assert_eq!(again.source.unread, [2]);
    let runs = script.runs();
    assert_eq!(runs.len(), 3);
    assert!(!is_alive(runs[1].process), "the run that took too long is killed");
}

#[tokio::test]
async fn a_page_on_which_tesseract_fails_is_left_out() {
    let script = Script::new("[ $n != 1 ] || exit 3");
    let manual = read(&script.settings(|_| {}), "scan.pdf").await;
    assert_eq!(manual.source.unread, [1]);
    assert_eq!(page(&manual, 3), WARRANTY);
}

#[tokio::test]
async fn a_second_server_reuses_the_pages_of_the_first() {
    let script = Script::new("");
    let settings = script.settings(|_| {});
    assert_eq!(page(&*read(&settings, "scan.pdf").await, 1), SAFETY);
    let manual = read(&settings, "scan.pdf").await;
    assert_eq!((page(&manual, 1), page(&manual, 3)), (SAFETY.to_owned(), WARRANTY.to_owned()));
    assert_eq!(script.runs().len(), 3);
}

#[tokio::test]
async fn a_killed_process_is_restarted_for_the_remaining_pages() {
    // The second run hangs until its process group is killed.
    let script = Script::new("[ $n != 2 ] || exec sleep 600");
    let settings = script.settings(|_| {});
    let read = tokio::spawn({
        let settings = settings.clone();
        async move { read(&settings, "scan.pdf").await }
    });
    eventually("the second page is being recognized", async || script.runs().len() == 2).await;
    let Run { process, parent } = script.runs().remove(1);
    kill(parent);
    let manual = read.await.expect("a manual");
    assert_eq!(page(&manual, 1), SAFETY);
    has_filter(&page(&manual, 2));
    assert_eq!(page(&manual, 3), WARRANTY);
    // The first page once, the second twice, the third once.
    assert_eq!(script.runs().len(), 4);
    assert!(!is_alive(process), "tesseract ends with its process group");
}

#[tokio::test]
async fn a_page_that_kills_the_process_twice_is_left_out() {
    let script = Script::new("[ $n != 1 ] && [ $n != 2 ] || kill -9 $PPID");
    let manual = read(&script.settings(|_| {}), "scan.pdf").await;
    assert_eq!(manual.source.unread, [1]);
    assert_eq!(page(&manual, 3), WARRANTY);
    assert_eq!(script.runs().len(), 4);
}

#[tokio::test]
async fn a_manual_requested_before_recognition_returns_an_error_and_is_available_later() {
    let script = Script::new("while [ ! -e ../go ]; do sleep 0.1; done");
    let settings = script.settings(|ocr| ocr.wait_ms = 1);
    let loader = loader(&settings);
    let error = load(&loader, "scan.pdf").await.expect_err("no page is recognized");
    assert_eq!(error.code, "recognizing", "{error}");
    std::fs::write(script.folder.path().join("go"), "").expect("written");
    eventually("the scan is read", async || {
        load(&loader, "scan.pdf").await.is_ok_and(|manual| manual.source.pending.is_empty())
    })
    .await;
    assert_eq!(script.runs().len(), 3);
}

#[tokio::test]
async fn no_process_continues_after_the_time_limit_of_the_manual() {
    let script = Script::new("[ $n != 2 ] || exec sleep 600");
    let settings = script.settings(|ocr| ocr.timeout_ms = 20_000);
    let manual = read(&settings, "scan.pdf").await;
    assert_eq!(page(&manual, 1), SAFETY);
    assert_eq!(manual.source.pending, [2, 3]);
    let runs = script.runs();
    assert_eq!(runs.len(), 2);
    assert!(!is_alive(runs[1].process) && !is_alive(runs[1].parent));
    // The remaining pages are read by the next opening.
    let manual = read(&settings, "scan.pdf").await;
    assert!(manual.source.pending.is_empty());
    assert_eq!((page(&manual, 1), page(&manual, 3)), (SAFETY.to_owned(), WARRANTY.to_owned()));
}

#[tokio::test]
async fn a_scan_is_recognized_within_the_memory_of_the_reading_process() {
    // Memory of the process itself and of tesseract; the limit applies to each of them.
    let settings = ManualsSettings { extract_memory_bytes: 512 << 20, ..settings() };
    assert_eq!(page(&*read(&settings, "scan.pdf").await, 1), SAFETY);
}

/// A server whose mixer has this manual, with these additional settings.
async fn server(fixture: &str, settings: &[(&str, &str)]) -> Server {
    let shop = Shop::new();
    let manual = std::fs::read(format!("{FIXTURES}/{fixture}")).expect("a fixture");
    shop.write("manuals/mx-9.pdf", &manual);
    let languages = [("manuals.ocr.languages", "eng"), ("manuals.ocr.page_timeout_ms", "60000")];
    Server::of(shop, &[&languages[..], settings].concat()).await
}

/// The text of an answer and its last frame.
async fn ask(server: &Server, question: &str) -> (String, Value) {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "query", "product_id": MIXER, "query": question })).await;
    let received = visitor.receive_answer().await;
    let chunks = received.iter().filter_map(|message| message["content"].as_str());
    (chunks.collect(), received.last().expect("an end").clone())
}

#[tokio::test]
async fn a_question_is_answered_from_a_scan_with_its_page() {
    let server = server("scan.pdf", &[("manuals.ocr.wait_ms", "30000")]).await;
    let (text, end) = ask(&server, "How do I pull out the old filter?").await;
    assert_eq!(end["citations"][0]["page"], 2, "{text} {end}");
    assert!(text.contains("Pull the old filter out by its red tab"), "{text}");
    let scraped = server.get("/metrics").await.text().await.expect("metrics");
    assert!(scraped.contains("hsc_manual_ocr_pages_total{outcome=\"read\"} 3"), "{scraped}");
}

#[tokio::test]
async fn the_visitor_is_notified_of_pending_recognition_and_answered_after_it() {
    let script = Script::new("while [ ! -e ../go ]; do sleep 0.1; done");
    let command = script.command.display().to_string();
    // The manual's page is in the answer only after the cached manual was removed.
    let settings = [("manuals.ocr.command", command.as_str()), ("cache.negative_ttl_ms", "600000")];
    let server = server("mixed.pdf", &settings).await;
    let question = "How many months does the warranty last?";
    let (text, end) = ask(&server, question).await;
    assert_eq!(end["reason"]["code"], "unknown", "{text} {end}");
    assert!(text.contains("still being recognized"), "{text}");
    let listed = server.json(&format!("/admin/manuals?text={MIXER}")).await;
    assert_eq!(listed["items"][0]["pending_pages"], json!([2]), "{listed}");
    std::fs::write(script.folder.path().join("go"), "").expect("written");
    eventually("the recognized page is cited", async || {
        let (_, end) = ask(&server, question).await;
        end["citations"][0]["page"] == 2 && end["reason"].is_null()
    })
    .await;
    let listed = server.json(&format!("/admin/manuals?text={MIXER}")).await;
    assert_eq!(listed["items"][0]["pending_pages"], json!([]), "{listed}");
}
