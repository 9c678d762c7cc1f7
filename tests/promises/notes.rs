//! Internal notes: visible to every agent on every pod,
//! and never to the visitor.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::agents::{ADA, YAEL, agent, two_pods, until, waiting, welcomed_and_waiting};
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD};
use crate::postgres::Postgres;
use crate::redis::Redis;
use crate::server::{Server, client};
use crate::visitor::Visitor;

/// Settings of both pods: a visitor moves from one to the other.
const KEY: &str = "0123456789abcdef0123456789abcdef";
const NOTE: &str = "Be patient, <b>he</b> has called twice.";

/// The transcript that a socket receives.
async fn watched(agent: &mut Visitor, conversation: &str) -> Value {
    agent.say(json!({ "type": "watch", "conversation": conversation })).await;
    until(agent, |frame| frame["type"] == "transcript").await
}

async fn write(agent: &mut Visitor, conversation: &str, content: &str) {
    let note =
        json!({ "type": "note", "conversation": conversation, "content": content, "id": content });
    agent.say(note).await;
}

async fn is_done(agent: &mut Visitor, id: &str) {
    let answer = until(agent, |frame| frame["id"] == id).await;
    assert_eq!(answer["type"], "done", "{answer}");
}

#[tokio::test]
async fn a_note_is_shown_to_every_later_watcher_on_any_pod_and_never_to_the_visitor() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[("conversations.token_keys", KEY)]).await;
    let (mut ada, mut yael) = (agent(&a, ADA).await, agent(&b, YAEL).await);
    let (mut visitor, welcome) = welcomed_and_waiting(&a).await;
    let conversation = welcome["conversation"].as_str().expect("an id").to_owned();
    until(&mut yael, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    write(&mut yael, &conversation, NOTE).await;
    is_done(&mut yael, NOTE).await;
    // At once: a completed write is visible to the next read.
    for socket in [&mut ada, &mut yael] {
        let transcript = watched(socket, &conversation).await;
        let [note] = &transcript["notes"].as_array().expect("notes")[..] else {
            panic!("one note: {transcript}")
        };
        assert_eq!((&note["content"], &note["agent"]["name"]), (&json!(NOTE), &json!("yael")));
        assert!(!transcript["entries"].to_string().contains("patient"), "it is in no log");
    }
    write(&mut ada, &conversation, "I know him.").await;
    let note = until(&mut yael, |frame| frame["type"] == "note").await;
    let again = watched(&mut yael, &conversation).await;
    assert_eq!(again["notes"][1]["note_id"], note["note_id"], "the same by its name");
    assert_eq!(again["notes"].as_array().expect("notes").len(), 2);

    // The visitor receives the messages and nothing else, also after a resume on another pod.
    yael.say(json!({ "type": "take", "conversation": conversation, "id": "t" })).await;
    until(&mut yael, |frame| frame["id"] == "t").await;
    yael.say(json!({ "type": "say", "conversation": conversation, "content": "Hello." })).await;
    let mut frames = Vec::new();
    while frames.last().is_none_or(|last: &Value| last["content"] != "Hello.") {
        frames.push(visitor.receive().await);
    }
    drop(visitor);
    let token = welcome["token"].as_str().expect("a token");
    let resume = json!({ "conversation": conversation, "token": token, "after": 0 });
    let mut back = b.visitor().await;
    back.say(json!({ "type": "hello", "resume": resume })).await;
    frames.push(back.receive().await);
    assert_eq!(frames.last().expect("a welcome")["recovered"], true, "{frames:?}");
    while frames.last().is_none_or(|last| last["content"] != "Hello.") {
        frames.push(back.receive().await);
    }
    back.say(json!({ "type": "message", "content": "Good day." })).await;
    until(&mut yael, |frame| frame["frame"]["content"] == "Good day.").await;
    let transcript = client()
        .get(b.url("/api/transcript?format=json"))
        .header("x-conversation-token", token)
        .send()
        .await
        .expect("the server answers");
    let taken_along = transcript.text().await.expect("text");
    assert!(taken_along.contains("Good day."), "{taken_along}");
    for words in ["patient", "I know him"] {
        assert!(!taken_along.contains(words), "{taken_along}");
        assert!(!frames.iter().any(|frame| frame.to_string().contains(words)), "{frames:?}");
    }
}

#[tokio::test]
async fn an_agent_who_watches_while_notes_are_written_receives_each_once() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[]).await;
    let (mut ada, mut yael) = (agent(&a, ADA).await, agent(&b, YAEL).await);
    let (_visitor, conversation) = waiting(&a).await;
    until(&mut ada, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    until(&mut yael, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    let all: BTreeSet<String> = (0..30).map(|number| format!("note {number}")).collect();
    let writing = async {
        for words in &all {
            write(&mut yael, &conversation, words).await;
            is_done(&mut yael, words).await;
        }
    };
    let watching = async {
        let transcript = watched(&mut ada, &conversation).await;
        let mut seen: Vec<Value> = transcript["notes"].as_array().expect("notes").clone();
        while seen.len() < all.len() {
            seen.push(until(&mut ada, |frame| frame["type"] == "note").await);
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, watching);
    let notes: BTreeSet<String> =
        seen.iter().map(|note| note["content"].as_str().expect("words").to_owned()).collect();
    assert_eq!(notes, all);
}

#[tokio::test]
async fn a_note_about_a_conversation_that_is_not_at_the_desk_is_refused() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[]).await;
    let mut ada = agent(&a, ADA).await;
    // With the assistant: no team member may watch it.
    let mut visitor = b.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let conversation = visitor.receive().await["conversation"].clone();
    ada.say(json!({ "type": "note", "conversation": conversation, "content": "x", "id": 1 })).await;
    let refused = until(&mut ada, |frame| frame["id"] == 1).await;
    assert_eq!(refused["code"], "no_such_conversation");
}

#[actix_web::test]
async fn an_unavailable_archive_delays_no_note_and_stores_it_when_it_returns() {
    let mut postgres = Postgres::start().await;
    let url = postgres.url();
    let settings = [("archive.url", url.as_str()), ("archive.connect_timeout_ms", "500")];
    let server = Server::with(&settings).await;
    let line = server.first_link().await;
    let (_, token) = line.split_once("/first?token=").expect("a link");
    let first =
        json!({ "token": token.trim(), "name": "Ada", "address": ADA, "password": PASSWORD });
    assert_eq!(Member::of(&server).post("/api/first", first).await.status(), 200);
    let (mut ada, mut ben) = (agent(&server, ADA).await, agent(&server, ADA).await);
    let (_visitor, conversation) = waiting(&server).await;
    until(&mut ada, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    until(&mut ben, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    watched(&mut ben, &conversation).await;
    postgres.cut();
    write(&mut ada, &conversation, NOTE).await;
    is_done(&mut ada, NOTE).await;
    assert_eq!(until(&mut ben, |frame| frame["type"] == "note").await["content"], NOTE);
    // The transcript arrives without them.
    assert_eq!(watched(&mut ada, &conversation).await["notes"], json!([]));
    postgres.heal().await;
    eventually("the note is read again", async || {
        watched(&mut ada, &conversation).await["notes"][0]["content"] == NOTE
    })
    .await;
}
