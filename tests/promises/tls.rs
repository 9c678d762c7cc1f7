//! The server terminates TLS: with a certificate that can be replaced, and behind a PROXY header.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use reqwest::{Certificate, Client};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::eventually::{eventually, in_time};
use crate::process::output;
use crate::server::{ADMIN_TOKEN, Server, client, config, hsc, run, variable};
use crate::shop::Shop;

/// A self-signed certificate for 127.0.0.1, and its key: `NAME.pem` and `NAME.key` in this folder.
pub(crate) fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (cert, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert);
    let made = output("openssl makes a certificate", &mut openssl);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

/// A client that trusts only this certificate, and opens a new connection for each request.
fn trusting(cert: &Path) -> Client {
    let _ = client();
    let pem = std::fs::read(cert).expect("a certificate");
    let cert = Certificate::from_pem(&pem).expect("PEM");
    let builder = Client::builder().no_proxy().tls_certs_only([cert]).pool_max_idle_per_host(0);
    builder.build().expect("an HTTP client")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A server with this certificate.
pub(crate) async fn with_certificate(
    shop: Shop,
    (cert, key): &(PathBuf, PathBuf),
    settings: &[(&str, &str)],
) -> Server {
    let (cert, key) = (text(cert), text(key));
    let mut all = vec![("server.tls.cert", cert.as_str()), ("server.tls.key", key.as_str())];
    all.extend_from_slice(settings);
    Server::of(shop, &all).await
}

fn tls_config(cert: &Path) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(cert).expect("PEM");
    roots.add(cert).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[tokio::test]
async fn http_websockets_the_first_link_and_ping_use_tls() {
    let shop = Shop::new();
    let pair = certificate(shop.dir(), "one");
    let archive = text(&shop.dir().join("archive.sqlite"));
    let settings = [("archive.path", archive.as_str()), ("server.public_url", "")];
    let server = with_certificate(shop, &pair, &settings).await;
    let https = trusting(&pair.0);
    let url = |path: &str| format!("https://{}{path}", server.address());
    let pong = https.get(url("/ping")).send().await.expect("TLS");
    assert_eq!(pong.status(), 200);
    assert!(!pong.headers().contains_key("strict-transport-security"), "public_url is not https");
    assert!(client().get(server.url("/ping")).send().await.is_err(), "no plain HTTP there");
    let origin = url("");
    let line = server.first_link().await;
    assert!(line.contains(&format!("{origin}/first?token=")), "{line}");

    let stream = TcpStream::connect(server.address()).await.expect("the server accepts");
    let connector = tokio_rustls::TlsConnector::from(tls_config(&pair.0));
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    let stream = connector.connect(name, stream).await.expect("TLS");
    let address = format!("wss://{}/ws", server.address());
    let (mut socket, _) =
        tokio_tungstenite::client_async(address, stream).await.expect("the upgrade");
    {
        use futures::{SinkExt as _, StreamExt as _};
        let hello = json!({ "type": "hello" }).to_string();
        socket.send(hello.into()).await.expect("it is sent");
        let frame = in_time("welcome", socket.next()).await.expect("a message").expect("a frame");
        assert!(frame.to_string().contains("welcome"), "{frame}");
    }

    let mut ping = hsc();
    ping.args(["ping", "--config"]).arg(config(&server.shop));
    ping.env(variable("server.port"), server.address().port().to_string());
    ping.env(variable("server.tls.cert"), text(&pair.0));
    ping.env(variable("server.tls.key"), text(&pair.1));
    let (status, out, wrong) = run(ping);
    assert!(status.success(), "{out}{wrong}");
}

#[tokio::test]
async fn a_new_certificate_is_loaded_and_a_broken_one_is_reported_and_ignored() {
    let shop = Shop::new();
    let pair = certificate(shop.dir(), "one");
    let next = certificate(shop.dir(), "next");
    let server = with_certificate(shop, &pair, &[]).await;
    let url = format!("https://{}/ping", server.address());
    let serves = async |https: &Client| https.get(&url).send().await.is_ok();
    let first = trusting(&pair.0);
    let second = trusting(&next.0);
    assert!(serves(&first).await && !serves(&second).await);
    let metric = async |client: &Client, name: &str| {
        let url = format!("https://{}/metrics", server.address());
        let text = client.get(url).send().await.expect("TLS").text().await.expect("text");
        text.lines().any(|line| line == name)
    };

    std::fs::write(&pair.0, "no certificate").expect("the file can be written");
    eventually("the broken one is reported", async || {
        metric(&first, "hsc_tls_reloads_total{outcome=\"kept\"} 1").await
    })
    .await;
    assert!(server.log().contains("server.tls.cert"), "the log names the setting");
    assert!(serves(&first).await, "the one before is shown");

    std::fs::copy(&next.1, &pair.1).expect("the key can be written");
    std::fs::copy(&next.0, &pair.0).expect("the certificate can be written");
    eventually("the new one is shown", async || serves(&second).await).await;
    assert!(!serves(&first).await, "the one before is not shown any more");
}

#[tokio::test]
async fn an_invalid_certificate_pair_is_refused_at_the_start() {
    let shop = Shop::new();
    let (one, two) = (certificate(shop.dir(), "one"), certificate(shop.dir(), "two"));
    let missing = shop.dir().join("missing.pem");
    for (cert, key, reason) in [
        (&one.0, &two.1, "server.tls.cert and server.tls.key"),
        (&missing, &one.1, "server.tls.cert"),
        (&one.0, &one.0, "server.tls.key"),
    ] {
        let mut command = hsc();
        command.args(["serve", "--config"]).arg(config(&shop));
        command.env(variable("server.tls.cert"), text(cert));
        command.env(variable("server.tls.key"), text(key));
        let (status, _, wrong) = run(command);
        assert!(!status.success() && wrong.contains(reason), "{wrong}");
    }
    let mut command = hsc();
    command.args(["check", "--config"]).arg(config(&shop));
    command.env(variable("server.tls.cert"), text(&one.0));
    let (status, _, wrong) = run(command);
    assert!(!status.success() && wrong.contains("server.tls.key"), "{wrong}");
}

#[tokio::test]
async fn hsts_is_sent_if_the_public_address_is_https() {
    let server = Server::with(&[("server.public_url", "https://chat.example")]).await;
    for path in ["/ping", "/", "/no/such/route"] {
        let answer = server.get(path).await;
        let header = &answer.headers()["strict-transport-security"];
        assert_eq!(header, "max-age=31536000", "{path}");
    }
    let plain = Server::start().await;
    assert!(!plain.get("/ping").await.headers().contains_key("strict-transport-security"));
}

/// The status of an offline message over this connection, which began with the PROXY header.
async fn leave(mut io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> String {
    let body = r#"{"address":"a@example.test","text":"Hello"}"#;
    let request = format!(
        "POST /api/leave-message HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut received = String::new();
    if io.write_all(request.as_bytes()).await.is_ok() {
        let _ = in_time("an answer", io.read_to_string(&mut received)).await;
    }
    received.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// The header of version 2 for this source.
fn second_version(source: [u8; 4]) -> Vec<u8> {
    let addresses = [&source[..], &[10, 0, 0, 1], &[0x12, 0x67, 1, 187]].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses].concat()
}

#[tokio::test]
async fn a_proxy_header_names_the_client_before_http_and_before_tls() {
    let shop = Shop::new();
    let pair = certificate(shop.dir(), "one");
    let settings = [
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.proxy_protocol", "true"),
        ("offline_messages.per_address", "1"),
    ];
    let plain = Server::with(&settings).await;
    let tls = with_certificate(shop, &pair, &settings).await;
    let connector = tokio_rustls::TlsConnector::from(tls_config(&pair.0));
    for server in [&plain, &tls] {
        let leave_from = async |header: &[u8]| {
            let mut stream = TcpStream::connect(server.address()).await.expect("accepted");
            stream.write_all(header).await.expect("it is read");
            if std::ptr::eq(server, &plain) {
                return leave(stream).await;
            }
            let name = ServerName::try_from("127.0.0.1").expect("an address");
            match connector.connect(name, stream).await {
                Ok(stream) => leave(stream).await,
                Err(_) => String::new(),
            }
        };
        assert_eq!(leave_from(b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n").await, "202");
        assert_eq!(leave_from(&second_version([203, 0, 113, 7])).await, "429", "the same client");
        assert_eq!(leave_from(&second_version([203, 0, 113, 8])).await, "202");
        assert_eq!(leave_from(b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n").await, "202");
        assert_eq!(leave_from(b"PROXY TCP6 2001:db8::2 ::1 4711 443\r\n").await, "429");
        assert_eq!(leave_from(b"").await, "", "a trusted proxy begins with the header");
    }
    // Other peers may not set a source: for them the header is a malformed request.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 2], 0).into()).expect("an address of this machine");
    let mut stranger = socket.connect(plain.address()).await.expect("accepted");
    stranger.write_all(b"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n").await.expect("it is read");
    let code = leave(stranger).await;
    // The connection may be reset before the response is read.
    assert!(matches!(code.as_str(), "400" | ""), "{code}");
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 2], 0).into()).expect("an address of this machine");
    assert_eq!(leave(socket.connect(plain.address()).await.expect("accepted")).await, "202");
}

#[tokio::test]
async fn operations_have_a_separate_address() {
    let settings = [("server.operations_listen", "127.0.0.1:0")];
    let mut server = Server::with(&settings).await;
    let line: serde_json::Value = serde_json::from_str(&server.prints().await).expect("JSON");
    let operations = line["operations"].as_str().and_then(|it| it.strip_prefix("http://"));
    let operations = operations.expect("an address").to_owned();
    let of = async |path: &str| {
        let url = format!("http://{operations}{path}");
        client().get(url).bearer_auth(ADMIN_TOKEN).send().await.expect("it answers")
    };
    let metrics = of("/metrics").await;
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.expect("text").contains("hsc_connections "));
    let health: serde_json::Value =
        serde_json::from_slice(&of("/health").await.bytes().await.expect("a body")).expect("JSON");
    assert!(health["uptime_seconds"].is_number(), "{health}");
    assert_eq!(of("/ready").await.status(), 200);
    assert_eq!(of("/ping").await.status(), 200);
    for path in ["/", "/admin/actors", "/api/brands", "/ws"] {
        assert_eq!(of(path).await.status(), 404, "{path}");
    }
    assert_eq!(server.json("/health").await, json!({ "status": "healthy" }));
    assert_eq!(server.get("/metrics").await.status(), 404);
    assert_eq!(server.get("/ready").await.status(), 200);
    let mut ping = hsc();
    ping.args(["ping", "--config"]).arg(config(&server.shop));
    ping.env(variable("server.operations_listen"), operations.trim());
    let (status, out, wrong) = run(ping);
    assert!(status.success(), "{out}{wrong}");
}
