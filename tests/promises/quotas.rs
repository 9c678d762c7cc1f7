//! Quotas per client: each client has its own, which is checked before the shared one.

use reqwest::Response;
use serde_json::json;

use crate::agents::{YAEL, agent, until};
use crate::eventually::eventually;
use crate::member::{Member, code_of, with_team};
use crate::redis::Redis;
use crate::server::Server;
use crate::visitor::Visitor;

const ONE: [u8; 4] = [127, 0, 0, 11];
const OTHER: [u8; 4] = [127, 0, 0, 12];

async fn leave(server: &Server, from: [u8; 4]) -> Response {
    let body = json!({ "address": "a@example.test", "text": "Hello" });
    Member::at(server, from).post("/api/leave-message", body).await
}

#[tokio::test]
async fn one_client_cannot_exhaust_the_offline_messages_of_all() {
    let settings = [("offline_messages.per_address", "3"), ("offline_messages.per_hour", "5")];
    let server = Server::with(&settings).await;
    for _ in 0..3 {
        assert_eq!(leave(&server, ONE).await.status(), 202);
    }
    for _ in 0..5 {
        let refused = leave(&server, ONE).await;
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(code_of(refused).await, (429, "too_many".to_owned()));
    }
    // A request refused for one client is not counted for all.
    for _ in 0..2 {
        assert_eq!(leave(&server, OTHER).await.status(), 202);
    }
    assert_eq!(leave(&server, [127, 0, 0, 13]).await.status(), 429, "the last bound, of all");
}

#[tokio::test]
async fn pods_count_offline_messages_together_with_a_shared_redis_and_separately_without() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    let settings = [("redis.url", url.as_str()), ("offline_messages.per_address", "3")];
    let (one, other) = (Server::with(&settings).await, Server::with(&settings).await);
    for pod in [&one, &other] {
        eventually("it is connected", async || {
            let health: serde_json::Value = pod.get("/health").await.json().await.expect("JSON");
            health["redis_connected"] == true
        })
        .await;
    }
    for pod in [&one, &other, &one] {
        assert_eq!(leave(pod, ONE).await.status(), 202);
    }
    let refused = leave(&other, ONE).await;
    let wait: u64 =
        refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    assert_eq!(code_of(refused).await, (429, "too_many".to_owned()));
    assert_eq!(leave(&other, OTHER).await.status(), 202, "another client has its own");
    let keys = redis.ask(&["KEYS", "*quota1*"]).await;
    assert!(
        !keys.is_empty() && !keys.contains("127.0.0"),
        "who was counted is not to be read: {keys}"
    );
    redis.cut();
    for _ in 0..3 {
        assert_eq!(leave(&other, ONE).await.status(), 202, "this pod has counted none yet");
    }
    assert_eq!(leave(&other, ONE).await.status(), 429);
}

/// The result of a handoff request of a visitor at this address.
async fn asks(server: &Server, from: [u8; 4]) -> (Visitor, String) {
    let mut visitor = Visitor::at(server.address(), from).await;
    visitor.say(json!({ "type": "hello" })).await;
    visitor.say(json!({ "type": "handoff" })).await;
    let frame = until(&mut visitor, |frame| frame["type"] == "handoff").await;
    (visitor, frame["state"].as_str().expect("a state").to_owned())
}

#[tokio::test]
async fn one_client_cannot_fill_the_desk() {
    let settings =
        [("desk.max_open_per_address", "2"), ("desk.per_address", "3"), ("desk.max_waiting", "4")];
    let server = with_team(&settings).await;
    let _yael = agent(&server, YAEL).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let (visitor, state) = asks(&server, ONE).await;
        assert_eq!(state, "waiting");
        waiting.push(visitor);
    }
    assert_eq!(asks(&server, ONE).await.1, "unavailable", "two are open");
    assert_eq!(asks(&server, OTHER).await.1, "waiting", "another client has its own");
    // An ended conversation frees a place; after three within the hour no more are granted.
    let mut first = waiting.remove(0);
    first.say(json!({ "type": "handoff", "withdraw": true })).await;
    until(&mut first, |frame| frame["state"] == "returned").await;
    let (again, state) = asks(&server, ONE).await;
    assert_eq!(state, "waiting");
    let mut second = waiting.remove(0);
    second.say(json!({ "type": "handoff", "withdraw": true })).await;
    until(&mut second, |frame| frame["state"] == "returned").await;
    assert_eq!(asks(&server, ONE).await.1, "unavailable", "three within the hour");
    drop(again);
}
