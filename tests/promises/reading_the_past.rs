//! The team reads archived conversations: lists, search, audit of reads, and text that is never markup.

use hsc::archive::Store;
use hsc_actors::ports::archive::Archive as _;
use hsc_conversation::archive::{
    AgentRef, ArchivedMessage, Author, HandoffPlace, HandoffRecord, HandoffRecordKind,
    MessageOutcome, RatingRecord, Record,
};
use hsc_conversation::now_ms;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::administering::audited;
use crate::archive_stage::{answer, question, settings, stamped};
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, with_team, with_team_in};
use crate::postgres::Postgres;
use crate::server::{Server, client};
use crate::shop::{LIGHT, MIXER, Shop};

const ADA: &str = "ada@example.test";
const YAEL: &str = "yael@example.test";
/// Text that a page could run as a script, and text that a spreadsheet could run as a formula.
const SCRIPT: &str = "<script>alert(1)</script>";
const FORMULA: &str = "=HYPERLINK(\"https://evil.example\",\"open\")";
const HOUR: u64 = 3_600_000;

async fn signed_in(server: &Server, address: &str) -> Member {
    let mut member = Member::of(server);
    assert_eq!(member.sign_in(address, PASSWORD).await.status(), 200);
    member
}

/// The archive of a server with a team, as opened by another pod.
fn archive_behind(server: &Server) -> Store {
    let mut settings = settings();
    settings.path = archive_of(&server.shop);
    Store::new(&settings).expect("an archive")
}

/// Three conversations: a lamp an hour ago, with a note, an agent and a rating; a mixer two hours ago with markup in
/// its text; and a lamp forty days ago.
async fn some_past(store: &Store, now: u64) {
    let yael = AgentRef { id: "yael".to_owned(), name: "Yael".to_owned() };
    let message = |author, text: &str| {
        let agent = Some(yael.clone());
        Record::Message(Box::new(ArchivedMessage {
            agent,
            ..ArchivedMessage::new("lamp", author, text)
        }))
    };
    let turn = HandoffRecord {
        conversation: "lamp".to_owned(),
        place: HandoffPlace::Unnumbered,
        kind: HandoffRecordKind::Taken,
        agent: Some(yael.clone()),
        to: None,
        reason: None,
    };
    let rated = RatingRecord {
        conversation: "lamp".to_owned(),
        rating: 4,
        comment: Some(SCRIPT.to_owned()),
    };
    let (lamp, mixer, old) = (now - HOUR, now - 2 * HOUR, now - 40 * 24 * HOUR);
    let records = vec![
        (old, question("old", "q", LIGHT, "Does the old lamp dim?")),
        (old + 1, answer("old", "q", LIGHT, 1, MessageOutcome::Unknown)),
        (mixer, question("mixer", "q", MIXER, FORMULA)),
        (mixer + 1, answer("mixer", "q", MIXER, 1, MessageOutcome::Unknown)),
        (mixer + 2, question("mixer", "q2", MIXER, SCRIPT)),
        (mixer + 3, answer("mixer", "q2", MIXER, 2, MessageOutcome::Unknown)),
        (lamp, question("lamp", "q", LIGHT, "Does the lamp flicker?")),
        (lamp + 1, answer("lamp", "q", LIGHT, 1, MessageOutcome::Answered)),
        (lamp + 2, Record::Handoff(turn)),
        (lamp + 3, message(Author::Agent, "It is the dimmer.")),
        (lamp + 4, message(Author::Note, "The third one this week.")),
        (lamp + 5, Record::Rated(rated)),
    ];
    store.write(stamped(records)).await.expect("written");
}

async fn list(member: &mut Member, path: &str) -> Value {
    let answer = member.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    json_of(answer).await
}

/// The values of a field, in order.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|it| it[field].as_str().unwrap_or_default()).collect()
}

async fn search(member: &mut Member, query: &str) -> Vec<String> {
    let found = list(member, &format!("/api/conversations?{query}")).await;
    each(&found, "conversation").into_iter().map(str::to_owned).collect()
}

/// Every filter finds the matching conversations and no others.
async fn is_found(yael: &mut Member, now: u64) {
    assert_eq!(search(yael, "").await, ["lamp", "mixer", "old"]);
    assert_eq!(search(yael, "text=LAMP+flick").await, ["lamp"]);
    assert_eq!(search(yael, "text=lamp").await, ["lamp", "old"]);
    assert_eq!(search(yael, &format!("product={MIXER}")).await, ["mixer"]);
    assert_eq!(search(yael, "agent=yael").await, ["lamp"]);
    assert_eq!(search(yael, "rating=4").await, ["lamp"]);
    assert_eq!(search(yael, "rating=5").await, Vec::<String>::new());
    // An empty filter has no effect.
    assert_eq!(search(yael, "text=&product=&agent=&after=").await.len(), 3);
    let since = now - 3 * HOUR;
    assert_eq!(search(yael, &format!("from_ms={since}")).await, ["lamp", "mixer"]);
    assert_eq!(search(yael, &format!("to_ms={since}")).await, ["old"]);
    let part = list(yael, "/api/conversations?limit=2").await;
    assert_eq!(each(&part, "conversation"), ["lamp", "mixer"]);
    let next = part["next"].as_str().expect("there is more");
    let rest = list(yael, &format!("/api/conversations?limit=2&after={next}")).await;
    assert_eq!((each(&rest, "conversation"), &rest["next"]), (vec!["old"], &Value::Null));
    assert_eq!(part["items"][0]["first_words"], "Does the lamp flicker?");
    assert!(part["items"][0]["product_name"].as_str().is_some_and(|name| name != LIGHT));
}

#[tokio::test]
async fn past_conversations_are_found_and_each_read_is_audited() {
    let server = with_team(&[]).await;
    let (store, now) = (archive_behind(&server), now_ms());
    some_past(&store, now).await;
    let mut yael = signed_in(&server, YAEL).await;
    is_found(&mut yael, now).await;
    let lamp = list(&mut yael, "/api/conversations/lamp").await;
    assert_eq!(lamp["rating_comment"], SCRIPT);
    let entries = lamp["entries"].as_array().expect("entries");
    let authors: Vec<&str> =
        entries.iter().map(|it| it["author"].as_str().unwrap_or("(turn)")).collect();
    assert_eq!(authors, ["visitor", "machine", "(turn)", "agent", "note"]);
    assert_eq!(entries[4]["text"], "The third one this week.");
    let unknown = yael.get("/api/conversations/nowhere").await;
    assert_eq!(code_of(unknown).await, (404, "nothing_said".to_owned()));
    // A path with `..` is not a conversation either.
    for path in ["/api/conversations/..%2F..%2Fetc%2Fpasswd", "/api/conversations/%00"] {
        assert_eq!(yael.get(path).await.status(), 404, "{path}");
    }

    let mut ada = signed_in(&server, ADA).await;
    list(&mut ada, "/api/conversations/lamp").await;
    audited(&server, "conversation.read", "lamp").await;
    let read = "/admin/audit?action=conversation.read";
    eventually("both stand in the audit", async || {
        list(&mut ada, read).await["items"].as_array().is_some_and(|items| items.len() == 2)
    })
    .await;
    let audit = list(&mut ada, read).await;
    assert_eq!(each(&audit, "role"), ["admin", "agent"]);
    assert_eq!(each(&audit, "subject"), ["lamp", "lamp"]);
    let who = each(&audit, "who")[1].to_owned();
    let of_yael = list(&mut ada, &format!("/admin/audit?who={who}&limit=1")).await;
    assert_eq!(each(&of_yael, "who"), [who.as_str()]);
    assert!(of_yael["next"].is_string(), "she signed in before: {of_yael}");
    assert!(!server.log().contains("flicker"), "what was said is in no log");
}

#[tokio::test]
async fn past_conversations_are_found_in_postgresql_too() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let server = with_team_in(Shop::new(), ("archive.url", &url), &[]).await;
    let mut settings = settings();
    settings.url = url.as_str().into();
    let (store, now) = (Store::new(&settings).expect("an archive"), now_ms());
    some_past(&store, now).await;
    is_found(&mut signed_in(&server, YAEL).await, now).await;
    let mut ada = signed_in(&server, ADA).await;
    let products = list(&mut ada, "/admin/analytics/most-asked").await;
    assert_eq!(each(&products, "product"), [MIXER, LIGHT]);
    let marks = list(&mut ada, &format!("/admin/analytics/ratings?product={LIGHT}")).await;
    assert_eq!(marks["items"][0]["rating_sum"], 4);
}

async fn put(member: &mut Member, body: Value) -> Response {
    let csrf = member.csrf.clone();
    member.send(Method::PUT, "/api/replies", Some(body), &[("x-csrf-token", &csrf)]).await
}

async fn remove(member: &mut Member, id: &str) -> Response {
    let (path, csrf) = (format!("/api/replies/{id}"), member.csrf.clone());
    member.send(Method::DELETE, &path, None, &[("x-csrf-token", &csrf)]).await
}

#[tokio::test]
async fn canned_replies_are_created_changed_and_removed_and_each_change_is_audited() {
    let server = with_team(&[]).await;
    let mut yael = signed_in(&server, YAEL).await;
    assert_eq!(list(&mut yael, "/api/replies").await, json!({ "items": [] }));
    let text = format!("Hello {{visitor}}\n{SCRIPT}");
    let made = put(&mut yael, json!({ "shortcut": "hello", "text": format!(" {text}\0 ") })).await;
    assert_eq!(made.status(), 200);
    let made = json_of(made).await;
    assert_eq!((&made["text"], &made["product"]), (&json!(text), &Value::Null));
    let id = made["id"].as_str().expect("an id").to_owned();
    // The same shortcut for another product is another reply; without a product it is the same.
    put(&mut yael, json!({ "shortcut": "hello", "text": "A lamp!", "product": LIGHT })).await;
    let again = put(&mut yael, json!({ "shortcut": "hello", "text": "Good day" })).await;
    assert_eq!(json_of(again).await["id"], id);
    let renamed = put(&mut yael, json!({ "id": id, "shortcut": "שלום", "text": "Hi" })).await;
    assert_eq!(json_of(renamed).await["shortcut"], "שלום");
    let all = list(&mut yael, "/api/replies").await;
    assert_eq!(each(&all, "shortcut"), ["hello", "שלום"]);
    assert_eq!(all["items"][0]["product"], LIGHT);

    let long = "x".repeat(41);
    let book = "x".repeat(2_001);
    for body in [
        json!({ "shortcut": "", "text": "a" }),
        json!({ "shortcut": long, "text": "a" }),
        json!({ "shortcut": "Hello", "text": "a" }),
        json!({ "shortcut": "two words", "text": "a" }),
        json!({ "shortcut": "a", "text": " \n " }),
        json!({ "shortcut": "a", "text": book }),
        json!({ "shortcut": "a", "text": "a", "product": "nobody" }),
        json!({ "shortcut": "a" }),
    ] {
        let refused = put(&mut yael, body.clone()).await;
        assert_eq!(code_of(refused).await, (400, "invalid_request".to_owned()), "{body}");
    }
    let unknown = put(&mut yael, json!({ "id": "nobody", "shortcut": "a", "text": "a" })).await;
    assert_eq!(code_of(unknown).await, (404, "no_such_reply".to_owned()));
    assert_eq!(remove(&mut yael, &id).await.status(), 204);
    assert_eq!(code_of(remove(&mut yael, &id).await).await, (404, "no_such_reply".to_owned()));
    assert_eq!(each(&list(&mut yael, "/api/replies").await, "shortcut"), ["hello"]);
    let mut ada = signed_in(&server, ADA).await;
    for (action, times) in [("reply.put", 4), ("reply.remove", 1)] {
        eventually("every change stands in the audit", async || {
            let audit = list(&mut ada, &format!("/admin/audit?action={action}")).await;
            audit["items"].as_array().is_some_and(|items| items.len() == times)
        })
        .await;
    }
}

#[tokio::test]
async fn offline_messages_are_listed_for_agents() {
    let server = with_team(&[]).await;
    for text in ["first", SCRIPT] {
        let body = json!({ "address": "dana@example.test", "text": text });
        let request = client().post(server.url("/api/leave-message")).json(&body);
        assert_eq!(request.send().await.expect("the server answers").status(), 202);
    }
    let mut yael = signed_in(&server, YAEL).await;
    eventually("both are written", async || {
        list(&mut yael, "/api/left-messages").await["items"].as_array().map(Vec::len) == Some(2)
    })
    .await;
    let page = list(&mut yael, "/api/left-messages?limit=1").await;
    assert_eq!(page["items"][0]["address"], "dana@example.test");
    let next = page["next"].as_str().expect("there is more");
    let rest = list(&mut yael, &format!("/api/left-messages?limit=1&after={next}")).await;
    let mut texts = [each(&page, "text")[0], each(&rest, "text")[0]];
    texts.sort_unstable();
    assert_eq!(texts, [SCRIPT, "first"]);
}

/// A table as rows of cells, and its header.
async fn table(member: &mut Member, path: &str) -> Vec<Vec<String>> {
    let answer = member.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let attached = answer.headers()["content-disposition"].to_str().expect("text").to_owned();
    assert!(
        attached.starts_with("attachment; filename=\"") && attached.ends_with(".csv\""),
        "{attached}"
    );
    let table = answer.bytes().await.expect("a body");
    let table =
        std::str::from_utf8(&table).expect("UTF-8").strip_prefix('\u{feff}').expect("its mark");
    assert!(table.ends_with("\r\n") && !table.contains("\n\n"), "{table:?}");
    let mut lines = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    let cells = |line: csv::StringRecord| line.iter().map(str::to_owned).collect();
    lines.records().map(|line| cells(line.expect("RFC 4180"))).collect()
}

#[tokio::test]
async fn the_figures_are_reported_and_their_tables_contain_no_formulas() {
    let server = with_team(&[]).await;
    let (store, now) = (archive_behind(&server), now_ms());
    some_past(&store, now).await;
    let mut ada = signed_in(&server, ADA).await;
    let listed = list(&mut ada, "/admin/analytics/most-asked").await;
    assert_eq!(
        (each(&listed, "product"), &listed["items"][0]["unknown"]),
        (vec![MIXER, LIGHT], &json!(2))
    );
    let whole =
        list(&mut ada, &format!("/admin/analytics/most-asked?from_ms=0&product={LIGHT}")).await;
    assert_eq!(
        (each(&whole, "product"), &whole["items"][0]["questions"]),
        (vec![LIGHT], &json!(2))
    );
    let open = list(&mut ada, "/admin/analytics/unanswered").await;
    assert_eq!(each(&open, "question"), [SCRIPT, FORMULA], "the last thirty days");
    let old = list(&mut ada, "/admin/analytics/unanswered?from_ms=0&limit=2").await;
    let next = old["next"].as_str().expect("there is more");
    let old = list(&mut ada, &format!("/admin/analytics/unanswered?from_ms=0&after={next}")).await;
    assert_eq!(each(&old, "question"), ["Does the old lamp dim?"]);
    let of_lamp = list(&mut ada, &format!("/admin/analytics/unanswered?product={LIGHT}")).await;
    assert_eq!(of_lamp["items"], json!([]));
    let totals = list(&mut ada, "/admin/analytics/snapshots?product=").await;
    let sum = |field: &str| {
        let items = totals["items"].as_array().expect("items");
        items.iter().filter_map(|it| it[field].as_u64()).sum::<u64>()
    };
    assert_eq!(
        (sum("questions"), sum("answered"), sum("unknown"), sum("rating_sum")),
        (3, 1, 2, 4)
    );
    let marks = list(&mut ada, "/admin/analytics/ratings").await;
    assert_eq!(
        (&marks["items"][0]["ratings"], &marks["items"][0]["rating_sum"]),
        (&json!(1), &json!(4))
    );
    assert_eq!(
        list(&mut ada, &format!("/admin/analytics/ratings?product={MIXER}")).await["items"],
        json!([])
    );

    let lines = table(&mut ada, "/admin/analytics/unanswered.csv").await;
    assert_eq!(lines[0], ["at", "product", "product_name", "question", "outcome", "conversation"]);
    let questions: Vec<&str> = lines[1..].iter().map(|line| line[3].as_str()).collect();
    assert_eq!(questions, [SCRIPT, &format!("'{FORMULA}")]);
    assert_eq!(table(&mut ada, "/admin/analytics/most-asked.csv").await[1][0], MIXER);
    let marks = table(&mut ada, "/admin/analytics/ratings.csv").await;
    assert_eq!(marks[0], ["day", "ratings", "rating_sum", "average"]);
    assert_eq!(marks[1][1..], ["1", "4", "4.00"]);
    let hours = table(&mut ada, "/admin/analytics/snapshots.csv").await;
    assert!(hours.len() > 4 && hours[1][0].ends_with(":00:00Z"), "{hours:?}");
}

#[tokio::test]
async fn a_table_of_several_pages_is_complete() {
    let server = with_team(&[]).await;
    let (store, now) = (archive_behind(&server), now_ms());
    let exchange = |number: u64| {
        let (of, at) = (format!("c{number}"), now - HOUR + number);
        let asked_question = question(&of, "q", LIGHT, &format!("question {number}"));
        [(at, asked_question), (at, answer(&of, "q", LIGHT, 1, MessageOutcome::Unknown))]
    };
    store.write(stamped((0..450).flat_map(exchange).collect())).await.expect("written");
    let mut ada = signed_in(&server, ADA).await;
    let lines = table(&mut ada, "/admin/analytics/unanswered.csv").await;
    let questions: Vec<String> = lines[1..].iter().map(|line| line[3].clone()).collect();
    let all: Vec<String> = (0..450).rev().map(|number| format!("question {number}")).collect();
    assert_eq!(questions, all);
}

#[tokio::test]
async fn an_invalid_request_is_refused_with_a_reason() {
    let server = with_team(&[]).await;
    let mut ada = signed_in(&server, ADA).await;
    let long = format!("/api/conversations?text={}", "x".repeat(501));
    for path in [
        "/api/conversations?from_ms=2&to_ms=1",
        "/api/conversations?rating=6",
        "/api/conversations?rating=good",
        "/api/conversations?limit=0",
        "/api/conversations?limit=201",
        "/api/conversations?nothing=1",
        long.as_str(),
        "/api/left-messages?limit=0",
        "/admin/audit?from_ms=2&to_ms=1",
        "/admin/audit?limit=many",
        "/admin/analytics/snapshots?from_ms=2&to_ms=1",
        "/admin/analytics/snapshots?from_ms=0",
        "/admin/analytics/snapshots.csv?from_ms=0",
        "/admin/analytics/most-asked?limit=0",
        "/admin/analytics/unanswered?from_ms=2&to_ms=1",
        "/admin/analytics/unanswered.csv?from_ms=2&to_ms=1",
        "/admin/analytics/ratings?from_ms=yesterday",
    ] {
        let refused = ada.get(path).await;
        assert_eq!(refused.status(), 400, "{path}");
        let refused = json_of(refused).await;
        assert_eq!(refused["code"], "invalid_request", "{path}");
        assert!(refused["message"].as_str().is_some_and(|words| words.len() > 10), "{refused}");
    }
    assert_eq!(ada.get("/admin/analytics/snapshots.xlsx").await.status(), 404);
}

/// Routes that agents may read.
const OF_AGENTS: [&str; 4] =
    ["/api/replies", "/api/conversations", "/api/conversations/lamp", "/api/left-messages"];
/// Routes that only admins may read.
const OF_ADMINS: [&str; 10] = [
    "/admin/users",
    "/admin/audit",
    "/admin/analytics/snapshots",
    "/admin/analytics/most-asked",
    "/admin/analytics/unanswered",
    "/admin/analytics/ratings",
    "/admin/analytics/snapshots.csv",
    "/admin/analytics/most-asked.csv",
    "/admin/analytics/unanswered.csv",
    "/admin/analytics/ratings.csv",
];

#[tokio::test]
async fn each_route_requires_its_role() {
    let server = with_team(&[("admin.token", "a-token-for-machines-of-32-characters")]).await;
    some_past(&archive_behind(&server), now_ms()).await;
    let (mut ada, mut yael) = (signed_in(&server, ADA).await, signed_in(&server, YAEL).await);
    let mut stranger = Member::of(&server);
    let not_signed_in = (401, "not_signed_in".to_owned());
    for path in OF_AGENTS {
        assert_eq!(code_of(stranger.get(path).await).await, not_signed_in, "{path}");
        assert_eq!(yael.get(path).await.status(), 200, "{path}");
        assert_eq!(ada.get(path).await.status(), 200, "{path}");
        // The admin token is for operations: a reader of conversations needs an account.
        let bearer = [("authorization", "Bearer a-token-for-machines-of-32-characters")];
        let machine = stranger.send(Method::GET, path, None, &bearer).await;
        assert_eq!(code_of(machine).await, not_signed_in, "{path}");
    }
    for path in OF_ADMINS {
        assert_eq!(code_of(stranger.get(path).await).await, not_signed_in, "{path}");
        assert_eq!(code_of(yael.get(path).await).await, (403, "forbidden".to_owned()), "{path}");
        assert_eq!(ada.get(path).await.status(), 200, "{path}");
    }
    let written = json!({ "shortcut": "hello", "text": "Hello" });
    let csrf = ada.csrf.clone();
    for (method, path, body) in [
        (Method::PUT, "/api/replies", Some(written)),
        (Method::DELETE, "/api/replies/nobody", None),
    ] {
        let by_nobody = stranger.send(method.clone(), path, body.clone(), &[]).await;
        assert_eq!(code_of(by_nobody).await, not_signed_in, "{method}");
        for headers in [&[][..], &[("x-csrf-token", "a guess")], &[("x-csrf-token", csrf.as_str())]]
        {
            // The last one is a valid id of another conversation.
            let refused = yael.send(method.clone(), path, body.clone(), headers).await;
            assert_eq!(code_of(refused).await, (403, "no_csrf_token".to_owned()), "{method}");
        }
        let mut elsewhere = Member::of(&server).on_page_of(Some("https://evil.example"));
        elsewhere.cookies.clone_from(&yael.cookies);
        let right = [("x-csrf-token", yael.csrf.as_str())];
        let refused = elsewhere.send(method.clone(), path, body, &right).await;
        assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()), "{method}");
    }
    assert_eq!(list(&mut yael, "/api/replies").await["items"], json!([]));
}

#[tokio::test]
async fn an_unavailable_archive_is_reported_with_a_reason() {
    let mut postgres = Postgres::start().await;
    let url = postgres.url();
    let settings = [
        ("archive.connect_timeout_ms", "500"),
        ("admin.token", "a-token-for-machines-of-32-characters"),
    ];
    let server = with_team_in(Shop::new(), ("archive.url", &url), &settings).await;
    let get = async |path: &str| {
        let get = client().get(server.url(path));
        get.bearer_auth("a-token-for-machines-of-32-characters")
            .send()
            .await
            .expect("the server answers")
    };
    assert_eq!(get("/admin/audit").await.status(), 200);
    postgres.cut();
    for path in ["/admin/audit", "/admin/analytics/most-asked", "/admin/analytics/unanswered.csv"] {
        let away = get(path).await;
        assert_eq!(away.status(), 503, "{path}");
        let away = json_of(away).await;
        assert_eq!(away["code"], "unavailable", "{path}");
        assert!(away["message"].as_str().is_some_and(|it| it.contains("archive")), "{away}");
    }
    postgres.heal().await;
    eventually("the audit is shown again", async || get("/admin/audit").await.status() == 200)
        .await;
}
