//! The exported metrics are those of the list, and the log contains no text of customers.

use std::collections::BTreeSet;

use hsc_monitoring::METRICS;
use serde_json::json;

use crate::server::Server;
use crate::shop::LIGHT;

#[tokio::test]
async fn every_metric_of_the_list_with_observations_is_exported_and_no_other() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl-200").await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    visitor.receive_answer().await;
    visitor.say_text("{").await;
    visitor.receive().await;
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
async fn the_log_has_ids_and_no_text_of_customers() {
    let server = Server::start().await;
    let mut visitor = server.visitor().await;
    visitor.type_in("tomcat").await;
    visitor
        .say(json!({ "type": "query", "product_id": LIGHT, "query": "tomcat in the lamp?" }))
        .await;
    visitor.receive_answer().await;
    server.get("/api/search?q=tomcat").await;
    server.get("/api/price/tomcat").await;
    server.get("/tomcat").await;
    let request =
        crate::server::client().get(server.url("/api/brands")).header("X-Request-Id", "abc-1");
    let answered = request.send().await.unwrap();
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

/// The label `route` of every series of `hsc_http_requests_total`.
async fn counted_routes(server: &Server) -> BTreeSet<String> {
    let text = server.get("/metrics").await.text().await.expect("text");
    let series = text.lines().filter(|line| line.starts_with("hsc_http_requests_total{"));
    let route = |line: &str| Some(line.split_once("route=\"")?.1.split_once('"')?.0.to_owned());
    series.map(|line| route(line).expect("a route")).collect()
}

#[tokio::test]
async fn every_documented_response_has_its_series_at_zero_before_the_first_request() {
    let server = Server::start().await;
    let text = server.get("/metrics").await.text().await.unwrap();
    let counted = |method: &str, route: &str, status: &str| {
        let labels = format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
        let name = format!("hsc_http_requests_total{labels} ");
        text.lines().any(|line| line.starts_with(&name))
    };
    let series = text.lines().filter(|line| line.starts_with("hsc_http_requests_total{")).count();
    assert!((250..400).contains(&series), "{series} series");
    let document = serde_json::to_value(hsc::http::openapi()).expect("the document is JSON");
    for (path, item) in document["paths"].as_object().expect("paths") {
        let route = path
            .replace("/static/{path}", "/static/{path:.*}")
            .replace("/files/{file}", "/files/{file:.*}");
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(responses) = item[method]["responses"].as_object() else { continue };
            for status in responses.keys().map(String::as_str).chain(["500"]) {
                assert!(
                    counted(&method.to_uppercase(), &route, status),
                    "{method} {path} {status}"
                );
            }
        }
    }
    // The series are those that requests count, not a second set under other names of the routes.
    let mut before = counted_routes(&server).await;
    for path in document["paths"].as_object().expect("paths").keys() {
        let path = path.split('{').map(|part| part.split_once('}').map_or(part, |it| it.1));
        server.get(&path.collect::<Vec<_>>().join("x")).await;
    }
    server.get("/no/such/route").await;
    before.insert("unmatched".to_owned());
    assert_eq!(counted_routes(&server).await, before);
}
