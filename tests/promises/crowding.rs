//! An overloaded pod refuses new clients early, and connected clients are served.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::eventually::{eventually, in_time};
use crate::server::Server;
use crate::visitor::Visitor;

/// Repetitions until an event that is likely each time has happened.
const TRIES: usize = 20;
/// Keystrokes of one burst; the test opens a socket between two, so that they arrive one by one.
const KEYSTROKES: usize = 10;
/// How long the server is stopped: well beyond the delay that counts as overload.
const HELD_UP: Duration = Duration::from_millis(400);

/// The response to a client that is no browser.
fn come_again() -> Option<(u16, Option<String>)> {
    Some((503, Some("5".to_owned())))
}

async fn is_turned_away_in_a_browser(server: &Server) {
    let mut page = Visitor::from_page(server.address(), &server.url("")).await.expect("let in");
    assert_eq!(page.until_closed().await.1, Some(1013));
}

#[tokio::test]
async fn a_flood_from_one_address_is_refused_and_open_sessions_continue() {
    let server =
        Server::with(&[("sessions.max_per_address", "3"), ("sessions.overload_after_ms", "0")])
            .await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        inside.push(server.visitor().await);
    }
    for _ in 0..50 {
        assert_eq!(Visitor::refused(server.address()).await, come_again());
    }
    is_turned_away_in_a_browser(&server).await;
    for visitor in &mut inside {
        visitor.type_in("nl").await;
    }
    assert_eq!(server.metric("hsc_ws_refused_total{reason=\"address\"}").await, 51.0);
    inside.pop();
    eventually("a place that was given back is free", async || {
        Visitor::refused(server.address()).await.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_full_pod_refuses_a_program_with_retry_after_and_a_page_with_1013() {
    let server = Server::with(&[("sessions.max", "1"), ("sessions.overload_after_ms", "0")]).await;
    let mut inside = server.visitor().await;
    assert_eq!(Visitor::refused(server.address()).await, come_again());
    is_turned_away_in_a_browser(&server).await;
    inside.type_in("nl").await;
    assert_eq!(server.metric("hsc_ws_refused_total{reason=\"full\"}").await, 2.0);
}

#[tokio::test]
async fn sockets_above_the_rate_limit_are_refused_with_retry_after_or_1013() {
    let server =
        Server::with(&[("sessions.opens_per_second", "1"), ("sessions.overload_after_ms", "0")])
            .await;
    let mut inside = server.visitor().await;
    let mut refused = None;
    // A slow machine may admit a client meanwhile, but not each time.
    for _ in 0..TRIES {
        refused = refused.or(Visitor::refused(server.address()).await);
    }
    assert_eq!(refused, come_again());
    // A page that is admitted because a second has passed gets a reply to its keystroke instead.
    let mut closed = None;
    for _ in 0..TRIES {
        let page = Visitor::from_page(server.address(), &server.url("")).await;
        let mut page = page.expect("a page is let in, if only to be told");
        page.try_say(Message::text(json!({ "type": "typing", "content": "nl" }).to_string())).await;
        if let Err(code) = in_time("a prediction or the close", page.next()).await {
            closed = code;
            break;
        }
    }
    assert_eq!(closed, Some(1013));
    inside.type_in("nl").await;
    assert!(server.metric("hsc_ws_refused_total{reason=\"rate\"}").await >= 2.0);
    assert_eq!(server.metric("hsc_ws_refused_total{reason=\"address_rate\"}").await, 0.0);
}

#[tokio::test]
async fn sockets_above_the_rate_of_one_address_do_not_count_as_a_limit_of_the_pod() {
    let server = Server::with(&[
        ("sessions.opens_per_second_per_address", "1"),
        ("sessions.overload_after_ms", "0"),
    ])
    .await;
    let mut inside = server.visitor().await;
    let mut refused = None;
    // A slow machine may be given a new place meanwhile, but not each time.
    for _ in 0..TRIES {
        refused = refused.or(Visitor::refused(server.address()).await);
    }
    assert_eq!(refused, come_again());
    inside.type_in("nl").await;
    assert!(server.metric("hsc_ws_refused_total{reason=\"address_rate\"}").await >= 1.0);
    for of_the_pod in ["rate", "full", "busy", "draining"] {
        let series = format!("hsc_ws_refused_total{{reason=\"{of_the_pod}\"}}");
        assert_eq!(server.metric(&series).await, 0.0, "{series}");
    }
}

#[tokio::test]
async fn a_pod_that_stays_overloaded_refuses_new_sockets_and_answers_the_newest_keystroke() {
    let server = Server::with(&[
        ("server.workers", "1"),
        ("sessions.overload_after_ms", "50"),
        ("server.messages_per_second", "10000"),
        ("server.message_burst", "10000"),
    ])
    .await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl").await;
    let (mut refused, mut sent, mut answered) = (0, 0, 0);
    let refusals = "hsc_ws_refused_total{reason=\"busy\"}";
    let coalesced = "hsc_typing_coalesced_total";
    for _ in 0..TRIES {
        // Twice in a row: one delay refuses no socket. The request in between shows that it has run, and measured.
        server.held_up_for(HELD_UP).await;
        server.metric(refusals).await;
        server.held_up_for(HELD_UP).await;
        // After it continues the server knows its delay until the next measurement.
        for _ in 0..KEYSTROKES {
            sent += 1;
            visitor.say(json!({ "type": "typing", "id": sent.to_string(), "content": "nl" })).await;
            if let Some(how) = Visitor::refused(server.address()).await {
                assert_eq!(Some(how), come_again());
                refused += 1;
            }
        }
        // The newest keystroke is answered in any case, and no older one after it.
        let mut newest = 0;
        while newest < sent {
            let frame: Value = visitor.receive().await;
            assert_eq!(frame["type"], "prediction", "{frame}");
            let id: usize = frame["id"].as_str().expect("an id").parse().expect("a number");
            assert!(id > newest, "{id} after {newest}");
            newest = id;
            answered += 1;
        }
        if refused > 0 && answered < sent {
            break;
        }
    }
    assert!(refused > 0 && answered < sent, "{refused} refused, {answered} of {sent} answered");
    assert_eq!(server.metric(refusals).await, f64::from(refused));
    assert_eq!(server.metric(coalesced).await, (sent - answered) as f64);
    eventually("it takes visitors again", async || {
        Visitor::refused(server.address()).await.is_none()
    })
    .await;
}
