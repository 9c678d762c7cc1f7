//! The directory of pods: which run, their load, which died and which left.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::host::Host;
use crate::redis::Redis;
use crate::server::{Server, operator};
use crate::shop::{self, LIGHT, Shop};

const VANISHED: &str = "hsc_pods_lost_total";

async fn pod(redis: &Redis, settings: &[(&str, &str)]) -> Server {
    let url = redis.url();
    let mut all = vec![("redis.url", url.as_str())];
    all.extend_from_slice(settings);
    Server::with(&all).await
}

async fn pods(redis: &Redis, number: usize) -> Vec<Server> {
    let mut pods = Vec::new();
    for _ in 0..number {
        pods.push(pod(redis, &[]).await);
    }
    for pod in &pods {
        knows(pod, number).await;
    }
    pods
}

/// A pod whose light has its manual at this host, with one more setting.
async fn pod_that_reads_at(host: &Host, redis: &Redis, setting: (&str, &str)) -> Server {
    let shop = Shop::new();
    let mut catalog = shop::catalog(60);
    catalog["products"][0]["documentation"] = json!({ "type": "html", "url": host.url("nl-200") });
    shop.write_catalog(&catalog);
    let (url, name) = (redis.url(), host.name());
    let settings = [("redis.url", url.as_str()), ("manuals.allowed_hosts", name.as_str()), setting];
    Server::of(shop, &settings).await
}

/// Waits until a pod lists so many, and reports the list as complete.
async fn knows(pod: &Server, number: usize) {
    eventually(&format!("it knows of {number} pods"), async || {
        let list = pod.json("/admin/pods").await;
        list["complete"] == true && list["totals"]["pods"] == number
    })
    .await;
}

async fn vanished(pods: &[Server]) -> f64 {
    let mut sum = 0.0;
    for pod in pods {
        sum += pod.metric(VANISHED).await;
    }
    sum
}

async fn drain(pod: &Server) -> (u16, Value) {
    let response =
        operator().post(pod.url("/admin/drain")).send().await.expect("the server answers");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.expect("text")).expect("JSON"))
}

#[tokio::test]
async fn every_pod_lists_all_pods_and_their_totals() {
    let redis = Redis::start().await;
    let pods = pods(&redis, 3).await;
    let _here = (pods[0].visitor().await, pods[0].visitor().await);
    let _there = pods[1].visitor().await;
    for pod in &pods {
        eventually("the sessions are counted", async || {
            pod.json("/admin/pods").await["totals"]["sessions"] == 3
        })
        .await;
        assert_eq!(pod.metric("hsc_pods").await, 3.0);
        assert_eq!(pod.metric("hsc_pods_complete").await, 1.0);
    }
    let list = pods[2].json("/admin/pods").await;
    let of = |address: String| {
        let all = list["pods"].as_array().expect("a list");
        all.iter().find(|pod| pod["address"] == address).expect("it is listed").clone()
    };
    assert_eq!(of(pods[0].address().to_string())["sessions"], 2);
    assert_eq!(of(pods[1].address().to_string())["conversations"], 1);
    let this = of(pods[2].address().to_string());
    assert_eq!((&this["pod"], &this["draining"]), (&list["this"], &json!(false)));
    assert_eq!(this["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn a_dead_pod_is_removed_from_the_list_and_counted_once() {
    let redis = Redis::start().await;
    let mut pods = pods(&redis, 3).await;
    let mut dead = pods.pop().expect("three pods");
    dead.signal("KILL");
    dead.ended().await;
    for pod in &pods {
        knows(pod, 2).await;
    }
    eventually("it was noticed", async || vanished(&pods).await >= 1.0).await;
    assert_eq!(vanished(&pods).await, 1.0);
    // A pod that starts again at the same address is a new one.
    pods.push(pod(&redis, &[]).await);
    for pod in &pods {
        knows(pod, 3).await;
    }
    assert_eq!(vanished(&pods).await, 1.0);
}

#[tokio::test]
async fn a_stopped_pod_deregisters_itself() {
    let redis = Redis::start().await;
    let mut pods = pods(&redis, 2).await;
    let mut stopped = pods.pop().expect("two pods");
    stopped.signal("TERM");
    assert_eq!(stopped.ended().await.code(), Some(0));
    let beats = redis.ask(&["ZCARD", "hsc:{roll}:beats"]).await;
    assert_eq!(beats, "int(1)", "it is off the roll when it has ended");
    knows(&pods[0], 1).await;
    assert_eq!(vanished(&pods).await, 0.0);
}

#[tokio::test]
async fn without_redis_a_pod_lists_only_itself_with_the_reason_and_reports_no_pod_dead() {
    let redis = Redis::start().await;
    let pods = pods(&redis, 2).await;
    redis.hold();
    for pod in &pods {
        eventually("it knows itself alone", async || {
            let list = pod.json("/admin/pods").await;
            list["complete"] == false && list["totals"]["pods"] == 1
        })
        .await;
        let reason = pod.json("/admin/pods").await["reason"].to_string();
        assert!(reason.contains("other pods are not known"), "{reason}");
        assert_eq!(pod.metric("hsc_pods_complete").await, 0.0);
    }
    redis.go_on();
    for pod in &pods {
        knows(pod, 2).await;
    }
    assert_eq!(vanished(&pods).await, 0.0);
}

#[tokio::test]
async fn an_emptied_redis_lists_all_pods_again() {
    let mut redis = Redis::start().await;
    let pods = pods(&redis, 2).await;
    redis.cut();
    redis.heal().await;
    for pod in &pods {
        knows(pod, 2).await;
    }
    assert_eq!(vanished(&pods).await, 0.0);
}

#[tokio::test]
async fn a_single_pod_lists_only_itself() {
    let server = Server::with(&[("server.advertise", "support.example:443")]).await;
    let list = server.json("/admin/pods").await;
    assert_eq!(list["complete"], true);
    assert_eq!(list["pods"].as_array().expect("a list").len(), 1);
    assert_eq!(list["pods"][0]["address"], "support.example:443");
}

#[tokio::test]
async fn waiting_questions_and_draining_pods_are_shown_on_every_pod() {
    let (redis, host) = (Redis::start().await, Host::that_hangs().await);
    let mut busy = pod_that_reads_at(&host, &redis, ("sessions.max_answers", "1")).await;
    let other = pod(&redis, &[]).await;
    knows(&other, 2).await;
    let (mut first, mut second) = (busy.visitor().await, busy.visitor().await);
    let query = json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" });
    for visitor in [&mut first, &mut second] {
        visitor.say(query.clone()).await;
    }
    eventually("it is seen", async || {
        let totals = &other.json("/admin/pods").await["totals"];
        totals["answering"] == 1 && totals["waiting"] == 1
    })
    .await;

    let (status, reply) = drain(&busy).await;
    assert_eq!((status, &reply["status"]), (202, &json!("draining")));
    assert_eq!(reply["ends_within_ms"], 30_000);
    assert_eq!(busy.get("/ready").await.status(), 503);
    let (status, reply) = drain(&busy).await;
    assert_eq!((status, &reply["status"]), (202, &json!("draining already")));
    eventually("the other knows that it drains", async || {
        let list = other.json("/admin/pods").await;
        let pods = list["pods"].as_array().expect("a list");
        pods.iter().any(|pod| pod["draining"] == true)
    })
    .await;
    host.heal();
    for visitor in [&mut first, &mut second] {
        let (received, code) = visitor.until_closed().await;
        assert!(received.iter().any(|message| message["type"] == "final_answer"), "{received:?}");
        assert_eq!(received.last().expect("a last word")["type"], "reconnect");
        assert_eq!(code, Some(1012));
    }
    assert_eq!(busy.ended().await.code(), Some(0));
    knows(&other, 1).await;
    assert_eq!(other.metric(VANISHED).await, 0.0);
}

#[tokio::test]
async fn a_pod_that_stops_during_an_answer_notifies_another_pod() {
    let (redis, host) = (Redis::start().await, Host::that_hangs().await);
    let mut leaving = pod_that_reads_at(&host, &redis, ("server.drain_timeout_ms", "1000")).await;
    let other = pod(&redis, &[]).await;
    knows(&other, 2).await;
    let mut visitor = leaving.visitor().await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    assert_eq!(visitor.receive().await["type"], "status");
    assert_eq!(drain(&leaving).await.0, 202);
    assert_eq!(leaving.ended().await.code(), Some(0));
    eventually("the other was told", async || other.metric(VANISHED).await == 1.0).await;
    knows(&other, 1).await;
}
