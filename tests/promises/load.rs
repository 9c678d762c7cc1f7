//! `hsc load` reports correctly what was done and how long it took, and its exit code tells
//! whether the targets were met.

use std::process::ExitStatus;

use serde_json::Value;

use crate::server::{Server, hsc, run};
use crate::shop::LIGHT;

/// The output and the files of a run.
struct Outcome {
    status: ExitStatus,
    out: String,
    err: String,
    json: Value,
    report: String,
}

/// Runs `hsc load` with these arguments against the server.
async fn load(server: &Server, args: &[&str]) -> Outcome {
    let (json, report) = (server.shop.dir().join("load.json"), server.shop.dir().join("load.html"));
    let mut command = hsc();
    command.arg("load").args(args).args(["--url", &server.url("")]);
    command.arg("--json").arg(&json).arg("--report").arg(&report);
    let ran = tokio::task::spawn_blocking(move || run(command)).await;
    let (status, out, err) = ran.expect("running does not panic");
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let json = serde_json::from_str(&read(&json)).unwrap_or_default();
    Outcome { status, out, err, json, report: read(&report) }
}

#[tokio::test]
async fn twenty_typing_visitors_are_all_answered_and_lose_no_socket() {
    let server = Server::start().await;
    let ran = load(
        &server,
        &[
            "typing",
            "--users",
            "20",
            "--duration",
            "2s",
            "--ramp",
            "500ms",
            "--key",
            "20ms",
            "--think",
            "50ms",
            "--source",
            "127.0.0.2",
            "--source",
            "127.0.0.3",
            "--fail-if",
            "dropped>0",
            "--fail-if",
            "refused>0",
            "--fail-if",
            "errors>0",
            "--fail-if",
            "typing.count<100",
        ],
    )
    .await;
    assert!(ran.status.success(), "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("typing ") && ran.out.contains("20 opened, 0 refused, 0 dropped"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("ok     fail if dropped>0: 0"), "{}", ran.out);
    assert!(ran.err.contains("s of 2") && ran.err.contains("20 open"), "{}", ran.err);
    assert_eq!(ran.json["counts"]["opened"], 20);
    let typing = &ran.json["operations"]["typing"];
    assert!(typing["latency_us"]["p99"].as_u64() > Some(0), "{typing}");
    assert_eq!(ran.json["most_open"], 20);
    assert!(ran.report.starts_with("<!doctype html>") && ran.report.contains("typing: latency"));
}

#[tokio::test]
async fn a_run_that_fails_a_threshold_exits_with_one_and_still_reports() {
    let server = Server::start().await;
    let ran = load(
        &server,
        &[
            "--users",
            "2",
            "--duration",
            "1s",
            "--key",
            "10ms",
            "--quiet",
            "--fail-if",
            "typing.p50>1us",
        ],
    )
    .await;
    assert_eq!(ran.status.code(), Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("FAILED fail if typing.p50>1us"), "{}", ran.out);
    assert_eq!(ran.json["verdicts"][0]["failed"], true);
    assert!(ran.report.contains(">failed<"));
    assert!(ran.err.is_empty(), "quiet, and said {}", ran.err);
}

#[tokio::test]
async fn a_mix_combines_asking_reconnecting_and_idle_visitors_in_one_run() {
    let server = Server::start().await;
    let mix = "[[visitor]]\nscenario = 'ask'\nthink = '100ms'\n\
               [[visitor]]\nscenario = 'resume-storm'\nstorm_every = '500ms'\n\
               [[visitor]]\nscenario = 'idle'\n";
    server.shop.write("mix.toml", mix.as_bytes());
    let mix = server.shop.dir().join("mix.toml").display().to_string();
    let ran = load(
        &server,
        &[
            "--mix",
            &mix,
            "--rate",
            "20",
            "--max-users",
            "9",
            "--duration",
            "3s",
            "--product",
            LIGHT,
            "--fail-if",
            "ask.count<3",
            "--fail-if",
            "first-chunk.count<3",
            "--fail-if",
            "resume.count<3",
            "--fail-if",
            "gaps>0",
            "--fail-if",
            "dropped>0",
        ],
    )
    .await;
    assert!(ran.status.success(), "{}{}", ran.out, ran.err);
    assert!(ran.json["most_open"].as_u64() <= Some(9), "{}", ran.json["most_open"]);
    assert!(ran.json["counts"]["turned-away"].as_u64() > Some(0));
    assert_eq!(ran.json["name"], "ask 1 : resume-storm 1 : idle 1");
}

#[tokio::test]
async fn a_stopped_server_counts_as_dropped_sockets_and_the_run_ends() {
    let mut server = Server::start().await;
    let (url, reached) = (server.url(""), server.address());
    let running = tokio::task::spawn_blocking(move || {
        let mut command = hsc();
        command.args([
            "load",
            "idle",
            "--users",
            "5",
            "--duration",
            "3s",
            "--fail-if",
            "dropped>0",
        ]);
        command.args(["--url", &url]);
        run(command)
    });
    crate::eventually::eventually("five are there", async || {
        server.metric("hsc_ws_sessions").await >= 5.0
    })
    .await;
    server.signal("KILL");
    server.ended().await;
    let (status, out, err) = running.await.expect("running does not panic");
    assert_eq!(status.code(), Some(1), "{reached}: {out}{err}");
    assert!(out.contains("5 dropped") && out.contains("refused: "), "{out}");
}

#[test]
fn invalid_arguments_are_refused_in_one_line_before_the_run() {
    for (args, says) in [
        (["--fail-if", "typing.p98>1ms"], "measures are p50"),
        (["--duration", "30"], "write 150us"),
        (["--rate", "0"], "visitors a second"),
    ] {
        let mut command = hsc();
        command.arg("load").args(args.map(|arg| arg.to_owned()));
        let (status, _, err) = run(command);
        assert_eq!(status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}
