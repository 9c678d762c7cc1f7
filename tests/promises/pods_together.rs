//! Several pods on one Redis act as one server: an action on one takes effect on all.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::redis::Redis;
use crate::server::{Server, operator};

/// A pod with this name on this Redis.
async fn pod(redis: &Redis, name: &str) -> Server {
    let url = redis.url();
    let settings =
        [("redis.url", url.as_str()), ("server.pod_name", name), ("chaos.enabled", "true")];
    let server = Server::with(&settings).await;
    connected(&server).await;
    server
}

async fn connected(server: &Server) {
    eventually("the bridge is up", async || server.metric("hsc_bridge_connected").await == 1.0)
        .await;
}

async fn admin(server: &Server, path: &str, body: Value) -> Value {
    let response = operator().post(server.url(path)).json(&body).send().await;
    let response = response.expect("the server answers");
    assert_eq!(response.status(), 200, "{path}");
    let body = response.bytes().await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn an_announcement_reaches_every_visitor_on_every_pod_also_after_a_redis_failure() {
    let mut redis = Redis::start().await;
    let (one, two) = (pod(&redis, "one").await, pod(&redis, "two").await);
    let (mut here, mut there) = (one.visitor().await, two.visitor().await);
    let notice = json!({ "message": "We are back at nine." });
    let announced = admin(&one, "/admin/broadcast", notice.clone()).await;
    assert_eq!(announced, json!({ "heard": 1, "other_pods": "told" }));
    assert_eq!(here.receive().await["message"], notice["message"]);
    assert_eq!(there.receive().await["message"], notice["message"]);
    // Each visitor gets a notice once: the next frame is the next notice.
    let second = json!({ "message": "Soon." });
    admin(&two, "/admin/broadcast", second.clone()).await;
    assert_eq!(here.receive().await["message"], second["message"]);
    assert_eq!(there.receive().await["message"], second["message"]);

    redis.cut();
    eventually("the bridge is down", async || one.metric("hsc_bridge_connected").await == 0.0)
        .await;
    let announced = admin(&one, "/admin/broadcast", notice.clone()).await;
    assert_eq!(announced, json!({ "heard": 1, "other_pods": "unreached" }), "and says so");
    assert_eq!(here.receive().await["message"], notice["message"]);

    redis.heal().await;
    connected(&one).await;
    connected(&two).await;
    let third = json!({ "message": "All is well." });
    assert_eq!(admin(&one, "/admin/broadcast", third.clone()).await["other_pods"], "told");
    assert_eq!(there.receive().await["message"], third["message"]);
    assert!(one.metric("hsc_bridge_reconnects_total").await >= 1.0);
    assert_eq!(one.metric("hsc_bridge_dropped_total{reason=\"down\"}").await, 1.0);
    assert!(two.metric("hsc_bridge_received_total{kind=\"notice\"}").await >= 2.0);
    assert!(two.metric("hsc_bridge_latency_seconds_count").await >= 2.0);
}

#[tokio::test]
async fn an_invalidation_reaches_all_pods_also_after_the_bridge_crashed() {
    let redis = Redis::start().await;
    let (one, two) = (pod(&redis, "one").await, pod(&redis, "two").await);
    for fault in ["panic", "panic_in_stream", "hang", "kill_thread"] {
        let mut there = two.visitor().await;
        there.type_in("nl-200").await;
        let entries = "hsc_cache_entries{cache=\"predictions\"}";
        eventually("it is kept", async || two.metric(entries).await > 0.0).await;
        for server in [&one, &two] {
            for actor in ["bridge", "announcements"] {
                let before = server.actor(actor).await["restarts"].as_u64();
                let rehearsal = json!({ "actor": actor, "fault": fault, "ms": 15_000 });
                assert_eq!(server.rehearse(rehearsal).await, 200, "{actor}");
                eventually("it is back", async || {
                    let now = server.actor(actor).await;
                    now["restarts"].as_u64() > before && now["state"] == "up"
                })
                .await;
            }
            connected(server).await;
        }
        let forgotten = admin(&one, "/admin/caches/invalidate", json!("all")).await;
        assert_eq!(forgotten["other_pods"], "told", "{forgotten}");
        eventually("the other pod has forgotten", async || two.metric(entries).await == 0.0).await;
    }
}

#[tokio::test]
async fn a_single_pod_reports_no_other_pods() {
    let server = Server::start().await;
    let announced = admin(&server, "/admin/broadcast", json!({ "message": "Hello." })).await;
    assert_eq!(announced, json!({ "heard": 0, "other_pods": "none" }));
    let forgotten = admin(&server, "/admin/caches/invalidate", json!("all")).await;
    assert_eq!(forgotten["other_pods"], "none");
    assert!(forgotten["manuals"].is_number(), "{forgotten}");
    for bad in [json!({}), json!({ "message": "" }), json!({ "message": "x".repeat(1_001) })] {
        let response = operator().post(server.url("/admin/broadcast")).json(&bad).send().await;
        assert_eq!(response.expect("the server answers").status(), 400, "{bad}");
    }
}
