//! Admins manage the team's accounts: add, disable, unlock, and never lock out the last admin.

use hsc::archive::Store;
use hsc_actors::ports::archive::{Accounts as _, LockOut};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::administering::audited;
use crate::archive_stage::settings;
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, user, with_team};
use crate::server::{Server, client};
use crate::shop::Shop;

const ADA: &str = "ada@example.test";
const YAEL: &str = "yael@example.test";
/// Another valid password.
const ANOTHER: &str = "seven slow boats home";

async fn ada(server: &Server) -> Member {
    let mut ada = Member::of(server);
    assert_eq!(ada.sign_in(ADA, PASSWORD).await.status(), 200);
    ada
}

/// The account with this address, as shown to an admin.
async fn account(ada: &mut Member, address: &str) -> Value {
    let all = ada.get("/admin/users").await;
    assert_eq!(
        (all.status().as_u16(), &all.headers()["cache-control"]),
        (200, &"no-store".parse().expect("a value"))
    );
    let all = all.text().await.expect("text");
    assert!(!all.contains("argon2"), "no hash leaves the archive: {all}");
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let items = all["items"].as_array().expect("items");
    items.iter().find(|it| it["address"] == address).cloned().unwrap_or_default()
}

async fn change(ada: &mut Member, address: &str, change: Value) -> Response {
    let id = account(ada, address).await["id"].as_str().unwrap_or("nobody").to_owned();
    let (path, csrf) = (format!("/admin/users/{id}"), ada.csrf.clone());
    ada.send(Method::PATCH, &path, Some(change), &[("x-csrf-token", &csrf)]).await
}

async fn signs_in(server: &Server, address: &str, password: &str) -> u16 {
    Member::of(server).sign_in(address, password).await.status().as_u16()
}

#[tokio::test]
async fn a_new_account_signs_in_and_its_creation_is_audited() {
    let server = with_team(&[]).await;
    let mut ada = ada(&server).await;
    let dana = json!({ "name": "<b>Dana</b>", "address": "Dana@Example.test", "role": "agent", "password": ANOTHER });
    let made = ada.post("/admin/users", dana.clone()).await;
    assert_eq!(made.status(), 201);
    let made = json_of(made).await;
    assert_eq!(
        (&made["name"], &made["address"], &made["role"]),
        (&json!("<b>Dana</b>"), &json!("dana@example.test"), &json!("agent"))
    );
    assert_eq!(
        (&made["is_disabled"], &made["has_password"], &made["has_openid"]),
        (&json!(false), &json!(true), &json!(false))
    );
    assert_eq!(signs_in(&server, "dana@example.test", ANOTHER).await, 200);
    audited(&server, "account.add", made["id"].as_str().expect("an id")).await;
    let again = ada.post("/admin/users", dana).await;
    assert_eq!(code_of(again).await, (409, "address_taken".to_owned()));
    for (body, refusal) in [
        (
            json!({ "name": "A", "address": "a@example.test", "role": "agent", "password": "short" }),
            (422, "weak_password"),
        ),
        (
            json!({ "name": "A", "address": "nobody", "role": "agent", "password": ANOTHER }),
            (422, "unfit"),
        ),
        (
            json!({ "name": " ", "address": "a@example.test", "role": "agent", "password": ANOTHER }),
            (422, "unfit"),
        ),
        (
            json!({ "name": "A", "address": "a@example.test", "role": "owner", "password": ANOTHER }),
            (400, "invalid_request"),
        ),
        (
            json!({ "name": "A", "address": "a@example.test", "password": ANOTHER }),
            (400, "invalid_request"),
        ),
    ] {
        let refused = code_of(ada.post("/admin/users", body.clone()).await).await;
        assert_eq!((refused.0, refused.1.as_str()), refusal, "{body}");
    }
    assert!(!server.log().contains(ANOTHER), "a password is in no log");
}

#[tokio::test]
async fn disabling_an_account_or_changing_its_password_ends_its_sessions_at_once() {
    let server = with_team(&[]).await;
    let mut ada = ada(&server).await;
    let mut yael = Member::of(&server);
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 200);
    let disabled = change(&mut ada, YAEL, json!({ "is_disabled": true })).await;
    assert_eq!(disabled.status(), 200);
    let disabled = json_of(disabled).await;
    assert_eq!(disabled["is_disabled"], true);
    let id = disabled["id"].as_str().expect("an id").to_owned();
    assert_eq!(yael.get("/api/me").await.status(), 401);
    assert_eq!(signs_in(&server, YAEL, PASSWORD).await, 401);
    assert_eq!(change(&mut ada, YAEL, json!({ "is_disabled": false })).await.status(), 200);
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 200);
    let weak = change(&mut ada, YAEL, json!({ "password": "yael yael yael" })).await;
    assert_eq!(code_of(weak).await, (422, "weak_password".to_owned()));
    assert_eq!(yael.get("/api/me").await.status(), 200);
    assert_eq!(change(&mut ada, YAEL, json!({ "password": ANOTHER })).await.status(), 200);
    assert_eq!(yael.get("/api/me").await.status(), 401);
    assert_eq!(signs_in(&server, YAEL, PASSWORD).await, 401);
    assert_eq!(signs_in(&server, YAEL, ANOTHER).await, 200);
    let renamed = change(&mut ada, YAEL, json!({ "name": " Yael B. ", "role": "admin" })).await;
    let renamed = json_of(renamed).await;
    assert_eq!((&renamed["name"], &renamed["role"]), (&json!("Yael B."), &json!("admin")));
    for action in ["disable", "enable", "password", "rename", "role"] {
        audited(&server, &format!("account.{action}"), &id).await;
    }
}

#[tokio::test]
async fn an_unlock_resets_failures_without_a_new_password() {
    let server = with_team(&[]).await;
    let mut ada = ada(&server).await;
    let id = account(&mut ada, YAEL).await["id"].as_str().expect("an id").to_owned();
    let mut of_archive = settings();
    of_archive.path = archive_of(&server.shop);
    let archive = Store::new(&of_archive).expect("an archive");
    let lock = LockOut { after: 1, until_ms: u64::try_from(i64::MAX).expect("positive") };
    archive.sign_in_failed(&id, lock).await.expect("locked");
    assert_eq!(account(&mut ada, YAEL).await["failures"], 1);
    let unlocked = json_of(change(&mut ada, YAEL, json!({ "unlock": true })).await).await;
    assert_eq!((&unlocked["locked_until_ms"], &unlocked["failures"]), (&Value::Null, &json!(0)));
    assert_eq!(signs_in(&server, YAEL, PASSWORD).await, 200);
    audited(&server, "account.unlock", &id).await;
}

#[tokio::test]
async fn the_last_admin_cannot_be_disabled_or_demoted() {
    let server = with_team(&[]).await;
    let mut ada = ada(&server).await;
    for body in [json!({ "is_disabled": true }), json!({ "role": "agent" })] {
        let refused = change(&mut ada, ADA, body.clone()).await;
        assert_eq!(code_of(refused).await, (409, "last_admin".to_owned()), "{body}");
    }
    assert_eq!(ada.get("/admin/users").await.status(), 200, "nothing was changed");
    assert_eq!(change(&mut ada, YAEL, json!({ "role": "admin" })).await.status(), 200);
    assert_eq!(change(&mut ada, ADA, json!({ "is_disabled": true })).await.status(), 200);
    assert_eq!(ada.get("/admin/users").await.status(), 401);
    assert_eq!(signs_in(&server, YAEL, PASSWORD).await, 200);
}

#[tokio::test]
async fn accounts_are_managed_by_admins_only() {
    let server = with_team(&[]).await;
    let (mut ada, mut yael, mut stranger) =
        (ada(&server).await, Member::of(&server), Member::of(&server));
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 200);
    let id = account(&mut ada, YAEL).await["id"].as_str().expect("an id").to_owned();
    let newcomer =
        json!({ "name": "D", "address": "d@example.test", "role": "admin", "password": ANOTHER });
    for (method, path, body) in [
        (Method::POST, "/admin/users".to_owned(), newcomer.clone()),
        (Method::PATCH, format!("/admin/users/{id}"), json!({ "role": "admin" })),
    ] {
        let yaels = yael.csrf.clone();
        let by_agent =
            yael.send(method.clone(), &path, Some(body.clone()), &[("x-csrf-token", &yaels)]).await;
        assert_eq!(code_of(by_agent).await, (403, "forbidden".to_owned()), "{method}");
        let by_nobody = stranger.send(method.clone(), &path, Some(body.clone()), &[]).await;
        assert_eq!(code_of(by_nobody).await, (401, "not_signed_in".to_owned()), "{method}");
        let without =
            ada.send(method.clone(), &path, Some(body.clone()), &[("x-csrf-token", &yaels)]).await;
        assert_eq!(code_of(without).await, (403, "no_csrf_token".to_owned()), "{method}");
        let mut elsewhere = Member::of(&server).on_page_of(Some("https://evil.example"));
        elsewhere.cookies.clone_from(&ada.cookies);
        let right = [("x-csrf-token", ada.csrf.as_str())];
        let foreign = elsewhere.send(method.clone(), &path, Some(body), &right).await;
        assert_eq!(code_of(foreign).await, (403, "origin_not_allowed".to_owned()), "{method}");
    }
    let nobody = ada.csrf.clone();
    let unknown = ada
        .send(
            Method::PATCH,
            "/admin/users/nobody",
            Some(json!({ "unlock": true })),
            &[("x-csrf-token", &nobody)],
        )
        .await;
    assert_eq!(code_of(unknown).await, (404, "no_such_account".to_owned()));
    let nothing = change(&mut ada, YAEL, json!({})).await;
    assert_eq!(code_of(nothing).await, (400, "invalid_request".to_owned()));
    assert_eq!(account(&mut ada, YAEL).await["role"], "agent");
    assert_eq!(account(&mut ada, "d@example.test").await, Value::Null);
}

#[tokio::test]
async fn the_first_account_cannot_be_created_by_an_anonymous_request() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let server = Server::of(shop, &[("archive.path", &path)]).await;
    let body =
        json!({ "name": "D", "address": "d@example.test", "role": "admin", "password": ANOTHER });
    let response = client().post(server.url("/admin/users")).json(&body).send().await;
    let response = response.expect("the server answers");
    assert_eq!(code_of(response).await, (401, "not_signed_in".to_owned()));
    let (done, printed) = user(&server.shop, &["list"], "");
    assert!(done && printed.contains("there is no account"), "{printed}");
}
