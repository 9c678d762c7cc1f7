//! Limits per client use the client's address, which only a configured proxy can set.

use std::net::IpAddr;

use reqwest::Response;
use serde_json::{Value, json};

use crate::archive_stage::settings;
use crate::eventually::eventually;
use crate::member::{archive_of, json_of};
use crate::server::{ADMIN_TOKEN, Server, client};
use crate::shop::Shop;

/// The proxy of these tests, and a peer that is no proxy: both addresses of this machine.
const PROXY: &str = "127.0.0.1";
const STRANGER: &str = "127.0.0.2";

/// Opens a connection from this local address and sends these headers.
async fn send(
    server: &Server,
    (from, headers): (&str, &[(&str, &str)]),
    path: &str,
    body: Value,
) -> Response {
    let from: IpAddr = from.parse().expect("an address");
    let client = client_from(from);
    let mut request = client.post(server.url(path)).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the server answers")
}

fn client_from(from: IpAddr) -> reqwest::Client {
    // Selects the TLS library of the process, which this client needs too.
    let _ = client();
    let builder = reqwest::Client::builder().no_proxy().local_address(from);
    builder.build().expect("an HTTP client")
}

/// The status of an offline message: 202, or 429 once this client has sent its two.
async fn leave(server: &Server, from: &str, headers: &[(&str, &str)]) -> u16 {
    let body = json!({ "address": "a@example.test", "text": "Hello" });
    send(server, (from, headers), "/api/leave-message", body).await.status().as_u16()
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client_that_a_quota_counts() {
    let settings = [("server.trusted_proxies", PROXY), ("offline_messages.per_address", "2")];
    let server = Server::with(&settings).await;
    let one = [("x-forwarded-for", "203.0.113.7")];
    for expected in [202, 202, 429] {
        assert_eq!(leave(&server, PROXY, &one).await, expected);
    }
    // Entries that the client sends are to the left of the one that its proxy appends, and are ignored.
    let spoofed = [("x-forwarded-for", "198.51.100.1, 203.0.113.7")];
    assert_eq!(leave(&server, PROXY, &spoofed).await, 429);
    let same_in_other_words = [("forwarded", "for=\"203.0.113.7:4711\";proto=https")];
    assert_eq!(leave(&server, PROXY, &same_in_other_words).await, 429);
    let another = [("x-forwarded-for", "203.0.113.8")];
    assert_eq!(leave(&server, PROXY, &another).await, 202);
    // The first 64 bits of an IPv6 address are the client.
    for (address, expected) in [
        ("2001:db8:0:1::1", 202),
        ("2001:db8:0:1::2", 202),
        ("2001:db8:0:1:ffff::3", 429),
        ("2001:db8:0:2::1", 202),
    ] {
        let status = leave(&server, PROXY, &[("x-forwarded-for", address)]).await;
        assert_eq!(status, expected, "{address}");
    }
}

#[tokio::test]
async fn the_headers_of_untrusted_peers_are_ignored() {
    let settings = [("server.trusted_proxies", PROXY), ("offline_messages.per_address", "2")];
    let server = Server::with(&settings).await;
    for (number, expected) in [202, 202, 429, 429].into_iter().enumerate() {
        let address = format!("203.0.113.{number}");
        let forwarded = format!("for={address}");
        let headers = [
            ("x-forwarded-for", address.as_str()),
            ("forwarded", forwarded.as_str()),
            ("x-real-ip", address.as_str()),
        ];
        assert_eq!(leave(&server, STRANGER, &headers).await, expected);
    }
    let unset = Server::with(&[("offline_messages.per_address", "1")]).await;
    assert_eq!(leave(&unset, PROXY, &[("x-forwarded-for", "203.0.113.7")]).await, 202);
    assert_eq!(leave(&unset, PROXY, &[("x-forwarded-for", "203.0.113.8")]).await, 429);
    let warned = "server.trusted_proxies does not name";
    assert_eq!(unset.log().matches(warned).count(), 1, "the operator learns it, once");
}

#[actix_web::test]
async fn sessions_the_audit_and_the_log_name_the_client_behind_the_proxy() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let settings_of_server = [
        ("server.trusted_proxies", PROXY),
        ("archive.path", path.as_str()),
        ("sessions.max_per_address", "1"),
    ];
    let server = Server::of(shop, &settings_of_server).await;
    let client = |address: &str| {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
        let url = format!("ws://{}/ws", server.address());
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert("x-forwarded-for", address.parse().expect("a header"));
        request
    };
    let _first = tokio_tungstenite::connect_async(client("2001:db8:7::1")).await.expect("opens");
    let refused = tokio_tungstenite::connect_async(client("2001:db8:7::2")).await;
    assert!(refused.is_err(), "the same 64 bits hold one session already");
    let _other = tokio_tungstenite::connect_async(client("2001:db8:8::1")).await.expect("opens");
    let shown = client_from(PROXY.parse().expect("an address"))
        .get(server.url("/admin/sessions"))
        .bearer_auth(ADMIN_TOKEN)
        .send()
        .await
        .expect("the server answers");
    let shown = json_of(shown).await;
    let addresses: Vec<_> = shown["items"].as_array().expect("sessions").iter().collect();
    let addresses: Vec<_> = addresses.iter().map(|it| it["address"].clone()).collect();
    assert_eq!(addresses, ["2001:db8:8::1", "2001:db8:7::1"], "{shown}");

    let headers = [("x-forwarded-for", "203.0.113.7")];
    let wrong = json!({ "address": "ada@example.test", "password": "a guess" });
    let refused = send(&server, (PROXY, &headers), "/api/sign-in", wrong).await;
    assert_eq!(refused.status(), 401);
    let mut of_archive = settings();
    of_archive.path = archive_of(&server.shop);
    let archive = hsc::archive::Store::new(&of_archive).expect("settings of an archive");
    eventually("the failure is in the audit with the client's address", async || {
        use hsc_actors::ports::archive::{Archive as _, AuditSearch, Page};
        let page = Page { after: None, limit: Page::MOST };
        let found = archive.audit(AuditSearch::default(), page).await;
        found.is_ok_and(|found| {
            found
                .items
                .iter()
                .any(|it| it.action == "sign_in.failed" && it.address == "203.0.113.7")
        })
    })
    .await;
    assert!(server.log().contains("\"client\":\"203.0.113.7\""), "the access log names the client");
}

#[tokio::test]
async fn an_invalid_network_is_refused_at_the_start_with_the_reason() {
    for wrong in ["10.0.0.1/8", "0.0.0.0/0", "proxy.example"] {
        let shop = Shop::new();
        let mut command = crate::server::hsc();
        command.args(["serve", "--config"]).arg(crate::server::config(&shop));
        command.env(crate::server::variable("server.trusted_proxies"), wrong);
        let (status, _, errors) = crate::server::run(command);
        assert!(!status.success(), "{wrong}");
        assert!(errors.contains("server.trusted_proxies") && errors.contains("prefix"), "{errors}");
    }
}
