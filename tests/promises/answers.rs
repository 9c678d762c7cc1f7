//! An answer is based on pages of the manual, and each page can be opened.

use serde_json::json;

use crate::server::Server;
use crate::shop::LIGHT;

#[tokio::test]
async fn the_final_answer_cites_its_page_and_the_page_opens() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor
        .say(json!({ "type": "query", "product_id": LIGHT, "query": "How do I reset the lamp to factory settings?" }))
        .await;
    let received = visitor.receive_answer().await;
    let text: String = received
        .iter()
        .filter(|message| message["type"] == "answer_chunk")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    let end = received.last().unwrap();
    assert_eq!(end["grounded"], true, "{end}");
    assert_eq!(end["answerer"], "extractive");
    assert!((0.5..=1.0).contains(&end["confidence"].as_f64().unwrap()), "{end}");
    let citation = &end["citations"][0];
    let page = citation["page"].as_u64().unwrap();
    assert!(text.contains(&format!("[MANUAL: page {page}]")), "{text}");
    assert!(text.contains("ten seconds"), "{text}");
    assert!(citation["quote"].as_str().unwrap().contains("Menu"), "{citation}");
    assert_eq!(citation["url"], format!("/manuals/{LIGHT}#page={page}"));
    assert!(end["html"].as_str().unwrap().contains("ten seconds"), "{end}");

    let manual = server.get(&format!("/manuals/{LIGHT}")).await.text().await.unwrap();
    let (_, section) = manual
        .split_once(&format!("id=\"page={page}\""))
        .expect("the page has the place that the citation points to");
    let (section, _) = section.split_once("</section>").unwrap();
    assert!(section.contains("ten seconds"), "{section}");
}

#[tokio::test]
async fn a_question_outside_the_manual_is_not_answered() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor
        .say(json!({ "type": "query", "product_id": LIGHT, "query": "Which bank finances the purchase of a grand piano?" }))
        .await;
    let end = visitor.receive_answer().await.pop().unwrap();
    assert_eq!(end["reason"]["code"], "unknown", "{end}");
}
