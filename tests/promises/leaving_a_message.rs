//! Offline messages: text and address are stored as they were written.

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, LeftMessage};
use reqwest::Response;
use serde_json::{Value, json};

use crate::archive_stage::{first, settings};
use crate::eventually::eventually;
use crate::member::{archive_of, code_of, json_of};
use crate::receiver::Receiver;
use crate::server::{Server, client};
use crate::shop::Shop;

async fn leave(server: &Server, headers: &[(&str, &str)], body: Value) -> Response {
    let mut request = client().post(server.url("/api/leave-message")).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the server answers")
}

/// A server with an archive in a file, and that archive.
async fn archived(settings_of_server: &[(&str, &str)]) -> (Server, Store) {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let mut all = vec![("archive.path", path.as_str())];
    all.extend_from_slice(settings_of_server);
    let server = Server::of(shop, &all).await;
    let mut archive = settings();
    archive.path = path;
    (server, Store::new(&archive).expect("an archive"))
}

async fn offline_messages(store: &Store, count: usize) -> Vec<LeftMessage> {
    let messages =
        async || store.left_messages(first(9)).await.map(|it| it.items).unwrap_or_default();
    eventually("they are archived", async || messages().await.len() == count).await;
    messages().await
}

#[actix_web::test]
async fn an_offline_message_is_stored_as_text_with_its_conversation() {
    let (server, store) = archived(&[]).await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    let text = "<script>alert(1)</script>\r\nIt smells.\u{1b}[31m\0";
    let body = json!({ "address": " yael@example.test ", "text": text });
    let token = welcome["token"].as_str().expect("a token");
    let taken = leave(&server, &[("x-conversation-token", token)], body.clone()).await;
    assert_eq!(taken.status(), 202);
    let id = json_of(taken).await["id"].clone();
    let messages = offline_messages(&store, 1).await;
    assert_eq!(id, messages[0].id);
    assert_eq!(messages[0].text, "<script>alert(1)</script>\nIt smells.[31m");
    assert_eq!(messages[0].address, "yael@example.test");
    assert_eq!(messages[0].conversation.as_deref(), welcome["conversation"].as_str());
    // Without a conversation, and with an invalid token: the message is stored all the same.
    for headers in [&[][..], &[("x-conversation-token", "forged")]] {
        assert_eq!(leave(&server, headers, body.clone()).await.status(), 202);
    }
    let tied =
        offline_messages(&store, 3).await.iter().filter(|it| it.conversation.is_some()).count();
    assert_eq!(tied, 1);
    assert!(!server.log().contains("It smells"), "what a visitor wrote is in no log");
    assert!(!server.log().contains("yael@example.test"));
}

#[tokio::test]
async fn a_webhook_receives_the_offline_message() {
    let receiver = Receiver::that_answers(&[]).await;
    let (endpoints, name) = (receiver.taking(r#""message.left""#), receiver.name());
    let settings = [("webhooks.endpoints", &*endpoints), ("webhooks.allowed_hosts", &*name)];
    let server = Server::with(&settings).await;
    let text = "<script>alert(1)</script> It smells.";
    let body = json!({ "address": "yael@example.test", "text": text });
    let taken = json_of(leave(&server, &[], body.clone()).await).await;
    eventually("the webhook is delivered", async || !receiver.deliveries().is_empty()).await;
    let delivered = receiver.deliveries()[0].body();
    assert_eq!(delivered["type"], "message.left");
    for (field, value) in
        [("id", &taken["id"]), ("address", &body["address"]), ("text", &json!(text))]
    {
        assert_eq!(&delivered["data"][field], value, "{delivered}");
    }
}

#[tokio::test]
async fn an_offline_message_with_an_invalid_address_or_text_is_refused_with_a_reason() {
    let server = Server::with(&[("server.allowed_origins", "https://shop.example")]).await;
    let long = "x".repeat(5_001);
    for (address, text) in [
        ("nobody", "Hello"),
        ("a@example.test\nBcc: b@example.test", "Hello"),
        ("<script>@example.test", "Hello"),
        ("a@example.test", " \0\u{7} "),
        ("a@example.test", &long),
    ] {
        let refused = leave(&server, &[], json!({ "address": address, "text": text })).await;
        assert_eq!(code_of(refused).await, (400, "invalid_request".to_owned()), "{address:?}");
    }
    for body in
        [json!({ "address": "a@example.test" }), json!([]), json!({ "address": 1, "text": 2 })]
    {
        assert_eq!(leave(&server, &[], body).await.status(), 400);
    }
    let body = json!({ "address": "a@example.test", "text": "Hello" });
    for (origin, status) in [("https://evil.example", 403), ("https://shop.example", 202)] {
        assert_eq!(leave(&server, &[("origin", origin)], body.clone()).await.status(), status);
    }
}

#[tokio::test]
async fn offline_messages_are_limited_per_hour() {
    let server = Server::with(&[("offline_messages.per_hour", "2")]).await;
    let body = json!({ "address": "a@example.test", "text": "Hello" });
    for _ in 0..2 {
        assert_eq!(leave(&server, &[], body.clone()).await.status(), 202);
    }
    // Further proxies in the header change nothing.
    let refused = leave(&server, &[("x-forwarded-for", "9.9.9.9")], body).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(code_of(refused).await, (429, "too_many".to_owned()));
    let counted =
        server.metric("hsc_offline_messages_total{kind=\"message\",outcome=\"too_many\"}").await;
    assert_eq!(counted, 1.0);
}
