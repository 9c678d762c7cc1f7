//! Visitors with a token of the embedding site, and anonymous ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hsc::archive::Store;
use hsc_actors::ports::archive::Archive as _;
use ring::hmac;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::archive_stage::settings;
use crate::eventually::eventually;
use crate::member::archive_of;
use crate::provider::{public_pem, rs256};
use crate::server::Server;
use crate::shop::{LIGHT, Shop};
use crate::visitor::Visitor;

pub(crate) const KEY: &str = "a secret that the shop and the chat share";
const OLD: &str = "the secret they shared until last Tuesday";

fn claims(seconds: i64) -> Value {
    json!({ "sub": "c-17", "name": "Noa Levi",
        "exp": jiff::Timestamp::now().as_second() + seconds })
}

fn token(key: &str, seconds: i64) -> String {
    signed(key, &json!({ "alg": "HS256", "typ": "JWT" }), &claims(seconds))
}

/// A token with this header and these claims, signed with HS256.
pub(crate) fn signed(key: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let signed_part = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    format!("{signed_part}.{}", BASE64.encode(hmac::sign(&key, signed_part.as_bytes())))
}

/// An unsigned token with the algorithm `none`.
fn unsigned() -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims(60)))
}

/// The frames after a `hello` with this token, up to the welcome.
async fn greeted(server: &Server, token: &str) -> Vec<Value> {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello", "id": "h", "visitor": token })).await;
    let mut frames = vec![visitor.receive().await];
    while frames.last().expect("something was heard")["type"] != "welcome" {
        frames.push(visitor.receive().await);
    }
    // In any case the chat continues.
    visitor.type_in("nl").await;
    frames
}

#[tokio::test]
async fn a_token_of_either_key_is_accepted_and_others_are_refused_with_a_code() {
    let server = Server::with(&[("visitors.key", KEY), ("visitors.previous_key", OLD)]).await;
    for good in [token(KEY, 60), token(OLD, 60)] {
        assert_eq!(greeted(&server, &good).await.len(), 1);
    }
    for (bad, code) in [
        (token(KEY, -60), "visitor_expired"),
        (token("a key that nobody knows, long enough", 60), "visitor_refused"),
        ("not.a.token".to_owned(), "visitor_refused"),
    ] {
        let frames = greeted(&server, &bad).await;
        assert_eq!((&frames[0]["type"], &frames[0]["code"]), (&json!("error"), &json!(code)));
        assert_eq!(frames[0]["id"], "h");
        assert_eq!(frames.len(), 2);
    }
    assert!(!server.log().contains("Noa"), "who a visitor is, is in no log");
}

#[tokio::test]
async fn a_client_without_hello_passes_the_token_in_the_address() {
    let server = Server::with(&[("visitors.key", KEY)]).await;
    for (token, code) in [(token(KEY, 60), None), (token(KEY, -60), Some("visitor_expired"))] {
        let address = format!("ws://{}/ws?visitor={token}", server.address());
        let request = address.into_client_request().unwrap();
        let mut visitor = Visitor::asking(request, server.address()).await;
        visitor.say(json!({ "type": "typing", "content": "nl" })).await;
        let first = visitor.receive().await;
        assert_eq!(first["code"].as_str(), code, "{first}");
    }
}

#[tokio::test]
async fn an_invalid_key_is_reported_at_the_start() {
    let shop = crate::shop::Shop::new();
    let mut command = crate::server::hsc();
    command.args(["serve", "--config"]).arg(crate::server::config(&shop));
    command.env("HSC__VISITORS__KEY", "too short");
    let (status, _, printed) = crate::server::run(command);
    assert!(!status.success());
    assert!(
        printed.contains("visitors.key is neither a secret of at least 32 characters"),
        "{printed}"
    );
    assert!(!printed.contains("too short"), "{printed}");
}

#[tokio::test]
async fn a_public_rsa_key_verifies_tokens_and_signs_none() {
    let pem = public_pem();
    let server = Server::with(&[("visitors.key", &pem)]).await;
    assert_eq!(greeted(&server, &rs256(&claims(60))).await.len(), 1);
    let good = rs256(&claims(60));
    let (signed_part, signature) = good.rsplit_once('.').expect("three parts");
    let (header, _) = signed_part.split_once('.').expect("three parts");
    let others = BASE64.encode(json!({ "sub": "c-18", "exp": claims(60)["exp"] }).to_string());
    for (what, bad, code) in [
        ("late", rs256(&claims(-60)), "visitor_expired"),
        // The public key is no secret: it must not be accepted as an HMAC key.
        ("signed with the public half as a secret", token(&pem, 60), "visitor_refused"),
        ("the same without the last line's end", token(pem.trim(), 60), "visitor_refused"),
        ("unsigned", unsigned(), "visitor_refused"),
        ("of somebody else", format!("{header}.{others}.{signature}"), "visitor_refused"),
    ] {
        let frames = greeted(&server, &bad).await;
        assert_eq!(frames[0]["code"], code, "{what}: {frames:?}");
    }
}

#[tokio::test]
async fn an_unsigned_name_is_never_archived() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let server = Server::of(shop, &[("visitors.key", KEY), ("archive.path", &path)]).await;
    let mut settings = settings();
    settings.path = path;
    let archive = Store::new(&settings).expect("settings of an archive");
    let forged = token("a key that nobody knows, long enough", 60);
    for (token, name) in [(token(KEY, 60), Some("Noa Levi")), (unsigned(), None), (forged, None)] {
        for first in [
            json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" }),
            json!({ "type": "handoff" }),
        ] {
            let mut visitor = server.visitor().await;
            let hello = json!({ "type": "hello", "visitor": token, "locale": "he",
                "name": "Noa Levi", "address": "noa@example.test" });
            visitor.say(hello).await;
            let mut welcome = visitor.receive().await;
            while welcome["type"] != "welcome" {
                welcome = visitor.receive().await;
            }
            let conversation = welcome["conversation"].as_str().expect("an id");
            visitor.say(first.clone()).await;
            let mut archived = None;
            eventually("it is archived", async || {
                // The server may be creating it at this moment.
                let found = archive.transcript(conversation).await.ok().flatten();
                archived = found.filter(|it| !it.entries.is_empty());
                archived.is_some()
            })
            .await;
            let archived = archived.expect("it was there");
            let known = archived.about.visitor.as_ref().and_then(|visitor| visitor.name.as_deref());
            assert_eq!(known, name, "{first}");
            assert_eq!(archived.about.language.as_deref(), Some("he"), "{first}, signed or not");
            let all = serde_json::to_string(&archived).expect("the record serializes");
            assert_eq!(all.contains("Noa"), name.is_some(), "{all}");
        }
    }
}
