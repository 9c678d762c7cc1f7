//! Authentication: accounts, sessions, guards, the first start.

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, AuditSearch, Page};
use serde_json::json;

use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, user, with_team};
use crate::server::Server;
use crate::shop::Shop;

const ADA: &str = "ada@example.test";
const YAEL: &str = "yael@example.test";

/// Routes that change something, with what each needs.
fn changes() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("/admin/caches/invalidate", json!("all")),
        ("/admin/broadcast", json!({ "message": "hello" })),
        ("/admin/chaos", json!({ "actor": "session", "fault": "panic" })),
        ("/admin/drain", json!({})),
    ]
}

#[tokio::test]
async fn a_first_start_writes_a_link_that_creates_one_admin_once() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let mut server = Server::of(shop, &[("archive.path", &path)]).await;
    let line = server.first_link().await;
    let (_, token) = line.split_once("/first?token=").expect("a link");
    assert!(line.contains(&server.url("/first?token=")), "{line}");
    let mut ada = Member::of(&server);
    let account = |token: &str, password: &str| json!({ "token": token, "name": "Ada", "address": ADA, "password": password });
    let guess = ada.post("/api/first", account("a guess", PASSWORD)).await;
    assert_eq!(code_of(guess).await, (410, "link_spent".to_owned()));
    let weak = ada.post("/api/first", account(token, "password1234")).await;
    assert_eq!(code_of(weak).await, (422, "weak_password".to_owned()));
    let foreign = Member::of(&server).on_page_of(Some("https://evil.example"));
    let foreign = { foreign }.post("/api/first", account(token, PASSWORD)).await;
    assert_eq!(code_of(foreign).await, (403, "origin_not_allowed".to_owned()));
    // Before that the administration is closed from every address: the link is the only way in.
    assert_eq!(server.get("/admin/actors").await.status(), 401);

    let made = ada.post("/api/first", account(token, PASSWORD)).await;
    assert_eq!(made.status(), 200);
    assert_eq!(json_of(made).await["role"], "admin");
    assert_eq!(ada.get("/admin/actors").await.status(), 200);
    let again = Member::of(&server).post("/api/first", account(token, PASSWORD)).await;
    assert_eq!(code_of(again).await, (410, "link_spent".to_owned()));
    let stranger = server.get("/admin/actors").await;
    assert_eq!(code_of(stranger).await, (401, "not_signed_in".to_owned()));
    assert!(!server.log().contains(token), "the link is in no log");
    let printed = server.prints().await;
    assert!(printed.contains("first-link") && !printed.contains(token), "{printed}");
}

#[tokio::test]
async fn administration_requires_an_admin_or_the_admin_token() {
    let server = with_team(&[
        ("admin.token", "a-token-for-machines-of-32-characters"),
        ("chaos.enabled", "true"),
    ])
    .await;
    let mut yael = Member::of(&server);
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 200);
    for path in ["/admin/actors", "/admin/pods"] {
        assert_eq!(
            code_of(server.get(path).await).await,
            (401, "not_signed_in".to_owned()),
            "{path}"
        );
        assert_eq!(code_of(yael.get(path).await).await, (403, "forbidden".to_owned()), "{path}");
    }
    for (path, body) in changes() {
        let stranger = Member::of(&server).post(path, body.clone()).await;
        assert_eq!(code_of(stranger).await, (401, "not_signed_in".to_owned()), "{path}");
        let agent = yael.post(path, body).await;
        assert_eq!(code_of(agent).await, (403, "forbidden".to_owned()), "{path}");
    }
    for (token, status) in [
        ("a-token-for-machines-of-32-characters", 200),
        ("a guess", 403),
        ("a-token-for-machines-of-32-character", 403),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let mut machine = Member::of(&server);
        let response = machine.send(reqwest::Method::GET, "/admin/actors", None, &headers).await;
        assert_eq!(response.status(), status, "{token:?}");
    }
    // An invented cookie, and one of a session that has ended.
    let mut forger = Member::of(&server);
    forger.cookies.push(("hsc".to_owned(), "A".repeat(43)));
    assert_eq!(forger.get("/admin/actors").await.status(), 401);
    for (page, who) in [("/admin", &mut yael), ("/agent", &mut Member::of(&server))] {
        let sent = who.get(page).await;
        assert_eq!(sent.status(), 302, "{page}");
        assert_eq!(sent.headers()["location"], format!("/sign-in?next={page}"));
    }
}

#[tokio::test]
async fn a_change_requires_the_csrf_token_of_the_session_and_our_own_origin() {
    let server = with_team(&[]).await;
    let mut ada = Member::of(&server);
    ada.sign_in(ADA, PASSWORD).await;
    let mut other = Member::of(&server);
    other.sign_in(ADA, PASSWORD).await;
    let (csrf, of_another) = (ada.csrf.clone(), other.csrf.clone());
    for wrong in ["", "a guess", &of_another] {
        ada.csrf = wrong.to_owned();
        let refused = ada.post("/admin/broadcast", json!({ "message": "hello" })).await;
        assert_eq!(code_of(refused).await, (403, "no_csrf_token".to_owned()), "{wrong}");
    }
    ada.csrf = csrf;
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        ada = ada.on_page_of(Some(origin));
        let refused = ada.post("/admin/broadcast", json!({ "message": "hello" })).await;
        assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()), "{origin}");
        let refused = Member::of(&server).on_page_of(Some(origin)).sign_in(ADA, PASSWORD).await;
        assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()), "{origin}");
    }
    ada = ada.on_page_of(Some(&server.url("")));
    let response = ada.post("/admin/broadcast", json!({ "message": "hello" })).await;
    assert_eq!(response.status(), 200);
    // A page of another origin may chat, but may not read responses that need the cookie.
    let read = ada
        .send(reqwest::Method::GET, "/api/me", None, &[("origin", "https://shop.example")])
        .await;
    assert!(!read.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn failed_sign_ins_are_delayed_and_do_not_reveal_whether_an_account_exists() {
    let server = with_team(&[]).await;
    let mut answers = Vec::new();
    for address in [YAEL, "nobody@example.test"] {
        let mut guesser = Member::of(&server);
        // Each wait is twice as long as the previous one; at four seconds there is time for the right password.
        eventually("the wait grows", async || {
            let wrong = guesser.sign_in(address, "not the password").await;
            match wrong.status().as_u16() {
                401 => {
                    answers.push(wrong.text().await.unwrap());
                    false
                }
                status => {
                    assert_eq!(status, 429);
                    wrong.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 4
                }
            }
        })
        .await;
        let locked = guesser.sign_in(address, PASSWORD).await;
        assert_eq!(code_of(locked).await, (429, "too_many_tries".to_owned()), "{address}");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "an account and none are answered alike: {answers:?}");
    let log = server.log();
    assert!(!log.contains("not the password") && !log.contains(YAEL), "{log}");
}

#[tokio::test]
async fn the_session_cookie_is_http_only_same_site_and_secure_over_https() {
    let server = with_team(&[]).await;
    let set = Member::of(&server).sign_in(ADA, PASSWORD).await;
    let cookie = set.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["hsc=", "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    let server = with_team(&[("server.public_url", "https://chat.example")]).await;
    let mut ada = Member::of(&server).on_page_of(Some("https://chat.example"));
    let set = ada.sign_in(ADA, PASSWORD).await;
    let cookie = set.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-hsc=") && cookie.contains("; Secure"), "{cookie}");
    // A cookie that an insecure page has set is ignored.
    let secret = ada.cookies[0].1.clone();
    ada.cookies = vec![("hsc".to_owned(), secret)];
    assert_eq!(ada.get("/api/me").await.status(), 401);
}

#[tokio::test]
async fn sign_in_replaces_a_session_id_chosen_by_the_client() {
    let server = with_team(&[]).await;
    let mut victim = Member::of(&server);
    let laid_out = "A".repeat(43);
    victim.cookies.push(("hsc".to_owned(), laid_out.clone()));
    victim.sign_in(ADA, PASSWORD).await;
    let mut attacker = Member::of(&server);
    attacker.cookies.push(("hsc".to_owned(), laid_out));
    assert_eq!(attacker.get("/api/me").await.status(), 401);
    // A new sign-in invalidates the previous session.
    let before = victim.cookies.clone();
    victim.sign_in(ADA, PASSWORD).await;
    attacker.cookies = before;
    assert_eq!(attacker.get("/api/me").await.status(), 401);
    assert_eq!(victim.get("/api/me").await.status(), 200);
}

#[tokio::test]
async fn signing_out_ends_the_session_here_or_everywhere() {
    let server = with_team(&[]).await;
    let mut browsers: Vec<Member> = (0..3).map(|_| Member::of(&server)).collect();
    for browser in &mut browsers {
        browser.sign_in(YAEL, PASSWORD).await;
    }
    let old_cookies = browsers[0].cookies.clone();
    let out = browsers[0].post("/api/sign-out", json!({})).await;
    assert_eq!(out.status(), 204);
    let names: Vec<&str> = browsers[0].cookies.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["hsc-device"], "the device stays known");
    browsers[0].cookies = old_cookies;
    assert_eq!(browsers[0].get("/api/me").await.status(), 401);
    assert_eq!(browsers[1].get("/api/me").await.status(), 200);
    assert_eq!(
        browsers[1].post("/api/sign-out", json!({ "everywhere": true })).await.status(),
        204
    );
    assert_eq!(browsers[2].get("/api/me").await.status(), 401);
}

#[tokio::test]
async fn a_session_ends_after_its_idle_timeout_and_after_its_maximum_lifetime() {
    let times = [("identity.session_idle_ms", "2000"), ("identity.session_ms", "600000")];
    let server = with_team(&times).await;
    let mut unused = Vec::new();
    for _ in 0..60 {
        let mut ada = Member::of(&server);
        ada.sign_in(ADA, PASSWORD).await;
        unused.push(ada);
    }
    // A read counts as a use of a session, so each is read once.
    eventually("one that nobody used is over", async || {
        let mut ada = unused.pop().expect("they end long before the last");
        ada.get("/api/me").await.status() == 401
    })
    .await;
    let times = [("identity.session_idle_ms", "3000"), ("identity.session_ms", "3000")];
    let server = with_team(&times).await;
    let mut ada = Member::of(&server);
    ada.sign_in(ADA, PASSWORD).await;
    eventually("it is over although it is used", async || ada.get("/api/me").await.status() == 401)
        .await;
}

#[tokio::test]
async fn accounts_are_managed_from_the_command_line() {
    let server = with_team(&[]).await;
    let shop = &server.shop;
    let (done, printed) = user(shop, &["list"], "");
    assert!(done && printed.contains("ada@example.test  admin  ada (password)"), "{printed}");
    let (done, printed) = user(shop, &["add", "Yael@Example.test"], &format!("{PASSWORD}\n"));
    assert!(!done && printed.contains("there is an account with this address"), "{printed}");
    let (done, printed) = user(shop, &["add", "noa@example.test"], "short\n");
    assert!(!done && printed.contains("at least 12 characters"), "{printed}");
    let (done, printed) = user(shop, &["add", "noa@example.test"], "");
    assert!(!done && printed.contains("standard input has no password"), "{printed}");
    let (done, printed) = user(shop, &["disable", ADA], "");
    assert!(!done && printed.contains("the last active admin"), "{printed}");

    let mut yael = Member::of(&server);
    yael.sign_in(YAEL, PASSWORD).await;
    let (done, printed) = user(shop, &["password", YAEL], "quite another one\n");
    assert!(done, "{printed}");
    assert_eq!(yael.get("/api/me").await.status(), 401);
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 401);
    assert_eq!(yael.sign_in(YAEL, "quite another one").await.status(), 200);
    assert!(user(shop, &["disable", YAEL], "").0);
    assert_eq!(yael.get("/api/me").await.status(), 401);
    let refused = yael.sign_in(YAEL, "quite another one").await;
    assert_eq!(code_of(refused).await, (401, "wrong_sign_in".to_owned()));
    assert!(user(shop, &["enable", YAEL], "").0);
    assert_eq!(yael.sign_in(YAEL, "quite another one").await.status(), 200);
}

#[tokio::test]
async fn actions_of_the_team_are_audited() {
    let server = with_team(&[("chaos.enabled", "true")]).await;
    let mut ada = Member::of(&server);
    ada.sign_in(ADA, "not the password").await;
    ada.sign_in(ADA, PASSWORD).await;
    let me = json_of(ada.get("/api/me").await).await["id"].as_str().unwrap().to_owned();
    for (path, body) in changes().into_iter().filter(|(path, _)| *path != "/admin/drain") {
        let done = ada.post(path, body).await;
        // A missing session is a valid reply too.
        assert!(matches!(done.status().as_u16(), 200 | 404), "{path}");
    }
    let settings = hsc_config::Settings::load(
        None,
        [("HSC__ARCHIVE__PATH".to_owned(), archive_of(&server.shop))],
    );
    let archive = Store::new(&settings.unwrap().archive).unwrap();
    let mut actions = Vec::new();
    eventually("all of it is in the audit", async || {
        let page = Page { after: None, limit: 100 };
        let found = archive.audit(AuditSearch::default(), page).await.unwrap();
        let by_ada = found.items.into_iter().filter(|it| it.who == me);
        actions = by_ada.map(|it| (it.action, it.role, it.address)).collect();
        actions.len() >= 5
    })
    .await;
    for action in ["sign_in.failed", "sign_in", "cache.invalidate", "broadcast", "chaos"] {
        let found = actions.iter().find(|(name, ..)| name == action);
        let (_, role, address) = found.unwrap_or_else(|| panic!("{action} in {actions:?}"));
        assert_eq!((role.as_str(), address.as_str()), ("admin", "127.0.0.1"), "{action}");
    }
}
