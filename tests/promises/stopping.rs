//! A server that receives a stop signal accepts no new work, completes the running work, and exits successfully.

use serde_json::json;

use crate::eventually::eventually;
use crate::server::Server;
use crate::shop::LIGHT;

#[tokio::test]
async fn a_stopping_server_sends_reconnect_and_closes_with_1012() {
    let mut server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl").await;
    server.signal("TERM");
    let (received, code) = visitor.until_closed().await;
    assert_eq!(received.last().expect("a last word")["type"], "reconnect");
    // A client waits for that long, so the pod spreads the reconnects, not the clients.
    assert!(received.last().unwrap()["after_ms"].as_u64().expect("a number") < 250);
    assert_eq!(code, Some(1012));
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_running_answer_is_completed_before_the_stop() {
    let mut server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor
        .say(json!({ "type": "query", "product_id": LIGHT, "query": "How do I replace the fuse?" }))
        .await;
    visitor.receive().await;
    server.signal("TERM");
    let (received, code) = visitor.until_closed().await;
    assert!(received.iter().any(|message| message["type"] == "final_answer"), "{received:?}");
    assert_eq!(code, Some(1012));
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn ready_returns_503_at_once_while_the_drain_waits_for_a_running_answer() {
    // A host that accepts the request for a manual and never responds.
    let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host_name = host.local_addr().unwrap().to_string();
    let mut server = Server::with(&[("manuals.allowed_hosts", &host_name)]).await;
    let mut catalog = crate::shop::catalog(1);
    let url = format!("http://{host_name}/slow.pdf");
    catalog["products"][0]["documentation"] = json!({ "type": "pdf", "url": url });
    server.shop.write_catalog(&catalog);
    eventually("the new catalog is in force", async || {
        server.json("/health").await["product_count"] == 4
    })
    .await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    assert_eq!(visitor.receive().await["type"], "status");

    server.signal("TERM");
    eventually("not ready", async || server.get("/ready").await.status() == 503).await;
    assert_eq!(server.json("/ready").await, json!({ "status": "not ready", "reason": "draining" }));
    assert_eq!(server.json("/health").await["status"], "unhealthy");
    let refused = crate::visitor::Visitor::from_program(server.address()).await;
    assert_eq!(refused.err(), Some(503));
    visitor.type_in("nl").await;
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "a second signal does not wait");
}

#[tokio::test]
async fn an_interrupt_stops_the_server_too() {
    let mut server = Server::start().await;
    server.signal("INT");
    assert_eq!(server.ended().await.code(), Some(0));
}
