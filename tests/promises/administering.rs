//! What an admin sees and does on a running pod: charts, sessions, settings.

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, AuditSearch, Page};
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, with_team};
use crate::server::{Server, operator};
use crate::shop::LIGHT;

/// Every administration route that only reads.
const SHOWN: [&str; 5] =
    ["/admin/catalog", "/admin/manuals", "/admin/series", "/admin/sessions", "/admin/settings"];

async fn ada(server: &Server) -> Member {
    let mut ada = Member::of(server);
    assert_eq!(ada.sign_in("ada@example.test", PASSWORD).await.status(), 200);
    ada
}

/// Waits until the audit has this action of a team member on this subject.
pub(crate) async fn audited(server: &Server, action: &str, subject: &str) {
    let path = ("HSC__ARCHIVE__PATH".to_owned(), archive_of(&server.shop));
    let settings = hsc_config::Settings::load(None, [path]).expect("right");
    let archive = Store::new(&settings.archive).expect("an archive");
    eventually(&format!("{action} of {subject} is in the audit"), async || {
        let page = Page { after: None, limit: 100 };
        let found = archive.audit(AuditSearch::default(), page).await.expect("the archive answers");
        found.items.iter().any(|it| {
            it.action == action && it.subject == subject && it.role == "admin" && it.who != "token"
        })
    })
    .await;
}

#[tokio::test]
async fn the_pages_of_the_pod_require_the_role_of_an_admin() {
    let server = with_team(&[]).await;
    let mut yael = Member::of(&server);
    assert_eq!(yael.sign_in("yael@example.test", PASSWORD).await.status(), 200);
    let (mut ada, mut stranger) = (ada(&server).await, Member::of(&server));
    for path in SHOWN {
        assert_eq!(
            code_of(stranger.get(path).await).await,
            (401, "not_signed_in".into()),
            "{path}"
        );
        assert_eq!(code_of(yael.get(path).await).await, (403, "forbidden".into()), "{path}");
        let shown = ada.get(path).await;
        assert_eq!(shown.status(), 200, "{path}");
        assert_eq!(shown.headers()["cache-control"], "no-store", "{path}");
    }
}

/// The points of one series of the charts.
async fn points(server: &Server, name: &str) -> Vec<Option<f64>> {
    let charts = server.json("/admin/series").await;
    let lines = charts["series"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["name"] == name).expect("a line of this name");
    line["points"].as_array().expect("points").iter().map(Value::as_f64).collect()
}

#[tokio::test]
async fn the_charts_show_the_activity_of_visitors() {
    let server = Server::start().await;
    let charts = server.json("/admin/series").await;
    assert_eq!(charts["step_ms"], 5_000);
    let lines = charts["series"].as_array().expect("lines");
    let names: Vec<&str> = lines.iter().filter_map(|line| line["name"].as_str()).collect();
    for name in [
        "sessions",
        "agents",
        "keystrokes_per_second",
        "answers_per_second",
        "answer_first_words_p50_ms",
        "answer_first_words_p95_ms",
        "keystroke_p50_ms",
        "keystroke_p95_ms",
        "cache_hit_rate.manuals",
        "cache_hit_rate.predictions",
        "cache_hit_rate.answers",
        "errors_per_second",
        "memory_bytes",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(lines.iter().all(|line| line["points"].as_array().is_some_and(|all| all.len() == 120)));
    eventually("the first sample is taken", async || {
        points(&server, "sessions").await[119].is_some()
    })
    .await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl-200").await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    while visitor.receive().await["type"] != "final_answer" {}
    for (name, least) in [
        ("sessions", 1.0),
        ("memory_bytes", 1_000_000.0),
        ("keystrokes_per_second", 0.01),
        ("keystroke_p95_ms", 0.001),
        ("answers_per_second", 0.01),
        ("answer_first_words_p50_ms", 0.001),
    ] {
        eventually(name, async || {
            points(&server, name).await.into_iter().flatten().any(|point| point >= least)
        })
        .await;
    }
    let hits = points(&server, "cache_hit_rate.manuals").await;
    assert!(hits.into_iter().flatten().all(|share| (0.0..=1.0).contains(&share)));
}

#[tokio::test]
async fn the_settings_show_their_current_values_and_no_secrets() {
    let secrets = [
        ("answers.llm.api_key", "sk-hidden-one"),
        ("admin.token", "hidden-two-as-every-secret-of-this-test"),
        ("conversations.token_keys", "hidden-three-is-long-enough-for-a-key"),
        ("visitors.key", "hidden-four-is-long-enough-for-a-key"),
        ("redis.url", "redis://me:hidden-five@127.0.0.1:1/0"),
    ];
    let mut settings =
        vec![("answers.llm.base_url", "http://me:hidden-six@127.0.0.1:1/v1?key=hidden-seven")];
    settings.extend(secrets);
    let server = with_team(&settings).await;
    let shown = json_of(ada(&server).await.get("/admin/settings").await).await;
    assert_eq!(shown["server"]["port"], 0);
    assert_eq!(shown["changed"]["server.port"], 8_000);
    for (key, _) in secrets {
        let value = key.split('.').fold(&shown, |at, name| &at[name]);
        assert_eq!(value, "***", "{key}");
    }
    assert_eq!(shown["visitors"]["previous_key"], Value::Null);
    assert_eq!(shown["answers"]["llm"]["base_url"], "http://***@127.0.0.1:1/v1?***");
    assert!(!shown.to_string().contains("hidden-"), "{shown}");
}

/// The reply of `/admin/sessions` to this query.
async fn sessions(server: &Server, query: &str) -> (Vec<Value>, Value) {
    let page = server.json(&format!("/admin/sessions{query}")).await;
    (page["items"].as_array().expect("items").clone(), page["next"].clone())
}

#[tokio::test]
async fn sessions_are_paged_searched_and_closed_and_the_others_stay() {
    let server = Server::start().await;
    let mut visitors = Vec::new();
    for number in 1..=3 {
        visitors.push(server.visitor().await);
        eventually("it is listed", async || sessions(&server, "").await.0.len() == number).await;
    }
    let (newest, next) = sessions(&server, "?limit=2").await;
    let (rest, end) =
        sessions(&server, &format!("?limit=2&after={}", next.as_str().unwrap())).await;
    assert_eq!((newest.len(), rest.len(), end), (2, 1, Value::Null));
    assert!(newest[0]["key"].as_u64() > newest[1]["key"].as_u64());
    let first = &mut visitors[0];
    first.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    while first.receive().await["type"] != "final_answer" {}
    let (asking, _) = sessions(&server, "?text=NL-200").await;
    assert_eq!(asking.len(), 1);
    let asking = &asking[0];
    assert_eq!((&asking["key"], &asking["product"]), (&rest[0]["key"], &json!(LIGHT)));
    assert_eq!(asking["product_name"], "Nordlicht NL-200 Stage Light");
    assert_eq!((&asking["answering"], &asking["agent"]), (&json!(false), &Value::Null));
    assert!(asking["connected_ms"].is_u64());
    let conversation = asking["conversation"].as_str().unwrap();
    assert_eq!(sessions(&server, &format!("?text={}", &conversation[..12])).await.0.len(), 1);
    assert!(sessions(&server, "?text=nobody").await.0.is_empty());
    for wrong in ["?limit=0", "?limit=201", "?after=x", "?page=2"] {
        let path = format!("/admin/sessions{wrong}");
        let refused = operator().get(server.url(&path)).send().await.expect("an answer");
        assert_eq!(code_of(refused).await, (400, "invalid_request".into()), "{wrong}");
    }

    let close = async |key: &Value| {
        let path = format!("/admin/sessions/{key}/close");
        code_of(operator().post(server.url(&path)).send().await.expect("an answer")).await
    };
    assert_eq!(close(&asking["key"]).await.0, 200);
    assert_eq!(visitors[0].until_closed().await.1, Some(4002));
    eventually("it is gone", async || sessions(&server, "").await.0.len() == 2).await;
    assert_eq!(close(&asking["key"]).await, (404, "no_such_session".into()));
    visitors[1].type_in("nl-200").await;
    visitors[2].type_in("nl-200").await;
}

#[tokio::test]
async fn closing_a_session_requires_the_csrf_token_and_is_audited() {
    let server = with_team(&[]).await;
    let mut visitor = server.visitor().await;
    let mut ada = ada(&server).await;
    let mut key = Value::Null;
    eventually("it is listed", async || {
        key = json_of(ada.get("/admin/sessions").await).await["items"][0]["key"].clone();
        key.is_u64()
    })
    .await;
    let path = format!("/admin/sessions/{key}/close");
    let csrf = std::mem::take(&mut ada.csrf);
    assert_eq!(code_of(ada.post(&path, json!({})).await).await, (403, "no_csrf_token".into()));
    ada.csrf = csrf;
    assert_eq!(ada.post(&path, json!({})).await.status(), 200);
    assert_eq!(visitor.until_closed().await.1, Some(4002));
    audited(&server, "session.close", &key.to_string()).await;
}
