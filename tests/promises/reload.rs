//! The catalog follows its files, and a broken file changes nothing.

use crate::eventually::eventually;
use crate::server::Server;
use crate::shop::{LIGHT, catalog};

async fn products(server: &Server) -> u64 {
    server.json("/health").await["product_count"].as_u64().expect("a number")
}

#[tokio::test]
async fn a_changed_file_is_searched_without_a_restart_on_the_same_socket() {
    let server = Server::with(&[("catalog.watch_debounce_ms", "50")]).await;
    let mut visitor = server.visitor().await;
    assert_eq!(products(&server).await, 63);
    let mut changed = catalog(5);
    changed["products"].as_array_mut().unwrap().push(serde_json::json!(
        { "id": "nordlicht-zz-1", "name": "Nordlicht Zephyr ZZ-1", "category": "Fan" }));
    server.shop.write_catalog(&changed);
    eventually("the new catalog is in force", async || products(&server).await == 9).await;
    let prediction = visitor.type_in("zephyr").await;
    assert_eq!(prediction["data"][0]["product"]["id"], "nordlicht-zz-1");
    assert!(server.metric("hsc_catalog_reloads_total{outcome=\"swapped\"}").await >= 1.0);
}

#[tokio::test]
async fn a_broken_file_is_reported_and_the_old_catalog_stays() {
    let server = Server::with(&[("catalog.watch_debounce_ms", "50")]).await;
    server.shop.write("nordlicht.json", b"{ \"products\": [ {");
    eventually("the broken file is told of", async || {
        server.json("/health").await["status"] == "degraded"
    })
    .await;
    let health = server.json("/health").await;
    assert!(health["reason"].as_str().unwrap().contains("nordlicht.json"), "{health}");
    assert_eq!(health["product_count"], 63);
    assert_eq!(server.get("/ready").await.status(), 200);
    let mut visitor = server.visitor().await;
    assert_eq!(visitor.type_in("nl-200").await["data"][0]["product"]["id"], LIGHT);
    assert!(server.metric("hsc_catalog_reloads_total{outcome=\"kept\"}").await >= 1.0);
    server.shop.write_catalog(&catalog(1));
    eventually("mended, it is well again", async || {
        server.json("/health").await["status"] == "healthy"
    })
    .await;
    assert_eq!(products(&server).await, 4);
}

#[tokio::test]
async fn sighup_reloads_the_catalog_without_a_watcher() {
    let server = Server::with(&[("catalog.watch", "false")]).await;
    server.shop.write_catalog(&catalog(2));
    assert_eq!(products(&server).await, 63);
    server.signal("HUP");
    eventually("the new catalog is in force", async || products(&server).await == 5).await;
}
