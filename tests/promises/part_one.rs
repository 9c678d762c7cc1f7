//! A client of the earlier system works unchanged: names, shapes, order, sentences.

use serde_json::json;

use crate::server::Server;
use crate::shop::{LIGHT, TRIPOD};
use crate::visitor::{fields, kinds};

#[tokio::test]
async fn typing_is_answered_with_whole_catalog_entries() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let prediction = visitor.type_in("nl20").await;
    assert_eq!(fields(&prediction), ["data", "type"]);
    let best = &prediction["data"][0];
    assert_eq!(fields(best), ["brand", "confidence", "context", "match_text", "product"]);
    assert_eq!(best["product"]["id"], LIGHT);
    assert_eq!(best["product"]["a_field_nobody_knows"], json!([1, 2]));
    assert_eq!(best["product"]["brand_identity"]["hq"], "Tromsø");
    assert_eq!(best["brand"]["id"], "nordlicht");
    assert!((50..=100).contains(&best["confidence"].as_u64().unwrap()), "{best}");
    assert!(best["match_text"].is_string());
    let related = &best["context"]["related_items"][0];
    assert_eq!(
        fields(related),
        ["category", "id", "image", "label", "name", "production_country", "type"]
    );
    assert_eq!((&related["id"], &related["label"]), (&json!(TRIPOD), &json!("Tripod")));
}

#[tokio::test]
async fn typing_returns_at_most_ten_products_and_an_empty_text_a_sample_of_fifty() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let cables = visitor.type_in("cable").await;
    assert_eq!(cables["data"].as_array().unwrap().len(), 10);
    let confidence: Vec<u64> = cables["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["confidence"].as_u64().unwrap())
        .collect();
    assert!(confidence.is_sorted_by(|a, b| a >= b), "best first: {confidence:?}");
    let sample = visitor.type_in("").await;
    assert_eq!(sample["data"].as_array().unwrap().len(), 50);
    visitor.say(json!({ "type": "typing" })).await;
    assert_eq!(visitor.receive().await["data"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn control_characters_of_typing_are_ignored() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let plain = visitor.type_in("nl-200").await;
    let strange = visitor.type_in("nl\u{0}-\u{1b}200\n").await;
    assert_eq!(plain["data"][0]["product"]["id"], strange["data"][0]["product"]["id"]);
}

#[tokio::test]
async fn an_answer_is_sent_in_the_order_of_the_protocol() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    for (kind, field) in [("query", "query"), ("lock_and_query", "question"), ("query", "content")]
    {
        visitor
            .say(json!({ "type": kind, "product_id": LIGHT, field: "How do I reset the lamp?", "scenario": "live" }))
            .await;
        let received = visitor.receive_answer().await;
        assert_eq!(
            kinds(&received),
            ["status", "answer_chunk", "context", "final_answer"],
            "{received:?}"
        );
        assert_eq!(received[0], json!({ "type": "status", "msg": "Reading Official Manual..." }));
        assert_eq!(received[1], json!({ "type": "status", "msg": "Thinking..." }));
        let context = &received[received.len() - 2]["data"];
        assert_eq!(fields(context), ["brand", "related_items", "scenario"]);
        assert_eq!(context["scenario"], "live");
        assert_eq!(context["brand"]["name"], "Nordlicht");
        assert_eq!(context["related_items"][0]["id"], TRIPOD);
        assert_eq!(received[received.len() - 1]["content"], "");
    }
}

#[tokio::test]
async fn a_product_without_a_manual_is_answered_with_one_chunk() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "query", "product_id": TRIPOD, "query": "How tall is it?" })).await;
    let received = visitor.receive_answer().await;
    let chunks: Vec<_> =
        received.iter().filter(|message| message["type"] == "answer_chunk").collect();
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0]["content"], "Manual unavailable for this product.");
    assert_eq!(kinds(&received), ["status", "answer_chunk", "context", "final_answer"]);
}

#[tokio::test]
async fn a_query_without_a_product_receives_an_error_status() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "query", "query": "How?" })).await;
    let none = json!({ "type": "status", "msg": "Error: No product selected." });
    assert_eq!(visitor.receive().await, none);
    visitor.say(json!({ "type": "query", "product_id": "nobody-1", "query": "How?" })).await;
    let unknown = json!({ "type": "status", "msg": "Error: Product not found." });
    assert_eq!(visitor.receive().await, unknown);
}

#[tokio::test]
async fn an_image_may_be_a_data_url_or_bare_base64() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let gif = "R0lGODlhAQABAAAAACw=";
    for image in [format!("data:image/gif;base64,{gif}"), gif.to_owned()] {
        visitor
            .say(json!({ "type": "query", "product_id": LIGHT, "query": "What does RST mean?", "image": image }))
            .await;
        let received = visitor.receive_answer().await;
        assert_eq!(kinds(&received), ["status", "answer_chunk", "context", "final_answer"]);
    }
}

#[tokio::test]
async fn an_invalid_message_receives_an_error_and_the_connection_stays_open() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    let too_long = "x".repeat(1_001);
    for (text, starts, code) in [
        ("{".to_owned(), "Invalid JSON", "invalid_json"),
        ("[]".to_owned(), "Invalid message format: ", "invalid_message"),
        ("{}".to_owned(), "Invalid message format: ", "invalid_message"),
        (json!({ "type": "dance" }).to_string(), "Invalid message format: ", "unknown_type"),
        (
            json!({ "type": "typing", "content": 7 }).to_string(),
            "Invalid message format: ",
            "invalid_message",
        ),
        (
            json!({ "type": "typing", "content": too_long }).to_string(),
            "Invalid message format: ",
            "invalid_message",
        ),
        (
            json!({ "type": "query", "product_id": "x".repeat(201), "query": "?" }).to_string(),
            "Invalid message format: ",
            "invalid_message",
        ),
        (
            json!({ "type": "query", "product_id": LIGHT, "query": "?", "scenario": "disco" })
                .to_string(),
            "Invalid message format: ",
            "invalid_message",
        ),
        (
            json!({ "type": "query", "product_id": LIGHT, "query": "?", "image": "!" }).to_string(),
            "Invalid message format: ",
            "invalid_image",
        ),
    ] {
        visitor.say_text(&text).await;
        let error = visitor.receive().await;
        assert_eq!(error["type"], "error", "{text} got {error}");
        assert!(error["message"].as_str().unwrap().starts_with(starts), "{text} got {error}");
        assert_eq!(error["code"], code, "{text}");
    }
    visitor.type_in("still here").await;
}
