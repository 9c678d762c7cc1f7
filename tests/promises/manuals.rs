//! The original manual files: served in ranges, and harmless to the page.

use crate::server::{Server, client};
use crate::shop::{LIGHT, MIXER, PDF, TRIPOD};

#[tokio::test]
async fn a_pdf_is_served_unchanged_and_opens_in_the_viewer() {
    let server = Server::start().await;
    let response = server.get(&format!("/manuals/{MIXER}")).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "application/pdf");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-disposition"], "inline; filename=\"nordlicht-mx-9.pdf\"");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(!headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(response.bytes().await.unwrap(), PDF);
}

#[tokio::test]
async fn a_range_request_returns_a_part() {
    let server = Server::start().await;
    let url = server.url(&format!("/manuals/{MIXER}"));
    for (range, status, expected) in [
        ("bytes=0-3", 206, Some(&PDF[..4])),
        ("bytes=9-", 206, Some(&PDF[9..])),
        ("bytes=-5", 206, Some(&PDF[PDF.len() - 5..])),
        ("bytes=99999-", 416, None),
    ] {
        let response = client().get(&url).header("Range", range).send().await.unwrap();
        assert_eq!(response.status(), status, "{range}");
        assert!(response.headers().contains_key("content-range"), "{range}");
        if let Some(expected) = expected {
            assert_eq!(response.bytes().await.unwrap(), expected, "{range}");
        }
    }
    let whole = client().get(&url).send().await.unwrap();
    let tag = whole.headers()["etag"].clone();
    let again = client().get(&url).header("If-None-Match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    let head = client().head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], PDF.len().to_string().as_str());
}

#[tokio::test]
async fn a_web_page_is_served_with_a_sandbox_policy() {
    let server = Server::start().await;
    let response = server.get(&format!("/manuals/{LIGHT}")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    assert!(response.text().await.unwrap().contains("Replacing the fuse"));
}

#[tokio::test]
async fn a_missing_manual_returns_its_error_code() {
    let server = Server::start().await;
    for (id, status, code) in [(TRIPOD, 404, "no_manual"), ("nobody", 404, "no_such_product")] {
        let response = server.get(&format!("/manuals/{id}")).await;
        assert_eq!(response.status(), status);
        assert_eq!(server.json(&format!("/manuals/{id}")).await["code"], code);
    }
    std::fs::remove_file(server.shop.dir().join("manuals/mx-9.pdf")).unwrap();
    let gone = server.get(&format!("/manuals/{MIXER}")).await;
    assert_eq!(gone.status(), 502);
    let body: serde_json::Value = serde_json::from_str(&gone.text().await.unwrap()).unwrap();
    assert_eq!(body["code"], "manual_unavailable");
}
