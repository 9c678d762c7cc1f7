//! Part 2 of the protocol: ids, a welcome, compact predictions, citations.

use serde_json::json;

use crate::server::Server;
use crate::shop::{LIGHT, TRIPOD};
use crate::visitor::fields;

#[tokio::test]
async fn an_id_is_echoed_on_every_reply_and_answered_once() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let question =
        json!({ "type": "query", "id": "q-1", "product_id": TRIPOD, "query": "How tall is it?" });
    visitor.say(question.clone()).await;
    let received = visitor.receive_answer().await;
    assert!(received.iter().all(|message| message["id"] == "q-1"), "{received:?}");
    visitor.say(question).await;
    visitor.say(json!({ "type": "typing", "id": "t-1", "content": "nl" })).await;
    let next = visitor.receive().await;
    assert_eq!((&next["type"], &next["id"]), (&json!("prediction"), &json!("t-1")));
    visitor.say(json!({ "type": "dance", "id": "d-1" })).await;
    assert_eq!(visitor.receive().await["id"], "d-1");
}

#[tokio::test]
async fn durable_messages_are_numbered_without_a_gap() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let mut offsets = Vec::new();
    for _ in 0..2 {
        visitor
            .say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" }))
            .await;
        for message in visitor.receive_answer().await {
            match message["type"].as_str().unwrap() {
                "status" => assert!(message["offset"].is_null(), "{message}"),
                _ => offsets.push(message["offset"].as_u64().expect("a place")),
            }
        }
    }
    assert_eq!(offsets, (1..=offsets.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn hello_is_answered_with_a_welcome_and_limits() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let resume = json!({ "conversation": "gone", "token": "t", "after": 3 });
    visitor.say(json!({ "type": "hello", "id": "h", "compact": true, "locale": "he", "resume": resume })).await;
    let welcome = visitor.receive().await;
    assert_eq!((&welcome["type"], &welcome["id"]), (&json!("welcome"), &json!("h")));
    assert!(!welcome["conversation"].as_str().unwrap().is_empty());
    assert!(!welcome["token"].as_str().unwrap().is_empty());
    assert_eq!((&welcome["epoch"], &welcome["offset"]), (&json!(1), &json!(0)));
    assert_eq!(welcome["recovered"], false, "history was lost, and it says so: {welcome}");
    assert_eq!(welcome["limits"]["typing_chars"], 1_000);
    assert_eq!(welcome["limits"]["question_chars"], 2_000);
}

#[tokio::test]
async fn a_compact_prediction_has_the_fields_of_a_list_and_the_matched_ranges() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello", "compact": true })).await;
    assert_eq!(visitor.receive().await["type"], "welcome");
    let prediction = visitor.type_in("stage li").await;
    let best = &prediction["data"][0];
    assert_eq!(fields(best), ["brand", "confidence", "match_text", "matched", "product"]);
    assert_eq!(fields(&best["product"]), ["brand", "category", "id", "manual", "name"]);
    assert_eq!(fields(&best["brand"]), ["id", "name"]);
    assert_eq!(best["product"]["id"], LIGHT);
    let marked = best["matched"].as_array().unwrap();
    assert!(!marked.is_empty());
    for range in marked {
        assert!(range["start"].as_u64() < range["end"].as_u64(), "{range}");
    }
}

#[tokio::test]
async fn questions_are_queued_and_typing_is_answered_meanwhile() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    for number in 0..3 {
        visitor
            .say(json!({ "type": "query", "id": format!("q{number}"), "product_id": LIGHT, "query": "How heavy is it?" }))
            .await;
    }
    visitor.say(json!({ "type": "typing", "id": "t", "content": "mx" })).await;
    let (mut ends, mut typed) = (Vec::new(), false);
    while ends.len() < 3 {
        let message = visitor.receive().await;
        match message["type"].as_str().unwrap() {
            "final_answer" => ends.push(message["id"].clone()),
            "prediction" => typed = true,
            _ => {}
        }
    }
    assert_eq!(ends, ["q0", "q1", "q2"]);
    assert!(typed);
}
