//! Assets and pages: cached by browsers, never from outside of their folder, never in a foreign frame.

use crate::server::{Server, client};

#[tokio::test]
async fn an_asset_of_the_catalog_is_cached_as_immutable() {
    let server = Server::start().await;
    let logo = server.get("/static/logo.svg").await;
    assert_eq!(logo.status(), 200);
    assert_eq!(logo.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    assert_eq!(server.json("/static/none.svg").await["code"], "no_such_file");
}

#[tokio::test]
async fn no_path_leaves_its_folder() {
    let server = Server::start().await;
    let secret = server.shop.dir().join("secret.txt");
    std::fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, server.shop.dir().join("static/link.txt")).unwrap();
    for path in [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/..%5csecret.txt",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/link.txt",
        "/../secret.txt",
    ] {
        // Byte by byte, because every HTTP client normalizes such a path.
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = server.answer_to(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("secret\n") && !answer.ends_with("secret"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let server = Server::start().await;
    for path in ["/", "/health", "/api/brands", "/api/nothing", "/docs/", "/static/logo.svg"] {
        let headers = server.get(path).await.headers().clone();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "strict-origin-when-cross-origin", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
        assert!(scripts.is_none_or(|it| !it.contains("unsafe")), "{path}: {policy}");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn the_visitors_page_may_be_framed_by_configured_sites_and_the_teams_pages_by_none() {
    let framing = async |server: &Server, path: &str| {
        let request = client().get(server.url(path)).send().await.unwrap();
        let text = |name: &str| {
            let value = request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            value.unwrap_or_default()
        };
        let policy = text("content-security-policy");
        let ancestors = policy.split("frame-ancestors ").nth(1).unwrap_or_default().to_owned();
        (ancestors, text("x-frame-options"))
    };
    let none = ("'none'".to_owned(), "DENY".to_owned());
    let by_default = Server::start().await;
    for path in ["/", "/index.html", "/agent", "/admin", "/sign-in", "/docs/", "/api/brands"] {
        assert_eq!(framing(&by_default, path).await, none, "{path}");
    }
    let sites = "self, https://Shop.example, https://*.shop.example";
    let listed = Server::with(&[("server.frame_ancestors", sites)]).await;
    let allowed = "'self' https://shop.example https://*.shop.example".to_owned();
    for path in ["/", "/index", "/index.html"] {
        assert_eq!(framing(&listed, path).await, (allowed.clone(), String::new()), "{path}");
    }
    for path in ["/agent", "/admin", "/agent.html", "/admin.html", "/sign-in", "/first", "/docs/"] {
        assert_eq!(framing(&listed, path).await, none, "{path}");
    }
    let own = Server::with(&[("server.frame_ancestors", "self")]).await;
    assert_eq!(framing(&own, "/").await, ("'self'".to_owned(), "SAMEORIGIN".to_owned()));
}

#[tokio::test]
async fn foreign_pages_may_call_the_api_as_the_settings_allow() {
    let shop_page = "https://shop.example";
    let everybody = Server::start().await;
    let get = async |server: &Server, origin: &str| {
        let request = client().get(server.url("/api/brands")).header("Origin", origin);
        let response = request.send().await.unwrap();
        let allowed = response.headers().get("access-control-allow-origin").cloned();
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    assert_eq!(get(&everybody, shop_page).await.as_deref(), Some("*"));
    assert!(crate::visitor::Visitor::from_page(everybody.address(), shop_page).await.is_ok());

    let listed = Server::with(&[("server.allowed_origins", shop_page)]).await;
    assert_eq!(get(&listed, shop_page).await.as_deref(), Some(shop_page));
    assert_eq!(get(&listed, "https://else.example").await, None);
    let socket = async |origin: &str| {
        crate::visitor::Visitor::from_page(listed.address(), origin).await.err()
    };
    assert_eq!(socket(shop_page).await, None);
    assert_eq!(socket("https://else.example").await, Some(403));
    assert_eq!(socket(&listed.url("")).await, None, "our own pages always may");
}
