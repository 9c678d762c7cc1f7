//! The contract of the archive for accounts, replies and deliveries, run over SQLite and PostgreSQL.

use std::time::Duration;

use hsc_actors::ports::archive::{
    Account, AccountChange, AccountError, AccountSession, Accounts as _, AttemptLimit,
    AttemptOutcome, CannedReply, Deliveries as _, EndpointBacklog, FirstLink, LockOut,
    MOST_DEVICES, Replies as _, Role, SignInAttempt,
};
use hsc_conversation::archive::{NewDelivery, Record};

use crate::archive_stage::{HOUR, Stage, TEN, first};
use crate::contract::contract;

contract! {
    over sqlite postgres pgbouncer: {
        an_account_is_found_by_each_of_its_names
        two_accounts_share_no_address_and_no_subject
        only_the_given_fields_of_an_account_change_and_a_changed_right_ends_its_sessions
        of_concurrent_creations_of_the_first_account_one_succeeds
        a_first_link_is_valid_on_every_pod_until_it_expires_is_used_or_replaced
        concurrent_changes_leave_one_admin
        concurrent_sign_in_failures_are_all_counted
        attempts_are_counted_under_their_limits_by_all_pods_together
        many_attempts_of_unknown_devices_reduce_the_free_attempts_of_each
        an_unlock_and_a_new_password_reset_the_attempts_of_that_account
        a_device_is_known_for_the_account_that_signed_in_with_it
        a_session_returns_its_account_until_it_ends
        replies_are_stored_by_shortcut_and_product
        a_delivery_is_taken_by_one_pod_and_is_due_again_when_that_pod_dies
        a_failed_delivery_is_a_dead_letter_until_it_is_retried
    }
}

fn account(id: &str, role: Role) -> Account {
    Account {
        id: id.to_owned(),
        name: id.to_uppercase(),
        address: format!("{id}@Example.com"),
        role,
        password_hash: Some("$argon2id$…".to_owned()),
        subject: None,
        is_disabled: false,
        failures: 0,
        locked_until_ms: None,
        created_ms: TEN,
    }
}

fn session(hash: &str, account: &str) -> AccountSession {
    AccountSession {
        hash: hash.to_owned(),
        account: account.to_owned(),
        csrf: "csrf".to_owned(),
        created_ms: TEN,
        expires_ms: TEN + HOUR,
        used_ms: TEN,
    }
}

async fn an_account_is_found_by_each_of_its_names(stage: Stage) {
    let store = &stage.store;
    assert_eq!(store.count().await.expect("the archive does it"), 0);
    let ann = Account { subject: Some("https://id|7".to_owned()), ..account("ann", Role::Admin) };
    store.add(ann.clone()).await.expect("the archive does it");
    store.add(account("ben", Role::Agent)).await.expect("the archive does it");
    assert_eq!(store.count().await.expect("the archive does it"), 2);
    assert_eq!(store.by_id("ann").await.expect("the archive does it"), Some(ann.clone()));
    assert_eq!(
        store.by_address(" ANN@example.COM ").await.expect("the archive does it"),
        Some(ann.clone())
    );
    assert_eq!(store.by_subject("https://id|7").await.expect("the archive does it"), Some(ann));
    assert_eq!(store.by_id("x").await.expect("the archive does it"), None);
    assert_eq!(store.by_address("' OR ''='").await.expect("the archive does it"), None);
    let names: Vec<String> =
        store.all().await.expect("the archive does it").into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["ANN", "BEN"]);
}

async fn two_accounts_share_no_address_and_no_subject(stage: Stage) {
    let subject = Some("s".to_owned());
    stage
        .store
        .add(Account { subject, ..account("ann", Role::Agent) })
        .await
        .expect("the archive does it");
    let same_address =
        Account { address: "ANN@EXAMPLE.COM".to_owned(), ..account("b", Role::Agent) };
    assert!(matches!(stage.store.add(same_address).await, Err(AccountError::Taken)));
    let subject = Some("s".to_owned());
    let same_subject = Account { subject: subject.clone(), ..account("c", Role::Agent) };
    assert!(matches!(stage.store.add(same_subject).await, Err(AccountError::Taken)));
    stage.store.add(account("d", Role::Agent)).await.expect("the archive does it");
    let change = AccountChange { subject, ..AccountChange::default() };
    assert!(matches!(stage.store.change("d", change).await, Err(AccountError::Taken)));
    assert_eq!(stage.store.count().await.expect("the archive does it"), 2);
}

async fn only_the_given_fields_of_an_account_change_and_a_changed_right_ends_its_sessions(
    stage: Stage,
) {
    let store = &stage.store;
    store.add(account("ann", Role::Agent)).await.expect("the archive does it");
    let name = AccountChange { name: Some("Anna".to_owned()), ..AccountChange::default() };
    store.signed_in(session("h1", "ann")).await.expect("the archive does it");
    let changed = store.change("ann", name).await.expect("the archive does it");
    assert_eq!((&*changed.name, changed.role), ("Anna", Role::Agent));
    assert!(
        store.session("h1", TEN).await.expect("the archive does it").is_some(),
        "a name changes no right"
    );
    let hash = AccountChange { password_hash: Some("new".to_owned()), ..AccountChange::default() };
    let lock = LockOut { after: 1, until_ms: TEN + HOUR };
    store.sign_in_failed("ann", lock).await.expect("the archive does it");
    let changed = store.change("ann", hash).await.expect("the archive does it");
    assert_eq!((changed.failures, changed.locked_until_ms), (0, None));
    assert!(store.session("h1", TEN).await.expect("the archive does it").is_none());
    store.signed_in(session("h2", "ann")).await.expect("the archive does it");
    store.sign_in_failed("ann", lock).await.expect("the archive does it");
    let unlocked = AccountChange { unlock: true, ..AccountChange::default() };
    let unlocked = store.change("ann", unlocked).await.expect("the archive does it");
    assert_eq!((unlocked.failures, unlocked.locked_until_ms), (0, None));
    assert!(store.session("h2", TEN).await.expect("the archive does it").is_some());
    let disabled = AccountChange { is_disabled: Some(true), ..AccountChange::default() };
    assert!(store.change("ann", disabled).await.expect("the archive does it").is_disabled);
    assert!(store.session("h2", TEN).await.expect("the archive does it").is_none());
    assert!(matches!(store.signed_in(session("h3", "ann")).await, Err(AccountError::Unknown)));
    let nobody = store.change("nobody", AccountChange::default()).await;
    assert!(matches!(nobody, Err(AccountError::Unknown)));
}

async fn of_concurrent_creations_of_the_first_account_one_succeeds(stage: Stage) {
    let pods = [stage.another_pod(), stage.another_pod(), stage.another_pod()];
    // Migrated before, so that the concurrent calls below compete for the table and not for the migration.
    assert_eq!(stage.store.count().await.expect("the archive does it"), 0);
    add_link(&stage, "link", false).await;
    let tries = (0..9).map(|n| {
        let account = account(&format!("a{n}"), Role::Admin);
        pods[n % 3].add_first(account, "link", TEN)
    });
    let tried = futures::future::join_all(tries).await;
    let (made, refused): (Vec<_>, Vec<_>) = tried.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 8));
    for why in refused {
        assert!(matches!(why, Err(AccountError::NotFirst)), "{why:?}");
    }
    assert_eq!(stage.store.count().await.expect("the archive does it"), 1);
    stage.store.add(account("later", Role::Agent)).await.expect("others are added as before");
    let late = stage.store.add_first(account("late", Role::Admin), "link", TEN).await;
    assert!(matches!(late, Err(AccountError::NotFirst)), "{late:?}");
}

async fn add_link(stage: &Stage, hash: &str, replaces: bool) {
    let link = FirstLink { hash: hash.to_owned(), expires_ms: TEN + HOUR };
    stage.store.add_first_link(link, replaces, TEN).await.expect("the archive does it");
}

async fn a_first_link_is_valid_on_every_pod_until_it_expires_is_used_or_replaced(stage: Stage) {
    let other = stage.another_pod();
    let is_valid = async |hash: &str, now_ms| {
        other.is_first_link(hash, now_ms).await.expect("the archive does it")
    };
    add_link(&stage, "one", false).await;
    add_link(&stage, "two", false).await;
    assert!(is_valid("one", TEN).await && is_valid("two", TEN).await, "one of each pod");
    assert!(!is_valid("three", TEN).await && !is_valid("one", TEN + HOUR).await);
    add_link(&stage, "three", true).await;
    assert!(!is_valid("one", TEN).await && is_valid("three", TEN).await);
    for (hash, now_ms) in [("one", TEN), ("three", TEN + HOUR)] {
        let refused = other.add_first(account("ann", Role::Admin), hash, now_ms).await;
        assert!(matches!(refused, Err(AccountError::NotFirst)), "{hash}: {refused:?}");
    }
    other.add_first(account("ann", Role::Admin), "three", TEN).await.expect("it is valid");
    assert!(!is_valid("three", TEN).await);
}

async fn concurrent_changes_leave_one_admin(stage: Stage) {
    let pods = [stage.another_pod(), stage.another_pod()];
    for id in ["ann", "ben"] {
        stage.store.add(account(id, Role::Admin)).await.expect("the archive does it");
    }
    let disable = || AccountChange { is_disabled: Some(true), ..AccountChange::default() };
    let demote = || AccountChange { role: Some(Role::Agent), ..AccountChange::default() };
    let (one, two) =
        futures::join!(pods[0].change("ann", disable()), pods[1].change("ben", demote()));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let refused = one.err().or(two.err());
    assert!(matches!(refused, Some(AccountError::LastAdmin)), "{refused:?}");
    let admins = stage.store.all().await.expect("the archive does it");
    let admins = admins.iter().filter(|it| it.role == Role::Admin && !it.is_disabled).count();
    assert_eq!(admins, 1);
}

async fn concurrent_sign_in_failures_are_all_counted(stage: Stage) {
    stage.store.add(account("ann", Role::Agent)).await.expect("the archive does it");
    let lock = LockOut { after: 5, until_ms: TEN + HOUR };
    let pods = [stage.another_pod(), stage.another_pod()];
    let tries = (0..4).map(|n| pods[n % 2].sign_in_failed("ann", lock));
    for tried in futures::future::join_all(tries).await {
        assert_eq!(tried.expect("the archive does it").locked_until_ms, None);
    }
    let fifth = stage.store.sign_in_failed("ann", lock).await.expect("the archive does it");
    assert_eq!((fifth.failures, fifth.locked_until_ms), (5, Some(TEN + HOUR)));
    stage.store.signed_in(session("h", "ann")).await.expect("the archive does it");
    let ann =
        stage.store.by_id("ann").await.expect("the archive does it").expect("the archive does it");
    assert_eq!((ann.failures, ann.locked_until_ms), (0, None));
    assert!(matches!(stage.store.sign_in_failed("x", lock).await, Err(AccountError::Unknown)));
}

/// An attempt for ann's address under this key. `watched` is the key that unknown devices share.
fn attempt(key: &str, now_ms: u64, is_watched: bool) -> SignInAttempt {
    SignInAttempt {
        address: "ann@example.com".to_owned(),
        now_ms,
        limits: vec![AttemptLimit {
            key: key.to_owned(),
            free: 3,
            free_under_attack: 1,
            longest_wait: Duration::from_secs(60),
            is_shared: false,
        }],
        watched: is_watched.then(|| "ann".to_owned()),
    }
}

/// Seconds to wait; `None` if the attempt was counted.
fn wait(outcome: AttemptOutcome) -> Option<u64> {
    match outcome {
        AttemptOutcome::Counted => None,
        AttemptOutcome::Refused { wait, .. } => Some(wait.as_secs()),
    }
}

async fn attempts_are_counted_under_their_limits_by_all_pods_together(stage: Stage) {
    stage.store.count().await.expect("the tables are made");
    let pods = [stage.another_pod(), stage.another_pod()];
    let tries = (0..10).map(|n| pods[n % 2].count_attempt(attempt("one", TEN, false)));
    let outcomes = futures::future::join_all(tries).await;
    let counted = outcomes
        .iter()
        .filter(|it| matches!(it.as_ref().expect("the archive does it"), AttemptOutcome::Counted));
    assert_eq!(counted.count(), 3, "{outcomes:?}");
    let first = outcomes
        .iter()
        .filter(|it| matches!(it, Ok(AttemptOutcome::Refused { is_first: true, .. })));
    assert_eq!(first.count(), 1, "{outcomes:?}");
    let at = async |key: &str, now_ms| {
        wait(
            stage
                .store
                .count_attempt(attempt(key, now_ms, false))
                .await
                .expect("the archive does it"),
        )
    };
    assert_eq!(at("one", TEN).await, Some(1));
    assert_eq!(at("two", TEN).await, None, "another key has its own");
    assert_eq!(at("one", TEN + 1_000).await, None);
    assert_eq!(at("one", TEN + 1_000).await, Some(2), "each failure doubles the wait");
    stage.store.attempt_succeeded(attempt("one", TEN, false)).await.expect("the archive does it");
    assert_eq!(at("one", TEN + 1_000).await, None, "a success forgets");
    for _ in 0..2 {
        assert_eq!(at("one", TEN + 1_000).await, None);
    }
    assert_eq!(at("one", TEN + 1_000).await, Some(1));
    assert_eq!(at("one", TEN + HOUR + 2_000).await, None, "forgotten after an hour");
    assert_eq!(at("x", TEN + 4 * HOUR).await, None, "and its row is removed");
    assert_eq!(at("one", TEN + 4 * HOUR).await, None);
}

async fn many_attempts_of_unknown_devices_reduce_the_free_attempts_of_each(stage: Stage) {
    let at = async |key: &str, is_watched| {
        let outcome = stage.store.count_attempt(attempt(key, TEN, is_watched)).await;
        wait(outcome.expect("the archive does it"))
    };
    for number in 0..AttemptLimit::ATTACK_AFTER {
        assert_eq!(at(&format!("stranger {number}"), true).await, None);
    }
    assert_eq!(at("new device", true).await, None, "one is free for each");
    assert_eq!(at("new device", true).await, Some(1));
    for _ in 0..3 {
        assert_eq!(at("known device", false).await, None, "and a known one has all of its own");
    }
    assert_eq!(at("known device", false).await, Some(1));
}

async fn an_unlock_and_a_new_password_reset_the_attempts_of_that_account(stage: Stage) {
    let (one, other) = (stage.another_pod(), stage.another_pod());
    one.add(account("ann", Role::Agent)).await.expect("the archive does it");
    let unlock = AccountChange { unlock: true, ..AccountChange::default() };
    let hash = AccountChange { password_hash: Some("new".to_owned()), ..AccountChange::default() };
    for change in [unlock, hash] {
        let mut outcome = AttemptOutcome::Counted;
        for _ in 0..4 {
            outcome = one.count_attempt(attempt("key", TEN, true)).await.expect("counted");
        }
        assert_eq!(wait(outcome), Some(1));
        let of_another =
            SignInAttempt { address: "ben@example.com".to_owned(), ..attempt("b", TEN, false) };
        for _ in 0..4 {
            one.count_attempt(of_another.clone()).await.expect("counted");
        }
        other.change("ann", change).await.expect("the archive does it");
        let outcome = one.count_attempt(attempt("key", TEN, true)).await.expect("counted");
        assert_eq!(wait(outcome), None);
        let outcome = one.count_attempt(of_another).await.expect("counted");
        assert_eq!(wait(outcome), Some(1), "nobody else is unlocked");
        one.attempt_succeeded(attempt("key", TEN, true)).await.expect("the archive does it");
    }
}

async fn a_device_is_known_for_the_account_that_signed_in_with_it(stage: Stage) {
    let store = &stage.store;
    store.add(account("ann", Role::Agent)).await.expect("the archive does it");
    store.add(account("ben", Role::Agent)).await.expect("the archive does it");
    store.remember_device("first", "ann", TEN).await.expect("the archive does it");
    let is_known = async |hash: &str, address: &str, since| {
        store.is_device_of(hash, address, since).await.expect("the archive does it")
    };
    assert!(is_known("first", "ANN@example.com", TEN).await);
    assert!(!is_known("first", "ben@example.com", TEN).await);
    assert!(!is_known("first", "ann@example.com", TEN + 1).await, "not used since then");
    assert!(!is_known("other", "ann@example.com", 0).await);
    for number in 0..u64::from(MOST_DEVICES) {
        let hash = format!("device {number}");
        store.remember_device(&hash, "ann", TEN + 1 + number).await.expect("the archive does it");
    }
    assert!(!is_known("first", "ann@example.com", 0).await, "the newest are kept");
    assert!(is_known("device 0", "ann@example.com", 0).await);
}

async fn a_session_returns_its_account_until_it_ends(stage: Stage) {
    let store = &stage.store;
    store.add(account("ann", Role::Agent)).await.expect("the archive does it");
    for hash in ["h1", "h2", "h3"] {
        store.signed_in(session(hash, "ann")).await.expect("the archive does it");
    }
    let (known, ann) =
        store.session("h1", TEN).await.expect("the archive does it").expect("the archive does it");
    assert_eq!((known, &*ann.id), (session("h1", "ann"), "ann"));
    store.session_used("h1", TEN + 60_000).await.expect("the archive does it");
    assert_eq!(
        store
            .session("h1", TEN)
            .await
            .expect("the archive does it")
            .expect("the archive does it")
            .0
            .used_ms,
        TEN + 60_000
    );
    assert!(
        store.session("h1", TEN + HOUR).await.expect("the archive does it").is_none(),
        "it is over by then"
    );
    assert!(store.session("nobody", TEN).await.expect("the archive does it").is_none());
    store.sign_out("h1").await.expect("the archive does it");
    assert!(store.session("h1", TEN).await.expect("the archive does it").is_none());
    assert_eq!(store.sign_out_everywhere("ann").await.expect("the archive does it"), 2);
    assert!(store.session("h2", TEN).await.expect("the archive does it").is_none());
}

async fn replies_are_stored_by_shortcut_and_product(stage: Stage) {
    let reply = |id: &str, shortcut: &str, product: Option<&str>| CannedReply {
        id: id.to_owned(),
        shortcut: shortcut.to_owned(),
        text: format!("text of {id}"),
        product: product.map(str::to_owned),
    };
    let store = &stage.store;
    store.put_reply(reply("1", "hello", None)).await.expect("the archive does it");
    store.put_reply(reply("2", "hello", Some("td17"))).await.expect("the archive does it");
    store.put_reply(reply("3", "bye", None)).await.expect("the archive does it");
    store.put_reply(reply("4", "bye", None)).await.expect("the archive does it");
    store.put_reply(reply("2", "hi", Some("td17"))).await.expect("the archive does it");
    let replies = store.replies().await.expect("the archive does it");
    assert_eq!(
        replies,
        [reply("4", "bye", None), reply("1", "hello", None), reply("2", "hi", Some("td17"))]
    );
    assert!(store.remove_reply("4").await.expect("the archive does it"));
    assert!(!store.remove_reply("4").await.expect("the archive does it"));
    assert_eq!(store.replies().await.expect("the archive does it").len(), 2);
}

/// The endpoints of deliveries.
const HOOK: &str = "https://a.example/hook";

fn delivery(id: &str) -> Record {
    Record::Deliver(NewDelivery {
        id: id.to_owned(),
        endpoint: HOOK.to_owned(),
        event: "conversation.ended".to_owned(),
        body: "{}".to_owned(),
        conversation: Some("c".to_owned()),
    })
}

async fn a_delivery_is_taken_by_one_pod_and_is_due_again_when_that_pod_dies(stage: Stage) {
    let records = (0..20).map(|n| (TEN + n, delivery(&format!("d{n:02}")))).collect();
    stage.write(records).await.expect("the archive does it");
    let pods = [stage.another_pod(), stage.another_pod()];
    assert!(
        pods[0].take_due(HOOK, TEN - 1, TEN, 10).await.expect("the archive does it").is_empty(),
        "none is due yet"
    );
    let later = TEN + HOUR;
    let takes = (0..4).map(|n| pods[n % 2].take_due(HOOK, TEN + 20, later, 5));
    let mut taken: Vec<String> = Vec::new();
    for due in futures::future::join_all(takes).await {
        taken.extend(due.expect("the archive does it").into_iter().map(|it| it.id));
    }
    // A call that met a locked row may return fewer; required is that no delivery is taken twice.
    taken.extend(
        pods[0]
            .take_due(HOOK, TEN + 20, later, 20)
            .await
            .expect("the archive does it")
            .into_iter()
            .map(|it| it.id),
    );
    taken.sort();
    let all: Vec<String> = (0..20).map(|n| format!("d{n:02}")).collect();
    assert_eq!(taken, all);
    stage.store.delivered("d00").await.expect("the archive does it");
    let again =
        stage.store.take_due(HOOK, later, later + HOUR, 50).await.expect("the archive does it");
    assert_eq!((again.len(), &*again[0].id, again[0].attempts), (19, "d01", 2));
}

async fn a_failed_delivery_is_a_dead_letter_until_it_is_retried(stage: Stage) {
    let store = &stage.store;
    stage
        .write(vec![(TEN, delivery("a")), (TEN + 1, delivery("b"))])
        .await
        .expect("the archive does it");
    store.take_due(HOOK, TEN + 1, TEN + HOUR, 9).await.expect("the archive does it");
    store.failed("a", "500", Some(TEN + 5_000)).await.expect("the archive does it");
    assert_eq!(
        store.take_due(HOOK, TEN + 5_000, TEN + HOUR, 9).await.expect("the archive does it")[0]
            .attempts,
        2
    );
    for id in ["a", "b"] {
        store.failed(id, "no such host", None).await.expect("the archive does it");
    }
    assert!(
        store
            .take_due(HOOK, TEN + 99 * HOUR, TEN + 100 * HOUR, 9)
            .await
            .expect("the archive does it")
            .is_empty()
    );
    let standing = store.standing().await.expect("the archive does it");
    let expected = EndpointBacklog { endpoint: HOOK.to_owned(), waiting: 0, dead: 2 };
    assert_eq!(standing, [expected]);
    assert!(
        store
            .take_due("https://b.example", TEN, TEN, 9)
            .await
            .expect("the archive does it")
            .is_empty(),
        "it is somebody else's"
    );
    let dead = store.dead_letters(first(1)).await.expect("the archive does it");
    assert_eq!(
        (&*dead.items[0].id, dead.items[0].last_error.as_deref()),
        ("b", Some("no such host"))
    );
    assert!(dead.next.is_some());
    assert!(store.try_again("a", TEN).await.expect("the archive does it"));
    assert!(
        !store.try_again("a", TEN).await.expect("the archive does it"),
        "it is no dead letter any more"
    );
    assert!(!store.discard("a").await.expect("the archive does it"));
    assert_eq!(
        store.take_due(HOOK, TEN, TEN + HOUR, 9).await.expect("the archive does it")[0].attempts,
        1
    );
    assert!(store.discard("b").await.expect("the archive does it"));
    assert!(store.dead_letters(first(9)).await.expect("the archive does it").items.is_empty());
}
