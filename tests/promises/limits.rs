//! One client cannot harm another: sizes, rates, clients that do not read, silence, fragments.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::eventually::eventually;
use crate::server::Server;
use crate::visitor::Visitor;

#[tokio::test]
async fn a_message_that_is_too_large_closes_with_1009() {
    let server = Server::with(&[("server.max_message_bytes", "65536")]).await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl").await;
    let _ = visitor.try_say(Message::text("x".repeat(65_537))).await;
    assert_eq!(visitor.until_closed().await.1, Some(1009));
    let mut in_pieces = server.visitor().await;
    let piece = "x".repeat(30_000);
    in_pieces.say_in_pieces(&["{", &piece, &piece, &piece]).await;
    assert_eq!(in_pieces.until_closed().await.1, Some(1009));
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.say_in_pieces(&["{\"type\":\"ty", "ping\",\"con", "tent\":\"nl-200\"}"]).await;
    let prediction = visitor.receive().await;
    assert_eq!(prediction["data"][0]["product"]["id"], crate::shop::LIGHT);
}

#[tokio::test]
async fn a_flood_receives_an_error_and_is_then_closed_with_1008() {
    let server =
        Server::with(&[("server.messages_per_second", "1"), ("server.message_burst", "5")]).await;
    let mut visitor = server.visitor().await;
    for _ in 0..200 {
        let typing = json!({ "type": "typing", "content": "nl" }).to_string();
        if !visitor.try_say(Message::text(typing)).await {
            break;
        }
    }
    let (received, code) = visitor.until_closed().await;
    assert_eq!(code, Some(1008));
    assert_eq!(received.iter().filter(|message| message["type"] == "prediction").count(), 5);
    let errors: Vec<_> = received.iter().filter(|message| message["type"] == "error").collect();
    assert!(
        !errors.is_empty() && errors.iter().all(|error| error["code"] == "rate_limited"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_stalled_reader_is_closed_and_other_clients_do_not_wait() {
    let server = Server::with(&[
        ("server.outgoing_queue_bytes", "65536"),
        ("server.messages_per_second", "10000"),
        ("server.message_burst", "100000"),
    ])
    .await;
    let mut stalled = Visitor::with_narrow_ears(server.address()).await;
    // Fifty whole entries per message without a read: some megabytes of replies.
    let sample = json!({ "type": "typing", "content": "" }).to_string();
    for _ in 0..2_000 {
        if !stalled.try_say(Message::text(sample.clone())).await {
            break;
        }
    }
    eventually("the stalled reader is closed", async || {
        server.metric("hsc_ws_closed_total{code=\"1008\"}").await == 1.0
    })
    .await;
    let mut other = server.visitor().await;
    other.type_in("nl").await;
    eventually("its session is gone", async || server.metric("hsc_ws_sessions").await == 1.0).await;
}

#[tokio::test]
async fn a_client_that_is_silent_for_too_long_is_closed() {
    let server =
        Server::with(&[("server.ping_interval_ms", "100"), ("server.idle_timeout_ms", "300")])
            .await;
    // It never reads, so it does not answer pings either.
    let silent = server.visitor().await;
    eventually("the silent client's session is gone", async || {
        server.metric("hsc_ws_opened_total").await == 1.0
            && server.metric("hsc_ws_sessions").await == 0.0
    })
    .await;
    drop(silent);
    // A client that answers pings and sends nothing else stays connected.
    let mut quiet = server.visitor().await;
    let received = tokio::time::timeout(std::time::Duration::from_secs(1), quiet.next()).await;
    assert!(received.is_err(), "closed or spoken to: {received:?}");
    quiet.type_in("nl").await;
}

#[tokio::test]
async fn a_full_pod_refuses_sockets_until_a_place_is_free() {
    let server = Server::with(&[("sessions.max", "1")]).await;
    let first = server.visitor().await;
    assert_eq!(Visitor::from_program(server.address()).await.err(), Some(503));
    // A page cannot read the status of a handshake, so the socket is opened and closed with a code.
    let mut page = Visitor::from_page(server.address(), &server.url("")).await.expect("let in");
    assert_eq!(page.until_closed().await.1, Some(1013));
    drop(first);
    eventually("the place is given back", async || {
        Visitor::from_program(server.address()).await.is_ok()
    })
    .await;
    assert!(server.metric("hsc_ws_refused_total{reason=\"full\"}").await >= 1.0);
}
