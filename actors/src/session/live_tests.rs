//! Sessions on live sockets, made to fail and to be refused.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpServer, web};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{SinkExt as _, StreamExt as _};
use hsc_catalogs::{Manual, Snapshot};
use hsc_config::Settings;
use hsc_monitoring::Metrics;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Rules;
use crate::archiving::{ArchiveHandle, ArchiveLimits};
use crate::bridge::{Ether, Loopback};
use crate::cache::CacheLimits;
use crate::ports::{
    Answer, AnswerEvent, Answerer, AnswererName, ConversationLog, ManualError, ManualLoader,
    ManualRequest, Outcome, Question, Relay,
};
use crate::protocol::{CloseReason, Limits};
use crate::supervision::Fault;
use crate::{
    Admission, Announced, Budgets, DeskLimits, Hours, House, Invalidate, LogLimits, MemoryDesk,
    MemoryLog, NotRehearsed, OtherPods, Parts, Sessions, Shelf, SocketLimits, Tokens, Upkeep,
};

/// Longest a client of these tests waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says "one two" and, when the gate is opened, "three".
pub(crate) struct Teacher {
    gate: watch::Sender<bool>,
    pub(crate) asked: AtomicUsize,
    panics: AtomicBool,
    pub(crate) other_words: AtomicBool,
}

impl Answerer for Teacher {
    fn answer(&self, _: Question) -> BoxStream<'static, AnswerEvent> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "I have forgotten it");
        let first = if self.other_words.load(Ordering::SeqCst) { "uno " } else { "one " };
        let begin = [AnswerEvent::Reading, AnswerEvent::Thinking];
        let words = [first, "two "].map(|word| AnswerEvent::Chunk(word.to_owned()));
        let mut gate = self.gate.subscribe();
        let rest = async move {
            let _ = gate.wait_for(|open| *open).await;
            let done = Answer {
                outcome: Outcome::Answered,
                text: format!("{first}two three"),
                html: String::new(),
                citations: Vec::new(),
                confidence: 1.0,
                grounded: true,
                answerer: AnswererName::Extractive,
                fallback: None,
                stale_manual: false,
            };
            stream::iter([
                AnswerEvent::Chunk("three".to_owned()),
                AnswerEvent::Done(Box::new(done)),
            ])
        };
        let rest = futures::FutureExt::flatten_stream(rest);
        stream::iter(begin).chain(stream::iter(words)).chain(rest).boxed()
    }
}

struct NoManuals;

impl ManualLoader for NoManuals {
    fn load(&self, _: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        Box::pin(async { Err(ManualError::new("none", "There is none.", "no manuals here")) })
    }
}

pub(crate) struct Stage {
    pub(crate) house: Arc<House>,
    pub(crate) teacher: Arc<Teacher>,
    metrics: Arc<Metrics>,
    address: SocketAddr,
    pub(crate) product: String,
}

impl Stage {
    pub(crate) async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap().conversations;
        let log = Arc::new(MemoryLog::new(LogLimits::from(&settings)));
        Self::among_others("pod", log, Arc::new(Tokens::from(&settings)), change).await
    }

    /// A pod that shares its log with others.
    pub(crate) async fn among_others(
        pod: &str,
        log: Arc<dyn ConversationLog>,
        tokens: Arc<Tokens>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap().desk;
        let desk = MemoryDesk::new(DeskLimits::from(&settings), pod.into());
        Self::at_desk(pod, (log, tokens), (desk, None), change).await
    }

    /// A pod that shares its log and its desk with others, and hears them where there is an ether.
    pub(crate) async fn at_desk(
        pod: &str,
        (log, tokens): (Arc<dyn ConversationLog>, Arc<Tokens>),
        (desk, ether): (MemoryDesk, Option<Ether>),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap();
        settings.actors.restarts = 10_000;
        settings.sessions.busy_after_ms = 0;
        settings.server.messages_per_second = 100_000;
        settings.server.message_burst = 100_000;
        change(&mut settings);
        let metrics = Metrics::new();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/data");
        let catalog = hsc_catalogs::load_dir(&data).unwrap().catalog;
        let with_manual = |product: &&Arc<hsc_catalogs::Product>| product.documentation.is_some();
        let product = catalog.products().iter().find(with_manual).unwrap().id.to_string();
        let teacher = Arc::new(Teacher {
            gate: watch::Sender::new(false),
            asked: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
            other_words: AtomicBool::new(false),
        });
        let upkeep = Upkeep::from(&settings.actors);
        let limits = |budget| CacheLimits::of(&settings.cache, budget);
        let on_the_shelf = limits(&settings.cache.manuals);
        let shelf = Shelf::new(Arc::new(NoManuals), None, on_the_shelf, upkeep.care, &metrics);
        let answerer: Arc<dyn Answerer> = teacher.clone();
        let house = Arc::new(House::start(Parts {
            pod: pod.into(),
            relay: ether.map(|ether| Arc::new(Loopback::over(&ether)) as Arc<dyn Relay>),
            attendance: crate::Attendance {
                roll: None,
                address: "127.0.0.1:1".to_owned(),
                version: "test",
                started_at: String::new(),
                heartbeat: Duration::from_secs(1),
                expires: Duration::from_secs(5),
            },
            catalog: Arc::new(Snapshot::new(catalog)),
            shelf,
            answerer,
            sessions: Arc::new(Sessions::new(Admission::from(&settings.sessions))),
            log,
            desk: Arc::new(desk.of_pod(pod)),
            hours: Hours::of(&settings.desk.hours).unwrap(),
            desk_heartbeat: Duration::from_millis(50),
            archive: ArchiveHandle::new(ArchiveLimits::from(&settings.archive), &metrics),
            tokens,
            vouch: None,
            rules: Rules {
                pending_questions: settings.sessions.max_pending_questions,
                prefetch_confidence: 101,
                limits: Limits::new(settings.server.max_message_bytes, 100_000),
            },
            limits: SocketLimits {
                ping_interval: Duration::from_secs(20),
                idle_timeout: Duration::from_secs(60),
                prefetch_after: Duration::from_secs(1),
                outgoing_bytes: settings.server.outgoing_queue_bytes,
                burst: settings.server.message_burst,
                max_answers: settings.sessions.max_answers,
                max_waiting_answers: settings.sessions.max_waiting_answers,
                busy_after: Duration::from_millis(settings.sessions.busy_after_ms),
            },
            seconds: crate::Seconds::default(),
            budgets: Budgets {
                predictions: limits(&settings.cache.predictions),
                answers: limits(&settings.cache.answers),
            },
            upkeep,
            workers: Vec::new(),
            metrics: Arc::clone(&metrics),
        }));
        let doors = Arc::clone(&house);
        let server = HttpServer::new(move || {
            let house = Arc::clone(&doors);
            let open = move |request: HttpRequest, payload: web::Payload| {
                let house = Arc::clone(&house);
                async move { house.connect(&request, payload) }
            };
            App::new().route("/ws", web::get().to(open))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        actix::spawn(server.run());
        Self { house, teacher, metrics, address, product }
    }

    pub(crate) async fn client(&self) -> Client {
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}/ws", self.address)).await.unwrap();
        Client { socket, heard: Vec::new() }
    }

    pub(crate) fn ask(&self) -> Value {
        json!({ "type": "query", "id": "q", "product_id": self.product, "query": "count" })
    }

    pub(crate) fn open_the_gate(&self) {
        self.teacher.gate.send_replace(true);
    }

    pub(crate) fn says(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|said| said == line)
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) heard: Vec<Value>,
}

impl Client {
    pub(crate) async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message of a type; what came before it is kept in `heard`.
    pub(crate) async fn hear(&mut self, kind: &str) -> Value {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let frame = next.unwrap_or_else(|_| panic!("no {kind} after {:?}", self.heard));
            match frame.unwrap().unwrap() {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    self.heard.push(message.clone());
                    if message["type"] == kind {
                        return message;
                    }
                }
                Message::Close(close) => panic!("closed ({close:?}) after {:?}", self.heard),
                _ => {}
            }
        }
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("a close").unwrap().unwrap() {
                Message::Close(close) => return close.unwrap().code.into(),
                Message::Text(text) => self.heard.push(serde_json::from_str(&text).unwrap()),
                _ => {}
            }
        }
    }

    pub(crate) fn answer(&self) -> String {
        let chunks = self.heard.iter().filter(|message| message["type"] == "answer_chunk");
        chunks.map(|chunk| chunk["content"].as_str().unwrap()).collect()
    }

    pub(crate) fn offsets(&self) -> Vec<u64> {
        self.heard.iter().filter_map(|message| message["offset"].as_u64()).collect()
    }
}

pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never happened: {what}");
}

#[actix::test]
async fn a_thousand_sessions_that_panic_all_answer_on_the_same_socket() {
    let stage = Stage::new(|settings| settings.sessions.max_answers = 1_000).await;
    let clients = futures::future::join_all((0..1_000).map(|_| async {
        let mut client = stage.client().await;
        client.say(stage.ask()).await;
        client.hear("answer_chunk").await;
        client.hear("answer_chunk").await;
        client
    }))
    .await;
    assert_eq!(stage.house.rehearse("session", Fault::Panic).await, Ok(1_000));
    eventually("all were begun again", || {
        stage.says("hsc_actor_restarts_total{actor=\"session\",reason=\"panicked\"} 1000")
    })
    .await;
    stage.open_the_gate();
    let still_here = futures::future::join_all(clients.into_iter().map(|mut client| async move {
        client.hear("final_answer").await;
        assert_eq!(client.answer(), "one two three", "nothing lost, nothing twice");
        assert_eq!(client.offsets(), [1, 2, 3, 4, 5]);
        client.say(json!({ "type": "typing", "content": "a", "id": "t" })).await;
        assert_eq!(client.hear("prediction").await["id"], "t");
        client
    }))
    .await;
    assert_eq!(stage.house.sessions().count(), still_here.len());
}

#[actix::test]
async fn a_session_that_keeps_failing_is_closed_and_its_neighbour_is_not() {
    let stage = Stage::new(|settings| settings.actors.restarts = 3).await;
    let (mut failing, mut neighbour) = (stage.client().await, stage.client().await);
    failing.say(json!({ "type": "hello" })).await;
    let conversation = failing.hear("welcome").await["conversation"].as_str().unwrap().to_owned();
    let info = stage.house.sessions().of_conversation(&conversation).unwrap();
    for _ in 0..4 {
        stage.house.sessions().tell(info.key, super::Deliver::Panic);
    }
    assert_eq!(failing.close_code().await, 1011);
    neighbour.say(json!({ "type": "typing", "content": "a" })).await;
    neighbour.hear("prediction").await;
    eventually("its place is free", || stage.house.sessions().count() == 1).await;
}

#[actix::test]
async fn the_tree_shows_the_newest_sessions_and_a_fault_can_pick_one() {
    let stage = Stage::new(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        let mut client = stage.client().await;
        client.say(json!({ "type": "hello" })).await;
        client.hear("welcome").await;
        clients.push(client);
    }
    let shown = || stage.house.tree().find_mut("sessions").unwrap().children.clone();
    let newest = shown();
    assert_eq!(newest.len(), 50, "a page, not a hundred thousand");
    let keys: Vec<u64> = newest
        .iter()
        .map(|it| it.name.strip_prefix("session.").unwrap().parse().unwrap())
        .collect();
    assert!(keys.is_sorted_by(|one, next| one > next), "{keys:?}");
    // The last who came is the first on the page.
    let mut chosen = clients.pop().unwrap();
    chosen.say(stage.ask()).await;
    chosen.hear("answer_chunk").await;
    eventually("it shows how far its answer is", || shown()[0].observed["offset"] == 2).await;
    let name = shown()[0].name.clone();
    assert_eq!(shown()[0].observed["answering"], true);
    assert_eq!(shown()[0].observed["product"], stage.product.as_str());
    assert!(!format!("{:?}", shown()[0]).contains("count"), "not what the customer typed");

    assert_eq!(stage.house.rehearse(&name, Fault::Panic).await, Ok(1));
    eventually("its crash is shown", || shown()[0].restarts == 1).await;
    assert_eq!(shown()[0].last_reason.as_deref(), Some("panicked: a panic on demand"));
    assert_eq!(shown().iter().map(|session| session.restarts).sum::<u64>(), 1, "and no other's");
    stage.open_the_gate();
    chosen.hear("final_answer").await;
    assert_eq!(chosen.answer(), "one two three");

    let hang = stage.house.rehearse(&name, Fault::Hang { ms: 1 }).await;
    assert_eq!(hang, Err(NotRehearsed::NotInASession));
    assert_eq!(stage.house.rehearse(&name, Fault::Stop).await, Ok(1));
    eventually("it is gone", || stage.house.sessions().count() == 59).await;
    assert_eq!(stage.house.rehearse(&name, Fault::Panic).await, Err(NotRehearsed::NoSuchActor));
    assert!(stage.says("hsc_actor_up{actor=\"session\"} 59"));
}

#[actix::test]
async fn what_a_client_said_of_itself_outlives_a_crash() {
    let stage = Stage::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(json!({ "type": "hello", "compact": true })).await;
    let before = client.hear("welcome").await;
    assert_eq!(stage.house.rehearse("session", Fault::Panic).await, Ok(1));
    client.say(json!({ "type": "typing", "content": "a" })).await;
    let lean = client.hear("prediction").await;
    assert!(lean["data"][0]["matched"].is_array(), "still compact: {lean}");
    client.say(json!({ "type": "hello", "compact": true })).await;
    assert_eq!(client.hear("welcome").await["conversation"], before["conversation"]);
}

#[actix::test]
async fn an_answer_that_comes_out_differently_after_a_crash_ends_honestly() {
    let stage = Stage::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    client.hear("answer_chunk").await;
    client.hear("answer_chunk").await;
    stage.teacher.other_words.store(true, Ordering::SeqCst);
    stage.house.rehearse("session", Fault::Panic).await.unwrap();
    let last = client.hear("final_answer").await;
    assert_eq!(last["reason"]["code"], "interrupted");
    assert!(client.answer().starts_with("one two "));
    assert_eq!(client.offsets(), [1, 2, 3, 4, 5]);
}

#[actix::test]
async fn an_answer_that_crashes_its_session_twice_is_given_up() {
    let stage = Stage::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    client.hear("answer_chunk").await;
    for _ in 0..2 {
        stage.house.rehearse("session", Fault::Panic).await.unwrap();
    }
    assert_eq!(client.hear("final_answer").await["reason"]["code"], "internal");
    assert!(stage.teacher.asked.load(Ordering::SeqCst) <= 2, "it is not asked a third time");
    stage.open_the_gate();
    client
        .say(json!({ "type": "query", "id": "q2", "product_id": stage.product, "query": "again" }))
        .await;
    assert_eq!(client.hear("final_answer").await["id"], "q2");
}

#[actix::test]
async fn an_answerer_that_panics_costs_its_answer_and_no_socket() {
    let stage = Stage::new(|_| {}).await;
    stage.teacher.panics.store(true, Ordering::SeqCst);
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    assert_eq!(client.hear("final_answer").await["reason"]["code"], "internal");
    client.say(json!({ "type": "typing", "content": "a" })).await;
    client.hear("prediction").await;
}

#[actix::test]
async fn answers_past_the_bound_wait_in_line_and_past_the_line_are_refused() {
    let stage = Stage::new(|settings| {
        settings.sessions.max_answers = 1;
        settings.sessions.max_waiting_answers = 1;
    })
    .await;
    let (mut one, mut two, mut three) =
        (stage.client().await, stage.client().await, stage.client().await);
    one.say(stage.ask()).await;
    one.hear("answer_chunk").await;
    two.say(stage.ask()).await;
    assert_eq!(two.hear("queue").await["place"], 1);
    three.say(stage.ask()).await;
    assert_eq!(three.hear("final_answer").await["reason"]["code"], "busy");
    stage.open_the_gate();
    one.hear("final_answer").await;
    two.hear("final_answer").await;
    assert_eq!(two.answer(), "one two three");
    three.say(json!({ "type": "typing", "content": "a" })).await;
    three.hear("prediction").await;
}

#[actix::test]
async fn whoever_waits_in_line_is_told_again_when_somebody_before_them_leaves() {
    let stage = Stage::new(|settings| settings.sessions.max_answers = 1).await;
    let mut one = stage.client().await;
    one.say(stage.ask()).await;
    one.hear("answer_chunk").await;
    let (mut two, mut three) = (stage.client().await, stage.client().await);
    two.say(stage.ask()).await;
    assert_eq!(two.hear("queue").await["place"], 1);
    three.say(stage.ask()).await;
    assert_eq!(three.hear("queue").await["place"], 2);
    two.say(json!({ "type": "cancel" })).await;
    two.hear("final_answer").await;
    assert_eq!(three.hear("queue").await["place"], 1);
    stage.open_the_gate();
    three.hear("final_answer").await;
    assert_eq!(three.answer(), "one two three");
}

#[actix::test]
async fn an_answer_given_before_is_given_again_without_the_answerer_until_it_is_invalidated() {
    let stage = Stage::new(|_| {}).await;
    stage.open_the_gate();
    let mut first = stage.client().await;
    first.say(stage.ask()).await;
    first.hear("final_answer").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"answers\"} 1")).await;
    let mut second = stage.client().await;
    second.say(json!({ "type": "query", "product_id": stage.product, "query": " COUNT ?" })).await;
    second.hear("final_answer").await;
    assert_eq!(second.answer(), first.answer());
    let kinds = |client: &Client| -> Vec<Value> {
        client.heard.iter().map(|message| message["type"].clone()).collect()
    };
    assert_eq!(kinds(&second), kinds(&first), "in the order of part 1");
    assert_eq!(stage.teacher.asked.load(Ordering::SeqCst), 1);
    let forgotten =
        stage.house.caches().invalidate(Invalidate::Product(stage.product.clone())).await.unwrap();
    assert_eq!(forgotten.answers, 1);
    second.say(stage.ask()).await;
    second.hear("final_answer").await;
    assert_eq!(stage.teacher.asked.load(Ordering::SeqCst), 2);
}

#[actix::test]
async fn a_hot_answer_is_made_again_ahead_of_its_time_and_nobody_waits_for_it() {
    let stage = Stage::new(|settings| settings.cache.answers.ttl_ms = 4_000).await;
    stage.open_the_gate();
    let mut first = stage.client().await;
    first.say(stage.ask()).await;
    first.hear("final_answer").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"answers\"} 1")).await;
    // From now on whoever makes it does not get to the end.
    stage.teacher.gate.send_replace(false);
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(stage.client().await);
    }
    let is_made_again = || stage.teacher.asked.load(Ordering::SeqCst) == 2;
    for round in 0.. {
        for client in &mut crowd {
            client.heard.clear();
            let id = format!("again {round}");
            client
                .say(json!({ "type": "query", "id": id, "product_id": stage.product, "query": "count" }))
                .await;
        }
        for client in &mut crowd {
            client.hear("final_answer").await;
            assert_eq!(
                client.answer(),
                "one two three",
                "from what was kept, while it is made again"
            );
        }
        if is_made_again() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(is_made_again(), "once, and not by each of the crowd");
    stage.open_the_gate();
    let misses = "hsc_cache_misses_total{cache=\"answers\",layer=\"l1\"} 1";
    assert!(stage.says(misses), "only the first found nothing");
}

#[actix::test]
async fn a_hot_keystroke_is_kept_on_ahead_of_its_time() {
    let stage = Stage::new(|settings| settings.cache.predictions.ttl_ms = 2_000).await;
    let mut crowd = Vec::new();
    for _ in 0..10 {
        crowd.push(stage.client().await);
    }
    let typing = json!({ "type": "typing", "content": "a" });
    crowd[0].say(typing.clone()).await;
    crowd[0].hear("prediction").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"predictions\"} 1")).await;
    let began = tokio::time::Instant::now();
    // Two lifetimes of it and more.
    while began.elapsed() < Duration::from_secs(5) {
        for client in &mut crowd {
            client.say(typing.clone()).await;
        }
        for client in &mut crowd {
            client.hear("prediction").await;
            client.heard.clear();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let misses = "hsc_cache_misses_total{cache=\"predictions\",layer=\"l1\"} 1";
    assert!(stage.says(misses), "{}", stage.metrics.render());
}

#[actix::test]
async fn a_keystroke_typed_before_is_answered_the_same_from_what_was_kept() {
    let stage = Stage::new(|_| {}).await;
    let mut client = stage.client().await;
    let typing = |id: &str| json!({ "type": "typing", "content": "a", "id": id });
    client.say(typing("1")).await;
    let made = client.hear("prediction").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"predictions\"} 1")).await;
    client.say(typing("2")).await;
    let kept = client.hear("prediction").await;
    assert_eq!((&kept["data"], &kept["id"]), (&made["data"], &json!("2")));
    assert!(stage.says("hsc_cache_hits_total{cache=\"predictions\",layer=\"l1\"} 1"));
}

#[actix::test]
async fn a_full_pod_tells_a_page_with_1013_and_a_program_with_503_and_when_to_come_again() {
    let stage = Stage::new(|settings| settings.sessions.max = 1).await;
    let mut inside = stage.client().await;
    let address = format!("ws://{}/ws", stage.address);
    let Err(WsError::Http(refused)) = tokio_tungstenite::connect_async(&address).await else {
        panic!("it was to be refused")
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    let mut request = address.into_client_request().unwrap();
    request.headers_mut().insert("origin", "http://localhost".parse().unwrap());
    let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let mut page = Client { socket, heard: Vec::new() };
    assert_eq!(page.close_code().await, 1013);
    assert!(stage.says("hsc_ws_refused_total{reason=\"full\"} 2"));
    inside.say(json!({ "type": "typing", "content": "a" })).await;
    inside.hear("prediction").await;
}

#[actix::test]
async fn sessions_are_found_told_and_closed() {
    let stage = Stage::new(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(stage.client().await);
    }
    eventually("all are in the table", || stage.house.sessions().page(0, 10).len() == 3).await;
    let all = stage.house.sessions().page(0, 2);
    let rest = stage.house.sessions().page(all[1].key, 10);
    assert_eq!((all.len(), rest.len()), (2, 1));
    clients[0].say(stage.ask()).await;
    clients[0].hear("answer_chunk").await;
    let of_product = stage.house.sessions().of_product(&stage.product);
    assert_eq!(of_product.len(), 1);
    let told = stage.house.broadcast("a break at noon".to_owned()).await;
    assert_eq!(told, Ok(Announced { here: 3, other_pods: OtherPods::None }));
    for client in &mut clients {
        assert_eq!(client.hear("notice").await["message"], "a break at noon");
    }
    let asking = of_product[0].key;
    let closed = stage.house.close_where(move |info| info.key != asking, CloseReason::Policy).await;
    assert_eq!(closed, Ok(2));
    assert_eq!(clients[1].close_code().await, 1008);
    assert_eq!(clients[2].close_code().await, 1008);
    assert!(stage.house.sessions().close(&of_product[0].conversation, CloseReason::Normal));
    assert_eq!(clients[0].close_code().await, 1000);
    eventually("the table is empty", || stage.house.sessions().count() == 0).await;
}

#[actix::test]
async fn a_reader_that_stalls_is_closed_and_nobody_else_waits() {
    let stage = Stage::new(|settings| settings.server.outgoing_queue_bytes = 64 * 1024).await;
    let mut stalled = stage.client().await;
    let mut other = stage.client().await;
    let sent = Arc::new(Mutex::new(0));
    // Says much and reads nothing: what the sockets of both sides hold is filled first.
    for _ in 0..20_000 {
        let typing = Message::text(json!({ "type": "typing", "content": "" }).to_string());
        let sending = tokio::time::timeout(Duration::from_millis(200), stalled.socket.send(typing));
        if !matches!(sending.await, Ok(Ok(()))) || stage.house.sessions().count() == 1 {
            break;
        }
        *sent.lock().unwrap() += 1;
    }
    eventually("it is closed", || stage.says("hsc_ws_closed_total{code=\"1008\"} 1")).await;
    other.say(json!({ "type": "typing", "content": "a" })).await;
    other.hear("prediction").await;
    assert_eq!(stage.house.sessions().count(), 1);
}
