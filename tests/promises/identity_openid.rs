//! The team signs in at an OpenID provider; forged and repeated sign-ins are refused.

use serde_json::{Value, json};
use url::Url;

use crate::member::{Member, archive_of, json_of, user};
use crate::provider::{By, Provider};
use crate::server::Server;
use crate::shop::Shop;

async fn server_at(provider: &Provider) -> Server {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let mut settings = provider.settings();
    settings.push(("archive.path", &path));
    Server::of(shop, &settings).await
}

/// The redirect target of a response.
async fn location(browser: &mut Member, path: &str) -> String {
    let response = browser.get(path).await;
    assert_eq!(response.status(), 302, "{path}");
    response.headers()["location"].to_str().expect("text").to_owned()
}

fn path_of(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Goes to the provider, which changes the claims as given, and back; returns the final redirect.
async fn round(
    provider: &Provider,
    browser: &mut Member,
    by: By,
    change: impl FnOnce(&mut Value),
) -> String {
    let authorize_url = location(browser, "/sign-in/openid?next=/admin").await;
    let back = provider.grants(&authorize_url, by, change);
    location(browser, &path_of(&back)).await
}

#[tokio::test]
async fn a_user_of_the_provider_signs_in_with_the_role_of_the_claim() {
    let provider = Provider::start().await;
    let server = server_at(&provider).await;
    assert_eq!(
        server.json("/api/sign-in").await,
        json!({ "provider": "House of the team", "has_accounts": false })
    );
    for by in [By::Rsa, By::Ec] {
        let mut yael = Member::of(&server);
        assert_eq!(round(&provider, &mut yael, by, |_| {}).await, "/admin");
        let me = json_of(yael.get("/api/me").await).await;
        assert_eq!((&me["name"], &me["role"]), (&json!("Yael Cohen"), &json!("agent")), "{by:?}");
        let mut names: Vec<&str> = yael.cookies.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["hsc", "hsc-device"], "the cookie of the sign-in under way is gone");
    }
    // One account that follows the claim: the groups were changed at the provider.
    let mut yael = Member::of(&server);
    let ops = |claims: &mut Value| claims["groups"] = json!(["support", "ops"]);
    assert_eq!(round(&provider, &mut yael, By::Rsa, ops).await, "/admin");
    assert_eq!(json_of(yael.get("/api/me").await).await["role"], "admin");
    let (_, printed) = user(&server.shop, &["list"], "");
    assert_eq!(printed, "yael.cohen@example.test  admin  Yael Cohen (OpenID)\n");
}

#[tokio::test]
async fn an_invalid_id_token_is_refused() {
    let provider = Provider::start().await;
    let server = server_at(&provider).await;
    let now = jiff::Timestamp::now().as_second();
    let wrong: Vec<(&str, By, &str, Value)> = vec![
        ("signed by a stranger", By::Stranger, "sub", json!("yael-7")),
        ("with a critical header", By::RsaWithCritical, "sub", json!("yael-7")),
        ("of another sign-in", By::Rsa, "nonce", json!("another")),
        ("for somebody else", By::Rsa, "aud", json!("another client")),
        ("for many, and not said to be ours", By::Rsa, "aud", json!(["hsc", "another client"])),
        ("issued to somebody else", By::Rsa, "azp", json!("another client")),
        ("of another provider", By::Rsa, "iss", json!("https://evil.example")),
        ("late", By::Rsa, "exp", json!(now - 120)),
        ("early", By::Rsa, "nbf", json!(now + 600)),
    ];
    for (what, by, claim, value) in wrong {
        let mut browser = Member::of(&server);
        let end = round(&provider, &mut browser, by, |claims| claims[claim] = value).await;
        assert_eq!(end, "/sign-in?failed=not_verified&next=/admin", "{what}");
        assert_eq!(browser.get("/api/me").await.status(), 401, "{what}");
    }
    let mut browser = Member::of(&server);
    let sales = |claims: &mut Value| claims["groups"] = json!(["sales"]);
    let end = round(&provider, &mut browser, By::Rsa, sales).await;
    assert_eq!(end, "/sign-in?failed=forbidden&next=/admin");
    let (_, printed) = user(&server.shop, &["list"], "");
    assert!(printed.starts_with("there is no account"), "{printed}");
}

#[tokio::test]
async fn a_sign_in_is_completed_only_by_the_browser_that_started_it() {
    let provider = Provider::start().await;
    let server = server_at(&provider).await;
    let failed = "/sign-in?failed=not_verified&next=";
    // A link of an attacker's own sign-in, opened in a browser without a sign-in, or with another one.
    let mut attacker = Member::of(&server);
    let authorize_url = location(&mut attacker, "/sign-in/openid").await;
    let link = path_of(&provider.grants(&authorize_url, By::Rsa, |_| {}));
    let mut victim = Member::of(&server);
    assert!(location(&mut victim, &link).await.starts_with(failed));
    location(&mut victim, "/sign-in/openid").await;
    assert!(location(&mut victim, &link).await.starts_with(failed));
    assert_eq!(victim.get("/api/me").await.status(), 401);
    // A code is accepted once, and a completed sign-in cannot be repeated.
    assert_eq!(location(&mut attacker, &link).await, "/agent");
    assert!(location(&mut attacker, &link).await.starts_with(failed));
    // The provider refuses.
    let mut refused = Member::of(&server);
    let authorize_url: Url = location(&mut refused, "/sign-in/openid").await.parse().unwrap();
    let state =
        authorize_url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let back = format!("/sign-in/openid/return?error=access_denied&state={state}");
    assert!(location(&mut refused, &back).await.starts_with(failed));
    // A foreign return address is ignored.
    let mut yael = Member::of(&server);
    let authorize_url = location(&mut yael, "/sign-in/openid?next=https://evil.example").await;
    let back = provider.grants(&authorize_url, By::Rsa, |_| {});
    assert_eq!(location(&mut yael, &path_of(&back)).await, "/agent");
}

#[tokio::test]
async fn a_provider_at_a_private_address_must_be_allowed_by_the_settings() {
    let provider = Provider::start().await;
    let mut settings = provider.settings();
    settings.retain(|(key, _)| !key.ends_with("allow_private"));
    let private = provider.issuer.replace("http://", "https://");
    settings.push(("identity.openid.issuer", &private));
    let server = Server::with(&settings).await;
    let end = location(&mut Member::of(&server), "/sign-in/openid").await;
    assert_eq!(end, "/sign-in?failed=unavailable&next=/agent");
    assert!(server.log().contains("not https on the public internet"), "{}", server.log());
}
