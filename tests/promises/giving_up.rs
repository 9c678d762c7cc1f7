//! An actor that fails too often is given up and reported, up to the whole pod.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::server::Server;
use crate::shop::LIGHT;

const IMPATIENT: [(&str, &str); 6] = [
    ("chaos.enabled", "true"),
    ("cache.shards", "1"),
    ("actors.max_restarts", "2"),
    ("actors.restart_window_ms", "600000"),
    ("actors.backoff_max_ms", "20"),
    ("actors.restart_wait_ms", "300"),
];

/// More starts than any test waits for.
const FOR_EVER: u32 = 1_000_000;

fn cannot_start(times: u32) -> Value {
    json!({ "actor": "cache.manuals.0", "fault": "panic_at_start", "times": times })
}

#[tokio::test]
async fn a_shard_that_cannot_start_makes_the_pod_not_ready_until_it_can() {
    let mut settings = IMPATIENT.to_vec();
    settings.push(("actors.retry_interval_ms", "200"));
    let server = Server::with(&settings).await;
    let mut visitor = server.visitor().await;
    assert_eq!(server.get("/ready").await.status(), 200);
    assert_eq!(server.rehearse(cannot_start(FOR_EVER)).await, 200);
    eventually("the pod is not ready", async || server.get("/ready").await.status() == 503).await;
    let readiness = server.json("/ready").await;
    assert_eq!(readiness["status"], "not ready");
    let reason = readiness["reason"].as_str().expect("a reason");
    assert!(reason.contains("cache.manuals"), "{reason}");
    let health = server.get("/health").await;
    assert_eq!(health.status(), 200);
    assert_eq!(server.json("/health").await["status"], "unhealthy");

    // Connected visitors are served: predictions as before, and a question gets an error.
    visitor.type_in("nl").await;
    let query = json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is the lamp?" });
    visitor.say(query.clone()).await;
    let end = visitor.receive_answer().await.pop().expect("an end");
    assert_eq!(end["grounded"], false, "{end}");
    assert!(end["reason"]["code"].is_string(), "{end}");

    server.rehearse(cannot_start(0)).await;
    eventually("the pod is ready again", async || server.get("/ready").await.status() == 200).await;
    eventually("questions are answered again", async || {
        visitor.say(query.clone()).await;
        visitor.receive_answer().await.pop().expect("an end")["grounded"] == true
    })
    .await;
}

#[tokio::test]
async fn with_on_give_up_exit_the_pod_ends_with_an_error() {
    let mut settings = IMPATIENT.to_vec();
    settings.push(("actors.on_give_up", "exit"));
    settings.push(("server.drain_timeout_ms", "500"));
    let mut server = Server::with(&settings).await;
    assert_eq!(server.rehearse(cannot_start(FOR_EVER)).await, 200);
    let status = server.ended().await;
    assert!(status.code().is_some_and(|code| code != 0), "{status:?}");
    let log = server.log();
    assert!(log.contains("actors.on_give_up is exit"), "{log}");
    assert!(log.contains("cache.manuals"), "{log}");
}
