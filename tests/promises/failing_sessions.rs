//! A session that panics keeps its socket and its answer; one that panics repeatedly is closed.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

const VISITORS: usize = 20;
const ROUNDS: usize = 50;
const PANICS: &str = "hsc_actor_restarts_total{actor=\"session\",reason=\"panicked\"}";

#[tokio::test]
async fn a_thousand_sessions_panic_in_a_row_and_each_client_gets_its_answer() {
    let server = Server::with(&[
        ("chaos.enabled", "true"),
        ("actors.max_restarts", "100000"),
        ("sessions.overload_after_ms", "0"),
    ])
    .await;
    let mut visitors = Vec::new();
    for number in 0..VISITORS {
        let mut visitor = server.visitor().await;
        // Every second session is in the log; the others lose no more than these.
        if number % 2 == 0 {
            visitor.say(json!({ "type": "hello" })).await;
            assert_eq!(visitor.receive().await["type"], "welcome");
        }
        visitors.push((visitor, 0));
    }
    for round in 0..ROUNDS {
        for (visitor, _) in &mut visitors {
            let query = "How do I reset the lamp to factory settings?";
            visitor
                .say(json!({ "type": "query", "id": round.to_string(), "product_id": LIGHT, "query": query }))
                .await;
        }
        // While the questions arrive and are answered: some panic before, some after, some during the answer.
        assert_eq!(server.rehearse(json!({ "actor": "session", "fault": "panic" })).await, 200);
        for (visitor, offset) in &mut visitors {
            hears_its_answer(visitor, &round.to_string(), offset).await;
        }
    }
    assert_eq!(server.metric(PANICS).await, (VISITORS * ROUNDS) as f64);
    assert_eq!(server.metric("hsc_ws_sessions").await, VISITORS as f64);
    assert_eq!(server.metric("hsc_ws_opened_total").await, VISITORS as f64);
}

/// The whole answer, or an error in place of its rest; no offset is missing and none is repeated.
async fn hears_its_answer(visitor: &mut Visitor, id: &str, offset: &mut u64) {
    let received = visitor.receive_answer().await;
    for durable in received.iter().filter_map(|message| message["offset"].as_u64()) {
        assert_eq!(durable, *offset + 1, "{received:?}");
        *offset = durable;
    }
    assert!(received.iter().all(|message| message["id"] == id), "{received:?}");
    let text: String = received
        .iter()
        .filter(|message| message["type"] == "answer_chunk")
        .map(|message| message["content"].as_str().expect("text"))
        .collect();
    let end = received.last().expect("an end");
    if end["grounded"] == true {
        assert_eq!(text.matches("ten seconds").count(), 1, "{text}");
    } else {
        assert!(end["reason"]["code"].is_string() && !text.is_empty(), "{received:?}");
    }
}

#[tokio::test]
async fn a_session_that_fails_repeatedly_is_closed_with_1011_and_no_other() {
    let server = Server::with(&[
        ("chaos.enabled", "true"),
        ("actors.max_restarts", "2"),
        ("actors.restart_window_ms", "600000"),
        ("sessions.overload_after_ms", "0"),
    ])
    .await;
    let mut failing = server.visitor().await;
    let fault = json!({ "actor": "session", "fault": "panic" });
    for _ in 0..2 {
        assert_eq!(server.rehearse(fault.clone()).await, 200);
        let prediction: Value = failing.type_in("nl").await;
        assert_eq!(prediction["data"][0]["product"]["id"], LIGHT);
    }
    let mut innocent = server.visitor().await;
    innocent.type_in("nl").await;
    assert_eq!(server.rehearse(fault).await, 200);
    assert_eq!(failing.until_closed().await.1, Some(1011));
    innocent.type_in("nl").await;
    assert_eq!(server.metric("hsc_ws_closed_total{code=\"1011\"}").await, 1.0);
    assert_eq!(server.metric(PANICS).await, 3.0, "two of the one and one of the other");
}

#[tokio::test]
async fn a_session_is_shown_in_the_tree_and_can_be_the_target_of_a_fault() {
    let server =
        Server::with(&[("chaos.enabled", "true"), ("sessions.overload_after_ms", "0")]).await;
    let (mut first, mut second) = (server.visitor().await, server.visitor().await);
    let product = json!({ "type": "query", "product_id": LIGHT, "query": "my secret question" });
    first.say(product).await;
    first.receive_answer().await;
    second.type_in("nl").await;
    let registry = server.actor("sessions").await;
    let shown = registry["children"].as_array().expect("children").clone();
    assert_eq!(registry["observed"]["sessions"], 2, "{registry}");
    assert_eq!(shown.len(), 2, "{registry}");
    assert!(!registry.to_string().contains("secret"), "no word of a customer: {registry}");
    let oldest = shown.last().expect("two");
    let name = oldest["name"].as_str().expect("a name").to_owned();
    assert_eq!((&oldest["kind"], &oldest["state"]), (&json!("session"), &json!("up")));
    assert_eq!(oldest["observed"]["answering"], false);
    assert!(oldest["observed"]["offset"].as_u64().expect("a number") > 0, "{oldest}");
    assert_eq!(oldest["observed"]["product"], LIGHT);
    assert!(oldest["observed"]["conversation"].is_string());
    assert!(oldest["observed"]["queue_bytes"].is_u64() && oldest["uptime_ms"].is_u64());

    let fault = |fault: &str| json!({ "actor": name, "fault": fault, "ms": 1, "times": 1 });
    assert_eq!(server.rehearse(fault("panic")).await, 200);
    first.type_in("nl").await;
    let now = server.actor(&name).await;
    assert_eq!(now["restarts"], 1, "{now}");
    assert_eq!(now["last_reason"], "panicked: a panic on demand");
    let others =
        ["hang", "kill_thread", "panic_in_future", "panic_in_stream", "panic_at_start", "fail"];
    for unfit in others {
        assert_eq!(server.rehearse(fault(unfit)).await, 400, "{unfit}");
    }
    assert_eq!(server.rehearse(fault("stop")).await, 200);
    first.until_closed().await;
    eventually("it is gone", async || {
        server.actor("sessions").await["children"].as_array().expect("children").len() == 1
    })
    .await;
    assert_eq!(server.rehearse(fault("panic")).await, 404);
    second.type_in("nl").await;
    assert_eq!(server.metric(PANICS).await, 1.0);
}
