//! A conversation survives its pod: two pods on one Redis, one of which is killed, suspended or stopped.

use hsc_conversation::Tokens;
use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::eventually::eventually;
use crate::model::{Model, WORDS};
use crate::redis::Redis;
use crate::resuming::{Guest, server_with};
use crate::server::Server;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A pod with this name on this Redis and with this model.
async fn pod(redis: &Redis, model: &Model, name: &str) -> Server {
    let url = redis.url();
    let settings = [
        ("redis.url", &*url),
        ("server.pod_name", name),
        ("conversations.token_keys", KEY),
        ("sessions.max_answers", "1000"),
        ("sessions.overload_after_ms", "0"),
    ];
    let server = server_with(model, &settings).await;
    eventually("the pod reaches Redis", async || {
        server.metric("hsc_bridge_connected").await == 1.0
            && server.json("/health").await["redis_connected"] == true
    })
    .await;
    server
}

#[tokio::test]
async fn an_answer_of_a_killed_pod_is_resumed_on_another_without_loss_or_repetition() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let (mut one, two) = (pod(&redis, &model, "one").await, pod(&redis, &model, "two").await);
    let mut guest = Guest::new(one.visitor().await).await;
    guest.asks("q").await;
    guest.asks("q2").await;
    guest.receive_until(3).await;
    one.signal("KILL");
    one.ended().await;
    let mut guest = guest.goes_on_over(two.visitor().await).await;
    assert_eq!(guest.welcome()["recovered"], true, "{}", guest.welcome());
    model.goes_on();
    guest.hears_the_end_of("q2").await;
    assert_eq!(guest.answer("q"), WORDS.concat());
    assert_eq!(guest.answer("q2"), WORDS.concat(), "the question in line was not forgotten");
}

#[tokio::test]
async fn the_answer_of_a_killed_pod_is_completed_by_another_without_a_client() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let (mut one, two) = (pod(&redis, &model, "one").await, pod(&redis, &model, "two").await);
    let mut guest = Guest::new(one.visitor().await).await;
    guest.asks("q").await;
    guest.receive_until(3).await;
    model.goes_on();
    one.signal("KILL");
    one.ended().await;
    let completed = "hsc_conversations_completed_total{outcome=\"done\"}";
    eventually("the other pod completed it", async || two.metric(completed).await == 1.0).await;
    let requests = model.requests();
    let mut guest = guest.goes_on_over(two.visitor().await).await;
    assert_eq!(guest.welcome()["recovered"], true, "{}", guest.welcome());
    guest.hears_the_end_of("q").await;
    assert_eq!(guest.answer("q"), WORDS.concat());
    assert_eq!(model.requests(), requests, "the model was not asked once more");
}

#[tokio::test]
async fn a_paused_pod_that_continues_sends_nothing_in_a_conversation_taken_over() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let (one, two) = (pod(&redis, &model, "one").await, pod(&redis, &model, "two").await);
    let mut older = Guest::new(one.visitor().await).await;
    older.asks("q").await;
    older.receive_until(3).await;
    one.signal("STOP");
    let mut newer = older.also_over(two.visitor().await).await;
    model.goes_on();
    newer.hears_the_end_of("q").await;
    one.signal("CONT");
    assert_eq!(older.until_closed().await, Some(4001));
    assert_eq!(newer.answer("q"), WORDS.concat());
    // The log has the text of the newer owner.
    let mut again = newer.goes_on_over(one.visitor().await).await;
    assert_eq!(
        (&again.welcome()["recovered"], &again.welcome()["epoch"]),
        (&json!(true), &json!(3))
    );
    again.asks("q2").await;
    again.hears_the_end_of("q2").await;
}

#[tokio::test]
async fn an_idle_socket_of_a_conversation_resumed_on_another_pod_is_closed() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let (one, two) = (pod(&redis, &model, "one").await, pod(&redis, &model, "two").await);
    let mut older = Guest::new(one.visitor().await).await;
    let _newer = older.also_over(two.visitor().await).await;
    assert_eq!(older.until_closed().await, Some(4001));
}

/// Prints the time from the first attempt of a client whose pod was killed to its `welcome`, and to
/// the next word of its answer: `cargo test --workspace --test promises -- --ignored --nocapture figures`.
#[tokio::test]
#[ignore = "prints figures, promises nothing"]
async fn figures_of_a_pod_killed_while_it_sends_many_answers() {
    const GUESTS: usize = 200;
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let (mut one, two) = (pod(&redis, &model, "one").await, pod(&redis, &model, "two").await);
    let guests = (0..GUESTS).map(|_| async {
        let mut guest = Guest::new(one.visitor().await).await;
        guest.asks("q").await;
        guest.receive_until(3).await;
        guest
    });
    let guests = futures::future::join_all(guests).await;
    one.signal("KILL");
    one.ended().await;
    model.goes_on();
    let resumed = guests.into_iter().map(|guest| async {
        let began = Instant::now();
        let mut guest = guest.goes_on_over(two.visitor().await).await;
        let welcomed = began.elapsed();
        assert_eq!(guest.welcome()["recovered"], true);
        guest.receive_until(5).await;
        let spoken = began.elapsed();
        guest.hears_the_end_of("q").await;
        assert_eq!(guest.answer("q"), WORDS.concat());
        (welcomed, spoken)
    });
    let (welcomed, spoken): (Vec<Duration>, Vec<Duration>) =
        futures::future::join_all(resumed).await.into_iter().unzip();
    for (what, mut times) in [("welcome", welcomed), ("next word", spoken)] {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!("{GUESTS} at once, to the {what}: p50 {:?}, p99 {:?}", at(50), at(99));
    }
}

/// The frames of the version before the event model, which stored them in its log.
const SENT_BEFORE: &str = include_str!("../../conversation/fixtures/visitor_frames.jsonl");

#[tokio::test]
async fn a_conversation_stored_by_the_previous_version_is_resumed_with_the_same_frames() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let new = pod(&redis, &model, "new").await;
    let logged = SENT_BEFORE.split("\"type\":\"welcome\"").nth(1).expect("a logged conversation");
    let stored: Vec<&str> =
        logged.lines().skip(1).filter(|frame| frame.contains("\"offset\":")).collect();
    let (last, meta) = (stored.len().to_string(), "hsc:log1:{old}");
    redis.ask(&["HSET", meta, "epoch", "1", "owner", "old", "offset", &last]).await;
    for (number, frame) in (1..).zip(&stored) {
        redis.ask(&["XADD", "hsc:log1:{old}:frames", &format!("{number}-0"), "f", frame]).await;
    }
    let token = Tokens::new([KEY.as_bytes()], Duration::from_secs(3_600)).sign("old", 1);
    let mut visitor = new.visitor().await;
    let resume = json!({"conversation": "old", "token": token, "after": 2});
    visitor.say(json!({"type": "hello", "resume": resume})).await;
    let welcome = visitor.receive().await;
    assert_eq!((&welcome["type"], &welcome["recovered"]), (&json!("welcome"), &json!(true)));
    for frame in &stored[2..] {
        let expected: serde_json::Value = serde_json::from_str(frame).expect("a frame is JSON");
        assert_eq!(visitor.receive().await.to_string(), expected.to_string());
    }
}
