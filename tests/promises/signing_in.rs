//! Sign-in attempts are limited so that guessing is slow, and strangers cannot lock out an account.

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, AuditSearch, Page};
use reqwest::{Method, Response};
use serde_json::json;

use crate::archive_stage::settings;
use crate::eventually::{eventually, in_time};
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, user, with_team};
use crate::server::Server;

const ADA: &str = "ada@example.test";
const YAEL: &str = "yael@example.test";
const TOKEN: &str = "a-token-for-machines-of-32-characters";

/// Tries a wrong password so often from each of these addresses; returns the number of admitted attempts.
async fn attacked(server: &Server, addresses: std::ops::RangeInclusive<u8>, times: usize) -> usize {
    let mut admitted = 0;
    for last in addresses {
        let mut stranger = Member::at(server, [127, 0, 1, last]);
        for _ in 0..times {
            let status = stranger.sign_in(YAEL, "not the password").await.status();
            assert!(matches!(status.as_u16(), 401 | 429), "{status}");
            admitted += usize::from(status == 401);
        }
    }
    admitted
}

fn seconds(refused: &Response) -> u64 {
    let wait = refused.headers()["retry-after"].to_str().expect("text");
    wait.parse().expect("a number of seconds")
}

#[tokio::test]
async fn failed_attempts_of_others_do_not_lock_out_the_owner_on_known_or_new_devices() {
    let server = with_team(&[]).await;
    let mut known = Member::of(&server);
    let signed_in = known.sign_in(YAEL, PASSWORD).await;
    assert_eq!(signed_in.status(), 200);
    assert_eq!(known.post("/api/sign-out", json!({})).await.status(), 204);
    assert!(known.cookies.iter().any(|(name, _)| name == "hsc-device"), "{:?}", known.cookies);

    attacked(&server, 1..=8, 6).await;
    assert_eq!(known.sign_in(YAEL, PASSWORD).await.status(), 200, "a known device");
    let mut new = Member::at(&server, [127, 0, 2, 1]);
    assert_eq!(new.sign_in(YAEL, PASSWORD).await.status(), 200, "a new device elsewhere");

    // At the address of a stranger, as behind a proxy that is not configured.
    let mut beside = Member::at(&server, [127, 0, 1, 1]);
    beside.cookies = known.cookies.clone();
    assert_eq!(beside.sign_in(YAEL, PASSWORD).await.status(), 200, "a known device beside one");
    let mut new = Member::at(&server, [127, 0, 1, 2]);
    let refused = new.sign_in(YAEL, PASSWORD).await;
    if refused.status() != 200 {
        assert!(seconds(&refused) <= 31, "{}", seconds(&refused));
        assert_eq!(code_of(refused).await, (429, "too_many_tries".to_owned()));
    }
    eventually("the wait of a new device beside a stranger is over", async || {
        new.sign_in(YAEL, PASSWORD).await.status() == 200
    })
    .await;
}

#[tokio::test]
async fn guesses_are_limited_from_one_address_from_many_and_from_the_device_of_another_account() {
    let server = with_team(&[]).await;
    assert_eq!(attacked(&server, 1..=4, 8).await, 4 * 5, "five each, then each costs more");
    let of_many = attacked(&server, 11..=20, 8).await;
    // A busy machine has time for a few more; five each would be 50.
    assert!((10..20).contains(&of_many), "one each once many try the same address: {of_many}");
    // A device is known for the account that signed in with it, and for no other.
    let mut agent = Member::at(&server, [127, 0, 3, 1]);
    assert_eq!(agent.sign_in(ADA, PASSWORD).await.status(), 200);
    let mut admitted = 0;
    for _ in 0..4 {
        admitted += usize::from(agent.sign_in(YAEL, "not the password").await.status() == 401);
    }
    assert_eq!(admitted, 1);
    // Wrong passwords of the owner on a known device are limited too.
    let mut owner = Member::at(&server, [127, 0, 4, 1]);
    assert_eq!(owner.sign_in(YAEL, PASSWORD).await.status(), 200);
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(owner.sign_in(YAEL, "not the password").await.status().as_u16());
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn an_unlock_and_a_new_password_end_every_wait_on_every_pod() {
    let one = with_team(&[]).await;
    let path = archive_of(&one.shop);
    let two = Server::with(&[("archive.path", &path)]).await;
    let mut ada = Member::at(&two, [127, 0, 9, 9]);
    assert_eq!(ada.sign_in(ADA, PASSWORD).await.status(), 200);
    let users = json_of(ada.get("/admin/users").await).await;
    let users = users["items"].as_array().expect("accounts").clone();
    let yael = users.iter().find(|it| it["address"] == YAEL).expect("an account");
    let yael = format!("/admin/users/{}", yael["id"].as_str().expect("an id"));

    let another = "seven slow boats home";
    let mut password = PASSWORD;
    for how in ["hsc user unlock", "an admin's unlock", "hsc user password"] {
        // Both pods count together, and both refuse.
        eventually("both pods refuse", async || {
            let mut statuses = Vec::new();
            for pod in [&one, &two] {
                let wrong = Member::of(pod).sign_in(YAEL, "not the password").await;
                statuses.push(wrong.status() == 429 && seconds(&wrong) >= 8);
            }
            statuses == [true, true]
        })
        .await;
        match how {
            "hsc user unlock" => {
                let (done, printed) = user(&one.shop, &["unlock", YAEL], "");
                assert!(done && printed.contains("is unlocked"), "{printed}");
            }
            "an admin's unlock" => {
                let csrf = ada.csrf.clone();
                let change = Some(json!({ "unlock": true }));
                let done = ada.send(Method::PATCH, &yael, change, &[("x-csrf-token", &csrf)]).await;
                assert_eq!(done.status(), 200);
            }
            _ => {
                let (done, printed) = user(&one.shop, &["password", YAEL], &format!("{another}\n"));
                assert!(done, "{printed}");
                password = another;
            }
        }
        for pod in [&one, &two] {
            let status = Member::of(pod).sign_in(YAEL, password).await.status();
            assert_eq!(status, 200, "{how}");
        }
    }
}

#[tokio::test]
async fn attempts_at_the_admin_token_are_limited_and_each_failure_and_use_is_audited() {
    let server = with_team(&[("admin.token", TOKEN)]).await;
    let ask = async |last: u8, token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let mut machine = Member::at(&server, [127, 0, 5, last]);
        machine.send(Method::GET, "/admin/actors", None, &headers).await
    };
    let mut forbidden = 0;
    let mut refused = Vec::new();
    for number in 0..40 {
        // As long as the right one, a part of it, and longer than it.
        let guess = [TOKEN.replace('a', "b"), TOKEN[..20].to_owned(), format!("{TOKEN}x")];
        let answer = ask(1, &guess[number % 3]).await;
        match answer.status().as_u16() {
            403 => forbidden += 1,
            429 => refused.push(seconds(&answer)),
            other => panic!("{other}"),
        }
    }
    assert!((10..20).contains(&forbidden), "{forbidden}");
    assert!(refused.iter().all(|wait| (1..=61).contains(wait)), "{refused:?}");
    // Right after an attempt that has to wait for more than a second, as a busy machine may take longer than the wait.
    let right_one = in_time("a guess has to wait for more than a second", async {
        // No deadline: `in_time` has one. The wait of the last guess passes, the next guess is tried, and its wait is new.
        loop {
            let answer = ask(1, &TOKEN[..20]).await;
            match answer.status().as_u16() {
                403 => forbidden += 1,
                429 if seconds(&answer) > 1 => return ask(1, TOKEN).await.status().as_u16(),
                _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    })
    .await;
    assert_eq!(right_one, 429, "also the right one has to wait");
    assert_eq!(ask(2, TOKEN).await.status(), 200, "another address does not wait");
    assert_eq!(ask(2, TOKEN).await.status(), 200);

    let mut of_archive = settings();
    of_archive.path = archive_of(&server.shop);
    let archive = Store::new(&of_archive).expect("an archive");
    let mut written = Vec::new();
    eventually("failures and the use are in the audit", async || {
        let page = Page { after: None, limit: Page::MOST };
        let found = archive.audit(AuditSearch::default(), page).await.expect("an answer");
        written =
            found.items.into_iter().filter(|it| it.action.starts_with("admin_token")).collect();
        written.iter().any(|it| it.action == "admin_token.used") && written.len() > forbidden
    })
    .await;
    let of = |action: &str, detail: &str| {
        let found = written.iter().filter(|it| it.action == action && it.detail == detail);
        found.map(|it| it.address.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("admin_token.failed", ""), vec!["127.0.5.1"; forbidden]);
    assert!(!of("admin_token.failed", "too many attempts").is_empty(), "{written:?}");
    assert_eq!(of("admin_token.used", ""), ["127.0.5.2"], "once an hour for each client");
    let body = format!("{written:?}");
    assert!(!body.contains("machines"), "the token is not in it: {body}");
}
