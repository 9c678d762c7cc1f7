//! Webhooks: signed, retried, given up, delivered once by several pods.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::receiver::{Receiver, SECRET};
use crate::server::{Server, client, operator};
use crate::shop::{LIGHT, Shop};

/// Settings with short pauses between attempts.
const SOON: [(&str, &str); 2] =
    [("webhooks.backoff_initial_ms", "20"), ("webhooks.backoff_max_ms", "20")];

/// A server with this endpoint, which subscribes to these events.
async fn telling(receiver: &Receiver, events: &str, more: &[(&str, &str)]) -> Server {
    let (endpoints, name) = (receiver.taking(events), receiver.name());
    let mut all = vec![("webhooks.endpoints", &*endpoints), ("webhooks.allowed_hosts", &*name)];
    all.extend(SOON);
    all.extend_from_slice(more);
    Server::with(&all).await
}

async fn test(server: &Server) {
    let asked = operator().post(server.url("/admin/webhooks/test")).send().await;
    assert_eq!(asked.expect("the server answers").status(), StatusCode::ACCEPTED);
}

async fn delivered(receiver: &Receiver, times: usize) {
    let count = || receiver.deliveries().len();
    eventually("the endpoint is told", async || count() >= times).await;
    assert_eq!(count(), times);
}

/// The next dead letter.
async fn dead_letter(server: &Server) -> Value {
    let dead = async || server.json("/admin/webhooks/dead-letters").await["items"].clone();
    eventually("it is a dead letter", async || dead().await[0].is_object()).await;
    dead().await[0].clone()
}

#[tokio::test]
async fn events_of_a_conversation_are_delivered_once_and_signed() {
    let receiver = Receiver::that_answers(&[]).await;
    let server = telling(&receiver, r#""all""#, &[]).await;
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "dim the light" })).await;
    visitor.receive_answer().await;
    visitor.say(json!({ "type": "csat", "rating": 5, "comment": "fine" })).await;
    visitor.say(json!({ "type": "bye" })).await;
    let expected = ["conversation.closed", "message.created", "message.created", "rating.given"];
    let events = || {
        let mut events = receiver.events();
        events.sort();
        events
    };
    eventually("all is told", async || events() == expected).await;
    for delivery in receiver.deliveries() {
        assert!(delivery.is_signed_with(SECRET), "{delivery:?}");
        assert!(!delivery.is_signed_with("whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"));
        assert_eq!(delivery.headers["content-type"], "application/json");
        assert_eq!(delivery.body()["conversation"], welcome["conversation"]);
    }
    let rated = receiver.deliveries().into_iter().find(|it| it.body()["type"] == "rating.given");
    let rated = rated.expect("a mark").body();
    assert_eq!(rated["data"], json!({ "rating": 5, "comment": "fine" }));
    assert!(rated["timestamp"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()));
    let shown = server.json("/admin/webhooks").await["endpoints"][0].clone();
    assert_eq!((shown["url"].as_str(), &shown["delivered"]), (Some(&*receiver.url()), &json!(4)));
}

#[tokio::test]
async fn a_failed_delivery_is_retried_with_the_same_id_until_it_succeeds() {
    let receiver = Receiver::that_answers(&[
        "500 Internal Server Error",
        "503 Service Unavailable\r\nRetry-After: 1",
        "302 Found\r\nLocation: /elsewhere",
    ])
    .await;
    let server = telling(&receiver, r#""test""#, &[]).await;
    test(&server).await;
    delivered(&receiver, 4).await;
    let deliveries = receiver.deliveries();
    assert!(deliveries.iter().all(|it| it.id() == deliveries[0].id()), "{deliveries:?}");
    assert!(deliveries.iter().all(|it| it.path == "/hook"), "a redirect is not followed");
    let seconds =
        |at: usize| deliveries[at].headers["webhook-timestamp"].parse::<u64>().expect("seconds");
    assert!(seconds(2) > seconds(1), "it asked for a second");
    let delivered = "hsc_webhook_attempts_total{outcome=\"delivered\"}";
    eventually("it is counted", async || server.metric(delivered).await == 1.0).await;
    assert_eq!(server.metric("hsc_webhook_attempts_total{outcome=\"failed\"}").await, 3.0);
}

#[tokio::test]
async fn a_permanently_failed_delivery_is_a_dead_letter_until_it_is_retried_or_discarded() {
    let receiver = Receiver::that_answers(&["500 No", "500 No", "410 Gone"]).await;
    let server = telling(&receiver, r#""test""#, &[("webhooks.max_attempts", "2")]).await;
    test(&server).await;
    let dead = dead_letter(&server).await;
    assert_eq!((&dead["attempts"], &dead["event"]), (&json!(2), &json!("test")));
    let path = format!("/admin/webhooks/dead-letters/{}", dead["id"].as_str().expect("an id"));
    let retry = operator().post(server.url(&format!("{path}/retry"))).send().await;
    assert_eq!(retry.expect("the server answers").status(), StatusCode::ACCEPTED);
    // 410 Gone ends the deliveries: there is no second attempt.
    delivered(&receiver, 3).await;
    let dead = dead_letter(&server).await;
    assert_eq!(dead["attempts"], 1);
    assert!(dead["last_error"].as_str().is_some_and(|why| why.starts_with("410")), "{dead}");
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let gone = operator().delete(server.url(&path)).send().await.expect("the server answers");
        assert_eq!(gone.status(), status);
    }
    assert_eq!(server.metric("hsc_webhook_dead_total{reason=\"gone\"}").await, 1.0);
}

#[tokio::test]
async fn a_webhook_address_off_the_public_internet_is_not_requested() {
    let receiver = Receiver::that_answers(&[]).await;
    for host in ["localhost", "127.0.0.1", "169.254.169.254"] {
        let port = receiver.name().rsplit(':').next().unwrap_or_default().to_owned();
        let endpoints =
            format!(r#"[{{url="https://{host}:{port}/",events=["all"],secret="{SECRET}"}}]"#);
        let server = Server::with(&[("webhooks.endpoints", &*endpoints)]).await;
        test(&server).await;
        let dead = dead_letter(&server).await;
        let why = dead["last_error"].as_str().unwrap_or_default().to_owned();
        assert!(why.contains("not on the public internet"), "{host}: {why}");
    }
    assert!(receiver.deliveries().is_empty());
}

#[tokio::test]
async fn a_delivery_survives_the_crash_of_its_pod() {
    let receiver = Receiver::that_answers(&["hang"]).await;
    let (shop, file) = (Shop::new(), tempfile::tempdir().expect("a folder"));
    let path = file.path().join("hsc.sqlite").display().to_string();
    let (endpoints, name) = (receiver.taking(r#""all""#), receiver.name());
    let all = [
        ("webhooks.endpoints", &*endpoints),
        ("webhooks.allowed_hosts", &*name),
        ("webhooks.timeout_ms", "1000"),
        ("archive.path", &*path),
    ];
    let mut first = Server::of(shop, &all).await;
    test(&first).await;
    delivered(&receiver, 1).await;
    first.signal("KILL");
    first.ended().await;
    let _second = Server::with(&all).await;
    eventually("the next pod delivers it", async || receiver.deliveries().len() >= 2).await;
    let deliveries = receiver.deliveries();
    assert_eq!(deliveries[0].id(), deliveries[1].id());
}

#[tokio::test]
async fn of_two_pods_with_one_archive_one_delivers() {
    let receiver = Receiver::that_answers(&[]).await;
    let file = tempfile::tempdir().expect("a folder");
    let path = file.path().join("hsc.sqlite").display().to_string();
    let more = [("archive.path", &*path)];
    let pods =
        [telling(&receiver, r#""all""#, &more).await, telling(&receiver, r#""all""#, &more).await];
    for _ in 0..5 {
        for pod in &pods {
            test(pod).await;
        }
    }
    eventually("all are delivered", async || receiver.deliveries().len() >= 10).await;
    let waiting = async || pods[0].json("/admin/webhooks").await["endpoints"][0]["waiting"].clone();
    eventually("none waits", async || waiting().await == 0).await;
    let mut ids: Vec<String> = receiver.deliveries().iter().map(|it| it.id().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.deliveries().len()), (10, 10));
}

#[tokio::test]
async fn an_endpoint_receives_only_its_events_and_without_one_no_transcript_is_offered() {
    let receiver = Receiver::that_answers(&[]).await;
    let server = telling(&receiver, r#""message.left""#, &[]).await;
    assert_eq!(server.json("/api/visitor/options").await["transcript"]["send"], false);
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    visitor.receive().await;
    visitor.say(json!({ "type": "csat", "rating": 5 })).await;
    let offline_message = json!({ "address": "yael@example.test", "text": "Call me." });
    let sent = client().post(server.url("/api/leave-message")).json(&offline_message).send().await;
    assert_eq!(sent.expect("the server answers").status(), StatusCode::ACCEPTED);
    delivered(&receiver, 1).await;
    let body = receiver.deliveries()[0].body();
    assert_eq!(
        (&body["type"], &body["data"]["text"]),
        (&json!("message.left"), &offline_message["text"])
    );
}
