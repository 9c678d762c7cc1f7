//! Agents take over conversations: agents and visitors on different pods, over a real Redis.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of, with_team};
use crate::redis::Redis;
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

pub(crate) const ADA: &str = "ada@example.test";
pub(crate) const YAEL: &str = "yael@example.test";

/// Two pods with the same team.
pub(crate) async fn two_pods(redis: &Redis, settings: &[(&str, &str)]) -> (Server, Server) {
    let url = redis.url();
    let mut all = vec![("redis.url", url.as_str())];
    all.extend_from_slice(settings);
    let a = with_team(&all).await;
    let path = archive_of(&a.shop);
    all.push(("archive.path", path.as_str()));
    let b = Server::with(&all).await;
    // A ticket that changes before the other pod has subscribed arrives with the next snapshot instead.
    for pod in [&a, &b] {
        let connected = "hsc_bridge_connected";
        eventually("the bridge is up", async || pod.metric(connected).await == 1.0).await;
    }
    (a, b)
}

/// An agent's socket on a pod, after the snapshot of the desk.
pub(crate) async fn agent(pod: &Server, who: &str) -> Visitor {
    let mut member = Member::of(pod);
    assert_eq!(member.sign_in(who, PASSWORD).await.status(), 200);
    let url = format!("ws://{}/ws/agent", pod.address());
    let mut request = url.into_client_request().expect("a request");
    let cookies: Vec<String> =
        member.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers = request.headers_mut();
    headers.insert("Cookie", cookies.join("; ").parse().expect("a header"));
    headers.insert("Origin", pod.url("").parse().expect("an origin"));
    let mut agent = Visitor::asking(request, pod.address()).await;
    until(&mut agent, |frame| frame["type"] == "desk").await;
    agent
}

/// A visitor after `welcome` who waits for an agent.
pub(crate) async fn waiting(pod: &Server) -> (Visitor, String) {
    let (visitor, welcome) = welcomed_and_waiting(pod).await;
    (visitor, welcome["conversation"].as_str().expect("an id").to_owned())
}

/// The same, with the `welcome` message.
pub(crate) async fn welcomed_and_waiting(pod: &Server) -> (Visitor, Value) {
    let mut visitor = pod.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    visitor.say(json!({ "type": "handoff" })).await;
    until(&mut visitor, |frame| frame["state"] == "waiting").await;
    (visitor, welcome)
}

/// The next message that matches; see [`Visitor::until`].
#[track_caller]
pub(crate) fn until(
    socket: &mut Visitor,
    is_it: impl Fn(&Value) -> bool,
) -> impl Future<Output = Value> {
    socket.until(is_it)
}

#[tokio::test]
async fn the_agents_socket_requires_a_session_and_our_own_origin() {
    let server = with_team(&[]).await;
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut stranger = Member::of(&server);
    let refused = stranger.send(reqwest::Method::GET, "/ws/agent", None, &upgrade).await;
    assert_eq!(code_of(refused).await, (401, "not_signed_in".to_owned()));
    let mut yael = Member::of(&server);
    assert_eq!(yael.sign_in(YAEL, PASSWORD).await.status(), 200);
    let mut foreign = upgrade.to_vec();
    foreign.push(("origin", "https://evil.example"));
    let refused = yael.send(reqwest::Method::GET, "/ws/agent", None, &foreign).await;
    assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()));
    // A frame without an origin is not one of our pages.
    foreign.pop();
    foreign.push(("origin", "null"));
    let refused = yael.send(reqwest::Method::GET, "/ws/agent", None, &foreign).await;
    assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()));
    // A cookie of a session that was signed out, and an invented one.
    let old_cookies = yael.cookies.clone();
    assert_eq!(yael.post("/api/sign-out", json!({})).await.status(), 204);
    let made_up = vec![("hsc".to_owned(), "A".repeat(43))];
    for cookies in [old_cookies, made_up] {
        yael.cookies = cookies;
        let own = server.url("");
        let mut from_here = upgrade.to_vec();
        from_here.push(("origin", &own));
        let refused = yael.send(reqwest::Method::GET, "/ws/agent", None, &from_here).await;
        assert_eq!(code_of(refused).await, (401, "not_signed_in".to_owned()));
    }
}

#[tokio::test]
async fn of_two_agents_on_two_pods_one_takes_the_conversation_and_chats_with_the_visitor() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[]).await;
    let (mut ada, mut yael) = (agent(&a, ADA).await, agent(&b, YAEL).await);
    let (mut visitor, conversation) = waiting(&a).await;
    for agent in [&mut ada, &mut yael] {
        until(agent, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    }
    let take = json!({ "type": "take", "conversation": conversation, "id": "t" });
    tokio::join!(ada.say(take.clone()), yael.say(take));
    let joined = until(&mut visitor, |frame| frame["type"] == "agent_joined").await;
    let one = until(&mut ada, |frame| frame["id"] == "t").await;
    let other = until(&mut yael, |frame| frame["id"] == "t").await;
    let (mut winner, refusal) = if one["type"] == "ticket" { (ada, other) } else { (yael, one) };
    assert_eq!((&refusal["code"], &refusal["by"]), (&json!("taken"), &joined["agent"]));
    winner.say(json!({ "type": "watch", "conversation": conversation })).await;
    until(&mut winner, |frame| frame["type"] == "transcript").await;
    let words = "<script>alert(1)</script> Hello";
    winner
        .say(json!({ "type": "say", "conversation": conversation, "content": words, "id": "s" }))
        .await;
    let frame = until(&mut visitor, |frame| frame["type"] == "message").await;
    assert_eq!(frame["content"], words);
    assert!(!frame["html"].as_str().expect("text").contains("<script"), "{frame}");
    until(&mut winner, |frame| frame["type"] == "done" && frame["id"] == "s").await;
    visitor.say(json!({ "type": "message", "content": "Hello too" })).await;
    until(&mut winner, |frame| frame["frame"]["content"] == "Hello too").await;
    winner.say(json!({ "type": "close", "conversation": conversation })).await;
    until(&mut visitor, |frame| frame["state"] == "closed").await;
}

#[tokio::test]
async fn the_visitor_of_an_agent_whose_pod_is_killed_waits_for_another_agent() {
    let redis = Redis::start().await;
    let short = [("desk.presence_timeout_ms", "1500"), ("desk.requeue_after_ms", "1500")];
    let (a, b) = two_pods(&redis, &short).await;
    let (mut ada, mut yael) = (agent(&a, ADA).await, agent(&b, YAEL).await);
    let (mut visitor, conversation) = waiting(&a).await;
    until(&mut yael, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    yael.say(json!({ "type": "take", "conversation": conversation })).await;
    until(&mut visitor, |frame| frame["state"] == "with_agent").await;
    b.signal("KILL");
    let frame = until(&mut visitor, |frame| frame["type"] == "agent_left").await;
    assert_eq!(frame["reason"], "gone");
    until(&mut visitor, |frame| frame["state"] == "waiting").await;
    ada.say(json!({ "type": "take", "conversation": conversation })).await;
    until(&mut visitor, |frame| frame["type"] == "agent_joined").await;
    ada.say(json!({ "type": "say", "conversation": conversation, "content": "I go on." })).await;
    let frame = until(&mut visitor, |frame| frame["type"] == "message").await;
    assert_eq!(frame["content"], "I go on.");
}

#[tokio::test]
async fn on_a_single_pod_an_agent_receives_each_message_at_once_also_without_the_visitor() {
    let server = with_team(&[]).await;
    let mut yael = agent(&server, YAEL).await;
    let (mut visitor, conversation) = waiting(&server).await;
    until(&mut yael, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    yael.say(json!({ "type": "watch", "conversation": conversation })).await;
    until(&mut yael, |frame| frame["type"] == "transcript").await;
    let question = "How do I replace the fuse?";
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    let answered = until(&mut yael, |frame| frame["frame"]["type"] == "final_answer").await;
    assert_eq!(answered["frame"]["question"], question);
    yael.say(json!({ "type": "take", "conversation": conversation })).await;
    until(&mut yael, |frame| frame["frame"]["type"] == "agent_joined").await;
    drop(visitor);
    let away = json!({ "type": "visitor_presence", "conversation": conversation, "online": false });
    until(&mut yael, |frame| *frame == away).await;
    let say = json!({ "type": "say", "conversation": conversation, "content": "Till later." });
    yael.say(say).await;
    until(&mut yael, |frame| frame["frame"]["content"] == "Till later.").await;
}

#[tokio::test]
async fn signing_out_closes_the_agents_socket() {
    let server = with_team(&[("desk.presence_timeout_ms", "1500")]).await;
    let mut yael = agent(&server, YAEL).await;
    let mut elsewhere = Member::of(&server);
    assert_eq!(elsewhere.sign_in(YAEL, PASSWORD).await.status(), 200);
    let signed_out = elsewhere.post("/api/sign-out", json!({ "everywhere": true })).await;
    assert!(signed_out.status().is_success(), "{}", signed_out.status());
    assert_eq!(yael.until_closed().await.1, Some(1008));
}

#[tokio::test]
async fn a_handoff_request_withdrawn_at_once_leaves_no_visitor_waiting() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[]).await;
    let mut yael = agent(&b, YAEL).await;
    for _ in 0..10 {
        let mut visitor = a.visitor().await;
        visitor.say(json!({ "type": "hello" })).await;
        let conversation = visitor.receive().await["conversation"].clone();
        // Two messages in quick succession: the desk is called twice, in this order.
        visitor.say(json!({ "type": "handoff" })).await;
        visitor.say(json!({ "type": "handoff", "withdraw": true })).await;
        let states = |frame: &Value| frame["type"] == "handoff";
        assert_eq!(visitor.until(states).await["state"], "waiting");
        assert_eq!(visitor.until(states).await["state"], "returned");
        let gone = |frame: &Value| frame["type"] == "ticket_gone";
        let gone = until(&mut yael, gone).await;
        assert_eq!(gone["conversation"], conversation, "{gone}");
    }
}

#[tokio::test]
async fn messages_an_agent_sends_at_once_are_in_order_with_and_without_the_visitor() {
    let redis = Redis::start().await;
    let (a, b) = two_pods(&redis, &[("desk.visitor_timeout_ms", "600000")]).await;
    let (mut ada, mut yael) = (agent(&a, ADA).await, agent(&b, YAEL).await);
    let (mut visitor, conversation) = waiting(&a).await;
    for socket in [&mut ada, &mut yael] {
        until(socket, |frame| frame["ticket"]["conversation"] == conversation.as_str()).await;
    }
    ada.say(json!({ "type": "watch", "conversation": conversation })).await;
    until(&mut ada, |frame| frame["type"] == "transcript").await;
    yael.say(json!({ "type": "take", "conversation": conversation, "id": "t" })).await;
    until(&mut yael, |frame| frame["id"] == "t").await;
    let words = |part: &str| -> Vec<String> { (0..8).map(|at| format!("{part} {at}")).collect() };
    let says = async |yael: &mut Visitor, kind: &str, part: &str| {
        for content in words(part) {
            let frame = json!({ "type": kind, "conversation": conversation, "content": content, "id": content });
            yael.say(frame).await;
        }
    };
    let received = async |socket: &mut Visitor, is_it: fn(&Value) -> Option<&Value>| {
        let mut received = Vec::new();
        while received.len() < 8 {
            let frame = socket.until(|frame| is_it(frame).is_some()).await;
            received.push(
                is_it(&frame).expect("it is one")["content"].as_str().expect("words").to_owned(),
            );
        }
        received
    };
    // The test waits neither between the take and the first message, nor between the messages.
    says(&mut yael, "say", "here").await;
    let message: fn(&Value) -> Option<&Value> =
        |frame| (frame["type"] == "message").then_some(frame);
    assert_eq!(received(&mut visitor, message).await, words("here"));
    says(&mut yael, "note", "noted").await;
    let note: fn(&Value) -> Option<&Value> = |frame| (frame["type"] == "note").then_some(frame);
    assert_eq!(received(&mut ada, note).await, words("noted"));
    drop(visitor);
    until(&mut yael, |frame| frame["ticket"]["online"] == false).await;
    says(&mut yael, "say", "away").await;
    let entry: fn(&Value) -> Option<&Value> = |frame| {
        let frame = &frame["frame"];
        frame["content"].as_str().is_some_and(|words| words.starts_with("away")).then_some(frame)
    };
    assert_eq!(received(&mut ada, entry).await, words("away"));
}
