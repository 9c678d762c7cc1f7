//! Redis is unavailable, returns, returns empty, is slow or read-only: chats continue, and
//! the degraded functions are reported.

use serde_json::json;

use crate::eventually::eventually;
use crate::redis::Redis;
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

/// A server on this Redis, with these additional settings.
async fn on(redis: &Redis, settings: &[(&str, &str)]) -> Server {
    let url = redis.url();
    let mut all = vec![("redis.url", url.as_str())];
    all.extend_from_slice(settings);
    Server::with(&all).await
}

/// Types, asks and receives the whole answer.
async fn chats(visitor: &mut Visitor) {
    let found = visitor.type_in("nl-200").await;
    assert_eq!(found["data"][0]["product"]["id"], LIGHT);
    let question = "How do I replace the fuse?";
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    let answer = visitor.receive_answer().await;
    assert!(answer.last().expect("an answer").to_string().contains("5 A fuse"), "{answer:?}");
}

/// Waits until `/health` reports it.
async fn health(server: &Server, status: &str, redis_connected: bool) {
    eventually(&format!("health says {status}"), async || {
        let health = server.json("/health").await;
        health["status"] == status && health["redis_connected"] == redis_connected
    })
    .await;
}

#[tokio::test]
async fn a_pod_starts_without_redis_and_connects_when_redis_is_up() {
    let mut redis = Redis::not_started();
    let server = on(&redis, &[]).await;
    health(&server, "degraded", false).await;
    let reason = server.json("/health").await["reason"].to_string();
    assert!(reason.contains("Redis does not answer"), "{reason}");
    assert_eq!(server.get("/ready").await.status(), 200);
    let mut visitor = server.visitor().await;
    chats(&mut visitor).await;
    redis.heal().await;
    health(&server, "healthy", true).await;
    chats(&mut visitor).await;
}

#[tokio::test]
async fn a_redis_that_fails_and_returns_empty_closes_no_socket() {
    let mut redis = Redis::start().await;
    let server = on(&redis, &[]).await;
    health(&server, "healthy", true).await;
    let mut visitor = server.visitor().await;
    chats(&mut visitor).await;
    redis.cut();
    health(&server, "degraded", false).await;
    chats(&mut visitor).await;
    redis.heal().await;
    health(&server, "healthy", true).await;
    chats(&mut visitor).await;
}

#[tokio::test]
async fn a_pod_that_requires_redis_is_not_ready_without_it() {
    let mut redis = Redis::not_started();
    let server = on(&redis, &[("redis.required_for_ready", "true")]).await;
    eventually("not ready", async || server.get("/ready").await.status() == 503).await;
    let reason = server.json("/ready").await["reason"].to_string();
    assert!(reason.contains("Redis does not answer"), "{reason}");
    assert_eq!(server.json("/health").await["status"], "unhealthy");
    chats(&mut server.visitor().await).await;
    redis.heal().await;
    eventually("ready", async || server.get("/ready").await.status() == 200).await;
}

#[tokio::test]
async fn a_slow_redis_delays_no_chat() {
    let redis = Redis::start().await;
    let server = on(&redis, &[]).await;
    health(&server, "healthy", true).await;
    let mut visitor = server.visitor().await;
    for _ in 0..5 {
        // Every command within this time is answered after it.
        redis.ask(&["CLIENT", "PAUSE", "400", "ALL"]).await;
        chats(&mut visitor).await;
    }
    redis.ask(&["CLIENT", "PAUSE", "60000", "ALL"]).await;
    health(&server, "degraded", false).await;
    chats(&mut visitor).await;
    chats(&mut server.visitor().await).await;
}

#[tokio::test]
async fn a_redis_that_refuses_writes_is_reported_and_chats_continue() {
    let redis = Redis::start().await;
    let server = on(&redis, &[]).await;
    health(&server, "healthy", true).await;
    let mut visitor = server.visitor().await;
    chats(&mut visitor).await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    health(&server, "degraded", true).await;
    let reason = server.json("/health").await["reason"].to_string();
    assert!(reason.contains("takes no writes"), "{reason}");
    assert_eq!(server.get("/ready").await.status(), 200);
    chats(&mut visitor).await;
    chats(&mut server.visitor().await).await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    health(&server, "healthy", true).await;
}

/// Waits until the reason of `/health` contains this, and checks that it tells no password.
async fn reason(server: &Server, expected: &str) {
    eventually(&format!("the reason contains '{expected}'"), async || {
        let health = server.json("/health").await;
        health["reason"].as_str().is_some_and(|reason| reason.contains(expected))
    })
    .await;
    let (health, log) = (server.json("/health").await.to_string(), server.log());
    assert!(log.contains(expected), "{log}");
    for told in [health, log] {
        assert!(!told.contains("hunter2") && !told.contains("swordfish"), "{told}");
    }
}

#[tokio::test]
async fn a_redis_that_refuses_the_login_is_reported_and_chats_continue() {
    let redis = Redis::start().await;
    let mut admin = redis.admin().await;
    admin.ask(&["CONFIG", "SET", "requirepass", "hunter2"]).await;
    let as_user = |login: &str| redis.url().replace("redis://", &format!("redis://{login}@"));
    let required = [("redis.required_for_ready", "true")];

    let without = on(&redis, &[]).await;
    reason(&without, "it requires a password, and redis.url has none").await;
    assert_eq!(without.get("/ready").await.status(), 200);
    chats(&mut without.visitor().await).await;

    let rejected = "it does not accept the user and password of redis.url";
    for login in [":swordfish", "nobody:swordfish"] {
        let url = as_user(login);
        let wrong = Server::with(&[("redis.url", url.as_str()), required[0]]).await;
        reason(&wrong, rejected).await;
        assert_eq!(wrong.get("/ready").await.status(), 503);
        assert!(wrong.json("/ready").await["reason"].to_string().contains(rejected));
    }

    admin.ask(&["ACL", "SETUSER", "reader", "on", ">hunter2", "+@all", "-set", "~*", "&*"]).await;
    let url = as_user("reader:hunter2");
    let reader = Server::with(&[("redis.url", url.as_str())]).await;
    reason(&reader, "the user of redis.url may not write the keys of redis.prefix").await;
}

#[tokio::test]
async fn a_changed_redis_password_is_reported_and_the_pod_recovers() {
    let redis = Redis::start().await;
    let mut admin = redis.admin().await;
    admin.ask(&["CONFIG", "SET", "requirepass", "hunter2"]).await;
    let url = redis.url().replace("redis://", "redis://:hunter2@");
    let server = Server::with(&[("redis.url", url.as_str())]).await;
    health(&server, "healthy", true).await;
    // The connections that are open stay logged in: the change shows with the next one.
    admin.ask(&["CONFIG", "SET", "requirepass", "swordfish"]).await;
    admin.disconnect_all().await;
    reason(&server, "it does not accept the user and password of redis.url").await;
    let mut visitor = server.visitor().await;
    chats(&mut visitor).await;
    admin.ask(&["CONFIG", "SET", "requirepass", "hunter2"]).await;
    health(&server, "healthy", true).await;
    chats(&mut visitor).await;
}

#[tokio::test]
async fn a_pod_registers_again_in_a_redis_emptied_during_chats() {
    let redis = Redis::start().await;
    let server = on(&redis, &[]).await;
    health(&server, "healthy", true).await;
    let mut visitor = server.visitor().await;
    chats(&mut visitor).await;
    redis.ask(&["FLUSHALL"]).await;
    chats(&mut visitor).await;
    eventually("the pod is on the roll again", async || {
        redis.ask(&["ZCARD", "hsc:{roll}:beats"]).await == "int(1)"
    })
    .await;
    assert_eq!(server.json("/admin/pods").await["complete"], true);
    assert_eq!(server.metric("hsc_pods_lost_total").await, 0.0);
}

#[tokio::test]
async fn a_redis_that_fails_repeatedly_closes_no_socket() {
    let mut redis = Redis::start().await;
    let server = on(&redis, &[]).await;
    let mut visitors = Vec::new();
    for _ in 0..20 {
        visitors.push(server.visitor().await);
    }
    for _ in 0..3 {
        health(&server, "healthy", true).await;
        for visitor in &mut visitors {
            chats(visitor).await;
        }
        redis.cut();
        for visitor in &mut visitors {
            chats(visitor).await;
        }
        redis.heal().await;
    }
    assert_eq!(server.metric("hsc_ws_sessions").await, 20.0, "nobody had to come again");
}
