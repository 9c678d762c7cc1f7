//! Any actor may fail in any way, and the people who chat do not notice.

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
/// Time between two things that a visitor says: fast for a person, little for the machine.
const PACE: Duration = Duration::from_secs(2);
/// Every so many keystrokes a visitor asks.
const KEYSTROKES_A_QUESTION: usize = 4;

/// Silence after which an actor is replaced; a machine that compiles beside the test must not be it.
const HANG_AFTER_MS: &str = "1500";
/// Each way to fail, and the reason under which it is counted.
const FAILURES: [(&str, &str); 6] = [
    ("panic", "panicked"),
    ("panic_in_future", "panicked"),
    ("panic_in_stream", "panicked"),
    ("stop", "stopped"),
    ("hang", "hung"),
    ("kill_thread", "thread_lost"),
];

#[tokio::test]
async fn whichever_actor_fails_in_whatever_way_nobody_who_chats_is_left_without_an_answer() {
    let server = Server::with(&[
        ("chaos.enabled", "true"),
        ("cache.shards", "2"),
        ("actors.threads", "2"),
        ("actors.hang_after_ms", HANG_AFTER_MS),
        // How often is too often is another promise, and so is being too busy for somebody new.
        ("actors.restarts", "100000"),
        ("sessions.busy_after_ms", "0"),
        // Two hundred visitors share a few questions; each is to be made again and again.
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

    // The sessions of the tree have a promise of their own.
    let mut actors: Vec<Value> = server.actors().await;
    actors.retain(|actor| actor["kind"] != "session");
    assert!(actors.len() > 10, "{actors:?}");
    let mut expected: BTreeMap<(String, &str), f64> = BTreeMap::new();
    for actor in &actors {
        let (name, kind) = (actor["name"].as_str().unwrap(), actor["kind"].as_str().unwrap());
        for (fault, reason) in FAILURES {
            // Supervisors share the root's thread, so that nobody is left to miss their heartbeat: they
            // go on when they wake.
            if (kind, fault) == ("supervisor", "hang") {
                let rehearsal = json!({ "actor": name, "fault": fault, "ms": 500 });
                assert_eq!(server.rehearse(rehearsal).await, 200, "{name} {fault}");
                eventually(&format!("{name} goes on after {fault}"), async || {
                    let now = server.actor(name).await;
                    now["state"] == "up" && now["mailbox_depth"] == 0
                })
                .await;
                continue;
            }
            // Their thread being the root's, it is the root that loses it and starts all of them again.
            let (lost, lost_kind) = match (kind, fault) {
                ("supervisor", "kill_thread") => ("root", "supervisor"),
                _ => (name, kind),
            };
            let before = restarts(&server.actor(lost).await);
            let rehearsal = json!({ "actor": name, "fault": fault, "ms": 4_000 });
            assert_eq!(server.rehearse(rehearsal).await, 200, "{name} {fault}");
            eventually(&format!("{name} is back after {fault}"), async || {
                let now = server.actor(lost).await;
                let why = now["last_reason"].as_str().unwrap_or_default();
                restarts(&now) > before && now["state"] == "up" && why.starts_with(reason)
            })
            .await;
            *expected.entry((lost_kind.to_owned(), reason)).or_default() += 1.0;
        }
    }
    for ((kind, reason), times) in expected {
        let name = format!("hsc_actor_restarts_total{{actor=\"{kind}\",reason=\"{reason}\"}}");
        let counted = server.metric(&name).await;
        assert!(counted >= times, "{name} is {counted}, of {times} that were caused");
    }
    eventually("every actor is up", async || {
        server.actors().await.iter().all(|actor| actor["state"] == "up")
    })
    .await;
    // Once more round for everybody, on the actors of now.
    let so_far = served.load(Ordering::Relaxed);
    eventually("everybody is still served", async || {
        served.load(Ordering::Relaxed) > so_far + 2 * VISITORS
    })
    .await;
    assert_eq!(server.metric("hsc_ws_sessions").await, VISITORS as f64);
    assert_eq!(server.metric("hsc_ws_sessions_total").await, VISITORS as f64);
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

/// Types and asks until it is over; panics when something gets no reply or the socket closes.
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
        loop {
            let heard = visitor.hear().await;
            assert_eq!(heard["id"], id.as_str(), "{heard}");
            if heard["type"] == "error" {
                assert!(heard["code"].is_string(), "{heard}");
                break;
            }
            if heard["type"] == last {
                break;
            }
        }
        served.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a leak would raise.
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

    /// A third and 32 MiB more is noise of an allocator; a thread a failure would be a leak.
    fn is_near(&self, before: &Self) -> bool {
        self.bytes <= before.bytes * 1.34 + 33_554_432.0 && self.threads <= before.threads + 8.0
    }
}
