//! A hanging part delays no one else: a shard is replaced, a load times out, answers wait in a queue.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::host::Host;
use crate::server::Server;
use crate::shop::{LIGHT, Shop, catalog};
use crate::visitor::Visitor;

const FAR: &str = "nordlicht-far-1";
const QUESTION: &str = "How do I reset the lamp to factory settings?";

/// A server of a shop with one product, whose manual is on this host.
async fn server_beside(host: &Host, settings: &[(&str, &str)]) -> Server {
    let shop = Shop::new();
    let mut catalog = catalog(60);
    let products = catalog["products"].as_array_mut().expect("a list");
    products.push(json!({ "id": FAR, "name": "Nordlicht FAR-1 Lamp", "category": "Lamp",
        "documentation": { "type": "html", "url": host.url("far-1") } }));
    shop.write_catalog(&catalog);
    let mut all = vec![("manuals.allowed_hosts", "127.0.0.1"), ("manuals.isolate", "never")];
    all.extend(settings);
    Server::of(shop, &all).await
}

async fn ask(visitor: &mut Visitor, product: &str) {
    visitor.say(json!({ "type": "query", "product_id": product, "query": QUESTION })).await;
}

async fn end_of_answer(visitor: &mut Visitor) -> Value {
    visitor.receive_answer().await.pop().expect("an end")
}

#[tokio::test]
async fn a_hung_shard_is_replaced_and_its_callers_are_answered() {
    let server = Server::with(&[
        ("chaos.enabled", "true"),
        ("cache.shards", "1"),
        ("actors.heartbeat_timeout_ms", "500"),
    ])
    .await;
    let mut visitor = server.visitor().await;
    let hang = json!({ "actor": "cache.manuals.0", "fault": "hang", "ms": 600_000 });
    assert_eq!(server.rehearse(hang).await, 200);
    ask(&mut visitor, LIGHT).await;
    let end = end_of_answer(&mut visitor).await;
    assert_eq!(end["grounded"], true, "{end}");
    let shard = server.actor("cache.manuals.0").await;
    assert!(shard["last_reason"].as_str().unwrap().starts_with("hung"), "{shard}");
    let manuals = server.actor("cache.manuals").await;
    assert_eq!(manuals["observed"]["loaded"], 1, "{manuals}");
}

#[tokio::test]
async fn a_supervisor_that_hangs_is_replaced_and_its_shards_answer_under_the_next_one() {
    let server =
        Server::with(&[("chaos.enabled", "true"), ("actors.heartbeat_timeout_ms", "500")]).await;
    let mut visitor = server.visitor().await;
    for name in ["cache.manuals", "root"] {
        let hang = json!({ "actor": name, "fault": "hang", "ms": 600_000 });
        assert_eq!(server.rehearse(hang).await, 200);
        eventually(&format!("{name} is replaced"), async || {
            let actor = server.actor(name).await;
            let why = actor["last_reason"].as_str().unwrap_or_default();
            actor["state"] == "up" && why.starts_with("hung")
        })
        .await;
        eventually("all are up", async || {
            server.actors().await.iter().all(|actor| actor["state"] == "up")
        })
        .await;
        ask(&mut visitor, LIGHT).await;
        let end = end_of_answer(&mut visitor).await;
        assert_eq!(end["grounded"], true, "{end}");
    }
    assert_eq!(server.get("/ready").await.status(), 200);
}

#[tokio::test]
async fn a_hung_loader_fails_its_waiters_and_never_wedges_the_manual() {
    let host = Host::that_hangs().await;
    let settings = [("cache.load_timeout_ms", "1000"), ("cache.negative_ttl_ms", "50")];
    let server = server_beside(&host, &settings).await;
    let (mut one, mut two) = (server.visitor().await, server.visitor().await);
    ask(&mut one, FAR).await;
    ask(&mut two, FAR).await;
    // A question about another product is answered.
    let mut other = server.visitor().await;
    ask(&mut other, LIGHT).await;
    assert_eq!(end_of_answer(&mut other).await["grounded"], true);
    for waiter in [&mut one, &mut two] {
        let end = end_of_answer(waiter).await;
        assert_eq!(end["grounded"], false, "{end}");
        assert!(end["reason"]["code"].is_string(), "{end}");
    }
    host.heal();
    eventually("the manual is opened after all", async || {
        ask(&mut one, FAR).await;
        end_of_answer(&mut one).await["grounded"] == true
    })
    .await;
}

#[tokio::test]
async fn answers_above_the_limit_are_queued_and_receive_their_place() {
    let host = Host::that_hangs().await;
    let settings = [("sessions.max_answers", "1"), ("sessions.max_waiting_answers", "2")];
    let server = server_beside(&host, &settings).await;
    let mut first = server.visitor().await;
    ask(&mut first, FAR).await;
    // Its first chunk shows that it has begun, and so that it holds the only slot.
    assert_eq!(first.receive().await["type"], "status");
    let mut waiting = Vec::new();
    for place in 1..=2 {
        let mut visitor = server.visitor().await;
        ask(&mut visitor, LIGHT).await;
        let mut frame = visitor.receive().await;
        while frame["type"] != "queue" {
            frame = visitor.receive().await;
        }
        assert_eq!(frame["place"], place, "{frame}");
        waiting.push(visitor);
    }
    let mut refused = server.visitor().await;
    ask(&mut refused, LIGHT).await;
    let end = end_of_answer(&mut refused).await;
    assert_eq!(end["reason"]["code"], "busy", "{end}");
    // Visitors that wait for an answer get predictions meanwhile.
    refused.type_in("nl").await;
    // When a visitor before them leaves, the others get their new places.
    let mut gone = waiting.remove(0);
    gone.say(json!({ "type": "cancel" })).await;
    assert_eq!(end_of_answer(&mut gone).await["cancelled"], true);
    let mut frame = waiting[0].receive().await;
    while frame["type"] != "queue" {
        frame = waiting[0].receive().await;
    }
    assert_eq!(frame["place"], 1, "{frame}");
    host.heal();
    for visitor in [&mut first].into_iter().chain(&mut waiting) {
        let end = end_of_answer(visitor).await;
        assert_eq!(end["grounded"], true, "{end}");
    }
}
