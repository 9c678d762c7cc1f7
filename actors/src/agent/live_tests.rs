//! Agents and visitors on live sockets, on two pods that share a log and a desk.

use std::sync::Arc;
use std::time::Duration;

use hsc_config::Settings;
use serde_json::{Value, json};

use super::table::Deliver;
use crate::bridge::{InMemoryBus, Loopback};
use crate::session::test_pod::{Client, TestPod, eventually};
use crate::{DeskLimits, LogLimits, MemoryDesk, MemoryLog};
use hsc_conversation::ClientAddress;
use hsc_conversation::answer::Requester;
use hsc_conversation::archive::{Author, HandoffRecordKind, Record, VisitorDescription};

const LIMITS: DeskLimits = DeskLimits {
    max_waiting: 10,
    present_for: Duration::from_secs(30),
    returns_after: Duration::from_secs(30),
    answer_within: None,
    expires_after: Duration::from_secs(30),
    remembers_for: Duration::from_secs(30),
};

async fn two_pods(limits: DeskLimits) -> (TestPod, TestPod) {
    let settings = Settings::load(None, Vec::<(String, String)>::new()).unwrap().conversations;
    let bus = InMemoryBus::default();
    let log = MemoryLog::new(LogLimits::from(&settings));
    let log = log.telling(Arc::new(Loopback::over(&bus)));
    let (desk, tokens) =
        (MemoryDesk::new(limits, "a".into()), Arc::new(crate::tokens_of(&settings)));
    let pod = async |name: &str| {
        let shared = (Arc::new(log.of_pod(name)) as Arc<_>, Arc::clone(&tokens));
        TestPod::at_desk(name, shared, (desk.clone(), Some(bus.clone())), |_| {}).await
    };
    (pod("a").await, pod("b").await)
}

#[actix::test]
async fn the_frame_guard_serves_the_sockets_of_agents() {
    use tokio::io::AsyncWriteExt as _;
    let (pod, _) = two_pods(LIMITS).await;
    let mut agent = pod.agent("ann").await;
    // The header of a frame of 2^63 - 1 bytes.
    let header = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    agent.socket.get_mut().write_all(&header).await.unwrap();
    assert_eq!(agent.close_code().await, 1009);
    assert!(pod.says("hsc_ws_violations_total{reason=\"too_large\"} 1"));
    let mut flooding = pod.agent("ben").await;
    flooding.socket.get_mut().write_all(&[0x8a, 0x80, 0, 0, 0, 0].repeat(200)).await.unwrap();
    assert_eq!(flooding.close_code().await, 1008);
}

/// A visitor who sent `hello`, and the conversation.
async fn visitor(pod: &TestPod) -> (Client, String, Value) {
    let mut visitor = pod.client().await;
    visitor.say(json!({"type": "hello", "locale": "he"})).await;
    let welcome = visitor.receive("welcome").await;
    let conversation = welcome["conversation"].as_str().unwrap().to_owned();
    (visitor, conversation, welcome)
}

/// A visitor whose conversation an agent has.
async fn with(visitors: &TestPod, agents: &TestPod, who: &str) -> (Client, Client, String, Value) {
    let mut agent = agents.agent(who).await;
    let (mut visitor, conversation, welcome) = visitor(visitors).await;
    visitor.say(json!({"type": "handoff", "reason": "It hums."})).await;
    assert_eq!(visitor.receive("handoff").await["state"], "waiting");
    hear_ticket(&mut agent, &conversation).await;
    agent.say(json!({"type": "take", "conversation": conversation, "id": "take"})).await;
    assert_eq!(visitor.receive("agent_joined").await["agent"]["id"], who);
    assert_eq!(visitor.receive("handoff").await["state"], "with_agent");
    (visitor, agent, conversation, welcome)
}

async fn hear_ticket(agent: &mut Client, conversation: &str) -> Value {
    agent.hear_first("ticket", |it| it["ticket"]["conversation"] == conversation).await
}

/// The records of a conversation on a pod, in order.
fn records(pod: &TestPod, conversation: &str) -> Vec<Record> {
    let of = |record: &Record| match record {
        Record::ConversationBegan(began) => began.conversation == conversation,
        Record::Message(message) => message.conversation == conversation,
        Record::Handoff(turn) => turn.conversation == conversation,
        _ => false,
    };
    let all = pod.recorded.lock().unwrap();
    all.iter().filter(|record| of(record)).cloned().collect()
}

/// The handoff records of a conversation on both pods: kind, agent, reason.
fn turns(pods: [&TestPod; 2], conversation: &str) -> Vec<String> {
    let turn = |record: Record| match record {
        Record::Handoff(turn) => {
            let name = |agent: Option<hsc_conversation::archive::AgentRef>| agent.map(|it| it.name);
            let (agent, to) = (name(turn.agent), name(turn.to));
            let words = [Some(turn.kind.as_str().to_owned()), agent, to, turn.reason];
            Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    pods.into_iter().flat_map(|pod| records(pod, conversation)).filter_map(turn).collect()
}

/// Waits until a record of this kind exists, and returns all of them.
async fn turns_to(pods: [&TestPod; 2], conversation: &str, kind: HandoffRecordKind) -> Vec<String> {
    let found = || turns(pods, conversation);
    let is_there = || found().iter().any(|turn| turn.split(' ').next() == Some(kind.as_str()));
    eventually(&format!("{kind:?} is recorded, not {:?}", found()), is_there).await;
    found()
}

async fn reply(agent: &mut Client, id: &str) -> Value {
    let answers =
        |it: &Value| ["done", "error"].iter().any(|kind| it["type"] == *kind) && it["id"] == id;
    if let Some(found) = agent.received.iter().find(|it| answers(it)) {
        return found.clone();
    }
    agent.hear_first("answer", answers).await
}

#[actix::test]
async fn visitor_and_agent_chat_over_two_pods_and_a_note_is_sent_to_agents_only() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut visitor, mut agent, conversation, _) = with(&a, &b, "ana").await;
    let mut colleague = a.agent("ben").await;
    for agent in [&mut agent, &mut colleague] {
        agent.say(json!({"type": "watch", "conversation": conversation, "id": "w"})).await;
        let transcript = agent.receive("transcript").await;
        assert_eq!(
            (&transcript["ticket"]["reason"], &transcript["whole"]),
            (&json!("It hums."), &json!(true))
        );
        assert_eq!(transcript["entries"].as_array().unwrap().len(), 3);
    }
    agent
        .say(json!({"type": "say", "conversation": conversation, "content": "Hello!", "id": "s"}))
        .await;
    let message = visitor.receive("message").await;
    assert_eq!(
        (&message["from"], &message["content"], &message["agent"]["name"]),
        (&json!("agent"), &json!("Hello!"), &json!("ANA"))
    );
    assert_eq!(reply(&mut agent, "s").await["type"], "done");
    visitor.say(json!({"type": "message", "content": "Good day.", "id": "v"})).await;
    for agent in [&mut agent, &mut colleague] {
        let is_entry = |frame: &&Value| frame["type"] == "entry";
        while agent.received.iter().filter(is_entry).count() < 2 {
            agent.hear_any().await;
        }
        let entries: Vec<&Value> = agent.received.iter().filter(is_entry).collect();
        for (entry, content) in entries.into_iter().zip(["Hello!", "Good day."]) {
            assert_eq!(entry["frame"]["content"], content);
            assert_eq!(entry["offset"], entry["frame"]["offset"]);
        }
    }
    agent.say(json!({"type": "note", "conversation": conversation, "content": "Rude."})).await;
    assert_eq!(colleague.receive("note").await["content"], "Rude.");
    agent.say(json!({"type": "typing", "conversation": conversation, "typing": true})).await;
    assert_eq!(visitor.receive("agent_typing").await["typing"], true);
    visitor.say(json!({"type": "typing", "content": "secret"})).await;
    let typing = agent.receive("visitor_typing").await;
    assert!(typing["typing"] == true && !typing.to_string().contains("secret"));
    agent.say(json!({"type": "give_back", "conversation": conversation})).await;
    assert_eq!(visitor.receive("agent_left").await["reason"], "returned");
    assert_eq!(visitor.receive("handoff").await["state"], "returned");
    assert!(!visitor.received.iter().any(|frame| frame.to_string().contains("Rude.")));
    visitor.say(a.ask()).await;
    visitor.receive("answer_chunk").await;
    let offsets = visitor.offsets();
    let expected: Vec<u64> = (1..=offsets.len() as u64).collect();
    assert_eq!(
        offsets.into_iter().filter(|offset| *offset > 0).collect::<Vec<_>>(),
        expected[..expected.len() - 1]
    );
}

#[actix::test]
async fn the_session_table_names_the_agent_of_a_conversation() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut visitor, mut agent, conversation, _) = with(&a, &b, "ana").await;
    let has = || a.pod.sessions().of_conversation(&conversation).unwrap().agent;
    eventually("the table knows the person", || has().as_deref() == Some("ANA")).await;
    agent.say(json!({"type": "give_back", "conversation": conversation})).await;
    visitor.receive("agent_left").await;
    eventually("and that nobody has it any more", || has().is_none()).await;
}

#[actix::test]
async fn of_two_agents_who_take_at_once_on_two_pods_one_is_refused_with_the_name_of_the_other() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut ana, mut ben) = (a.agent("ana").await, b.agent("ben").await);
    let (mut visitor, conversation, _) = visitor(&a).await;
    visitor.say(json!({"type": "handoff"})).await;
    hear_ticket(&mut ana, &conversation).await;
    hear_ticket(&mut ben, &conversation).await;
    let take = json!({"type": "take", "conversation": conversation, "id": "t"});
    futures::join!(ana.say(take.clone()), ben.say(take));
    let winner = visitor.receive("agent_joined").await["agent"]["id"].clone();
    let (loser, by) = if winner == "ana" { (&mut ben, "ANA") } else { (&mut ana, "BEN") };
    let reply_frame = reply(loser, "t").await;
    assert_eq!((&reply_frame["code"], &reply_frame["by"]["name"]), (&json!("taken"), &json!(by)));
}

#[actix::test]
async fn a_conversation_is_handed_to_an_agent_on_another_pod_and_only_its_agent_may_send() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut visitor, mut ana, conversation, _) = with(&a, &a, "ana").await;
    let hand = json!({"type": "hand", "conversation": conversation, "to": "ben", "id": "early"});
    ana.say(hand).await;
    assert_eq!(reply(&mut ana, "early").await["code"], "not_present");
    let mut ben = b.agent("ben").await;
    ben.say(json!({"type": "say", "conversation": conversation, "content": "x", "id": "no"})).await;
    let refused = reply(&mut ben, "no").await;
    assert_eq!((&refused["code"], &refused["by"]["id"]), (&json!("not_yours"), &json!("ana")));
    ana.say(json!({"type": "hand", "conversation": conversation, "to": "ben"})).await;
    assert_eq!(visitor.receive("agent_left").await["reason"], "handed");
    assert_eq!(visitor.receive("agent_joined").await["agent"]["id"], "ben");
    hear_ticket(&mut ben, &conversation).await;
    ben.say(json!({"type": "say", "conversation": conversation, "content": "Now me.", "id": "s"}))
        .await;
    assert_eq!(visitor.receive("message").await["content"], "Now me.");
    ben.say(json!({"type": "close", "conversation": conversation})).await;
    assert_eq!(visitor.receive("agent_left").await["reason"], "closed");
    assert_eq!(visitor.receive("handoff").await["state"], "closed");
}

#[actix::test]
async fn a_message_to_a_disconnected_visitor_is_stored_once_and_sent_on_resume() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut visitor, mut agent, conversation, welcome) = with(&a, &b, "ana").await;
    agent.say(json!({"type": "watch", "conversation": conversation})).await;
    agent.receive("transcript").await;
    visitor.socket.close(None).await.unwrap();
    assert_eq!(agent.receive("visitor_presence").await["online"], false);
    agent.say(json!({"type": "say", "conversation": conversation, "content": "Are you there?", "id": "s"})).await;
    assert_eq!(reply(&mut agent, "s").await["type"], "done");
    let is_recorded = |record: &Record| matches!(record, Record::Message(message) if message.text == "Are you there?");
    let recorded = records(&b, &conversation).into_iter().filter(is_recorded);
    let recorded: Vec<Record> = recorded.collect();
    let [Record::Message(message)] = &recorded[..] else { panic!("once: {recorded:?}") };
    assert_eq!((message.author, message.offset.is_some()), (Author::Agent, true));
    let after = *visitor.offsets().last().unwrap();
    let resume = json!({"conversation": conversation, "token": welcome["token"], "after": after});
    let mut visitor = b.client().await;
    visitor.say(json!({"type": "hello", "resume": resume})).await;
    assert_eq!(visitor.receive("welcome").await["recovered"], true);
    assert_eq!(visitor.receive("message").await["content"], "Are you there?");
    assert_eq!(agent.receive("visitor_presence").await["online"], true);
    agent
        .say(json!({"type": "say", "conversation": conversation, "content": "Welcome back."}))
        .await;
    assert_eq!(visitor.receive("message").await["content"], "Welcome back.");
    assert_eq!(visitor.offsets()[1..], [after + 1, after + 2]);
}

#[actix::test]
async fn the_visitor_of_a_vanished_agent_waits_again_and_another_agent_takes_over() {
    let limits = DeskLimits {
        present_for: Duration::from_millis(300),
        returns_after: Duration::from_millis(300),
        ..LIMITS
    };
    let (a, b) = two_pods(limits).await;
    let (mut visitor, ana, conversation, _) = with(&a, &b, "ana").await;
    let mut ben = a.agent("ben").await;
    drop(ana);
    assert_eq!(visitor.receive("agent_left").await["reason"], "gone");
    assert_eq!(visitor.receive("handoff").await["state"], "waiting");
    ben.say(json!({"type": "take", "conversation": conversation})).await;
    assert_eq!(visitor.receive("agent_joined").await["agent"]["id"], "ben");
}

#[actix::test]
async fn a_conversation_whose_agent_does_not_answer_returns_to_the_queue() {
    // The desk is checked with each heartbeat, a third of this.
    let limits = DeskLimits {
        present_for: Duration::from_secs(3),
        answer_within: Some(Duration::from_millis(300)),
        ..LIMITS
    };
    let (a, b) = two_pods(limits).await;
    a.open_the_gate();
    b.open_the_gate();
    let mut ben = a.agent("ben").await;
    let (mut visitor, mut ana, conversation, _) = with(&a, &b, "ana").await;
    // Silent from the beginning: agent and visitor are notified, and the visitor waits again.
    // No deadline: each ticket has its own, and the desk sends few.
    let released = loop {
        let ticket = hear_ticket(&mut ana, &conversation).await;
        if ticket["ticket"]["agent"].is_null() && !ticket["ticket"]["unanswered_by"].is_null() {
            break ticket;
        }
    };
    assert_eq!(released["ticket"]["unanswered_by"]["id"], "ana");
    assert_eq!(visitor.receive("agent_left").await["reason"], "no_answer");
    let handoff = visitor.receive("handoff").await;
    assert_eq!(handoff["state"], "waiting");
    assert!(
        handoff["reason"].as_str().is_some_and(|it| it.contains("בתור") || it.contains("לתור"))
    );
    // The assistant answers meanwhile.
    visitor.say(a.ask()).await;
    visitor.receive("final_answer").await;
    // Silent after one reply: the visitor's next message restarts the timeout.
    ben.say(json!({"type": "take", "conversation": conversation})).await;
    assert_eq!(visitor.receive("agent_joined").await["agent"]["id"], "ben");
    ben.say(json!({"type": "say", "conversation": conversation, "content": "Hold Init."})).await;
    assert_eq!(visitor.receive("message").await["content"], "Hold Init.");
    visitor.say(json!({"type": "message", "id": "m2", "content": "Which one is that?"})).await;
    assert_eq!(visitor.receive("message").await["id"], "m2");
    assert_eq!(visitor.receive("agent_left").await["reason"], "no_answer");
    // The assistant answers the message that the agent left unanswered.
    let answer = visitor.receive("final_answer").await;
    assert_eq!((&answer["id"], &answer["question"]), (&json!("m2"), &json!("Which one is that?")));
}

#[actix::test]
async fn a_draft_answers_the_visitors_last_question_from_the_manual() {
    let (a, b) = two_pods(LIMITS).await;
    a.open_the_gate();
    b.open_the_gate();
    let mut agent = b.agent("ana").await;
    let (mut visitor, conversation, _) = visitor(&a).await;
    visitor.say(a.ask()).await;
    visitor.receive("final_answer").await;
    visitor.say(json!({"type": "handoff"})).await;
    let ticket = hear_ticket(&mut agent, &conversation).await;
    assert_eq!(ticket["ticket"]["product"]["id"], a.product.as_str());
    assert_eq!(ticket["ticket"]["last"], "count");
    agent.say(json!({"type": "watch", "conversation": conversation})).await;
    agent.receive("transcript").await;
    agent.say(json!({"type": "draft", "conversation": conversation, "id": "d"})).await;
    let draft = agent.receive("draft").await;
    assert_eq!(
        (&draft["content"], &draft["id"], &draft["grounded"]),
        (&json!("one two three"), &json!("d"), &json!(true))
    );
    // The key of the answerer's quotas.
    let last = |stage: &TestPod| stage.teacher.askers.lock().expect("no panic").last().cloned();
    let client = ClientAddress::NONE.key();
    let conversation: Option<Arc<str>> = Some(conversation.as_str().into());
    let of_visitor =
        Requester { conversation: conversation.clone(), client: Some(client), trace: None };
    assert_eq!(last(&a), Some(of_visitor));
    assert_eq!(last(&b), Some(Requester { conversation, client: None, trace: None }));
}

#[actix::test]
async fn without_an_available_agent_a_handoff_is_unavailable_and_offers_a_form() {
    let (a, b) = two_pods(LIMITS).await;
    let (mut visitor, _, _) = visitor(&a).await;
    visitor.say(json!({"type": "handoff"})).await;
    let handoff = visitor.receive("handoff").await;
    assert_eq!((&handoff["state"], &handoff["form"]), (&json!("unavailable"), &json!(true)));
    let mut agent = b.agent("ana").await;
    agent.say(json!({"type": "available", "available": false, "id": "break"})).await;
    assert_eq!(reply(&mut agent, "break").await["type"], "done");
    visitor.say(json!({"type": "handoff"})).await;
    assert_eq!(visitor.receive("handoff").await["state"], "unavailable");
    agent.say(json!({"type": "available", "available": true, "id": "back"})).await;
    assert_eq!(reply(&mut agent, "back").await["type"], "done");
    visitor.say(json!({"type": "handoff"})).await;
    assert_eq!(visitor.receive("handoff").await["state"], "waiting");
    let queue = visitor.receive("queue").await;
    assert_eq!((&queue["place"], &queue["for"]), (&json!(1), &json!("agent")));
}

#[actix::test]
async fn an_agents_socket_that_panics_sends_the_desk_again_and_drains_with_its_pod() {
    let (a, _b) = two_pods(LIMITS).await;
    let mut agent = a.agent("ana").await;
    assert_eq!(a.pod.agents(), 1);
    assert_eq!(a.pod.tell_agents(|| Deliver::Panic), 1);
    let desk = agent.receive("desk").await;
    assert_eq!(desk["you"]["id"], "ana");
    agent.say(json!({"type": "sing", "id": "x"})).await;
    assert_eq!(agent.receive("error").await["code"], "unknown_type");
    assert_eq!(a.pod.drain_agents(), 1);
    agent.receive("reconnect").await;
    assert_eq!(agent.close_code().await, 1012);
    eventually("it has left", || a.pod.agents() == 0).await;
}

/// A visitor on `a` whose conversation the agent `ana` on `b` has; each kind of end is recorded.
async fn recorded_end(
    limits: DeskLimits,
    end: impl AsyncFnOnce(&mut Client, &mut Client, String),
    kind: HandoffRecordKind,
) -> Vec<String> {
    let (a, b) = two_pods(limits).await;
    let (mut visitor, mut agent, conversation, _) = with(&a, &b, "ana").await;
    end(&mut visitor, &mut agent, conversation.clone()).await;
    turns_to([&a, &b], &conversation, kind).await
}

#[actix::test]
async fn each_end_of_a_handoff_is_recorded_with_its_kind_and_the_visitors_reason() {
    let asked_for = "handed_over It hums.";
    let visitor_ends = async |visitor: &mut Client, _: &mut Client, _| {
        visitor.say(json!({"type": "bye"})).await;
        assert_eq!(visitor.receive("agent_left").await["reason"], "ended");
    };
    let turns = recorded_end(LIMITS, visitor_ends, HandoffRecordKind::Ended).await;
    assert_eq!(turns, [asked_for, "ended ANA visitor", "taken ANA"]);

    let agent_ends = async |_: &mut Client, agent: &mut Client, conversation| {
        agent.say(json!({"type": "close", "conversation": conversation})).await;
    };
    let turns = recorded_end(LIMITS, agent_ends, HandoffRecordKind::Ended).await;
    assert_eq!(turns, [asked_for, "taken ANA", "ended ANA agent"]);

    let gives_back = async |_: &mut Client, agent: &mut Client, conversation| {
        agent.say(json!({"type": "give_back", "conversation": conversation})).await;
    };
    let turns = recorded_end(LIMITS, gives_back, HandoffRecordKind::Returned).await;
    assert_eq!(turns, [asked_for, "taken ANA", "returned ANA"]);

    // Without a connected visitor there is no session that could see it.
    let ends_alone = async |visitor: &mut Client, agent: &mut Client, conversation| {
        visitor.socket.close(None).await.unwrap();
        agent.say(json!({"type": "watch", "conversation": conversation})).await;
        while agent.receive("ticket").await["ticket"]["online"] == true {}
        agent.say(json!({"type": "close", "conversation": conversation})).await;
    };
    let turns = recorded_end(LIMITS, ends_alone, HandoffRecordKind::Ended).await;
    assert_eq!(turns, [asked_for, "taken ANA", "ended ANA agent"]);
}

#[actix::test]
async fn a_visitor_who_leaves_the_queue_is_recorded_and_an_unavailable_handoff_is_no_handover() {
    let limits = DeskLimits { expires_after: Duration::from_millis(200), ..LIMITS };
    let (a, b) = two_pods(limits).await;
    let pods = [&a, &b];
    let (mut alone, conversation, _) = visitor(&a).await;
    alone.say(json!({"type": "handoff", "reason": "It hums."})).await;
    assert_eq!(alone.receive("handoff").await["state"], "unavailable");
    let turns = turns_to(pods, &conversation, HandoffRecordKind::Unavailable).await;
    assert_eq!(turns, ["unavailable nobody_there"]);
    let is_why = |record: &Record| matches!(record, Record::ConversationBegan(began) if began.described.reason.as_deref() == Some("It hums."));
    assert!(records(&a, &conversation).iter().any(is_why), "the reason is kept all the same");
    alone.say(json!({"type": "bye"})).await;
    assert_eq!(alone.receive("handoff").await["state"], "closed");
    let turns = turns_to(pods, &conversation, HandoffRecordKind::Ended).await;
    assert_eq!(turns, ["unavailable nobody_there", "ended visitor"]);

    let _agent = b.agent("ana").await;
    let (mut patient, conversation, _) = visitor(&a).await;
    patient.say(json!({"type": "handoff"})).await;
    assert_eq!(patient.receive("handoff").await["state"], "waiting");
    // A repeated request, with a reason, is one request.
    patient.say(json!({"type": "handoff", "reason": "It hums."})).await;
    patient.say(json!({"type": "handoff", "withdraw": true})).await;
    assert_eq!(patient.receive("handoff").await["state"], "returned");
    let turns = turns_to(pods, &conversation, HandoffRecordKind::Withdrawn).await;
    assert_eq!(turns, ["handed_over", "withdrawn"]);

    let (mut leaver, conversation, _) = visitor(&a).await;
    leaver.say(json!({"type": "handoff"})).await;
    assert_eq!(leaver.receive("handoff").await["state"], "waiting");
    drop(leaver);
    let turns = turns_to(pods, &conversation, HandoffRecordKind::Expired).await;
    assert_eq!(turns, ["handed_over", "expired"]);
}

#[actix::test]
async fn a_handover_to_a_colleague_and_a_vanished_agent_are_recorded_and_the_visitor_waits_again() {
    // A connected visitor stays present, even on a slow machine.
    let limits = DeskLimits { returns_after: Duration::from_millis(300), ..LIMITS };
    let (a, b) = two_pods(limits).await;
    let (_visitor, mut ana, conversation, _) = with(&a, &b, "ana").await;
    let ben = b.agent("ben").await;
    ana.say(json!({"type": "hand", "conversation": conversation, "to": "ben", "id": "h"})).await;
    while ana.receive("ticket").await["id"] != "h" {}
    drop(ben);
    let turns = turns_to([&b, &a], &conversation, HandoffRecordKind::Left).await;
    let expected = ["taken ANA", "handed ANA BEN", "handed_over It hums.", "left BEN gone"];
    assert_eq!(turns, expected);
}

#[actix::test]
async fn the_agent_receives_the_visitors_page_before_the_first_question_and_when_it_changes() {
    let (a, b) = two_pods(LIMITS).await;
    let mut agent = b.agent("ana").await;
    let (mut visitor, conversation, _) = visitor(&a).await;
    let page = "https://shop.example/drums?id=5";
    let about = json!({"type": "about", "product_id": a.product, "scenario": "live",
        "page": format!("{page}#reviews")});
    visitor.say(about).await;
    visitor.say(json!({"type": "handoff"})).await;
    let ticket = hear_ticket(&mut agent, &conversation).await["ticket"].clone();
    assert_eq!(ticket["product"]["id"], a.product.as_str());
    assert_eq!((&ticket["scenario"], &ticket["page"]), (&json!("live"), &json!(page)));
    assert_eq!(ticket["locale"], "he");
    let known = records(&a, &conversation).into_iter().find_map(|record| match record {
        Record::ConversationBegan(began) => Some(*began),
        _ => None,
    });
    let described = known.expect("it is recorded").described;
    let VisitorDescription { product, page: on, language, .. } = described;
    assert_eq!((product.as_deref(), on.as_deref()), (Some(a.product.as_str()), Some(page)));
    assert_eq!(language.as_deref(), Some("he"));

    // Each of them changes while the visitor waits, and while an agent has the conversation.
    agent.say(json!({"type": "take", "conversation": conversation})).await;
    visitor.receive("agent_joined").await;
    visitor.say(json!({"type": "about", "page": "https://shop.example/stands"})).await;
    visitor.say(json!({"type": "hello", "locale": "en"})).await;
    // No deadline: each ticket has its own, and the desk sends few.
    loop {
        let ticket = hear_ticket(&mut agent, &conversation).await["ticket"].clone();
        if ticket["page"] == "https://shop.example/stands" && ticket["locale"] == "en" {
            assert_eq!(ticket["product"]["id"], a.product.as_str(), "what is not said again stays");
            assert_eq!(ticket["agent"]["id"], "ana");
            break;
        }
    }
    // An invalid page address and an unknown product change nothing.
    visitor
        .say(json!({"type": "about", "page": "javascript:alert(1)", "product_id": "none"}))
        .await;
    visitor.say(json!({"type": "message", "content": "Still there?"})).await;
    // No deadline: each ticket has its own, and the desk sends few.
    loop {
        let ticket = hear_ticket(&mut agent, &conversation).await["ticket"].clone();
        if ticket["last"] == "Still there?" {
            assert_eq!(ticket["product"]["id"], a.product.as_str());
            assert_eq!(ticket["page"], "https://shop.example/stands");
            break;
        }
    }
}
