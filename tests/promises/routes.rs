//! The HTTP routes: shapes of part 1, errors with a code, and a document that lists them all.

use serde_json::{Value, json};

use crate::server::{Server, client};
use crate::shop::{LIGHT, MIXER, TRIPOD};
use crate::visitor::fields;

#[tokio::test]
async fn health_ready_and_ping_have_the_format_of_part_1() {
    let server = Server::start().await;
    let _visitor = server.visitor().await;
    let health = server.json("/health").await;
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["redis_connected"], false);
    assert_eq!(health["active_connections"], 1);
    assert_eq!(health["product_count"], 63);
    for number in ["memory_usage_percent", "cpu_usage_percent", "uptime_seconds"] {
        assert!(health[number].is_number(), "{number} in {health}");
    }
    assert!(health["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(server.json("/ready").await, json!({ "status": "ready" }));
    assert_eq!(server.json("/ping").await, json!({ "pong": true }));
}

#[tokio::test]
async fn brands_are_listed_by_name_with_their_product_counts() {
    let server = Server::start().await;
    let brands = server.json("/api/brands").await;
    assert_eq!(fields(&brands), ["brands", "total_brands"]);
    assert_eq!(brands["total_brands"], 1);
    assert_eq!(
        brands["brands"][0],
        json!({ "id": "nordlicht", "name": "Nordlicht", "hq": "Tromsø", "product_count": 63 })
    );
}

#[tokio::test]
async fn a_price_is_that_of_the_best_match() {
    let server = Server::start().await;
    let price = server.json("/api/price/nl%20200").await;
    assert_eq!(price["product_id"], LIGHT);
    assert_eq!(price["price"], json!({ "amount": 499, "currency": "EUR" }));
    for (query, code) in [("tp-1", "no_price"), ("qqqqxxxx", "no_match")] {
        let response = server.get(&format!("/api/price/{query}")).await;
        assert_eq!(response.status(), 404, "{query}");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], code);
    }
}

#[tokio::test]
async fn search_and_products_are_available_over_http() {
    let server = Server::start().await;
    let found = server.json("/api/search?q=nl200&limit=3").await;
    let results = found["results"].as_array().unwrap();
    assert!(results.len() <= 3);
    assert_eq!(results[0]["product"]["id"], LIGHT);
    let product = server.json(&format!("/api/products/{LIGHT}")).await;
    assert_eq!(product["product"]["a_field_nobody_knows"], json!([1, 2]));
    assert_eq!(product["context"]["related_items"][0]["id"], TRIPOD);
    assert_eq!(product["manual"], json!({ "url": format!("/manuals/{LIGHT}"), "type": "html" }));
    assert_eq!(product["scenarios"], json!(["general", "live"]), "a stage light");
    let tripod = server.json(&format!("/api/products/{TRIPOD}")).await;
    assert_eq!(tripod["manual"], Value::Null);
    assert_eq!(tripod["scenarios"], json!(["general"]));
}

#[tokio::test]
async fn the_sections_of_a_manual_are_listed_and_a_product_without_one_has_none() {
    let server = Server::start().await;
    let sections = server.json(&format!("/api/products/{LIGHT}/sections")).await;
    let titles: Vec<&str> = sections["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["title"].as_str().unwrap())
        .collect();
    assert!(titles.contains(&"Resetting the lamp"), "{titles:?}");
    assert!(titles.contains(&"Replacing the fuse"), "{titles:?}");
    let none = server.json(&format!("/api/products/{TRIPOD}/sections")).await;
    assert_eq!(none, json!({ "sections": [] }));
    let unknown = server.get("/api/products/nobody/sections").await;
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn every_error_is_json_with_a_code_and_a_message() {
    let server = Server::start().await;
    let long = "x".repeat(1_001);
    for (path, status, code) in [
        ("/api/nothing".to_owned(), 404, "no_such_route"),
        ("/api/products/nobody".to_owned(), 404, "no_such_product"),
        ("/api/search".to_owned(), 400, "invalid_request"),
        ("/api/search?q=a&limit=0".to_owned(), 400, "invalid_request"),
        ("/api/search?q=a&limit=51".to_owned(), 400, "invalid_request"),
        ("/api/search?q=a&limit=many".to_owned(), 400, "invalid_request"),
        ("/api/search?q=a&page=2".to_owned(), 400, "invalid_request"),
        (format!("/api/search?q={long}"), 400, "invalid_request"),
        (format!("/api/price/{long}"), 400, "invalid_request"),
        ("/ws".to_owned(), 426, "upgrade_required"),
    ] {
        let response = server.get(&path).await;
        assert_eq!(response.status(), status, "{path}");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], code, "{path}");
        assert!(body["message"].as_str().is_some_and(|it| !it.is_empty()), "{path}: {body}");
    }
    let posted = client().post(server.url("/api/brands")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    let body: Value = serde_json::from_str(&posted.text().await.unwrap()).unwrap();
    assert_eq!(body["code"], "method_not_allowed");
}

#[tokio::test]
async fn a_lone_surrogate_in_a_body_is_ignored() {
    let server = Server::start().await;
    let posted = async |body: &'static str, kind: &str| {
        let request = client().post(server.url("/api/leave-message")).header("content-type", kind);
        request.body(body).send().await.expect("the server answers").status().as_u16()
    };
    let body = r#"{"address":"eve@example.test","text":"It hums \ud83d"}"#;
    assert_eq!(posted(body, "application/json").await, 202);
    assert_eq!(posted(body, "application/json; charset=utf-8").await, 202);
    // Any page may send a form without a preflight request.
    assert_eq!(posted(body, "text/plain").await, 400);
    assert_eq!(posted(r#"{"address":"#, "application/json").await, 400);
}

#[tokio::test]
async fn every_route_of_the_document_answers() {
    let server = Server::start().await;
    let document = server.json("/docs/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    // Routes that change something are not called here.
    let paths: Vec<&String> =
        paths.iter().filter(|(_, does)| does["get"].is_object()).map(|(path, _)| path).collect();
    assert!(paths.len() >= 11, "{paths:?}");
    // These two redirect; identity.rs tests them.
    let paths = paths.into_iter().filter(|path| !path.starts_with("/sign-in/"));
    for path in paths {
        let url = path
            .replace("{query}", "nl-200")
            .replace("{id}", LIGHT)
            .replace("{product_id}", MIXER)
            .replace("{path}", "logo.svg");
        // Uploaded pictures are tested in uploads.rs.
        if path == "/uploads/{id}" {
            continue;
        }
        assert!(!url.contains('{'), "the test knows a value for {path}");
        let url = if url == "/api/search" { format!("{url}?q=nl") } else { url };
        let status = server.get(&url).await.status().as_u16();
        let documented = &document["paths"][path]["get"]["responses"];
        assert!(documented[status.to_string()].is_object(), "{path} answered {status}");
        let wants_more = [
            "/ws",
            "/ws/agent",
            "/api/me",
            "/api/transcript",
            "/api/replies",
            "/api/conversations",
            "/api/conversations/{id}",
            "/api/left-messages",
        ]
        .contains(&path.as_str())
            // Responses to an admin are tested in openapi_document.rs.
            || (path.starts_with("/admin/") && status == 401);
        assert!(status == 200 || wants_more, "{path} answered {status}");
    }
    let page = server.get("/docs/").await;
    assert!(page.text().await.unwrap().contains("swagger-ui-bundle.js"));
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert_eq!(server.get(&format!("/docs/{file}")).await.status(), 200, "{file}");
    }
    let initializer = server.get("/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(initializer.contains("/docs/openapi.json"), "{initializer}");
    assert_eq!(server.json("/docs/asyncapi.json").await["asyncapi"], "3.0.0");
}
