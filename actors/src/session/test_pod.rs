//! A pod for tests of live sockets: an answerer that waits at a gate, a server, its clients.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpServer, web};
use futures::stream::{self, BoxStream};
use futures::{SinkExt as _, StreamExt as _};
use hsc_catalogs::{Manual, Snapshot};
use hsc_config::Settings;
use hsc_monitoring::Metrics;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::archiving::{ArchiveHandle, ArchiveLimits};
use crate::bridge::{InMemoryBus, Loopback};
use crate::cache::CacheLimits;
use crate::ports::archive::{ArchiveError, ArchiveReply, Notes};
use crate::ports::{
    Answerer, ConversationLog, ManualError, ManualLoader, ManualReply, Relay, SessionCheck,
};
use crate::{
    DeskLimits, Hours, LogLimits, ManualCache, MemoryDesk, MemoryLog, Pod, PodDependencies,
    PodServices, SocketRefused, SupervisionConfig,
};
use hsc_conversation::answer::{
    Answer, AnswerEvent, AnswererName, ManualRequest, Outcome, Question, Requester,
};
use hsc_conversation::archive::{Record, StampedRecord};
use hsc_conversation::desk::OnBehalfOf;
use hsc_conversation::protocol::{Agent, Limits, Note};
use hsc_conversation::{ClientAddress, Rules, Tokens, TraceContext};
/// Longest wait of a client in these tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers "one two" and, once the gate is open, "three".
pub(crate) struct GatedAnswerer {
    pub(crate) gate: watch::Sender<bool>,
    pub(crate) questions: AtomicUsize,
    /// The requester of each answer.
    pub(crate) askers: Mutex<Vec<Requester>>,
    /// The picture of each question.
    pub(crate) images: Mutex<Vec<Option<hsc_conversation::protocol::Image>>>,
    pub(crate) panics: AtomicBool,
    /// Answers end before the first word.
    pub(crate) ends_early: AtomicBool,
    pub(crate) other_words: AtomicBool,
    pub(crate) sees_pictures: AtomicBool,
}

impl Answerer for GatedAnswerer {
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        self.askers.lock().expect("no test panics while it holds this").push(question.asker);
        if !self.sees_pictures() {
            // Stored here, a picture would keep its share of the budget.
            self.images.lock().expect("no test panics while it holds this").push(question.image);
        }
        assert!(!self.panics.load(Ordering::SeqCst), "I have forgotten it");
        let first = if self.other_words.load(Ordering::SeqCst) { "uno " } else { "one " };
        let begin = [AnswerEvent::Reading, AnswerEvent::Thinking];
        if self.ends_early.load(Ordering::SeqCst) {
            return stream::iter(begin).boxed();
        }
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
                provisional: false,
                pages_pending: 0,
            };
            stream::iter([
                AnswerEvent::Chunk("three".to_owned()),
                AnswerEvent::Done(Box::new(done)),
            ])
        };
        let rest = futures::FutureExt::flatten_stream(rest);
        stream::iter(begin).chain(stream::iter(words)).chain(rest).boxed()
    }

    fn sees_pictures(&self) -> bool {
        self.sees_pictures.load(Ordering::SeqCst)
    }
}

struct NoManuals;

impl ManualLoader for NoManuals {
    fn load(&self, _: ManualRequest, _: Option<TraceContext>) -> ManualReply<Arc<Manual>> {
        Box::pin(async { Err(ManualError::new("none", "There is none.", "no manuals here")) })
    }
}

/// An archive that is unavailable: notes go to the watching agents, and are written later.
struct NoNotes;

impl Notes for NoNotes {
    fn notes(&self, _: &str, _: u32) -> ArchiveReply<'_, Vec<Note>> {
        Box::pin(async { Err(ArchiveError::unavailable("no archive here")) })
    }

    fn write_note(&self, _: Arc<StampedRecord>) -> ArchiveReply<'_, ()> {
        Box::pin(async { Err(ArchiveError::unavailable("no archive here")) })
    }
}

pub(crate) struct TestPod {
    pub(crate) pod: Arc<Pod>,
    pub(crate) teacher: Arc<GatedAnswerer>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) address: SocketAddr,
    pub(crate) product: String,
    /// The archive records, in order.
    pub(crate) recorded: Arc<Mutex<Vec<Record>>>,
}

impl TestPod {
    pub(crate) async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap().conversations;
        let log = Arc::new(MemoryLog::new(LogLimits::from(&settings)));
        Self::among_others("pod", log, Arc::new(crate::tokens_of(&settings)), change).await
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

    /// A pod that shares its log and its desk with others, and receives their messages if there is a bus.
    pub(crate) async fn at_desk(
        pod: &str,
        (log, tokens): (Arc<dyn ConversationLog>, Arc<Tokens>),
        (desk, bus): (MemoryDesk, Option<InMemoryBus>),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap();
        settings.actors.max_restarts = 10_000;
        settings.sessions.overload_after_ms = 0;
        settings.server.messages_per_second = 100_000;
        settings.server.message_burst = 100_000;
        settings.server.ping_interval_ms = 20_000;
        settings.server.idle_timeout_ms = 60_000;
        settings.sessions.prefetch_after_ms = 1_000;
        settings.sessions.max_waiting_answers_per_address = 0;
        change(&mut settings);
        let metrics = Metrics::new();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/data");
        let catalog = hsc_catalogs::load_dir(&data).unwrap().catalog;
        let with_manual = |product: &&Arc<hsc_catalogs::Product>| product.documentation.is_some();
        let product = catalog.products().iter().find(with_manual).unwrap().id.to_string();
        let archive = ArchiveHandle::new(ArchiveLimits::from(&settings.archive), &metrics);
        let recorded = Arc::clone(&archive.recorded);
        let teacher = Arc::new(GatedAnswerer {
            gate: watch::Sender::new(false),
            questions: AtomicUsize::new(0),
            askers: Mutex::default(),
            images: Mutex::default(),
            panics: AtomicBool::new(false),
            ends_early: AtomicBool::new(false),
            other_words: AtomicBool::new(false),
            sees_pictures: AtomicBool::new(false),
        });
        let supervision = SupervisionConfig::from(&settings.actors);
        let limits = CacheLimits::of(&settings.cache, &settings.cache.manuals);
        let manuals =
            ManualCache::new(Arc::new(NoManuals), None, limits, supervision.care, &metrics);
        let answerer: Arc<dyn Answerer> = teacher.clone();
        let pod = Arc::new(Pod::start(PodDependencies {
            name: pod.into(),
            relay: bus.map(|bus| Arc::new(Loopback::over(&bus)) as Arc<dyn Relay>),
            registration: crate::PodRegistration {
                directory: None,
                address: "127.0.0.1:1".to_owned(),
                version: "test",
                started_at: String::new(),
                heartbeat: Duration::from_secs(1),
                expires: Duration::from_secs(5),
            },
            catalog: Arc::new(Snapshot::new(catalog)),
            manuals,
            answerer,
            desk: Arc::new(desk.of_pod(pod)),
            hours: Hours::of(&settings.desk.hours).unwrap(),
            handoffs: crate::HandoffLimits::default(),
            desk_heartbeat: Duration::from_millis(50),
            services: PodServices {
                log,
                tokens,
                archive,
                notes: Arc::new(NoNotes),
                rules: Rules {
                    pending_questions: settings.sessions.max_pending_questions,
                    prefetch_confidence: 101,
                    limits: Limits::new(settings.server.max_message_bytes, 100_000),
                },
                server: settings.server,
                sessions: settings.sessions,
                metrics: Arc::clone(&metrics),
            },
            visitor_tokens: None,
            l2: crate::L2Caches::default(),
            cache: settings.cache,
            supervision,
            workers: Vec::new(),
        }));
        let server_pod = Arc::clone(&pod);
        let server = HttpServer::new(move || {
            let pod = Arc::clone(&server_pod);
            let open = move |request: HttpRequest, payload: web::Payload| {
                let pod = Arc::clone(&pod);
                async move {
                    pod.connect(&request, payload, ClientAddress::NONE, None, None)
                        .map_err(no_socket)
                }
            };
            let pod = Arc::clone(&server_pod);
            let open_agent =
                move |id: web::Path<String>, request: HttpRequest, payload: web::Payload| {
                    let pod = Arc::clone(&pod);
                    let id = id.into_inner();
                    let (name, is_admin) = (id.to_uppercase(), id == "admin");
                    let me = OnBehalfOf { agent: Agent { id, name }, is_admin };
                    let still_in: SessionCheck = Arc::new(|_| Box::pin(async { true }));
                    async move {
                        pod.connect_agent(&request, payload, (me, ""), still_in).map_err(no_socket)
                    }
                };
            App::new()
                .route("/ws", web::get().to(open))
                .route("/ws/agent/{id}", web::get().to(open_agent))
        })
        .workers(1)
        .disable_signals()
        // A thousand clients of a busy machine may need longer for a handshake than the library allows.
        .client_request_timeout(Duration::ZERO)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        actix::spawn(server.run());
        Self { pod, teacher, metrics, address, product, recorded }
    }

    /// An agent's socket, after its snapshot of the desk.
    pub(crate) async fn agent(&self, id: &str) -> Client {
        let address = format!("ws://{}/ws/agent/{id}", self.address);
        let (socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
        let mut agent = Client { socket, received: Vec::new() };
        agent.receive("desk").await;
        agent
    }

    pub(crate) async fn client(&self) -> Client {
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}/ws", self.address)).await.unwrap();
        Client { socket, received: Vec::new() }
    }

    pub(crate) fn ask(&self) -> Value {
        json!({ "type": "query", "id": "q", "product_id": self.product, "query": "count" })
    }

    pub(crate) fn open_the_gate(&self) {
        self.teacher.gate.send_replace(true);
    }

    pub(crate) fn says(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|shown| shown == line)
    }
}

fn no_socket(refused: SocketRefused) -> actix_web::Error {
    match refused {
        SocketRefused::Admission(refused) => {
            actix_web::error::ErrorServiceUnavailable(refused.to_string())
        }
        SocketRefused::NoUpgrade(error) => error,
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) received: Vec<Value>,
}

impl Client {
    pub(crate) async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message of a type; earlier ones are stored in `received`.
    pub(crate) async fn receive(&mut self, kind: &str) -> Value {
        self.hear_first(kind, |message| message["type"] == kind).await
    }

    /// The next message of any type.
    pub(crate) async fn hear_any(&mut self) {
        self.hear_first("message", |_| true).await;
    }

    /// The first message that matches; earlier ones are stored in `received`. One deadline for all of it: neither pings
    /// nor other messages extend it.
    pub(crate) async fn hear_first(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let Self { socket, received } = self;
        let found = async {
            loop {
                match socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => {
                        let message: Value = serde_json::from_str(&text).unwrap();
                        received.push(message.clone());
                        if is_it(&message) {
                            return message;
                        }
                    }
                    Message::Close(close) => panic!("closed ({close:?}) after {received:?}"),
                    _ => {}
                }
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(message) => message,
            Err(_) => panic!("no {what} within {PATIENCE:?} after {:?}", self.received),
        }
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        let closed = async {
            loop {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Close(close) => return close.unwrap().code.into(),
                    Message::Text(text) => self.received.push(serde_json::from_str(&text).unwrap()),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("the socket is closed in time")
    }

    pub(crate) fn answer(&self) -> String {
        let chunks = self.received.iter().filter(|message| message["type"] == "answer_chunk");
        chunks.map(|chunk| chunk["content"].as_str().unwrap()).collect()
    }

    pub(crate) fn offsets(&self) -> Vec<u64> {
        self.received.iter().filter_map(|message| message["offset"].as_u64()).collect()
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
