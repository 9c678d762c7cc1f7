//! `hsc smoke` tests an installation as a visitor, and fails if a visitor would.

use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::host::Host;
use crate::own_address::own_address;
use crate::process;
use crate::server::{Server, hsc, run};
use crate::shop::{self, LIGHT, Shop};
use crate::tls::{certificate, with_certificate};

const CHECKS: [&str; 8] =
    ["ready", "page", "identify", "ask", "resume", "handoff", "admin_closed", "metrics"];

async fn smoke(args: &[&str]) -> (ExitStatus, String, String) {
    let mut command = hsc();
    command.arg("smoke").args(args);
    tokio::task::spawn_blocking(move || run(command)).await.expect("running does not panic")
}

/// The result of each check, in order.
fn outcomes(printed: &str) -> Vec<(String, String)> {
    let results: Value = serde_json::from_str(printed).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let results = results.as_array().expect("a list").iter();
    results.map(|it| (text(&it["check"]), text(&it["outcome"]))).collect()
}

fn outcome_of(printed: &str, check: &str) -> String {
    let found = outcomes(printed).into_iter().find(|(name, _)| name == check);
    found.expect("the check is listed").1
}

#[tokio::test]
async fn every_check_passes_on_a_healthy_server_and_is_listed_as_ok() {
    let server = Server::start().await;
    let (status, out, err) = smoke(&[&server.url("")]).await;
    assert!(status.success(), "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), CHECKS.len(), "{out}");
    for (line, check) in lines.iter().zip(CHECKS) {
        assert!(line.starts_with(check) && line.contains(" ok "), "{line}");
    }
    assert!(out.contains("cites page 1"), "{out}");
    assert!(out.contains("commit="), "the metrics name the build: {out}");
}

#[tokio::test]
async fn operations_on_a_separate_address_are_checked_there() {
    let operations = format!("{}:9090", own_address());
    let server = Server::with(&[("server.operations_listen", operations.as_str())]).await;
    let operations = format!("http://{operations}");
    let (status, out, _) = smoke(&[&server.url(""), "--operations", &operations, "--json"]).await;
    assert!(status.success(), "{out}");
    // The public address is no substitute: its metrics are closed.
    let (status, out, _) =
        smoke(&[&server.url(""), "--operations", &server.url(""), "--json"]).await;
    assert!(!status.success());
    assert_eq!(outcome_of(&out, "metrics"), "failed", "{out}");
}

#[tokio::test]
async fn a_broken_installation_fails_at_the_step_that_is_broken() {
    // No server: nothing passes, and checks that need a socket are skipped.
    let (status, out, _) = smoke(&["http://127.0.0.1:9", "--json", "--timeout", "2s"]).await;
    assert!(!status.success());
    assert!(outcomes(&out).iter().all(|(_, outcome)| outcome != "passed"), "{out}");
    assert_eq!(outcome_of(&out, "resume"), "skipped");

    // A manual that cannot be fetched: the answer cites nothing, everything else works.
    let host = Host::that_answers().await;
    let shop = Shop::new();
    let mut catalog = shop::catalog(0);
    catalog["products"] = json!([catalog["products"][0]]);
    catalog["products"][0]["documentation"] = json!({ "type": "html", "url": host.url("nl-200") });
    shop.write_catalog(&catalog);
    // The host is not allowed: it has the address of this machine.
    let server = Server::of(shop, &[]).await;
    let (status, out, _) =
        smoke(&[&server.url(""), "--json", "--product", LIGHT, "--question", "How heavy is it?"])
            .await;
    assert!(!status.success());
    assert_eq!(outcome_of(&out, "ask"), "failed", "{out}");
    assert_eq!(outcome_of(&out, "resume"), "passed", "{out}");
}

#[tokio::test]
async fn a_private_certificate_authority_is_trusted_only_with_the_option() {
    let shop = Shop::new();
    let pair = certificate(shop.dir(), "one");
    let server = with_certificate(shop, &pair, &[]).await;
    let ca = pair.0.display().to_string();
    let url = format!("https://{}", server.address());
    let (status, out, _) = smoke(&[&url, "--ca-file", &ca, "--json"]).await;
    assert!(status.success(), "{out}");
    let (status, out, _) = smoke(&[&url, "--json", "--timeout", "5s"]).await;
    assert!(!status.success());
    assert_eq!(outcome_of(&out, "page"), "failed", "without the file nothing is trusted: {out}");

    let mut load = hsc();
    load.args(["load", "typing", "--users", "2", "--duration", "500ms", "--key", "20ms"]);
    load.args(["--fail-if", "typing.count<1", "--fail-if", "refused>0"]);
    load.args(["--url", &url, "--ca-file", &ca]);
    let (status, out, err) =
        tokio::task::spawn_blocking(move || run(load)).await.expect("running does not panic");
    assert!(status.success(), "{out}{err}");

    // A manual on that host: its certificate is trusted through the settings.
    let manual = |ca_file: &str| {
        let shop = Shop::new();
        let mut catalog = shop::catalog(0);
        catalog["products"][0]["documentation"] =
            json!({ "type": "html", "url": format!("{url}/docs/") });
        shop.write_catalog(&catalog);
        let (allowed, ca_file) = (server.address().to_string(), ca_file.to_owned());
        async move {
            let settings =
                [("manuals.allowed_hosts", allowed.as_str()), ("outbound.ca_file", &ca_file)];
            let reader = Server::of(shop, &settings).await;
            let path = format!("/admin/manuals/{LIGHT}/refetch");
            let answer = crate::server::operator().post(reader.url(&path)).send().await;
            crate::member::json_of(answer.expect("the server answers")).await["manual"].clone()
        }
    };
    let refused = manual("").await;
    assert!(refused.to_string().contains("(unreachable)"), "{refused}");
    let read = manual(&ca).await;
    assert!(!read.to_string().contains("(unreachable)"), "{read}");
}

#[tokio::test]
async fn a_file_of_authorities_without_a_certificate_prevents_the_start_with_the_reason() {
    let shop = Shop::new();
    shop.write("empty.pem", b"no certificate\n");
    let file = shop.dir().join("empty.pem");
    let mut serve = hsc();
    serve.arg("serve").arg("--config").arg(crate::server::config(&shop));
    serve.env("HSC__OUTBOUND__CA_FILE", &file);
    let (status, _, err) =
        tokio::task::spawn_blocking(move || run(serve)).await.expect("running does not panic");
    assert!(!status.success());
    assert!(err.contains("empty.pem") && err.contains("no PEM certificate"), "{err}");
}

/// A running probe. Killed at the end of the test.
struct Probe(std::process::Child);

impl Drop for Probe {
    fn drop(&mut self) {
        process::killed(&mut self.0);
    }
}

#[tokio::test]
async fn the_probe_repeats_the_checks_and_serves_their_results() {
    let server = Server::start().await;
    let listen = format!("{}:9115", own_address());
    let mut probe = hsc();
    probe.args(["smoke", &server.url(""), "--every", "200ms", "--listen", &listen]);
    let _probe = Probe(probe.spawn().expect("the probe starts"));
    let metrics =
        async || match crate::server::client().get(format!("http://{listen}/metrics")).send().await
        {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
    eventually("the probe has run twice", async || {
        let text = metrics().await;
        let runs =
            text.lines().find(|line| line.starts_with("hsc_smoke_runs_total{outcome=\"passed\"}"));
        runs.and_then(|line| line.rsplit(' ').next()?.parse::<u32>().ok())
            .is_some_and(|runs| runs >= 2)
    })
    .await;
    let text = metrics().await;
    for check in CHECKS {
        assert!(text.contains(&format!("hsc_smoke_success{{check=\"{check}\"}} 1")), "{text}");
    }
}

#[test]
fn the_version_names_the_commit() {
    let mut command = hsc();
    command.arg("--version");
    let (status, out, _) = run(command);
    assert!(status.success());
    assert_eq!(out.trim(), format!("hsc {}", hsc::BUILD));
}
