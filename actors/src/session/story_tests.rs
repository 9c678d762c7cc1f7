//! Appends, crashes, resumes and takeovers in any order, against the guarantees of a client.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use hsc_catalogs::{Snapshot, load_files};
use hsc_conversation::answer::{Answer, AnswerEvent, AnswererName, Outcome};
use hsc_conversation::protocol::{ClientFrame, Limits, ServerFrame};
use hsc_conversation::{
    Checkpoint, Conversation, Effect, Input, OpeningResult, Rules, visitor_frame,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ports::ConversationLog as _;
use crate::{LogLimits, MemoryLog};
use hsc_conversation::log::{ClientPosition, LogError, MissedEntries, OwnedConversation};
use hsc_conversation::outbox::{Frame, Outbox, OutboxStep};

const LIMITS: LogLimits =
    LogLimits { window: 1_000, bytes: 1 << 24, ttl: Duration::from_secs(3_600) };
const PODS: [&str; 3] = ["a", "b", "c"];
/// The answer to every question.
const WORDS: [&str; 3] = ["one ", "two ", "three"];

/// A conversation over a catalog of one product.
fn conversation(id: &str) -> Conversation {
    let documentation = json!({"type": "pdf", "url": "https://acme.test/td17.pdf"});
    let product = json!({"id": "td17", "name": "Acme TD-17", "documentation": documentation});
    let file = json!({"brand_identity": {"id": "acme", "name": "Acme"}, "products": [product]});
    let catalog = load_files([("acme.json", file.to_string().as_str())]).catalog;
    let rules =
        Rules { pending_questions: 2, prefetch_confidence: 80, limits: Limits::new(1 << 20, 20) };
    Conversation::new(id.into(), String::new(), Arc::new(Snapshot::new(catalog)), Arc::new(rules))
}

fn say(conversation: &mut Conversation, message: Value) -> Vec<Effect> {
    let frame = ClientFrame::parse(&message.to_string()).expect("a message of this test");
    conversation.apply(Input::Received(frame))
}

fn chunk(text: &str) -> AnswerEvent {
    AnswerEvent::Chunk(text.to_owned())
}

fn done(outcome: Outcome) -> AnswerEvent {
    AnswerEvent::Done(Box::new(Answer {
        outcome,
        text: String::new(),
        html: "<p>So.</p>".to_owned(),
        citations: Vec::new(),
        confidence: 0.5,
        grounded: true,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    }))
}

#[derive(Debug, Clone, Copy)]
enum Happens {
    /// The client sends a question.
    Asks,
    /// The answer of this owner progresses by one step.
    GoesOn(usize),
    /// The call of this owner to the log succeeds.
    Calls(usize),
    /// The call never reaches the log.
    CallIsLost(usize),
    /// The call succeeds, and its reply is lost.
    CallIsDoneAndLost(usize),
    /// The rules of this owner crash.
    Crashes(usize),
    /// The client loses its socket, and its session with it.
    LosesSocket,
    /// The client's pod is cut off from it, and lives on.
    IsCutOff,
    /// The client's pod dies.
    Dies,
    /// The client reconnects, to this pod.
    ComesBack(usize),
    /// This pod completes the answers of dead pods.
    Completes(usize),
    /// The delay passes.
    Later(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let owner = 0_usize..4;
    prop_oneof![
        3 => Just(Happens::Asks),
        8 => owner.clone().prop_map(Happens::GoesOn),
        8 => owner.clone().prop_map(Happens::Calls),
        1 => owner.clone().prop_map(Happens::CallIsLost),
        1 => owner.clone().prop_map(Happens::CallIsDoneAndLost),
        1 => owner.clone().prop_map(Happens::Crashes),
        1 => Just(Happens::LosesSocket),
        1 => Just(Happens::IsCutOff),
        1 => Just(Happens::Dies),
        3 => (0_usize..3).prop_map(Happens::ComesBack),
        2 => (0_usize..3).prop_map(Happens::Completes),
        2 => owner.prop_map(Happens::Later),
    ]
}

/// A session, or a completion without a socket.
struct Owner {
    pod: usize,
    log: MemoryLog,
    owned: OwnedConversation,
    conversation: Conversation,
    checkpoint: Checkpoint,
    outbox: Outbox,
    call: Option<OutboxStep>,
    answer: Option<(u64, usize)>,
    is_later: bool,
    is_alive: bool,
}

impl Owner {
    fn new(log: &MemoryLog, pod: usize) -> Self {
        Self {
            pod,
            log: log.of_pod(PODS[pod]),
            owned: OwnedConversation { conversation: "c1".into(), epoch: 1 },
            conversation: conversation("c1"),
            checkpoint: Checkpoint::default(),
            outbox: Outbox::opening(0),
            call: None,
            answer: None,
            is_later: false,
            is_alive: true,
        }
    }

    /// Performs effects; returns the frames to the client.
    fn take(&mut self, effects: Vec<Effect>) -> Vec<String> {
        if self.conversation.write_checkpoint(&mut self.checkpoint) {
            self.outbox.changed();
        }
        let mut out = Vec::new();
        for effect in effects {
            let mut steps = Vec::new();
            match effect {
                Effect::Send { message, id } => {
                    let frame = ServerFrame { message: &message, id: id.as_ref(), offset: None };
                    let frame = Frame { kind: message.kind(), json: frame.to_json().into() };
                    self.outbox.push(frame, None, &mut steps);
                }
                Effect::Event(entry) => {
                    if let Some(frame) = visitor_frame(&entry) {
                        self.outbox.push(frame, Some(entry.stored()), &mut steps);
                    }
                }
                Effect::StartAnswer { answer, .. } => self.answer = Some((answer, 0)),
                Effect::StopAnswer => self.answer = None,
                Effect::Replay(entries) => {
                    let frames = entries.iter().filter_map(visitor_frame);
                    out.extend(frames.map(|frame| frame.json.to_string()));
                }
                Effect::UseLog { owned, offset, is_held, .. } => {
                    self.owned = owned;
                    self.outbox =
                        if is_held { Outbox::held(offset) } else { Outbox::logged(offset) };
                }
                _ => {}
            }
            out.extend(self.follow(steps));
        }
        out.extend(self.post());
        self.tell_of_answer();
        out
    }

    fn tell_of_answer(&self) {
        let report = self.log.answering(self.owned.clone(), self.conversation.is_answering());
        drop(report.now_or_never());
    }

    fn post(&mut self) -> Vec<String> {
        let step = self.outbox.append(|| self.checkpoint.encode());
        self.follow(step.into_iter().collect())
    }

    fn follow(&mut self, steps: Vec<OutboxStep>) -> Vec<String> {
        let mut out = Vec::new();
        for step in steps {
            match step {
                OutboxStep::Send(frame) => out.push(frame.json.to_string()),
                OutboxStep::RetryLater => self.is_later = true,
                OutboxStep::Superseded => (self.is_alive, self.answer) = (false, None),
                call => {
                    assert!(self.call.is_none(), "one call at a time");
                    self.call = Some(call);
                }
            }
        }
        out
    }

    /// The call under way ends; `reaches` the log, and its reply is received here if `replied`.
    fn calls(&mut self, reaches: bool, replied: bool) -> Vec<String> {
        let away = || LogError::unavailable("lost");
        let mut steps = Vec::new();
        match self.call.take() {
            Some(OutboxStep::Append(batch)) => {
                let append = || self.log.append(self.owned.clone(), batch).now_or_never().unwrap();
                let result = if reaches { append() } else { Err(away()) };
                self.outbox.appended(if replied { result } else { Err(away()) }, &mut steps);
            }
            Some(OutboxStep::Begin { offset }) => {
                let begin = || self.log.begin(self.owned.clone(), offset).now_or_never().unwrap();
                let result = if reaches { begin() } else { Err(away()) };
                let result = if replied { result } else { Err(away()) };
                self.outbox.begun(result, || self.checkpoint.encode(), &mut steps);
            }
            _ => return Vec::new(),
        }
        let mut out = self.follow(steps);
        out.extend(self.post());
        out
    }

    fn later(&mut self) -> Vec<String> {
        if !std::mem::take(&mut self.is_later) {
            return Vec::new();
        }
        let step = self.outbox.ask_again(|| self.checkpoint.encode());
        let mut out = self.follow(step.into_iter().collect());
        out.extend(self.post());
        out
    }

    fn goes_on(&mut self) -> Vec<String> {
        let Some((answer, sent)) = self.answer else { return Vec::new() };
        let event = match sent {
            0 => AnswerEvent::Thinking,
            sent => WORDS.get(sent - 1).map_or_else(|| done(Outcome::Answered), |word| chunk(word)),
        };
        self.answer = (sent <= WORDS.len()).then_some((answer, sent + 1));
        let effects = self.conversation.apply(Input::Answering { answer, event });
        self.take(effects)
    }

    fn crashes(&mut self) -> Vec<String> {
        self.answer = None;
        self.conversation = conversation(self.conversation.id());
        let effects = self.conversation.recover(self.checkpoint.clone());
        self.take(effects)
    }
}

/// The client's state, checked with every frame.
#[derive(Default)]
struct Client {
    after: u64,
    epoch: u64,
    /// Questions, each with the text of its answer and how it ended.
    questions: Vec<String>,
    texts: HashMap<String, String>,
    ends: HashMap<String, Value>,
    /// Number of loss notices to the client, and the end of each answer.
    losses: u32,
    ended_at: HashMap<String, u32>,
}

impl Client {
    fn gets(&mut self, frames: Vec<String>) {
        for frame in frames {
            let frame: Value = serde_json::from_str(&frame).unwrap();
            if frame["type"] == "welcome" {
                self.epoch = frame["epoch"].as_u64().unwrap();
                if frame["recovered"] == false {
                    self.losses += 1;
                    self.after = frame["offset"].as_u64().unwrap();
                    // As the page does: open answers start again.
                    self.texts.retain(|id, _| self.ends.contains_key(id));
                }
                continue;
            }
            let Some(offset) = frame["offset"].as_u64() else { continue };
            assert_eq!(offset, self.after + 1, "none lost and none twice: {frame}");
            self.after = offset;
            let id = frame["id"].as_str().unwrap_or_default().to_owned();
            if let Some(ended) = self.ended_at.get(&id) {
                // The log had no end of it: the same end is sent again, and the page skips it.
                assert!(*ended < self.losses, "one end: {frame}");
                continue;
            }
            if frame["type"] == "answer_chunk" {
                let text = self.texts.entry(id).or_default();
                *text += frame["content"].as_str().unwrap();
            } else if frame["type"] == "final_answer" {
                self.ended_at.insert(id.clone(), self.losses);
                self.ends.insert(id, frame.clone());
            }
        }
    }
}

struct World {
    log: MemoryLog,
    owners: Vec<Owner>,
    /// The owner of the client's socket.
    held: Option<usize>,
    client: Client,
    /// Frames were sent that the log does not have: then a loss notice is allowed.
    was_away: bool,
}

impl World {
    fn new() -> Self {
        let log = MemoryLog::new(LIMITS);
        let mut world = Self {
            owners: vec![Owner::new(&log, 0)],
            log,
            held: Some(0),
            client: Client::default(),
            was_away: false,
        };
        let owner = &mut world.owners[0];
        let effects = say(&mut owner.conversation, json!({ "type": "hello" }));
        let mut out = owner.take(effects);
        owner.log.begin(owner.owned.clone(), 0).now_or_never().unwrap().unwrap();
        let opened =
            OpeningResult::Begun { token: String::new(), is_logged: true, not_resumed: None };
        let effects = owner.conversation.apply(Input::Opened(opened));
        out.extend(owner.take(effects));
        world.client.gets(out);
        world
    }

    fn at(&mut self, index: usize, what: impl FnOnce(&mut Owner) -> Vec<String>) {
        // The newest first: those matter.
        let Some(index) = self.owners.len().checked_sub(index + 1) else { return };
        if !self.owners[index].is_alive {
            return;
        }
        let out = what(&mut self.owners[index]);
        if self.held == Some(index) {
            self.client.gets(out);
            if !self.owners[index].is_alive {
                self.held = None;
            }
        }
    }

    fn asks(&mut self, id: &str) {
        let Some(held) = self.held else { return };
        let query = json!({ "type": "query", "id": id, "product_id": "td17", "query": "count" });
        let owner = &mut self.owners[held];
        let effects = say(&mut owner.conversation, query);
        let out = owner.take(effects);
        self.client.gets(out);
    }

    fn comes_back(&mut self, pod: usize) {
        if let Some(held) = self.held.take() {
            // The session of a dropped socket ends.
            self.ends(held);
        }
        let mut owner = Owner::new(&self.log, pod);
        let resume = json!({ "conversation": "c1", "token": "t", "after": self.client.after });
        let effects = say(&mut owner.conversation, json!({ "type": "hello", "resume": resume }));
        let mut out = owner.take(effects);
        let seen = ClientPosition { epoch: self.client.epoch, offset: self.client.after };
        let taken = owner.log.take_over("c1".into(), seen).now_or_never().unwrap().unwrap();
        let is_whole = matches!(taken.missed, MissedEntries::All(_));
        assert!(is_whole || self.was_away, "what was appended before it was sent is never lost");
        let opened = OpeningResult::TakenOver {
            conversation: "c1".into(),
            token: String::new(),
            taken: Box::new(taken),
        };
        let effects = owner.conversation.apply(Input::Opened(opened));
        out.extend(owner.take(effects));
        self.client.gets(out);
        self.owners.push(owner);
        self.held = Some(self.owners.len() - 1);
        for id in self.client.questions.clone() {
            if !self.client.ends.contains_key(&id) {
                self.asks(&id);
            }
        }
    }

    /// A session ends normally.
    fn ends(&mut self, index: usize) {
        let owner = &mut self.owners[index];
        if std::mem::replace(&mut owner.is_alive, false) {
            drop(owner.log.answering(owner.owned.clone(), false).now_or_never());
        }
    }

    fn completes(&mut self, pod: usize) {
        let dead: Vec<usize> =
            self.owners.iter().filter(|owner| !owner.is_alive).map(|owner| owner.pod).collect();
        let log = self.log.of_pod(PODS[pod]);
        for name in dead.into_iter().filter(|dead| *dead != pod) {
            let claimed = log.claim(PODS[name].into()).now_or_never().unwrap().unwrap();
            let Some(claimed) = claimed else { continue };
            let mut owner = Owner::new(&self.log, pod);
            owner.conversation = conversation(&claimed.conversation);
            let effects = owner.conversation.adopt(claimed.taken);
            owner.take(effects);
            self.owners.push(owner);
        }
    }

    fn happens(&mut self, happens: Happens, number: usize) {
        match happens {
            Happens::Asks => {
                let waiting = self.client.questions.len() - self.client.ends.len();
                // More would be refused, which other tests cover.
                if self.held.is_some() && waiting < 2 {
                    let id = format!("q{number}");
                    self.client.questions.push(id.clone());
                    self.asks(&id);
                }
            }
            Happens::GoesOn(owner) => self.at(owner, Owner::goes_on),
            Happens::Calls(owner) => self.at(owner, |owner| owner.calls(true, true)),
            Happens::CallIsLost(owner) => {
                self.was_away = true;
                self.at(owner, |owner| owner.calls(false, false));
            }
            Happens::CallIsDoneAndLost(owner) => {
                self.was_away = true;
                self.at(owner, |owner| owner.calls(true, false));
            }
            Happens::Crashes(owner) => self.at(owner, Owner::crashes),
            Happens::LosesSocket => {
                if let Some(held) = self.held.take() {
                    self.ends(held);
                }
            }
            Happens::IsCutOff => self.held = None,
            Happens::Dies => {
                if let Some(held) = self.held.take() {
                    self.owners[held].is_alive = false;
                }
            }
            Happens::ComesBack(pod) => self.comes_back(pod),
            Happens::Completes(pod) => self.completes(pod),
            Happens::Later(owner) => self.at(owner, Owner::later),
        }
    }
}

/// Plays a story, heals every fault, and checks what the client got.
fn plays(story: impl IntoIterator<Item = Happens>) {
    let mut world = World::new();
    for (number, happens) in story.into_iter().enumerate() {
        world.happens(happens, number);
    }
    // At the end the client reconnects and every fault is healed.
    world.happens(Happens::ComesBack(0), usize::MAX);
    for _ in 0..60 {
        for healed in [Happens::GoesOn(0), Happens::Calls(0), Happens::Later(0)] {
            world.happens(healed, usize::MAX);
        }
    }
    let client = &world.client;
    for id in &client.questions {
        let end = client.ends.get(id);
        assert!(end.is_some(), "{} has no end: {:?}", id, client.questions);
        let text = client.texts.get(id).map_or("", String::as_str);
        let is_honest = end.is_some_and(|end| end["reason"].is_object());
        assert!(text == WORDS.concat() || is_honest, "{}: {}", id, text);
    }
    // The log has no more than the client got.
    let seen = ClientPosition { epoch: client.epoch, offset: client.after };
    let taken = world.log.take_over("c1".into(), seen).now_or_never().unwrap().unwrap();
    assert_eq!((taken.missed, taken.offset), (MissedEntries::All(Vec::new()), client.after));
}

#[test]
fn an_answer_restarts_after_a_loss_notice_whose_checkpoint_was_not_stored() {
    use Happens::{Asks, CallIsDoneAndLost, CallIsLost, ComesBack, Completes, GoesOn};
    plays([
        Asks,
        Asks,
        CallIsDoneAndLost(0),
        ComesBack(0),
        CallIsLost(0),
        Completes(1),
        GoesOn(1),
        GoesOn(1),
        GoesOn(0),
        GoesOn(0),
        CallIsDoneAndLost(0),
        ComesBack(0),
        CallIsLost(0),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_faults_sends_each_message_once_in_order_and_ends_each_answer_once(
        story in prop::collection::vec(happens(), 0..80),
    ) {
        plays(story);
    }
}
