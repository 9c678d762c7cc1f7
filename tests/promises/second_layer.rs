//! The shared L2 cache: values that one pod loaded are used by the others: manuals, answers and predictions.

use serde_json::json;

use crate::eventually::eventually;
use crate::host::Host;
use crate::redis::Redis;
use crate::server::{Server, operator};
use crate::shop::{self, LIGHT, Shop};
use crate::visitor::Visitor;

const HITS: &str = "hsc_cache_hits_total{cache=\"manuals\",layer=\"l2\"}";
const MISSES: &str = "hsc_cache_misses_total{cache=\"manuals\",layer=\"l2\"}";
const CORRUPT: &str = "hsc_cache_l2_errors_total{cache=\"manuals\",reason=\"corrupt\"}";

/// A pod on this Redis whose light has its manual at this host.
async fn pod(redis: &Redis, host: &Host, settings: &[(&str, &str)]) -> Server {
    let shop = Shop::new();
    let mut catalog = shop::catalog(60);
    let light = &mut catalog["products"][0];
    light["documentation"] = json!({ "type": "html", "url": host.url("nl-200") });
    shop.write_catalog(&catalog);
    let (url, name) = (redis.url(), host.name());
    let mut all = vec![("redis.url", url.as_str()), ("manuals.allowed_hosts", name.as_str())];
    all.extend_from_slice(settings);
    let server = Server::of(shop, &all).await;
    eventually("Redis is connected", async || {
        server.json("/health").await["redis_connected"] == true
    })
    .await;
    server
}

async fn ask(visitor: &mut Visitor, question: &str) {
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
}

/// Asks how to replace the fuse, in these words, and receives the answer.
async fn hears_of_the_fuse(server: &Server, question: &str) {
    let mut visitor = server.visitor().await;
    ask(&mut visitor, question).await;
    let received = visitor.receive_answer().await;
    assert!(received.last().expect("an answer").to_string().contains("5 A fuse"), "{received:?}");
}

/// The only key of the cache with this name.
async fn key_of(redis: &Redis, cache: &str) -> String {
    let pattern = format!("hsc:l2:{cache}:v3:value:*");
    let mut key = String::new();
    eventually("a value lies in Redis", async || {
        let keys = redis.ask(&["KEYS", &pattern]).await;
        key = keys.split('"').nth(1).unwrap_or_default().to_owned();
        !key.is_empty()
    })
    .await;
    key
}

#[tokio::test]
async fn two_pods_fetch_a_manual_once_and_compute_an_answer_once() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let (one, other) = (pod(&redis, &host, &[]).await, pod(&redis, &host, &[]).await);
    hears_of_the_fuse(&one, "How do I replace the fuse?").await;
    assert_eq!(one.metric(MISSES).await, 1.0);
    key_of(&redis, "manuals").await;
    key_of(&redis, "answers").await;

    hears_of_the_fuse(&other, "Which steps replace a fuse?").await;
    assert_eq!(host.requests(), 1, "the manual came out of Redis");
    assert_eq!((other.metric(HITS).await, other.metric(MISSES).await), (1.0, 0.0));
    let answers = "hsc_cache_hits_total{cache=\"answers\",layer=\"l2\"}";
    assert_eq!(other.metric(answers).await, 0.0);
    hears_of_the_fuse(&other, "how do I replace the fuse").await;
    assert_eq!(other.metric(answers).await, 1.0, "the answer came out of Redis");
}

#[tokio::test]
async fn concurrent_questions_on_three_pods_share_one_fetch() {
    let (redis, host) = (Redis::start().await, Host::that_hangs().await);
    let mut pods = Vec::new();
    for _ in 0..3 {
        pods.push(pod(&redis, &host, &[]).await);
    }
    let mut visitors = Vec::new();
    for number in 0..99 {
        let mut visitor = pods[number % 3].visitor().await;
        ask(&mut visitor, "How do I replace the fuse?").await;
        visitors.push(visitor);
    }
    for pod in &pods {
        let metric = "hsc_cache_misses_total{cache=\"manuals\",layer=\"l1\"}";
        eventually("all have asked", async || pod.metric(metric).await >= 33.0).await;
    }
    eventually("one has fetched", async || host.requests() == 1).await;
    host.heal();
    for visitor in &mut visitors {
        let received = visitor.receive_answer().await;
        assert!(
            received.last().expect("an answer").to_string().contains("5 A fuse"),
            "{received:?}"
        );
    }
    assert_eq!(host.requests(), 1);
    let hits = pods[0].metric(HITS).await + pods[1].metric(HITS).await + pods[2].metric(HITS).await;
    assert_eq!(hits, 2.0, "two of the three pods had it from the third");
}

#[tokio::test]
async fn a_pod_that_dies_while_it_loads_delays_others_no_longer_than_its_lock() {
    let (redis, host) = (Redis::start().await, Host::that_hangs().await);
    let short = [("cache.l2.lock_ms", "500")];
    let (mut one, other) = (pod(&redis, &host, &short).await, pod(&redis, &host, &short).await);
    let mut first = one.visitor().await;
    ask(&mut first, "How do I replace the fuse?").await;
    eventually("one loads", async || host.requests() == 1).await;
    let mut second = other.visitor().await;
    ask(&mut second, "How do I replace the fuse?").await;
    let metric = "hsc_cache_misses_total{cache=\"manuals\",layer=\"l1\"}";
    eventually("the other waits", async || other.metric(metric).await >= 1.0).await;
    one.signal("KILL");
    one.ended().await;
    eventually("the other loads", async || host.requests() == 2).await;
    host.heal();
    assert!(
        second.receive_answer().await.last().expect("an answer").to_string().contains("5 A fuse")
    );
}

#[tokio::test]
async fn the_wait_for_an_abandoned_lock_is_bounded_by_the_settings() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let patience = [("cache.l2.wait_ms", "300")];
    let one = pod(&redis, &host, &patience).await;
    hears_of_the_fuse(&one, "How do I replace the fuse?").await;
    let value = key_of(&redis, "manuals").await;
    let lock = value.replace(":value:", ":lock:");
    eventually("the lock is given back", async || redis.ask(&["EXISTS", &lock]).await == "int(0)")
        .await;
    redis.ask(&["DEL", &value]).await;
    redis.ask(&["SET", &lock, "somebody else"]).await;
    let other = pod(&redis, &host, &patience).await;
    hears_of_the_fuse(&other, "Which steps replace a fuse?").await;
    let waited = "hsc_cache_l2_errors_total{cache=\"manuals\",reason=\"waited\"}";
    assert_eq!(other.metric(waited).await, 1.0);
    assert_eq!(host.requests(), 2);
    assert!(
        redis.ask(&["GET", &lock]).await.contains("somebody else"),
        "it is not ours to release"
    );
}

#[tokio::test]
async fn a_foreign_or_damaged_value_is_a_miss_and_counted() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let one = pod(&redis, &host, &[]).await;
    hears_of_the_fuse(&one, "How do I replace the fuse?").await;
    let value = key_of(&redis, "manuals").await;
    let mut fetched = 1;
    for spoil in [
        &["SET", &value, "a value of another program", "PX", "60000"][..],
        &["SETRANGE", &value, "40", "damaged"],
        &["SET", &value, "", "PX", "60000"],
        &["PERSIST", &value],
        &["SET", &value, "HSC\u{1}", "PX", "60000"],
    ] {
        redis.ask(spoil).await;
        let pod = pod(&redis, &host, &[]).await;
        // Other words each time, else the answer itself would come from Redis.
        let please = " please".repeat(fetched);
        hears_of_the_fuse(&pod, &format!("How do I replace the fuse{please}")).await;
        fetched += 1;
        assert_eq!(host.requests(), fetched, "{spoil:?}");
        let is_empty = spoil.get(2) == Some(&"");
        // Two lookups: before and after the load turn was taken.
        assert_eq!(pod.metric(CORRUPT).await > 0.0, !is_empty, "{spoil:?}");
        eventually("it is mended", async || {
            redis.ask(&["GETRANGE", &value, "0", "2"]).await.contains("HSC")
                && redis.ask(&["STRLEN", &value]).await != "int(4)"
        })
        .await;
    }
    redis.ask(&["DEL", &value]).await;
    redis.ask(&["LPUSH", &value, "a list of another program"]).await;
    let pod = pod(&redis, &host, &[]).await;
    hears_of_the_fuse(&pod, "Which steps replace a fuse?").await;
    assert!(pod.metric(CORRUPT).await > 0.0);
}

#[tokio::test]
async fn a_paused_redis_delays_no_hit_and_fails_no_miss() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let pod = pod(&redis, &host, &[]).await;
    hears_of_the_fuse(&pod, "How do I replace the fuse?").await;
    redis.hold();
    let mut visitor = pod.visitor().await;
    for _ in 0..5 {
        hears_of_the_fuse(&pod, "How do I replace the fuse?").await;
        visitor.type_in("nl-200").await;
    }
    hears_of_the_fuse(&pod, "Which steps replace a fuse?").await;
    let response = operator().post(pod.url("/admin/caches/invalidate"));
    let response = response.json(&json!({ "product": LIGHT })).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    hears_of_the_fuse(&pod, "How do I replace the fuse?").await;
    assert_eq!(pod.metric(MISSES).await, 2.0, "it was loaded again, with Redis held up");
    redis.go_on();
}

#[tokio::test]
async fn a_value_invalidated_by_one_pod_is_not_found_by_a_starting_pod() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let one = pod(&redis, &host, &[]).await;
    let mut fetched = 0;
    let version = one.json("/health").await["catalog_version"].clone();
    for (what, is_manual) in [
        (json!({ "product": LIGHT }), true),
        (json!({ "manual": host.url("nl-200") }), true),
        (json!({ "catalog_version": version }), false),
        (json!("all"), true),
    ] {
        hears_of_the_fuse(&one, "How do I replace the fuse?").await;
        // Afterwards it gets the value from the pod that started later.
        fetched += usize::from(fetched == 0);
        key_of(&redis, "manuals").await;
        let response = operator().post(one.url("/admin/caches/invalidate"));
        let response = response.json(&what).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{what}");
        let other = pod(&redis, &host, &[]).await;
        hears_of_the_fuse(&other, "How do I replace the fuse?").await;
        fetched += usize::from(is_manual);
        assert_eq!(host.requests(), fetched, "{what}");
        let answers = "hsc_cache_hits_total{cache=\"answers\",layer=\"l2\"}";
        assert_eq!(other.metric(answers).await, 0.0, "{what}");
    }
}

#[tokio::test]
async fn a_starting_pod_loads_hot_predictions() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let one = pod(&redis, &host, &[]).await;
    let mut visitor = one.visitor().await;
    eventually("it is shared", async || {
        visitor.type_in("nl-2").await;
        redis.ask(&["KEYS", "hsc:l2:predictions:v3:value:*"]).await.contains("value")
    })
    .await;
    let other = pod(&redis, &host, &[]).await;
    let taken = "hsc_cache_hits_total{cache=\"predictions\",layer=\"l2\"}";
    eventually("it was taken over", async || other.metric(taken).await == 1.0).await;
    let entries = "hsc_cache_entries{cache=\"predictions\"}";
    eventually("it is kept", async || other.metric(entries).await == 1.0).await;
    let found = other.visitor().await.type_in("nl-2").await;
    assert_eq!(found["data"][0]["product"]["id"], LIGHT);
    assert_eq!(other.metric("hsc_cache_hits_total{cache=\"predictions\",layer=\"l1\"}").await, 1.0);
}
