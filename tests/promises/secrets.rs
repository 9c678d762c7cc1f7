//! Secrets come from files and are rotated in two phases while the server runs and conversations continue.

use std::path::{Path, PathBuf};

use crate::eventually::eventually;
use crate::receiver::Receiver;
use crate::redis::Redis;
use crate::server::{Server, client, config, hsc, run};
use crate::shop::{LIGHT, Shop};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

/// A folder of secrets beside the catalog, as a deployment mounts one.
struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Replaces the file atomically, as a mounted volume does: a server never reads half of it.
    fn write(&self, name: &str, lines: &[&str]) {
        let half = self.path(&format!("{name}.half"));
        std::fs::write(&half, format!("{}\n", lines.join("\n"))).expect("written");
        std::fs::rename(&half, self.path(name)).expect("renamed");
    }
}

/// Tells a pod to load its secrets again, and waits until its log confirms it.
async fn reloaded(pod: &Server, setting: &str, times: usize) {
    pod.signal("HUP");
    replaced(pod, setting, times).await;
}

/// Waits until the log has so many replacements of this secret.
async fn replaced(pod: &Server, setting: &str, times: usize) {
    eventually("the secret was replaced", async || {
        let label = format!("\"setting\":\"{setting}\"");
        let log = pod.log();
        let replaced = log.lines().filter(|line| line.contains("the secret was replaced"));
        replaced.filter(|line| line.contains(&label)).count() >= times
    })
    .await;
}

#[tokio::test]
async fn keys_of_resume_tokens_are_rotated_in_two_phases_and_every_conversation_continues() {
    let (redis, secrets) = (Redis::start().await, Secrets::new());
    secrets.write("keys", &[OLD]);
    let (url, keys) = (redis.url(), secrets.text("keys"));
    let settings = [("redis.url", url.as_str()), ("conversations.token_keys_file", keys.as_str())];
    let (one, other) = (Server::with(&settings).await, Server::with(&settings).await);
    for pod in [&one, &other] {
        eventually("they know each other", async || {
            pod.json("/admin/pods").await["totals"]["pods"] == 2
        })
        .await;
    }
    let json = secrets.path("load.json");
    let mut load = hsc();
    load.args(["load", "resume-storm", "--users", "12", "--storm-every", "150ms"]);
    load.args(["--duration", "12s", "--product", LIGHT, "--url", &one.url("")]);
    load.args(["--url", &other.url(""), "--json"]).arg(&json);
    let load = tokio::task::spawn_blocking(move || run(load));
    eventually("visitors are there", async || {
        one.metric("hsc_ws_sessions").await + other.metric("hsc_ws_sessions").await >= 12.0
    })
    .await;
    // Accepted by all pods, then used by all pods, then the only one. Between the pods time passes, as in a rollout.
    for (phase, lines) in [&[OLD, NEW][..], &[NEW, OLD][..]].into_iter().enumerate() {
        secrets.write("keys", lines);
        for pod in [&one, &other] {
            reloaded(pod, "conversations.token_keys", phase + 1).await;
        }
    }
    let (status, out, err) = load.await.expect("running does not panic");
    assert!(status.success(), "{out}{err}");
    let result = std::fs::read_to_string(&json).expect("the result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    let counts = &result["counts"];
    assert_eq!(counts["not-recovered"], 0, "{counts}");
    assert_eq!(counts["gaps"], 0, "{counts}");
    let resumed = result["operations"]["resume"]["latency_us"]["count"]
        .as_u64()
        .or_else(|| result["operations"]["resume"]["count"].as_u64());
    assert!(resumed > Some(50), "{}", result["operations"]["resume"]);
}

#[tokio::test]
async fn the_admin_token_of_a_file_is_replaced_without_a_restart_and_without_a_signal() {
    let secrets = Secrets::new();
    secrets.write("token", &[OLD]);
    secrets.write("previous", &[OLD]);
    let (token, previous) = (secrets.text("token"), secrets.text("previous"));
    let settings = [
        ("admin.token", ""),
        ("admin.token_file", &*token),
        ("admin.previous_token_file", &*previous),
    ];
    let server = Server::with(&settings).await;
    let status = async |token: &str| {
        let request = client().get(server.url("/admin/pods")).bearer_auth(token);
        request.send().await.expect("the server answers").status().as_u16()
    };
    assert_eq!((status(OLD).await, status(NEW).await), (200, 403));
    secrets.write("token", &[NEW]);
    replaced(&server, "admin.token", 1).await;
    assert_eq!((status(NEW).await, status(OLD).await), (200, 200), "both, until the rotation ends");
    secrets.write("previous", &[NEW]);
    replaced(&server, "admin.token", 2).await;
    assert_eq!(status(OLD).await, 403);
    // An invalid file changes nothing.
    secrets.write("token", &["short"]);
    server.signal("HUP");
    eventually("the error is logged", async || server.log().contains("the present secrets stay"))
        .await;
    assert_eq!(status(NEW).await, 200);
    assert!(!server.log().contains(NEW), "no secret is in the log");
}

#[tokio::test]
async fn webhooks_are_signed_with_the_current_secret_of_the_file() {
    let secrets = Secrets::new();
    let (old, new) = (
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
    );
    secrets.write("hook", &[old]);
    let receiver = Receiver::that_answers(&["200 OK"; 8]).await;
    let endpoints = format!(
        "[{{ url = {:?}, events = [\"all\"], secret_file = {:?} }}]",
        receiver.url(),
        secrets.text("hook")
    );
    let allowed = receiver.name();
    let settings = [("webhooks.endpoints", &*endpoints), ("webhooks.allowed_hosts", &*allowed)];
    let server = Server::with(&settings).await;
    let test = async || {
        let request = crate::server::operator().post(server.url("/admin/webhooks/test"));
        assert!(request.send().await.expect("the server answers").status().is_success());
    };
    test().await;
    eventually("the first is delivered", async || receiver.deliveries().len() == 1).await;
    assert!(receiver.deliveries()[0].is_signed_with(old));
    secrets.write("hook", &[new]);
    reloaded(&server, "webhooks.endpoints", 1).await;
    test().await;
    eventually("the second is delivered", async || receiver.deliveries().len() == 2).await;
    assert!(receiver.deliveries()[1].is_signed_with(new));
}

/// The output of `hsc check` for these settings.
async fn check(shop: &Shop, variables: &[(&str, &Path)]) -> (bool, String) {
    let mut command = hsc();
    command.arg("check").arg("--config").arg(config(shop));
    for (name, value) in variables {
        command.env(name, value);
    }
    let ran = tokio::task::spawn_blocking(move || run(command)).await;
    let (status, out, err) = ran.expect("running does not panic");
    (status.success(), format!("{out}{err}"))
}

#[tokio::test]
async fn a_file_without_a_secret_is_refused_with_the_name_of_its_setting() {
    let (secrets, shop) = (Secrets::new(), Shop::new());
    secrets.write("empty", &[""]);
    let missing = secrets.path("missing");
    let (fine, output) = check(&shop, &[("HSC__ADMIN__TOKEN_FILE", &missing)]).await;
    assert!(!fine && output.contains("admin.token_file") && output.contains("missing"), "{output}");
    let empty = secrets.path("empty");
    let (fine, output) = check(&shop, &[("HSC__VISITORS__KEY_FILE", &empty)]).await;
    assert!(!fine && output.contains("visitors.key_file") && output.contains("empty"), "{output}");
    let twice =
        [("HSC__VISITORS__KEY", Path::new(OLD)), ("HSC__VISITORS__KEY_FILE", empty.as_path())];
    let (fine, output) = check(&shop, &twice).await;
    assert!(!fine && output.contains("visitors.key is set as well"), "{output}");
    let (fine, output) = check(&shop, &[("HSC__SERVER__HOST_FILE", &empty)]).await;
    assert!(!fine && output.contains("no such setting"), "a setting that is no secret: {output}");
    secrets.write("short", &["hush"]);
    let short = secrets.path("short");
    let (fine, output) = check(&shop, &[("HSC__ADMIN__TOKEN_FILE", &short)]).await;
    assert!(!fine && output.contains("at least 32") && !output.contains("hush"), "{output}");
}
