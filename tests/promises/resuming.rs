//! A conversation survives its socket: a client that reconnects receives each missed event exactly once.

use serde_json::{Value, json};

use crate::eventually::{eventually, in_time};
use crate::model::{Model, WORDS};
use crate::server::Server;
use crate::shop::{LIGHT, Shop};
use crate::visitor::Visitor;

pub(crate) const QUESTION: &str = "How do I reset the lamp to factory settings?";

/// A client that stores the frames it received and resumes its conversation.
pub(crate) struct Guest {
    visitor: Visitor,
    welcome: Value,
    /// Its durable messages, over all of its sockets.
    durable: Vec<Value>,
}

impl Guest {
    pub(crate) async fn new(mut visitor: Visitor) -> Self {
        visitor.say(json!({ "type": "hello", "compact": true })).await;
        let welcome = visitor.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        Self { visitor, welcome, durable: Vec::new() }
    }

    /// Drops its connection and resumes over another.
    pub(crate) async fn goes_on_over(self, visitor: Visitor) -> Self {
        drop(self.visitor);
        Self::resumes(visitor, self.welcome, self.durable).await
    }

    /// Resumes over another connection and leaves the old one open.
    pub(crate) async fn also_over(&self, visitor: Visitor) -> Self {
        Self::resumes(visitor, self.welcome.clone(), self.durable.clone()).await
    }

    async fn resumes(mut visitor: Visitor, welcome: Value, durable: Vec<Value>) -> Self {
        let after = durable.last().map_or(0, |last| last["offset"].as_u64().expect("an offset"));
        let resume = json!({
            "conversation": welcome["conversation"], "token": welcome["token"], "after": after });
        visitor.say(json!({ "type": "hello", "compact": true, "resume": resume })).await;
        let welcome = visitor.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        Self { visitor, welcome, durable }
    }

    pub(crate) fn welcome(&self) -> &Value {
        &self.welcome
    }

    pub(crate) async fn asks(&mut self, id: &str) {
        self.visitor
            .say(json!({ "type": "query", "id": id, "product_id": LIGHT, "query": QUESTION }))
            .await;
    }

    /// Receives until it has so many durable messages.
    pub(crate) async fn receive_until(&mut self, durable: usize) {
        let received = async {
            while self.durable.len() < durable {
                let message = self.visitor.receive().await;
                self.keep(message);
            }
        };
        in_time("so many durable messages", received).await;
    }

    /// Receives until the answer to this question has ended.
    pub(crate) async fn hears_the_end_of(&mut self, id: &str) -> Value {
        let ended = async {
            loop {
                let ends = |one: &&Value| one["type"] == "final_answer" && one["id"] == id;
                if let Some(end) = self.durable.iter().find(ends) {
                    return end.clone();
                }
                let message = self.visitor.receive().await;
                self.keep(message);
            }
        };
        in_time("the answer ends", ended).await
    }

    /// Receives until the close; returns its code.
    pub(crate) async fn until_closed(&mut self) -> Option<u16> {
        let (received, code) = self.visitor.until_closed().await;
        received.into_iter().for_each(|message| self.keep(message));
        code
    }

    fn keep(&mut self, message: Value) {
        if message["offset"].is_u64() && message["type"] != "welcome" {
            let expected = self.durable.len() as u64 + 1;
            assert_eq!(message["offset"], expected, "none lost and none twice: {message}");
            self.durable.push(message);
        }
    }

    /// The text of the answer to this question.
    pub(crate) fn answer(&self, id: &str) -> String {
        let chunks = self.durable.iter();
        let chunks = chunks.filter(|one| one["type"] == "answer_chunk" && one["id"] == id);
        chunks.map(|chunk| chunk["content"].as_str().expect("text")).collect()
    }
}

/// A server with this model.
pub(crate) async fn server_with(model: &Model, settings: &[(&str, &str)]) -> Server {
    let own = model.settings();
    let mut all: Vec<(&str, &str)> = own.iter().map(|(key, value)| (&**key, &**value)).collect();
    all.extend(settings);
    Server::of(Shop::new(), &all).await
}

#[tokio::test]
async fn an_answer_interrupted_by_a_lost_socket_is_resumed_without_loss_or_repetition() {
    let model = Model::that_stops_after(4).await;
    let server = server_with(&model, &[]).await;
    let mut guest = Guest::new(server.visitor().await).await;
    guest.asks("q").await;
    guest.receive_until(2).await;
    let mut guest = guest.goes_on_over(server.visitor().await).await;
    assert_eq!(guest.welcome()["recovered"], true, "{}", guest.welcome());
    assert_eq!(guest.welcome()["epoch"], 2);
    // As a page does with an unanswered question.
    guest.asks("q").await;
    model.goes_on();
    let end = guest.hears_the_end_of("q").await;
    assert_eq!(guest.answer("q"), WORDS.concat());
    assert_eq!((&end["answerer"], &end["reason"]), (&json!("llm"), &json!(null)), "{end}");
    guest.asks("q2").await;
    guest.hears_the_end_of("q2").await;
    assert_eq!(guest.answer("q2"), WORDS.concat(), "and the conversation goes on");
    assert_eq!(
        model.requests(),
        3,
        "once for each socket of the first question, once for the second"
    );
}

#[tokio::test]
async fn a_client_that_resumes_receives_the_missed_frames() {
    let server = Server::start().await;
    let mut guest = Guest::new(server.visitor().await).await;
    guest.asks("q").await;
    guest.hears_the_end_of("q").await;
    let whole = guest.answer("q");
    let first = Guest { durable: guest.durable[..1].to_vec(), ..guest };
    let mut again = first.goes_on_over(server.visitor().await).await;
    again.hears_the_end_of("q").await;
    assert_eq!(again.answer("q"), whole);
}

#[tokio::test]
async fn of_two_sockets_of_one_conversation_the_older_is_closed_with_4001() {
    let server = Server::start().await;
    let mut older = Guest::new(server.visitor().await).await;
    let mut newer = older.also_over(server.visitor().await).await;
    assert_eq!(older.until_closed().await, Some(4001));
    newer.asks("q").await;
    newer.hears_the_end_of("q").await;
    assert_eq!(server.metric("hsc_ws_closed_total{code=\"4001\"}").await, 1.0);
}

#[tokio::test]
async fn a_forged_or_foreign_token_begins_another_conversation_with_the_reason() {
    let server = Server::start().await;
    let mine = Guest::new(server.visitor().await).await;
    let other = Guest::new(server.visitor().await).await;
    let token = mine.welcome()["token"].as_str().expect("a token");
    // Another last letter, one that encodes other bits.
    let forged =
        format!("{}{}", &token[..token.len() - 2], if token.ends_with("AA") { "BB" } else { "AA" });
    for token in [json!(forged), json!("1.2.3"), other.welcome()["token"].clone()] {
        let mut welcome = mine.welcome().clone();
        welcome["token"] = token;
        let mut refused = Guest::resumes(server.visitor().await, welcome, Vec::new()).await;
        assert_eq!(refused.welcome()["recovered"], false);
        assert_ne!(refused.welcome()["conversation"], mine.welcome()["conversation"]);
        assert!(refused.welcome()["reason"].as_str().unwrap().contains("token"));
        refused.asks("q").await;
        refused.hears_the_end_of("q").await;
    }
    let mut mine = mine;
    mine.asks("q").await;
    mine.hears_the_end_of("q").await;
}

#[tokio::test]
async fn a_token_expires() {
    let server =
        Server::with(&[("conversations.ttl_ms", "2000"), ("conversations.token_ttl_ms", "2000")])
            .await;
    let guest = Guest::new(server.visitor().await).await;
    let welcome = guest.welcome().clone();
    eventually("it has expired", async || {
        let again = Guest::resumes(server.visitor().await, welcome.clone(), Vec::new()).await;
        let reason = again.welcome()["reason"].as_str().unwrap_or_default();
        reason.contains("too long ago")
    })
    .await;
}
