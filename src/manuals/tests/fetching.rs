//! Fetching, against a host with the faults of real ones.

use std::path::Path;
use std::sync::Arc;

use hsc_actors::ports::{ManualError, ManualFiles as _, ManualLoader as _};
use hsc_catalogs::{Documentation, DocumentationKind, Manual};
use hsc_config::{Isolate, ManualsSettings, Settings};
use hsc_conversation::answer::ManualRequest;
use hsc_monitoring::Metrics;

use super::super::Loader;
use super::host::{Host, Reply};

const PAGE: &str = "<h1>Mixer</h1><p>It mixes eight channels.</p>";

fn tls() -> crate::outbound::OutboundTls {
    crate::outbound::OutboundTls::new("").expect("the known roots")
}

/// Settings that allow this machine and have short waits.
fn settings() -> ManualsSettings {
    let defaults =
        Settings::load(None, std::iter::empty::<(String, String)>()).expect("the defaults");
    ManualsSettings {
        allowed_hosts: vec!["127.0.0.1".into()],
        // The running program is a test and has no `extract` command.
        isolate: Isolate::Never,
        retry_base_ms: 1,
        connect_timeout_ms: 300,
        fetch_timeout_ms: 5_000,
        ..defaults.manuals
    }
}

fn loader(settings: &ManualsSettings) -> Loader {
    Loader::new(settings, Path::new("/nonexistent"), &tls(), Metrics::new()).expect("a loader")
}

fn page_at(url: impl Into<String>) -> Documentation {
    Documentation { kind: DocumentationKind::Html, url: url.into(), backup_url: None }
}

async fn load(loader: &Loader, documentation: Documentation) -> Result<Arc<Manual>, ManualError> {
    loader.load(ManualRequest { documentation }, None).await
}

async fn code(settings: &ManualsSettings, documentation: Documentation) -> &'static str {
    load(&loader(settings), documentation).await.expect_err("it must fail").code
}

#[tokio::test]
async fn a_manual_is_fetched_with_our_user_agent_and_read() {
    let host = Host::start(|_, _| Reply::ok(PAGE)).await;
    let manual = load(&loader(&settings()), page_at(host.url("/m.html"))).await.expect("a manual");
    assert_eq!(manual.pages[0].text, "Mixer\nIt mixes eight channels.");
    assert_eq!(manual.source.location, host.url("/m.html"));
    assert!(!manual.source.stale);
    assert_eq!(host.seen()[0].headers["user-agent"], settings().user_agent);
}

#[tokio::test]
async fn redirects_are_followed_and_the_final_address_is_recorded() {
    let host = Host::start(|request, _| match request.path.as_str() {
        "/old" => Reply::moved("new"),
        _ => Reply::ok(PAGE),
    })
    .await;
    let manual = load(&loader(&settings()), page_at(host.url("/old"))).await.expect("a manual");
    assert_eq!(manual.source.location, host.url("/new"));
}

#[tokio::test]
async fn a_redirect_loop_ends_at_the_limit() {
    let host = Host::start(|_, _| Reply::moved("/again")).await;
    let settings = ManualsSettings { max_redirects: 3, ..settings() };
    assert_eq!(code(&settings, page_at(host.url("/"))).await, "too_many_redirects");
    assert_eq!(host.seen().len(), 4);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_or_another_scheme_is_refused() {
    for (to, expected) in [
        ("http://169.254.169.254/latest/meta-data", "forbidden"),
        ("http://[::1]:9/", "forbidden"),
        ("http://localhost:9/", "forbidden"),
        ("file:///etc/passwd", "bad_address"),
    ] {
        let host = Host::start(move |_, _| Reply::moved(to)).await;
        assert_eq!(code(&settings(), page_at(host.url("/"))).await, expected, "{to}");
    }
}

#[tokio::test]
async fn a_loopback_address_is_refused_unless_the_settings_allow_it() {
    let host = Host::start(|_, _| Reply::ok(PAGE)).await;
    let settings = ManualsSettings { allowed_hosts: Vec::new(), ..settings() };
    assert_eq!(code(&settings, page_at(host.url("/"))).await, "forbidden");
    let by_name = host.url("/").replace("127.0.0.1", "localhost");
    assert_eq!(code(&settings, page_at(by_name)).await, "forbidden");
    assert!(host.seen().is_empty());
}

#[tokio::test]
async fn a_transfer_over_the_size_limit_is_aborted() {
    let settings = ManualsSettings { max_bytes: 1_000, ..settings() };
    let honest = Host::start(|_, _| Reply::ok(vec![b'x'; 2_000])).await;
    assert_eq!(code(&settings, page_at(honest.url("/"))).await, "too_large");
    // No retry: it would be as large.
    assert_eq!(honest.seen().len(), 1);
}

#[tokio::test]
async fn a_body_shorter_than_declared_is_fetched_again() {
    let host = Host::start(|_, before| match before {
        0 => Reply::ok("<p>It mi").cut_short(),
        _ => Reply::ok(PAGE),
    })
    .await;
    let manual = load(&loader(&settings()), page_at(host.url("/"))).await.expect("a manual");
    assert!(manual.pages[0].text.ends_with("eight channels."));
}

#[tokio::test]
async fn an_overloaded_host_is_retried_and_a_refusal_is_not() {
    let overloaded = Host::start(|_, before| match before {
        0 | 1 => Reply::status(503).with("Retry-After", 0),
        _ => Reply::ok(PAGE),
    })
    .await;
    assert!(load(&loader(&settings()), page_at(overloaded.url("/"))).await.is_ok());
    assert_eq!(overloaded.seen().len(), 3);
    let refusing = Host::start(|_, _| Reply::status(403)).await;
    assert_eq!(code(&settings(), page_at(refusing.url("/"))).await, "refused");
    assert_eq!(refusing.seen().len(), 1);
    let empty = Host::start(|_, _| Reply::status(404)).await;
    assert_eq!(code(&settings(), page_at(empty.url("/"))).await, "not_found");
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_is_final() {
    let host = Host::start(|_, _| Reply::status(503).with("Retry-After", 3_600)).await;
    assert_eq!(code(&settings(), page_at(host.url("/"))).await, "refused");
    assert_eq!(host.seen().len(), 1);
}

#[tokio::test]
async fn a_silent_host_times_out() {
    let host = Host::start(|_, _| Reply::ok("<p>It mi").stalled()).await;
    let silent = ManualsSettings { retries: 1, connect_timeout_ms: 50, ..settings() };
    assert_eq!(code(&silent, page_at(host.url("/"))).await, "unreachable");
    assert_eq!(host.seen().len(), 2);
    let hurried = ManualsSettings { fetch_timeout_ms: 50, ..settings() };
    assert_eq!(code(&hurried, page_at(host.url("/"))).await, "timed_out");
}

#[tokio::test]
async fn the_backup_is_used_when_the_first_address_fails() {
    let (broken, backup) =
        (Host::start(|_, _| Reply::status(410)).await, Host::start(|_, _| Reply::ok(PAGE)).await);
    let documentation =
        Documentation { backup_url: Some(backup.url("/b")), ..page_at(broken.url("/a")) };
    let manual = load(&loader(&settings()), documentation).await.expect("a manual");
    assert_eq!(manual.source.location, backup.url("/b"));
}

#[tokio::test]
async fn the_backup_is_used_when_the_file_cannot_be_read() {
    let (wrong, backup) =
        (Host::start(|_, _| Reply::ok("no page")).await, Host::start(|_, _| Reply::ok(PAGE)).await);
    let documentation =
        Documentation { backup_url: Some(backup.url("/b")), ..page_at(wrong.url("/a")) };
    assert!(load(&loader(&settings()), documentation).await.is_ok());
}

#[tokio::test]
async fn an_unreadable_fresh_copy_is_read_once() {
    let host = Host::start(|_, _| Reply::ok("no page")).await;
    let metrics = Metrics::new();
    let loader = Loader::new(&settings(), Path::new("/nonexistent"), &tls(), metrics.clone())
        .expect("a loader");
    let failed = load(&loader, page_at(host.url("/"))).await.expect_err("it must fail");
    assert_eq!(failed.code, "wrong_kind");
    let counted = metrics.render();
    let readings = "hsc_manual_extracts_total{outcome=\"wrong_kind\"} 1";
    assert!(counted.contains(readings), "{counted}");
}

#[tokio::test]
async fn the_backup_still_has_time_when_the_first_address_is_silent() {
    let (silent, backup) = (
        Host::start(|_, _| Reply::ok("").stalled()).await,
        Host::start(|_, _| Reply::ok(PAGE)).await,
    );
    let settings =
        ManualsSettings { fetch_timeout_ms: 2_000, connect_timeout_ms: 10_000, ..settings() };
    let documentation =
        Documentation { backup_url: Some(backup.url("/b")), ..page_at(silent.url("/a")) };
    assert!(load(&loader(&settings), documentation).await.is_ok());
}

#[tokio::test]
async fn a_fresh_copy_is_used_and_an_old_one_is_revalidated_by_its_etag() {
    let host = Host::start(|request, _| match request.headers.get("if-none-match") {
        Some(tag) if tag == "\"v1\"" => Reply::status(304),
        _ => Reply::ok(PAGE)
            .with("ETag", "\"v1\"")
            .with("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    })
    .await;
    let fresh = loader(&settings());
    for _ in 0..2 {
        load(&fresh, page_at(host.url("/"))).await.expect("a manual");
    }
    assert_eq!(host.seen().len(), 1);
    let old = loader(&ManualsSettings { revalidate_after_ms: 0, ..settings() });
    for _ in 0..2 {
        let manual = load(&old, page_at(host.url("/"))).await.expect("a manual");
        assert!(!manual.source.stale);
    }
    let last = host.seen().pop().expect("a request");
    assert_eq!(last.headers["if-none-match"], "\"v1\"");
    assert_eq!(last.headers["if-modified-since"], "Sun, 06 Nov 1994 08:49:37 GMT");
}

#[tokio::test]
async fn an_older_copy_is_used_and_marked_when_the_host_is_down() {
    let host = Host::start(|_, _| Reply::ok(PAGE)).await;
    let metrics = Metrics::new();
    let settings = ManualsSettings { revalidate_after_ms: 0, retries: 0, ..settings() };
    let loader = Loader::new(&settings, Path::new("/nonexistent"), &tls(), metrics.clone())
        .expect("a loader");
    let documentation = page_at(host.url("/"));
    assert!(!load(&loader, documentation.clone()).await.expect("a manual").source.stale);
    host.die().await;
    assert!(load(&loader, documentation.clone()).await.expect("an older copy").source.stale);
    assert!(loader.original(&documentation).await.expect("an older copy").stale);
    let counted = metrics.render();
    assert!(counted.contains("hsc_manual_fetches_total{outcome=\"ok\"} 1"), "{counted}");
    assert!(counted.contains("hsc_manual_fetches_total{outcome=\"stale\"} 2"), "{counted}");
}

#[tokio::test]
async fn copies_outlive_the_process_in_a_configured_folder() {
    let host = Host::start(|_, _| Reply::ok(PAGE)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = ManualsSettings {
        cache_dir: folder.path().join("new").display().to_string(),
        ..settings()
    };
    for _ in 0..2 {
        load(&loader(&settings), page_at(host.url("/"))).await.expect("a manual");
    }
    assert_eq!(host.seen().len(), 1);
}

#[tokio::test]
async fn one_host_has_one_connection_at_a_time() {
    let host = Host::start(|_, _| Reply::ok(PAGE)).await;
    let loader = loader(&settings());
    let loads = (0..8).map(|number| load(&loader, page_at(host.url(&format!("/{number}")))));
    for loaded in futures::future::join_all(loads).await {
        loaded.expect("a manual");
    }
    assert_eq!((host.seen().len(), host.busiest()), (8, 1));
}

#[tokio::test]
async fn a_decompression_bomb_is_aborted() {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packer.write_all(&[b' '; 65_536]).expect("packed");
    }
    let packed = packer.finish().expect("packed");
    let host =
        Host::start(move |_, _| Reply::ok(packed.clone()).with("Content-Encoding", "gzip")).await;
    let settings = ManualsSettings { max_bytes: 1 << 20, ..settings() };
    assert_eq!(code(&settings, page_at(host.url("/"))).await, "too_large");
}

#[tokio::test]
async fn a_web_page_is_served_as_a_plain_page_and_made_once() {
    let host = Host::start(|_, _| Reply::ok(format!("{PAGE}<script>x</script>"))).await;
    let loader = loader(&settings());
    let first = loader.original(&page_at(host.url("/"))).await.expect("a file");
    let page = std::fs::read_to_string(&first.path).expect("a page");
    assert!(page.contains("<section id=\"page=1\"") && !page.contains("<script"), "{page}");
    assert_eq!(loader.original(&page_at(host.url("/"))).await.expect("a file"), first);
}

#[tokio::test]
async fn a_local_file_is_read_and_served_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/manuals/fixtures/rot/rotate0.pdf");
    std::fs::copy(fixture, folder.path().join("m.pdf")).expect("copied");
    let loader = Loader::new(&settings(), folder.path(), &tls(), Metrics::new()).expect("a loader");
    let documentation =
        Documentation { kind: DocumentationKind::Pdf, url: "m.pdf".into(), backup_url: None };
    let manual = load(&loader, documentation.clone()).await.expect("a manual");
    assert_eq!((manual.pages.len(), manual.source.location.as_str()), (1, "m.pdf"));
    let original = loader.original(&documentation).await.expect("a file");
    assert_eq!(original.media_type, "application/pdf");
    assert_eq!(original.path, folder.path().canonicalize().expect("a folder").join("m.pdf"));
    let climbing = Documentation { url: "../m.pdf".into(), ..documentation };
    assert_eq!(load(&loader, climbing).await.expect_err("outside").code, "outside");
}
