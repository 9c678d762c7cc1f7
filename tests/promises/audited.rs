//! Actions of team members are audited once they are done: who did what to which conversation and from where,
//! never the text.

use hsc::archive::Store;
use hsc_actors::ports::archive::{
    Accounts as _, Archive as _, AuditSearch, Audited, LockOut, Page,
};
use serde_json::json;

use crate::agents::{ADA, YAEL, agent, until, waiting};
use crate::archive_stage::settings;
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, with_team};
use crate::server::Server;
use crate::visitor::Visitor;

/// The archive of a server, opened by the test.
fn archive(server: &Server) -> Store {
    let mut settings = settings();
    settings.path = archive_of(&server.shop);
    Store::new(&settings).expect("settings of an archive")
}

/// The audit entries of these actions, oldest first.
async fn audit(archive: &Store, of: &[&str]) -> Vec<Audited> {
    let page = Page { after: None, limit: Page::MOST };
    let found = archive.audit(AuditSearch::default(), page).await.expect("the archive answers");
    let mut found = found.items;
    found.retain(|it| of.iter().any(|action| it.action.starts_with(action)));
    found.reverse();
    found
}

/// Sends a request and waits for its result: true if it was done.
async fn does(agent: &mut Visitor, id: &str, what: serde_json::Value) -> bool {
    let mut what = what;
    what["id"] = json!(id);
    agent.say(what).await;
    until(agent, |frame| frame["id"] == id).await["type"] != "error"
}

#[tokio::test]
async fn actions_of_an_agent_at_the_desk_are_audited_when_they_succeed() {
    let server = with_team(&[]).await;
    let (mut ada, mut yael) = (agent(&server, ADA).await, agent(&server, YAEL).await);
    let (_one, first) = waiting(&server).await;
    let (_two, second) = waiting(&server).await;
    for agent in [&mut ada, &mut yael] {
        until(agent, |frame| frame["ticket"]["conversation"] == second.as_str()).await;
    }
    let about =
        |kind: &str, conversation: &str| json!({ "type": kind, "conversation": conversation });
    let action = |kind: &str| json!({ "type": kind, "conversation": first, "content": "a secret" });
    let archive = archive(&server);
    let accounts = archive.all().await.expect("the archive answers");
    let id_of = |address: &str| {
        accounts
            .iter()
            .find(|it| it.address == address)
            .map(|it| it.id.clone())
            .expect("an account")
    };
    let (ada_id, yael_id) = (id_of(ADA), id_of(YAEL));

    assert!(does(&mut yael, "1", about("take", &first)).await);
    until(&mut ada, |frame| frame["ticket"]["agent"]["id"] == yael_id.as_str()).await;
    assert!(!does(&mut ada, "2", about("take", &first)).await, "yael has it");
    assert!(does(&mut yael, "3", action("say")).await);
    assert!(does(&mut yael, "4", action("note")).await);
    assert!(!does(&mut ada, "5", action("say")).await, "it is not hers");
    let hand = json!({ "type": "hand", "conversation": first, "to": ada_id });
    assert!(does(&mut yael, "6", hand).await);
    assert!(does(&mut ada, "7", about("give_back", &first)).await);
    assert!(does(&mut ada, "8", about("take", &second)).await);
    assert!(does(&mut ada, "9", about("close", &second)).await);
    assert!(does(&mut ada, "10", json!({ "type": "available", "available": false })).await);
    assert!(!does(&mut yael, "11", about("close", &second)).await, "it is over");

    let expected = [
        (&yael_id, "agent", "conversation.take", &*first, ""),
        (&yael_id, "agent", "conversation.say", &*first, ""),
        (&yael_id, "agent", "conversation.note", &*first, ""),
        (&yael_id, "agent", "conversation.hand", &*first, &*ada_id),
        (&ada_id, "admin", "conversation.give_back", &*first, ""),
        (&ada_id, "admin", "conversation.take", &*second, ""),
        (&ada_id, "admin", "conversation.close", &*second, ""),
        (&ada_id, "admin", "desk.available", "", "no"),
    ];
    let mut written = Vec::new();
    eventually("all of it is written down", async || {
        written = audit(&archive, &["conversation.", "desk.available"]).await;
        written.len() >= expected.len()
    })
    .await;
    let written: Vec<_> = written
        .iter()
        .map(|it| {
            assert_eq!(it.address, "127.0.0.1", "{it:?}");
            (&it.who, &*it.role, &*it.action, &*it.subject, &*it.detail)
        })
        .collect();
    // Two entries of one millisecond have no order.
    for deed in &expected {
        assert!(written.contains(deed), "{deed:?} in {written:?}");
    }
    assert_eq!(written.len(), expected.len(), "what was refused is not in it: {written:?}");
}

#[tokio::test]
async fn failed_sign_ins_are_audited_without_the_typed_text() {
    let server = with_team(&[]).await;
    let archive = archive(&server);
    let yael = archive.by_address(YAEL).await.expect("the archive answers").expect("an account");
    let locked = LockOut { after: 1, until_ms: u64::MAX / 2 };
    archive.sign_in_failed(&yael.id, locked).await.expect("the archive does it");
    let wrong = Member::of(&server).sign_in(YAEL, "not the password").await;
    assert_eq!(wrong.status(), 401);
    // Failures of other clients do not lock out this one.
    let right = Member::of(&server).sign_in(YAEL, PASSWORD).await;
    assert_eq!(right.status(), 200);
    let mut guesser = Member::of(&server);
    eventually("there were too many tries", async || {
        guesser.sign_in("nobody@example.test", "a password typed").await.status() == 429
    })
    .await;
    let mut written = Vec::new();
    eventually("all of it is written down", async || {
        written = audit(&archive, &["sign_in.failed"]).await;
        written.iter().any(|it| it.detail == "too many attempts")
    })
    .await;
    let of = |detail: &str| written.iter().filter(|it| it.detail == detail).collect::<Vec<_>>();
    let [wrong] = of("")[..] else { panic!("one attempt: {written:?}") };
    assert_eq!((&wrong.who, &*wrong.role), (&yael.id, "agent"));
    assert!(of("unknown address").len() >= 5, "{written:?}");
    assert_eq!(of("too many attempts").len(), 1, "once, however often it is tried: {written:?}");
    for it in &written {
        assert_eq!(it.address, "127.0.0.1", "{it:?}");
        let logged = format!("{it:?}");
        assert!(!logged.contains("nobody@") && !logged.contains("typed"), "{logged}");
    }
}
