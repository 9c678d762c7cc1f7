//! A visitor is whom the embedding site has signed for, or nobody in particular.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::server::Server;
use crate::visitor::Visitor;

const KEY: &str = "a secret that the shop and the chat share";
const OLD: &str = "the secret they shared until last Tuesday";

fn token(key: &str, seconds: i64) -> String {
    let claims = json!({ "sub": "c-17", "name": "Noa Levi",
        "exp": jiff::Timestamp::now().as_second() + seconds });
    let part = |value: &Value| BASE64.encode(value.to_string());
    let said = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    format!("{said}.{}", BASE64.encode(hmac::sign(&key, said.as_bytes())))
}

/// What a `hello` with this token is answered with, up to the welcome.
async fn greeted(server: &Server, token: &str) -> Vec<Value> {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello", "id": "h", "visitor": token })).await;
    let mut heard = vec![visitor.hear().await];
    while heard.last().expect("something was heard")["type"] != "welcome" {
        heard.push(visitor.hear().await);
    }
    // Whatever it was, the chat goes on.
    visitor.type_in("nl").await;
    heard
}

#[tokio::test]
async fn a_token_is_taken_under_either_key_and_refused_with_a_code_else() {
    let server = Server::with(&[("visitors.key", KEY), ("visitors.previous_key", OLD)]).await;
    for good in [token(KEY, 60), token(OLD, 60)] {
        assert_eq!(greeted(&server, &good).await.len(), 1);
    }
    for (bad, code) in [
        (token(KEY, -60), "visitor_expired"),
        (token("a key that nobody knows, long enough", 60), "visitor_refused"),
        ("not.a.token".to_owned(), "visitor_refused"),
    ] {
        let heard = greeted(&server, &bad).await;
        assert_eq!((&heard[0]["type"], &heard[0]["code"]), (&json!("error"), &json!(code)));
        assert_eq!(heard[0]["id"], "h");
        assert_eq!(heard.len(), 2);
    }
    assert!(!server.log().contains("Noa"), "who a visitor is, is in no log");
}

#[tokio::test]
async fn a_client_that_says_no_hello_brings_it_with_the_address() {
    let server = Server::with(&[("visitors.key", KEY)]).await;
    for (token, code) in [(token(KEY, 60), None), (token(KEY, -60), Some("visitor_expired"))] {
        let address = format!("ws://{}/ws?visitor={token}", server.address());
        let request = address.into_client_request().unwrap();
        let mut visitor = Visitor::asking(request, server.address()).await;
        visitor.say(json!({ "type": "typing", "content": "nl" })).await;
        let first = visitor.hear().await;
        assert_eq!(first["code"].as_str(), code, "{first}");
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_named_at_the_start() {
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
