//! Conversations that continue: on another socket, on another pod, without a client, without a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::test_pod::{Client, TestPod, eventually};
use crate::ports::ConversationLog;
use crate::{LogLimits, MemoryLog};
use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, OwnedConversation, StoredConversation, TakenOver,
};
use hsc_conversation::{NotResumed, Tokens};

const LIMITS: LogLimits =
    LogLimits { window: 100, bytes: 1 << 20, ttl: Duration::from_secs(3_600) };

/// The log in memory, with a connection that can be cut.
#[derive(Clone)]
struct Line {
    log: MemoryLog,
    is_cut: Arc<AtomicBool>,
    appends: Arc<AtomicUsize>,
}

impl Line {
    fn unless_cut<T: Send + 'static>(
        &self,
        call: BoxFuture<'static, Result<T, LogError>>,
    ) -> BoxFuture<'static, Result<T, LogError>> {
        let is_cut = Arc::clone(&self.is_cut);
        let reading = async move {
            // Not at once, as over a network.
            tokio::task::yield_now().await;
            if is_cut.load(Ordering::SeqCst) {
                return Err(LogError::unavailable("the line is cut"));
            }
            call.await
        };
        reading.boxed()
    }

    fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

impl ConversationLog for Line {
    fn begin(
        &self,
        owned: OwnedConversation,
        offset: u64,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        self.unless_cut(self.log.begin(owned, offset))
    }

    fn append(
        &self,
        owned: OwnedConversation,
        batch: Batch,
    ) -> BoxFuture<'static, Result<u64, LogError>> {
        let (appended, appends) = (self.log.append(owned, batch), Arc::clone(&self.appends));
        let counted = appended.inspect(move |_| {
            appends.fetch_add(1, Ordering::SeqCst);
        });
        self.unless_cut(counted.boxed())
    }

    fn take_over(
        &self,
        conversation: Arc<str>,
        seen: ClientPosition,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>> {
        self.unless_cut(self.log.take_over(conversation, seen))
    }

    fn read(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<StoredConversation, LogError>> {
        self.unless_cut(self.log.read(conversation))
    }

    fn end_tokens(
        &self,
        conversation: Arc<str>,
        keep: Duration,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        self.unless_cut(self.log.end_tokens(conversation, keep))
    }

    fn are_tokens_ended(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<bool, LogError>> {
        self.unless_cut(self.log.are_tokens_ended(conversation))
    }

    fn answering(
        &self,
        owned: OwnedConversation,
        is_answering: bool,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        self.unless_cut(self.log.answering(owned, is_answering))
    }

    fn claim(&self, pod: Arc<str>) -> BoxFuture<'static, Result<Option<Claimed>, LogError>> {
        self.unless_cut(self.log.claim(pod))
    }
}

/// Two pods with one log, and the connections from each to it.
struct Pods {
    a: TestPod,
    b: TestPod,
    line_a: Line,
}

impl Pods {
    async fn new() -> Self {
        let log = MemoryLog::new(LIMITS);
        let tokens = Arc::new(Tokens::new([b"a secret of these pods".as_slice()], LIMITS.ttl));
        let line = |pod: &str| Line {
            log: log.of_pod(pod),
            is_cut: Arc::default(),
            appends: Arc::default(),
        };
        let (line_a, line_b) = (line("a"), line("b"));
        let (to_a, to_b): (Arc<dyn ConversationLog>, Arc<dyn ConversationLog>) =
            (Arc::new(line_a.clone()), Arc::new(line_b));
        let a = TestPod::among_others("a", to_a, Arc::clone(&tokens), |_| {}).await;
        let b = TestPod::among_others("b", to_b, tokens, |_| {}).await;
        Self { a, b, line_a }
    }
}

/// A client that has sent `hello`.
async fn greeted(stage: &TestPod) -> (Client, Value) {
    let mut client = stage.client().await;
    client.say(json!({ "type": "hello", "compact": true })).await;
    let welcome = client.receive("welcome").await;
    (client, welcome)
}

/// A client that resumes and has every frame up to this offset.
async fn resumed(stage: &TestPod, welcome: &Value, after: u64) -> (Client, Value) {
    let mut client = stage.client().await;
    let (conversation, token) = (&welcome["conversation"], &welcome["token"]);
    let resume = json!({ "conversation": conversation, "token": token, "after": after });
    client.say(json!({ "type": "hello", "compact": true, "resume": resume })).await;
    let welcome = client.receive("welcome").await;
    (client, welcome)
}

/// Asks, and waits for the first words of the answer.
async fn half_an_answer(stage: &TestPod, client: &mut Client) {
    client.say(stage.ask()).await;
    client.receive("answer_chunk").await;
    client.receive("answer_chunk").await;
}

#[actix::test]
async fn an_answer_interrupted_by_a_lost_socket_continues_on_another_pod() {
    let pods = Pods::new().await;
    let (mut client, welcome) = greeted(&pods.a).await;
    half_an_answer(&pods.a, &mut client).await;
    drop(client.socket);
    eventually("the session has ended", || pods.a.pod.sessions().count() == 0).await;
    // It got only the first of the two chunks.
    let (mut again, welcome) = resumed(&pods.b, &welcome, 1).await;
    assert_eq!((&welcome["recovered"], &welcome["epoch"]), (&json!(true), &json!(2)));
    pods.b.open_the_gate();
    // The page repeats its question, whose answer is running.
    again.say(pods.b.ask()).await;
    again.receive("final_answer").await;
    assert_eq!((again.answer(), again.offsets()), ("two three".to_owned(), vec![2, 2, 3, 4, 5]));
    assert_eq!(pods.b.teacher.questions.load(Ordering::SeqCst), 1);
    let held = pods.b.pod.sessions().of_conversation(welcome["conversation"].as_str().unwrap());
    assert!(held.is_some(), "it is found under its id");
}

#[actix::test]
async fn of_two_sockets_of_one_conversation_the_older_is_closed_and_sends_no_more_messages() {
    for second_on_b in [false, true] {
        let pods = Pods::new().await;
        let (mut older, welcome) = greeted(&pods.a).await;
        half_an_answer(&pods.a, &mut older).await;
        let pod = if second_on_b { &pods.b } else { &pods.a };
        let (mut newer, _) = resumed(pod, &welcome, 2).await;
        pods.a.open_the_gate();
        pods.b.open_the_gate();
        newer.receive("final_answer").await;
        assert_eq!(newer.answer(), "three");
        assert_eq!(older.close_code().await, 4001);
        assert_eq!(older.answer(), "one two ", "on another pod: {second_on_b}");
    }
}

#[actix::test]
async fn an_invalid_token_begins_another_conversation_and_reports_the_reason() {
    let pods = Pods::new().await;
    let (_one, mine) = greeted(&pods.a).await;
    let (_two, other) = greeted(&pods.a).await;
    for token in [json!("forged"), json!(""), other["token"].clone()] {
        let forged = json!({ "conversation": mine["conversation"], "token": token });
        let (mut client, welcome) = resumed(&pods.b, &forged, 0).await;
        assert_eq!(welcome["recovered"], false);
        assert_eq!(welcome["reason"], NotResumed::BadToken.to_string());
        assert_ne!(welcome["conversation"], mine["conversation"]);
        pods.b.open_the_gate();
        client.say(pods.b.ask()).await;
        client.receive("final_answer").await;
    }
    assert_eq!(pods.a.pod.sessions().count(), 2, "no session was closed");
}

#[actix::test]
async fn the_answer_of_a_vanished_pod_is_completed_and_later_appends_of_that_pod_are_refused() {
    let pods = Pods::new().await;
    let (mut client, welcome) = greeted(&pods.a).await;
    half_an_answer(&pods.a, &mut client).await;
    let appends = || pods.line_a.appends.load(Ordering::SeqCst);
    let before = appends();
    client
        .say(json!({ "type": "query", "id": "q2", "product_id": pods.a.product, "query": "again" }))
        .await;
    eventually("the second question is in the checkpoint", || appends() > before).await;
    pods.b.open_the_gate();
    pods.b.pod.pod_vanished("a");
    eventually("both are answered", || pods.b.teacher.questions.load(Ordering::SeqCst) == 2).await;
    // It was only slow: its next append is refused.
    pods.a.open_the_gate();
    assert_eq!(client.close_code().await, 4001);
    assert_eq!(client.answer(), "one two ");
    let (mut again, welcome) = resumed(&pods.b, &welcome, 2).await;
    assert_eq!(welcome["recovered"], true);
    while again.received.iter().filter(|message| message["type"] == "final_answer").count() < 2 {
        again.receive("final_answer").await;
    }
    assert_eq!(again.answer(), "threeone two three");
    let offsets: Vec<u64> = again.offsets().into_iter().skip(1).collect();
    assert_eq!(offsets, (3..=10).collect::<Vec<u64>>());
}

#[actix::test]
async fn a_pod_at_the_end_of_its_drain_time_leaves_its_answer_to_another() {
    let pods = Pods::new().await;
    let (mut client, welcome) = greeted(&pods.a).await;
    half_an_answer(&pods.a, &mut client).await;
    pods.a.pod.sessions().hand_over().await;
    assert_eq!(client.close_code().await, 1012);
    assert_eq!(client.received.last().unwrap()["type"], "reconnect");
    assert!(client.received.iter().all(|message| message["type"] != "final_answer"));
    pods.b.open_the_gate();
    let (mut again, welcome) = resumed(&pods.b, &welcome, 2).await;
    assert_eq!(welcome["recovered"], true);
    again.receive("final_answer").await;
    assert_eq!(
        (again.answer(), again.offsets()[1..].to_vec()),
        ("three".to_owned(), vec![3, 4, 5])
    );
}

#[actix::test]
async fn an_unavailable_log_delays_no_chat_and_receives_its_messages_when_it_returns() {
    let pods = Pods::new().await;
    pods.line_a.cut(true);
    pods.a.open_the_gate();
    pods.b.open_the_gate();
    let (mut client, welcome) = greeted(&pods.a).await;
    assert_eq!(welcome["reason"], hsc_conversation::UNLOGGED);
    client.say(pods.a.ask()).await;
    client.receive("final_answer").await;
    assert_eq!(client.offsets()[1..], [1, 2, 3, 4, 5]);
    let (_, refused) = resumed(&pods.a, &welcome, 5).await;
    assert_eq!(refused["reason"], NotResumed::Unavailable.to_string());
    pods.line_a.cut(false);
    let conversation: Arc<str> = welcome["conversation"].as_str().unwrap().into();
    let reader = pods.line_a.log.clone();
    eventually("it is logged after all", || {
        // Reading does not take the conversation over: otherwise a session that is logging would be refused.
        matches!(reader.read(Arc::clone(&conversation)).now_or_never(), Some(Ok(stored)) if stored.offset == 5)
    })
    .await;
    let (again, welcome) = resumed(&pods.b, &welcome, 2).await;
    assert_eq!(welcome["recovered"], true, "{welcome}");
    drop(again);
}

#[actix::test]
async fn an_answer_is_complete_when_the_log_fails_while_it_runs() {
    let pods = Pods::new().await;
    let (mut client, welcome) = greeted(&pods.a).await;
    half_an_answer(&pods.a, &mut client).await;
    pods.line_a.cut(true);
    pods.a.open_the_gate();
    client.receive("final_answer").await;
    assert_eq!(
        (client.answer(), client.offsets()[1..].to_vec()),
        ("one two three".to_owned(), vec![1, 2, 3, 4, 5])
    );
    // Another pod that can reach the log has a lower offset than the client, and reports it.
    let (_, ahead) = resumed(&pods.b, &welcome, 5).await;
    assert_eq!(
        (&ahead["recovered"], &ahead["reason"]),
        (&json!(false), &json!(NotResumed::Ahead.to_string()))
    );
    assert_eq!(ahead["conversation"], welcome["conversation"]);
    assert!(ahead["offset"].as_u64().unwrap() >= 5, "no offset is given twice: {ahead}");
}
