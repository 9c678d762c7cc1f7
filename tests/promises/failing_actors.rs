//! Any actor may fail in any way without an effect on the chats.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::eventually::{eventually, in_time};
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

const VISITORS: usize = 200;
/// Time between two messages of a visitor: short for a person, long for the server.
const PACE: Duration = Duration::from_secs(2);
/// Keystrokes per question.
const KEYSTROKES_A_QUESTION: usize = 4;

/// Silence after which an actor is replaced: longer than the delays of a machine that also compiles.
const HANG_AFTER_MS: &str = "1500";
/// Time for which an actor hangs: it continues long after it was replaced.
const HANG_MS: u64 = 4_000;
/// Each fault, the reason under which it is counted, and how many restarts it causes.
const FAILURES: [(&str, &str, u64); 8] = [
    ("panic", "panicked", 1),
    // One panic causes the restart, and two happen during it.
    ("panic_at_start", "panicked", 3),
    ("panic_in_future", "panicked", 1),
    ("panic_in_stream", "panicked", 1),
    ("stop", "stopped", 1),
    ("fail", "failed", 1),
    ("hang", "hung", 1),
    ("kill_thread", "thread_lost", 1),
];

#[tokio::test]
async fn every_question_is_answered_whichever_actor_fails_in_whatever_way() {
    let server = Server::with(&[
        ("chaos.enabled", "true"),
        ("cache.shards", "2"),
        ("actors.threads", "2"),
        ("actors.heartbeat_timeout_ms", HANG_AFTER_MS),
        // The restart limit and the overload limit are the subject of other tests.
        ("actors.max_restarts", "100000"),
        ("sessions.overload_after_ms", "0"),
        // Two hundred visitors share a few questions; each has to be answered anew, not from the cache.
        ("cache.answers.entries", "0"),
    ])
    .await;
    let over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let visitor = server.visitor().await;
        visitors.spawn(chat(visitor, number, Arc::clone(&over), Arc::clone(&served)));
    }
    eventually("everybody was served once", async || served.load(Ordering::Relaxed) > 2 * VISITORS)
        .await;
    let level = Level::of(&server).await;

    // Sessions are the subject of another test, and their registry is a table, not an actor.
    let mut actors: Vec<Value> = server.actors().await;
    actors.retain(|actor| actor["kind"] != "session" && actor["kind"] != "session_registry");
    assert!(actors.len() > 10, "{actors:?}");
    let mut expected: BTreeMap<(String, &str), f64> = BTreeMap::new();
    for actor in &actors {
        let (name, kind) = (actor["name"].as_str().unwrap(), actor["kind"].as_str().unwrap());
        for (fault, reason, restarts_caused) in FAILURES {
            // If the root gives up, the pod ends: that is tested in `giving_up`.
            if (name, fault) == ("root", "fail") {
                continue;
            }
            let before = restarts(&server.actor(name).await);
            let rehearsal = json!({ "actor": name, "fault": fault, "ms": HANG_MS, "times": 2 });
            assert_eq!(server.rehearse(rehearsal).await, 200, "{name} {fault}");
            eventually(&format!("{name} is back after {fault}"), async || {
                let now = server.actor(name).await;
                let why = now["last_reason"].as_str().unwrap_or_default();
                restarts(&now) >= before + restarts_caused
                    && now["state"] == "up"
                    && why.starts_with(reason)
            })
            .await;
            *expected.entry((kind.to_owned(), reason)).or_default() += restarts_caused as f64;
        }
    }
    for ((kind, reason), times) in expected {
        let name = format!("hsc_actor_restarts_total{{actor=\"{kind}\",reason=\"{reason}\"}}");
        let counted = server.metric(&name).await;
        match reason {
            // Other actors on the thread of a hanging one lose their thread too. A machine that compiles meanwhile
            // may block a thread so long that an actor is replaced in which no fault was injected.
            "thread_lost" | "hung" => {
                assert!(counted >= times, "{name} is {counted}, of {times} that were caused");
            }
            _ => assert_eq!(counted, times, "{name}"),
        }
    }
    eventually("every actor is up", async || {
        server.actors().await.iter().all(|actor| actor["state"] == "up")
    })
    .await;
    // Once more for every visitor, on the new actors.
    let so_far = served.load(Ordering::Relaxed);
    eventually("everybody is still served", async || {
        served.load(Ordering::Relaxed) > so_far + 2 * VISITORS
    })
    .await;
    assert_eq!(server.metric("hsc_ws_sessions").await, VISITORS as f64);
    assert_eq!(server.metric("hsc_ws_opened_total").await, VISITORS as f64);
    eventually(&format!("memory and threads are back at their level, {level:?}"), async || {
        Level::of(&server).await.is_near(&level)
    })
    .await;
    over.store(true, Ordering::Relaxed);
    while let Some(visitor) = in_time("the visitors leave", visitors.join_next()).await {
        visitor.expect("every request was answered or refused, and no socket closed");
    }
}

fn restarts(actor: &Value) -> u64 {
    actor["restarts"].as_u64().expect("a number")
}

/// Types and asks until the end; panics if a reply is missing or the socket closes.
async fn chat(
    mut visitor: Visitor,
    number: usize,
    over: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
) {
    let mut pace = tokio::time::interval(PACE);
    for turn in number.. {
        pace.tick().await;
        if over.load(Ordering::Relaxed) {
            return;
        }
        let id = format!("{number}-{turn}");
        let asks = turn % KEYSTROKES_A_QUESTION == 0;
        let last = if asks {
            let query = "How do I reset the lamp to factory settings?";
            visitor
                .say(json!({ "type": "query", "id": id, "product_id": LIGHT, "query": query }))
                .await;
            "final_answer"
        } else {
            let content = format!("cb-{}", turn % 60);
            visitor.say(json!({ "type": "typing", "id": id, "content": content })).await;
            "prediction"
        };
        let frame = visitor.until(|frame| {
            assert_eq!(frame["id"], id.as_str(), "{frame}");
            frame["type"] == "error" || frame["type"] == last
        });
        let frame = frame.await;
        assert!(frame["type"] == last || frame["code"].is_string(), "{frame}");
        served.fetch_add(1, Ordering::Relaxed);
    }
}

/// Figures that a leak would raise.
#[derive(Debug)]
struct Level {
    bytes: f64,
    threads: f64,
}

impl Level {
    async fn of(server: &Server) -> Self {
        let bytes = server.metric("process_resident_memory_bytes").await;
        let threads = server.metric("process_threads").await;
        assert!(bytes > 0.0 && threads > 0.0);
        Self { bytes, threads }
    }

    /// A third and 32 MiB more is noise of the allocator; one thread per failure would be a leak.
    fn is_near(&self, before: &Self) -> bool {
        self.bytes <= before.bytes * 1.34 + 33_554_432.0 && self.threads <= before.threads + 8.0
    }
}
