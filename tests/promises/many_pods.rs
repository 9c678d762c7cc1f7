//! Three pods on one Redis, while pods and Redis end and return during chats.
//!
//! Every client checks each offset: a missing or repeated one fails the test at once,
//! and so does a conversation that was not recovered, unless the test allows it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::{Duration, Instant};

use crate::eventually::{eventually, in_time, within};
use crate::redis::Redis;
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

/// A key that all pods of a test share.
const KEY: &str = "many-pods-know-this-key-of-their-tests";
/// Visitors that ask while pods are replaced: enough that answers run at each moment.
const UNDER_LOAD: usize = 60;
/// Visitors that reconnect at the same moment.
const IN_A_STORM: usize = 2_000;
/// How many of them connect concurrently; with more, the client on the same machine would time out first.
const AT_ONCE: usize = 200;
/// Longest time for one of them to reconnect and get its answer.
const COMES_BACK: Duration = Duration::from_secs(180);

/// A pod on this Redis.
async fn pod(redis: &Redis, name: &str) -> Server {
    let url = redis.url();
    let server = Server::with(&[
        ("redis.url", &url),
        ("server.pod_name", name),
        ("conversations.token_keys", KEY),
        ("server.drain_timeout_ms", "10000"),
        // All pods, all clients and Redis share a few cores: slow must not count as unavailable.
        ("redis.command_timeout_ms", "5000"),
        ("sessions.overload_after_ms", "0"),
        // All clients have one address, and 2,000 of them ask at the same time.
        ("sessions.max_waiting_answers", "10000"),
        ("sessions.max_waiting_answers_per_address", "0"),
    ])
    .await;
    eventually("the pod found Redis", async || {
        server.json("/health").await["redis_connected"] == true
    })
    .await;
    server
}

/// The addresses of the pods, as a load balancer has them.
#[derive(Clone, Default)]
struct Balancer(Arc<Mutex<(Vec<SocketAddr>, usize)>>);

impl Balancer {
    fn over(pods: &[&Server]) -> Self {
        let balancer = Self::default();
        for pod in pods {
            balancer.add(pod.address());
        }
        balancer
    }

    fn add(&self, address: SocketAddr) {
        self.0.lock().expect("nobody panics with it").0.push(address);
    }

    fn remove(&self, address: SocketAddr) {
        self.0.lock().expect("nobody panics with it").0.retain(|known| *known != address);
    }

    /// The next pod, round robin.
    fn next(&self) -> SocketAddr {
        let mut pods = self.0.lock().expect("nobody panics with it");
        pods.1 += 1;
        let turn = pods.1 % pods.0.len();
        pods.0[turn]
    }
}

/// A client that chats, and resumes at another pod when its own has ended.
struct Roamer {
    balancer: Balancer,
    socket: Option<Visitor>,
    welcome: Value,
    durable: Vec<Value>,
    /// Conversations that were not recovered, with the reported reason.
    lost: Vec<String>,
    /// Duration of each resume, from the first attempt to the `welcome`.
    resumed: Vec<std::time::Duration>,
}

impl Roamer {
    async fn of(balancer: &Balancer) -> Self {
        let mut socket = Visitor::to(balancer.next()).await;
        socket.say(json!({ "type": "hello", "compact": true })).await;
        let welcome = socket.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        Self {
            balancer: balancer.clone(),
            socket: Some(socket),
            welcome,
            durable: Vec::new(),
            lost: Vec::new(),
            resumed: Vec::new(),
        }
    }

    fn after(&self) -> u64 {
        let last = self.durable.last().map(|last| last["offset"].as_u64().expect("an offset"));
        last.unwrap_or(0)
    }

    /// Asks, and reconnects and repeats the question whenever its pod ends, until the answer is complete.
    async fn asks(&mut self, id: &str) {
        within(COMES_BACK, "the answer ends, whatever pods go", self.asks_on(id)).await;
    }

    async fn asks_on(&mut self, id: &str) {
        let question = json!({ "type": "query", "id": id, "product_id": LIGHT,
            "query": "How do I reset the lamp to factory settings?" });
        let ends = |one: &Value| one["type"] == "final_answer" && one["id"] == id;
        while !self.durable.iter().any(ends) {
            let mut socket = match self.socket.take() {
                Some(socket) => socket,
                None => self.resume().await,
            };
            // A page repeats an unanswered question; the same `id` is answered once.
            let mut open = socket
                .try_say(tokio_tungstenite::tungstenite::Message::text(question.to_string()))
                .await;
            while open && !self.durable.iter().any(ends) {
                match in_time("a message or the close", socket.next()).await {
                    Ok(message) => self.keep(message),
                    Err(_) => open = false,
                }
            }
            self.socket = open.then_some(socket);
        }
    }

    async fn resume(&mut self) -> Visitor {
        let began = Instant::now();
        let (socket, welcome) = within(COMES_BACK, "some pod welcomes it", self.welcomed()).await;
        self.resumed.push(began.elapsed());
        if welcome["recovered"] != true {
            self.lost.push(welcome["reason"].as_str().unwrap_or("no reason").to_owned());
            self.durable.clear();
            if welcome["offset"].as_u64() > Some(0) {
                self.durable.push(json!({ "offset": welcome["offset"] }));
            }
        }
        self.welcome = welcome;
        socket
    }

    /// Tries one pod after the other.
    async fn welcomed(&self) -> (Visitor, Value) {
        let resume = json!({ "conversation": self.welcome["conversation"],
            "token": self.welcome["token"], "after": self.after() });
        let hello = json!({ "type": "hello", "compact": true, "resume": resume }).to_string();
        for _ in 0..u32::MAX {
            // A browser also waits before it tries the next one.
            tokio::task::yield_now().await;
            let Ok(mut socket) = Visitor::try_to(self.balancer.next()).await else { continue };
            let hello = tokio_tungstenite::tungstenite::Message::text(hello.as_str());
            if !socket.try_say(hello).await {
                continue;
            }
            match in_time("a welcome or the close", socket.next()).await {
                Ok(welcome) if welcome["type"] == "welcome" => return (socket, welcome),
                _ => {}
            }
        }
        panic!("no pod welcomes it");
    }

    fn keep(&mut self, message: Value) {
        if message["offset"].is_u64() && message["type"] != "welcome" {
            assert_eq!(message["offset"], self.after() + 1, "none lost, none twice: {message}");
            self.durable.push(message);
        }
    }

    /// The text of the answer to this question.
    fn answer(&self, id: &str) -> String {
        let of_it = |one: &&Value| one["type"] == "answer_chunk" && one["id"] == id;
        let chunks = self.durable.iter().filter(of_it);
        chunks.map(|chunk| chunk["content"].as_str().expect("text")).collect()
    }
}

#[tokio::test]
async fn a_rolling_restart_of_three_pods_under_load_loses_nothing() {
    let redis = Redis::start().await;
    let mut pods = Vec::new();
    for name in ["a1", "b1", "c1"] {
        pods.push(pod(&redis, name).await);
    }
    let balancer = Balancer::over(&pods.iter().collect::<Vec<_>>());
    let right = {
        let mut first = Roamer::of(&balancer).await;
        first.asks("q").await;
        first.answer("q")
    };
    let (over, is_over) = tokio::sync::watch::channel(false);
    let people = join_all((0..UNDER_LOAD).map(|_| Roamer::of(&balancer))).await;
    let chats = people.into_iter().map(|mut person| {
        let is_over = is_over.clone();
        tokio::spawn(async move {
            let mut questions = 0;
            // These clients stay until the end of the restart, and ask once more after it.
            let mut last = false;
            while !last {
                last = *is_over.borrow();
                person.asks(&format!("q{questions}")).await;
                questions += 1;
            }
            (person, questions)
        })
    });
    let chats: Vec<_> = chats.collect();
    for (at, name) in ["a2", "b2", "c2"].into_iter().enumerate() {
        let fresh = pod(&redis, name).await;
        balancer.add(fresh.address());
        let mut old = std::mem::replace(&mut pods[at], fresh);
        balancer.remove(old.address());
        old.signal("TERM");
        let status = old.ended().await;
        assert!(status.success(), "{name}: a drained pod ends well, {status}: {}", old.log());
    }
    over.send(true).expect("they listen");
    let mut resumed = 0;
    for chat in chats {
        let (person, questions) =
            in_time("everybody has their answers", chat).await.expect("no panic");
        assert_eq!(person.lost, Vec::<String>::new(), "every conversation went on");
        resumed += person.resumed.len();
        for question in 0..questions {
            assert_eq!(person.answer(&format!("q{question}")), right);
        }
    }
    assert!(resumed >= UNDER_LOAD, "all were moved at least once: {resumed}");
}

#[tokio::test]
async fn two_thousand_clients_reconnect_at_once_after_a_crash_and_lose_nothing() {
    let redis = Redis::start().await;
    let mut pods = Vec::new();
    for name in ["a", "b", "c"] {
        pods.push(pod(&redis, name).await);
    }
    let doomed = Balancer::over(&[&pods[0]]);
    let mut people = Vec::new();
    for _ in 0..IN_A_STORM / AT_ONCE {
        people.extend(join_all((0..AT_ONCE).map(|_| Roamer::of(&doomed))).await);
    }
    join_all(people.iter_mut().map(|person| person.asks("before"))).await;
    let right = people[0].answer("before");
    assert!(!right.is_empty());

    pods[0].signal("KILL");
    pods[0].ended().await;
    doomed.add(pods[1].address());
    doomed.add(pods[2].address());
    doomed.remove(pods[0].address());
    let gate = Arc::new(Barrier::new(IN_A_STORM));
    let back = people.into_iter().map(|mut person| {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move {
            person.socket = None;
            within(COMES_BACK, "all have lost their pod", gate.wait()).await;
            person.asks("after").await;
            person
        })
    });
    let mut took = Vec::new();
    for person in join_all(back).await {
        let person = person.expect("no panic");
        assert_eq!(person.lost, Vec::<String>::new(), "every conversation went on");
        assert_eq!(
            (person.answer("before"), person.answer("after")),
            (right.clone(), right.clone())
        );
        took.extend(person.resumed);
    }
    took.sort_unstable();
    // Printed, not asserted: the duration depends on the machine.
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!("{} resumes: p50 {:?}, p99 {:?}", took.len(), at(0.5), at(0.99));
}

#[tokio::test]
async fn a_redis_failure_during_answers_closes_no_socket_and_losses_are_reported() {
    let mut redis = Redis::start().await;
    let (here, there) = (pod(&redis, "here").await, pod(&redis, "there").await);
    let both = Balancer::over(&[&here]);
    let mut people = join_all((0..20).map(|_| Roamer::of(&both))).await;
    join_all(people.iter_mut().map(|person| person.asks("before"))).await;
    let right = people[0].answer("before");
    let cut = async {
        tokio::task::yield_now().await;
        redis.cut();
    };
    let asking = join_all(people.iter_mut().map(|person| person.asks("amid")));
    in_time("answers go on without Redis", async { tokio::join!(cut, asking) }).await;
    for person in &people {
        assert_eq!(person.resumed.len(), 0, "no socket was closed");
        assert_eq!(person.answer("amid"), right);
    }
    join_all(people.iter_mut().map(|person| person.asks("without"))).await;

    // Redis returns empty. Connected conversations are logged again; no client notices.
    redis.heal().await;
    for server in [&here, &there] {
        eventually("the pods found it", async || {
            server.json("/health").await["redis_connected"] == true
        })
        .await;
    }
    join_all(people.iter_mut().map(|person| person.asks("again"))).await;
    for person in &people {
        assert_eq!(person.resumed.len(), 0, "no socket was closed");
        assert_eq!(person.answer("again"), right);
    }
    // Once they are in the log again they can resume elsewhere.
    for person in &people {
        let key =
            format!("hsc:log2:{{{}}}", person.welcome["conversation"].as_str().expect("an id"));
        let last = format!("{:?}", person.after().to_string());
        eventually("the conversation is logged again", async || {
            redis.ask(&["HGET", &key, "offset"]).await.contains(last.trim_matches('"'))
        })
        .await;
    }
    let elsewhere = Balancer::over(&[&there]);
    for person in &mut people {
        person.balancer = elsewhere.clone();
        person.socket = None;
        person.asks("elsewhere").await;
        assert_eq!(person.lost, Vec::<String>::new());
        assert_eq!(person.answer("elsewhere"), right);
    }
}
