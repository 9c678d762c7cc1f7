//! What is exported is what is listed, and nothing a customer typed is logged.

use std::collections::BTreeSet;

use hsc_monitoring::METRICS;
use serde_json::json;

use crate::server::Server;
use crate::shop::LIGHT;

#[tokio::test]
async fn every_metric_of_the_list_that_has_happened_is_exported_and_no_other() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl-200").await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    visitor.hear_answer().await;
    visitor.say_text("{").await;
    visitor.hear().await;
    server.get("/health").await;
    let text = server.get("/metrics").await.text().await.unwrap();
    let exported: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .filter(|name| !name.starts_with("process_"))
        .collect();
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert!(exported.is_subset(&listed), "not in the list: {:?}", exported.difference(&listed));
    for name in [
        "hsc_http_requests_total",
        "hsc_http_request_seconds",
        "hsc_ws_sessions",
        "hsc_ws_opened_total",
        "hsc_ws_received_total",
        "hsc_ws_sent_total",
        "hsc_predictions_total",
        "hsc_prediction_seconds",
        "hsc_manual_fetches_total",
        "hsc_manual_extracts_total",
        "hsc_manual_extract_seconds",
        "hsc_manual_pages_total",
        "hsc_answers_total",
        "hsc_answer_first_chunk_seconds",
        "hsc_answer_seconds",
        "hsc_conversation_events_total",
        "hsc_cache_misses_total",
        "hsc_cache_load_seconds",
        "hsc_catalog_products",
    ] {
        assert!(exported.contains(name), "{name} is not exported");
    }
    assert_eq!(server.metric("hsc_ws_received_total{type=\"invalid\"}").await, 1.0);
    for event in ["question_asked", "answer_completed"] {
        let series = format!("hsc_conversation_events_total{{event=\"{event}\"}}");
        assert_eq!(server.metric(&series).await, 1.0, "{event}");
    }
    assert_eq!(server.metric("hsc_catalog_products").await, 63.0);
    let health = "hsc_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"}";
    assert_eq!(server.metric(health).await, 1.0);
}

#[tokio::test]
async fn the_log_has_ids_and_never_what_a_customer_typed() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.type_in("tomcat").await;
    visitor
        .say(json!({ "type": "query", "product_id": LIGHT, "query": "tomcat in the lamp?" }))
        .await;
    visitor.hear_answer().await;
    server.get("/api/search?q=tomcat").await;
    server.get("/api/price/tomcat").await;
    server.get("/tomcat").await;
    let asked =
        crate::server::client().get(server.url("/api/brands")).header("X-Request-Id", "abc-1");
    let answered = asked.send().await.unwrap();
    assert_eq!(answered.headers()["x-request-id"], "abc-1");
    let log = server.log();
    assert!(!log.contains("tomcat"), "{log}");
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    let search = lines.iter().find(|line| line["route"] == "/api/search").expect("a line");
    assert_eq!((&search["status"], &search["method"]), (&json!(200), &json!("GET")));
    assert!(lines.iter().any(|line| line["request"] == "abc-1"), "{log}");
    let question = lines.iter().find(|line| line["msg"] == "question").expect("a line");
    assert!(question["conversation"].is_string() && question["product"] == LIGHT, "{question}");
}
