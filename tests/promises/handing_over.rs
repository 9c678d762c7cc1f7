//! A visitor requests an agent when none is available: the reply says so at once and offers a form;
//! the assistant continues to answer.

use serde_json::{Value, json};

use crate::redis::Redis;
use crate::server::Server;
use crate::shop::{LIGHT, TRIPOD};
use crate::visitor::Visitor;

/// A visitor after `welcome`.
async fn greeted(server: &Server) -> Visitor {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    assert_eq!(visitor.receive().await["type"], "welcome");
    visitor
}

/// The reply to a handoff request.
async fn asks_for_a_person(visitor: &mut Visitor) -> Value {
    visitor.say(json!({ "type": "handoff", "reason": "It smells." })).await;
    visitor.receive().await
}

async fn is_offered_a_form(visitor: &mut Visitor, because: &str) {
    let frame = asks_for_a_person(visitor).await;
    assert_eq!(
        (&frame["type"], &frame["state"]),
        (&json!("handoff"), &json!("unavailable")),
        "{frame}"
    );
    assert_eq!(frame["form"], true);
    let reason = frame["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(because), "{reason}");
    let question = "How do I replace the fuse?";
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    let answer = visitor.receive_answer().await;
    let last = answer.last().expect("an answer");
    assert!(last.to_string().contains("5 A fuse"), "{answer:?}");
    assert_eq!((&last["question"], &last["product_id"]), (&json!(question), &json!(LIGHT)));
}

#[tokio::test]
async fn without_an_available_agent_a_handoff_offers_a_form() {
    let server = Server::start().await;
    is_offered_a_form(&mut greeted(&server).await, "Nobody is available").await;
}

#[tokio::test]
async fn a_refusal_is_in_the_language_of_the_question_not_of_the_page() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello", "locale": "en-GB" })).await;
    assert_eq!(visitor.receive().await["type"], "welcome");
    for (product, words) in [(TRIPOD, "אין מדריך זמין"), (LIGHT, "אין לי תשובה")]
    {
        let question = "איך אופים לחם מחמצת בתנור?";
        visitor.say(json!({ "type": "query", "product_id": product, "query": question })).await;
        let answer = visitor.receive_answer().await;
        let text: String = answer.iter().filter_map(|frame| frame["content"].as_str()).collect();
        assert!(text.contains(words), "{text}");
    }
    let frame = asks_for_a_person(&mut visitor).await;
    assert_eq!(frame["state"], "unavailable");
    let reason = frame["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("אין נציג זמין כרגע"), "{frame}");
}

#[tokio::test]
async fn outside_of_the_opening_hours_a_handoff_offers_a_form_with_the_reason() {
    // Open for one minute per week.
    let hours = [("desk.hours.monday", "03:33-03:34"), ("desk.hours.time_zone", "Asia/Jerusalem")];
    let server = Server::with(&hours).await;
    is_offered_a_form(&mut greeted(&server).await, "We are closed").await;
}

#[tokio::test]
async fn a_handoff_with_an_unavailable_redis_offers_a_form_with_the_reason() {
    let redis = Redis::not_started();
    let url = redis.url();
    let server = Server::with(&[("redis.url", url.as_str())]).await;
    is_offered_a_form(&mut greeted(&server).await, "We cannot reach anybody").await;
}

#[tokio::test]
async fn a_handoff_before_hello_and_a_message_without_an_agent_are_refused() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    assert_eq!(asks_for_a_person(&mut visitor).await["code"], "invalid_message");
    visitor.say(json!({ "type": "message", "content": "Hello?" })).await;
    assert_eq!(visitor.receive().await["code"], "no_agent");
}
