//! The handoff to an agent: what is sent to the visitor, and the requests to the desk.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::answer::Outcome;
use crate::archive::{HandoffRecordKind, Record};
use crate::checkpoint::Checkpoint;
use crate::conversation::Conversation;
use crate::desk::{
    AgentChatMessage, DeskChange, DeskRequest, DeskUpdate, HandoffRequest, HandoffUnavailable,
    QueuePlace, TicketDetails, VisitorEnds,
};
use crate::input::{Effect, Input};
use crate::protocol::{Agent, Ticket, TicketGone, TicketGoneReason};
use crate::tests::{
    ask, chunk, conversation, done, goes_on, greet, kinds, records, say, sent, started,
};
use crate::{Tokens, UploadId};

fn agent(id: &str) -> Agent {
    Agent { id: id.to_owned(), name: id.to_uppercase() }
}

fn ticket(rev: u64, who: Option<&str>) -> DeskUpdate {
    DeskUpdate::Changed(Box::new(DeskChange::Ticket(Ticket {
        conversation: "c1".to_owned(),
        since_ms: 5,
        agent: who.map(agent),
        online: true,
        pod: "pod".to_owned(),
        rev,
        ..Ticket::default()
    })))
}

fn gone(rev: u64, why: TicketGoneReason) -> DeskUpdate {
    let conversation = "c1".to_owned();
    DeskUpdate::Changed(Box::new(DeskChange::Gone(TicketGone {
        conversation,
        why,
        agent: None,
        rev,
    })))
}

fn desk_update(conversation: &mut Conversation, news: DeskUpdate) -> Vec<Effect> {
    conversation.apply(Input::Desk(news))
}

fn agent_says(conversation: &mut Conversation, request: &str, who: &str) -> Vec<Effect> {
    conversation.apply(Input::AgentChatMessage(Box::new(AgentChatMessage {
        request: request.to_owned(),
        agent: agent(who),
        content: "<i>Hold</i> it.".to_owned(),
        citations: Vec::new(),
        upload: None,
        at_ms: 7,
    })))
}

/// The frames that are sent, without offsets and times.
fn frames(effects: &[Effect]) -> Vec<Value> {
    let plain = |mut frame: Value| {
        let fields = frame.as_object_mut().expect("an object");
        fields.remove("offset");
        fields.remove("at_ms");
        frame
    };
    sent(effects).into_iter().map(plain).collect()
}

fn desk_requests(effects: &[Effect]) -> Vec<&DeskRequest> {
    let ask = |effect: &'_ Effect| matches!(effect, Effect::Desk(_));
    let effects = effects.iter().filter(|effect| ask(effect));
    effects
        .map(|effect| match effect {
            Effect::Desk(ask) => ask,
            _ => unreachable!("filtered"),
        })
        .collect()
}

fn greeted() -> Conversation {
    let mut conversation = conversation();
    greet(&mut conversation, json!({"type": "hello", "locale": "he"}));
    conversation
}

/// A conversation that an agent has.
fn with(who: &str) -> Conversation {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    desk_update(&mut conversation, ticket(2, Some(who)));
    conversation
}

#[test]
fn a_handoff_request_describes_the_visitor_to_the_desk() {
    let mut conversation = greeted();
    ask(&mut conversation, "a", "How loud is it?");
    let effects =
        say(&mut conversation, json!({"type": "handoff", "reason": "It burns.", "id": 1}));
    let [DeskRequest::Person(request)] = desk_requests(&effects)[..] else { panic!("{effects:?}") };
    let HandoffRequest { conversation: id, details, last, .. } = &**request;
    let TicketDetails { product, locale, reason, .. } = details;
    assert_eq!((&**id, product.as_ref().map(|it| it.id.as_str())), ("c1", Some("td17")));
    assert_eq!(
        (locale.as_deref(), reason.as_deref(), last.as_deref()),
        (Some("he"), Some("It burns."), Some("How loud is it?"))
    );
    assert!(
        desk_requests(&say(&mut conversation, json!({"type": "handoff"}))).is_empty(),
        "asked already"
    );
    let effects = desk_update(&mut conversation, ticket(1, None));
    assert_eq!(frames(&effects), [json!({"type": "handoff", "state": "waiting"})]);
    assert!(matches!(desk_requests(&effects)[..], [DeskRequest::Attend(true)]));
    // The assistant continues.
    let effects = goes_on(&mut conversation, 1, chunk("Very."));
    assert_eq!(kinds(&effects).last().map(String::as_str), Some("answer_chunk"));
}

#[test]
fn a_handoff_before_hello_is_refused() {
    let mut conversation = conversation();
    let effects = say(&mut conversation, json!({"type": "handoff", "id": 1}));
    assert_eq!(
        (&frames(&effects)[0]["code"], desk_requests(&effects).len()),
        (&json!("invalid_message"), 0)
    );
}

#[test]
fn an_unavailable_handoff_offers_a_form_and_can_be_requested_again() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    let effects = desk_update(&mut conversation, DeskUpdate::NoPerson(HandoffUnavailable::Closed));
    let frames = frames(&effects);
    assert_eq!((&frames[0]["state"], &frames[0]["form"]), (&json!("unavailable"), &json!(true)));
    // The visitor's page is Hebrew.
    assert!(frames[0]["reason"].as_str().is_some_and(|reason| reason.contains("סגורים")));
    assert_eq!(desk_requests(&say(&mut conversation, json!({"type": "handoff"}))).len(), 1);
}

#[test]
fn the_visitor_receives_the_end_reason_and_the_session_records_only_ends_without_a_decision() {
    for (news, reason, recorded) in [
        (gone(3, TicketGoneReason::Closed), "closed", None),
        (gone(3, TicketGoneReason::Ended), "ended", None),
        (gone(3, TicketGoneReason::Returned), "returned", None),
        (ticket(3, None), "gone", Some(HandoffRecordKind::Left)),
    ] {
        let effects = desk_update(&mut with("ana"), news);
        assert_eq!(frames(&effects)[0]["reason"], reason);
        let turns = records(&effects).into_iter().filter_map(|record| match record {
            Record::Handoff(turn) => Some(turn.kind),
            _ => None,
        });
        assert_eq!(turns.collect::<Vec<_>>(), Vec::from_iter(recorded), "{reason}");
    }
}

#[test]
fn a_rating_is_acknowledged_each_time_and_recorded_once() {
    let mut conversation = greeted();
    ask(&mut conversation, "a", "How loud is it?");
    let effects = goes_on(&mut conversation, 1, done(Outcome::Answered));
    let offset = sent(&effects).last().expect("the answer's end")["offset"].clone();
    let thumb = json!({"type": "feedback", "offset": offset, "thumb": "up", "id": "f1"});
    let mark = json!({"type": "csat", "rating": 4, "comment": "quick", "id": "r1"});
    for (message, id) in [(thumb, "f1"), (mark, "r1")] {
        for times in [1, 0, 0] {
            let effects = say(&mut conversation, message.clone());
            assert_eq!(frames(&effects), [json!({"type": "ack", "id": id})]);
            assert_eq!(records(&effects).len(), times, "{id}");
        }
    }
    // A refused one is refused again, and not acknowledged.
    let nowhere = json!({"type": "feedback", "offset": 900, "thumb": "up", "id": "f2"});
    for _ in 0..2 {
        let effects = say(&mut conversation, nowhere.clone());
        assert_eq!(frames(&effects)[0]["code"], "no_such_answer");
    }
    // A client that sends no id gets no acknowledgement.
    assert!(frames(&say(&mut conversation, json!({"type": "csat", "rating": 5}))).is_empty());
}

#[test]
fn a_desk_that_lost_the_conversation_receives_the_reason_again() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff", "reason": "It burns."}));
    desk_update(&mut conversation, ticket(1, None));
    let effects = desk_update(&mut conversation, DeskUpdate::Lost);
    let [DeskRequest::PutBack(request)] = desk_requests(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(request.details.reason.as_deref(), Some("It burns."));
}

#[test]
fn each_change_at_the_desk_is_sent_once_and_in_order() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    let (ana, ben) = (json!({"id": "ana", "name": "ANA"}), json!({"id": "ben", "name": "BEN"}));
    for (news, expected) in [
        (ticket(1, None), vec![json!({"type": "handoff", "state": "waiting"})]),
        (ticket(1, None), vec![]),
        (
            ticket(3, Some("ana")),
            vec![
                json!({"type": "agent_joined", "agent": ana}),
                json!({"type": "handoff", "state": "with_agent"}),
            ],
        ),
        (ticket(2, None), vec![]),
        (ticket(4, Some("ana")), vec![]),
        (
            ticket(5, Some("ben")),
            vec![
                json!({"type": "agent_left", "agent": ana, "reason": "handed"}),
                json!({"type": "agent_joined", "agent": ben}),
            ],
        ),
        (
            ticket(6, None),
            vec![
                json!({"type": "agent_left", "agent": ben, "reason": "gone"}),
                json!({"type": "handoff", "state": "waiting"}),
            ],
        ),
        (
            ticket(7, Some("ana")),
            vec![
                json!({"type": "agent_joined", "agent": ana}),
                json!({"type": "handoff", "state": "with_agent"}),
            ],
        ),
        (
            gone(8, TicketGoneReason::Returned),
            vec![
                json!({"type": "agent_left", "agent": ana, "reason": "returned"}),
                json!({"type": "handoff", "state": "returned"}),
            ],
        ),
        (ticket(7, Some("ana")), vec![]),
        (gone(8, TicketGoneReason::Returned), vec![]),
    ] {
        let effects = desk_update(&mut conversation, news.clone());
        assert_eq!(frames(&effects), expected, "{news:?}");
    }
}

/// The desk took the conversation from an agent who did not answer.
fn unanswered(rev: u64, who: &str) -> DeskUpdate {
    let DeskUpdate::Changed(change) = ticket(rev, None) else { panic!("a change") };
    let DeskChange::Ticket(ticket) = *change else { panic!("a ticket") };
    let ticket = Ticket { unanswered_by: Some(Box::new(agent(who))), ..ticket };
    DeskUpdate::Changed(Box::new(DeskChange::Ticket(ticket)))
}

#[test]
fn the_visitor_of_an_agent_who_did_not_answer_is_notified_and_the_assistant_continues() {
    let mut conversation = greeted();
    ask(&mut conversation, "one", "First?");
    goes_on(&mut conversation, 1, done(Outcome::Answered));
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    desk_update(&mut conversation, ticket(2, Some("ana")));
    ask(&mut conversation, "two", "Second?");
    let effects = desk_update(&mut conversation, unanswered(3, "ana"));
    let frames = frames(&effects);
    assert_eq!(frames[0]["reason"], "no_answer");
    assert_eq!((&frames[1]["type"], &frames[1]["state"]), (&json!("handoff"), &json!("waiting")));
    // The visitor's page is Hebrew.
    assert!(frames[1]["reason"].as_str().is_some_and(|reason| reason.contains("לא ענה")));
    let [(_, question)] = started(&effects)[..] else { panic!("the last question is answered") };
    assert_eq!(question.text, "Second?");
    // If the agent had replied, no message is left for the assistant.
    let mut conversation = with("ana");
    say(&mut conversation, json!({"type": "message", "content": "Hello?"}));
    agent_says(&mut conversation, "r1", "ana");
    assert_eq!(started(&desk_update(&mut conversation, unanswered(3, "ana"))).len(), 0);
}

#[test]
fn a_conversation_restored_at_the_desk_reports_whether_the_visitor_awaits_an_answer() {
    let mut conversation = with("ana");
    let awaits = |conversation: &mut Conversation| {
        let effects = desk_update(conversation, DeskUpdate::Lost);
        let [DeskRequest::PutBack(request)] = &desk_requests(&effects)[..] else {
            panic!("it is put back")
        };
        request.awaits_answer
    };
    assert!(awaits(&mut conversation), "the agent has joined and said nothing");
    agent_says(&mut conversation, "r1", "ana");
    assert!(!awaits(&mut conversation));
    say(&mut conversation, json!({"type": "message", "content": "And then?"}));
    assert!(awaits(&mut conversation));
}

#[test]
fn a_close_ends_the_handoff_and_the_visitor_may_ask_again() {
    let mut conversation = with("ana");
    let effects = desk_update(&mut conversation, gone(3, TicketGoneReason::Closed));
    assert_eq!(kinds(&effects), ["agent_left", "handoff"]);
    assert_eq!(frames(&effects)[1]["state"], "closed");
    assert!(matches!(desk_requests(&effects)[..], [DeskRequest::Attend(false)]));
    assert_eq!(started(&ask(&mut conversation, "b", "Again?")).len(), 1);
}

#[test]
fn the_assistant_does_not_answer_while_an_agent_has_the_conversation() {
    let mut conversation = greeted();
    ask(&mut conversation, "one", "First?");
    ask(&mut conversation, "two", "Second?");
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    desk_update(&mut conversation, ticket(2, Some("ana")));
    // The running answer ends normally; the queued question goes to the agent.
    let effects = goes_on(&mut conversation, 1, done(Outcome::Answered));
    assert_eq!(started(&effects).len(), 0);
    let last = frames(&effects).pop().expect("a message");
    assert_eq!(
        (&last["type"], &last["from"], &last["id"]),
        (&json!("message"), &json!("visitor"), &json!("two"))
    );
    assert_eq!(last["content"], "Second?");
    let effects = ask(&mut conversation, "three", "Third?");
    assert_eq!((kinds(&effects), started(&effects).len()), (vec!["message".to_owned()], 0));
    assert!(
        matches!(desk_requests(&effects)[..], [DeskRequest::Touch { words, .. }] if words == "Third?")
    );
}

#[test]
fn messages_of_visitor_and_agent_are_durable_escaped_and_sent_once() {
    let mut conversation = with("ana");
    let message = json!({"type": "message", "id": "m", "content": "<b>Hi</b>"});
    let effects = say(&mut conversation, message.clone());
    let frame = &sent(&effects)[0];
    assert_eq!(
        (&frame["id"], &frame["html"]),
        (&json!("m"), &json!("<p>&lt;b&gt;Hi&lt;/b&gt;</p>"))
    );
    assert!(frame["offset"].is_u64() && frame["at_ms"].is_u64());
    assert!(say(&mut conversation, message).is_empty(), "repeated, and said once");
    let effects = agent_says(&mut conversation, "r1", "ana");
    assert_eq!(
        frames(&effects),
        [json!({"type": "message", "from": "agent", "agent": {"id": "ana", "name": "ANA"},
            "content": "<i>Hold</i> it.", "html": "<p>&lt;i&gt;Hold&lt;/i&gt; it.</p>", "citations": []})]
    );
    let accepted = |effects: &[Effect]| match desk_requests(effects).last() {
        Some(DeskRequest::Accepted { request, accepted }) => (request.clone(), *accepted),
        other => panic!("an answer for the agent, not {other:?}"),
    };
    assert_eq!(accepted(&effects), ("r1".to_owned(), true));
    let again = agent_says(&mut conversation, "r1", "ana");
    assert_eq!((sent(&again).len(), accepted(&again)), (0, ("r1".to_owned(), true)));
    let strange = agent_says(&mut conversation, "r2", "ben");
    assert!(matches!(desk_requests(&strange)[..], [DeskRequest::Find]), "{strange:?}");
    let strange = desk_update(&mut conversation, found(ticket(2, Some("ana"))));
    assert_eq!((sent(&strange).len(), accepted(&strange)), (0, ("r2".to_owned(), false)));
}

/// The desk's reply to a query about the conversation.
fn found(news: DeskUpdate) -> DeskUpdate {
    let DeskUpdate::Changed(change) = news else { panic!("a change, not {news:?}") };
    DeskUpdate::Found(Some(change))
}

#[test]
fn messages_of_an_agent_that_arrive_before_the_desks_report_wait_and_stay_in_order() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    // Ana has taken it, and her message arrives before the desk's report.
    let first = agent_says(&mut conversation, "r1", "ana");
    assert!(
        matches!(desk_requests(&first)[..], [DeskRequest::Find]) && sent(&first).is_empty(),
        "{first:?}"
    );
    assert!(agent_says(&mut conversation, "r1", "ana").is_empty(), "told again meanwhile");
    assert!(agent_says(&mut conversation, "r2", "ana").is_empty());
    // The desk's own announcement may arrive before its reply: the two are still sent in order.
    desk_update(&mut conversation, ticket(2, Some("ana")));
    assert!(agent_says(&mut conversation, "r3", "ana").is_empty());
    let all = desk_update(&mut conversation, found(ticket(2, Some("ana"))));
    let answered: Vec<(&str, bool)> = desk_requests(&all)
        .into_iter()
        .filter_map(|ask| match ask {
            DeskRequest::Accepted { request, accepted } => Some((request.as_str(), *accepted)),
            _ => None,
        })
        .collect();
    assert_eq!(answered, [("r1", true), ("r2", true), ("r3", true)]);
    assert_eq!(kinds(&all), ["message", "message", "message"]);
    assert_eq!(kinds(&agent_says(&mut conversation, "r4", "ana")), ["message"], "at once again");
}

#[test]
fn an_unavailable_desk_refuses_no_agent_message() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    agent_says(&mut conversation, "r1", "ana");
    assert!(desk_update(&mut conversation, DeskUpdate::Found(None)).is_empty());
    // Her pod sends it again, and then the desk replies.
    assert!(matches!(
        desk_requests(&agent_says(&mut conversation, "r1", "ana"))[..],
        [DeskRequest::Find]
    ));
    let taken = desk_update(&mut conversation, found(ticket(2, Some("ana"))));
    assert_eq!(kinds(&taken).last().map(String::as_str), Some("message"));
}

#[test]
fn typing_is_reported_without_its_text() {
    let mut conversation = with("ana");
    let effects = say(&mut conversation, json!({"type": "typing", "content": "secret"}));
    assert_eq!(kinds(&effects), ["prediction"]);
    assert!(matches!(desk_requests(&effects)[..], [DeskRequest::Typing(true)]));
    let effects = say(&mut conversation, json!({"type": "typing", "content": ""}));
    assert!(matches!(desk_requests(&effects)[..], [DeskRequest::Typing(false)]));
    let types = |conversation: &mut Conversation, who: &str| {
        frames(&conversation.apply(Input::AgentTyping { agent: agent(who), typing: true }))
    };
    assert_eq!(types(&mut conversation, "ana"), [json!({"type": "agent_typing", "typing": true})]);
    assert!(types(&mut conversation, "ben").is_empty());
    desk_update(&mut conversation, gone(3, TicketGoneReason::Returned));
    assert!(types(&mut conversation, "ana").is_empty());
    let effects = say(&mut conversation, json!({"type": "typing", "content": "td"}));
    assert!(desk_requests(&effects).is_empty(), "the desk gets no request");
}

#[test]
fn a_message_without_a_handoff_is_refused() {
    let mut conversation = greeted();
    let effects = say(&mut conversation, json!({"type": "message", "content": "Hello?", "id": 1}));
    assert_eq!(
        (&frames(&effects)[0]["code"], &frames(&effects)[0]["id"]),
        (&json!("no_agent"), &json!(1))
    );
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    let effects = say(&mut conversation, json!({"type": "message", "content": "Hello?"}));
    assert_eq!(kinds(&effects), ["message"], "whoever comes reads it");
}

#[test]
fn a_handoff_request_is_withdrawn_while_waiting_and_a_bye_ends_the_handoff() {
    let ends = |effects: &[Effect]| match desk_requests(effects)[..] {
        [DeskRequest::End(how)] => Some(*how),
        _ => None,
    };
    let withdraw = json!({"type": "handoff", "withdraw": true});
    let mut conversation = greeted();
    assert!(say(&mut conversation, withdraw.clone()).is_empty(), "nothing to withdraw");
    say(&mut conversation, json!({"type": "handoff"}));
    let effects = say(&mut conversation, withdraw.clone());
    assert_eq!(ends(&effects), Some(VisitorEnds::Withdraws), "also before the desk has answered");
    desk_update(&mut conversation, ticket(1, None));
    assert_eq!(ends(&say(&mut conversation, withdraw.clone())), Some(VisitorEnds::Withdraws));
    let effects = desk_update(&mut conversation, gone(2, TicketGoneReason::Withdrawn));
    assert_eq!(frames(&effects), [json!({"type": "handoff", "state": "returned"})]);
    let mut conversation = with("ana");
    assert_eq!(frames(&say(&mut conversation, withdraw))[0]["code"], "taken");
    assert_eq!(ends(&say(&mut conversation, json!({"type": "bye"}))), Some(VisitorEnds::Leaves));
    let mut alone = greeted();
    ask(&mut alone, "a", "How?");
    let effects = say(&mut alone, json!({"type": "bye"}));
    assert_eq!(kinds(&effects).last().map(String::as_str), Some("handoff"));
    assert!(!alone.is_answering());
}

#[test]
fn a_changed_queue_place_is_sent_with_a_rounded_wait() {
    let mut conversation = greeted();
    say(&mut conversation, json!({"type": "handoff"}));
    desk_update(&mut conversation, ticket(1, None));
    let placed = |conversation: &mut Conversation, number, seconds: Option<u64>| {
        let wait = seconds.map(Duration::from_secs);
        frames(&desk_update(conversation, DeskUpdate::Placed(QueuePlace { number, wait })))
    };
    assert_eq!(
        placed(&mut conversation, 3, None),
        [json!({"type": "queue", "place": 3, "for": "agent"})]
    );
    assert_eq!(placed(&mut conversation, 2, Some(61))[0]["wait_ms"], 70_000);
    assert!(placed(&mut conversation, 2, Some(66)).is_empty());
    assert_eq!(placed(&mut conversation, 1, Some(66)).len(), 1);
    desk_update(&mut conversation, ticket(2, Some("ana")));
    assert!(placed(&mut conversation, 1, None).is_empty(), "it came late");
}

#[test]
fn a_thumb_is_accepted_for_an_answer_only() {
    let mut conversation = greeted();
    ask(&mut conversation, "a", "How loud?");
    let effects = goes_on(&mut conversation, 1, done(Outcome::Answered));
    let last = sent(&effects).pop().expect("a last message");
    assert_eq!((&last["question"], &last["product_id"]), (&json!("How loud?"), &json!("td17")));
    let offset = last["offset"].as_u64().expect("an offset");
    let thumb = |conversation: &mut Conversation, offset: u64| {
        let thumb = json!({"type": "feedback", "offset": offset, "thumb": "up"});
        frames(&say(conversation, thumb)).first().map(|frame| frame["code"].clone())
    };
    assert_eq!(thumb(&mut conversation, offset - 1), Some(json!("no_such_answer")));
    assert_ne!(thumb(&mut conversation, offset), Some(json!("no_such_answer")));
}

/// The conversation as another pod continues it.
fn on_another_pod(conversation: &Conversation) -> (Conversation, Vec<Effect>) {
    let mut checkpoint = Checkpoint::default();
    conversation.write_checkpoint(&mut checkpoint);
    let decoded = Checkpoint::decode(&checkpoint.encode()).expect("our own form");
    let mut after = self::conversation();
    let effects = after.recover(Checkpoint { epoch: 2, offset: checkpoint.offset, ..decoded });
    (after, effects)
}

#[test]
fn a_session_that_takes_over_a_handoff_asks_the_desk_for_its_state() {
    let mut before = with("ana");
    agent_says(&mut before, "r1", "ana");
    let (mut after, effects) = on_another_pod(&before);
    assert!(
        matches!(desk_requests(&effects)[..], [DeskRequest::Attend(true), DeskRequest::Here]),
        "{effects:?}"
    );
    let effects = desk_update(&mut after, ticket(2, Some("ana")));
    assert!(sent(&effects).is_empty(), "nothing has changed for the visitor: {effects:?}");
    // The facts about the visitor are sent once more: the other pod may have known less.
    assert!(matches!(desk_requests(&effects)[..], [DeskRequest::Describe(_)]), "{effects:?}");
    let again = agent_says(&mut after, "r1", "ana");
    assert!(sent(&again).is_empty(), "what an agent said is said once, whichever pod hears it");
    let effects = desk_update(&mut after, gone(3, TicketGoneReason::Closed));
    assert_eq!(kinds(&effects), ["agent_left", "handoff"]);
    let (_, effects) = on_another_pod(&after);
    assert!(desk_requests(&effects).is_empty());
}

#[test]
fn a_desk_that_lost_its_state_receives_the_ticket_again() {
    let mut conversation = with("ana");
    let effects = desk_update(&mut conversation, DeskUpdate::Lost);
    let [DeskRequest::PutBack(request)] = desk_requests(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((request.since_ms, &request.agent), (Some(5), &Some(agent("ana"))));
    let effects = desk_update(&mut conversation, ticket(9, Some("ana")));
    assert!(sent(&effects).is_empty(), "the visitor notices nothing");
    assert!(desk_update(&mut greeted(), DeskUpdate::Lost).is_empty());
}

#[derive(Debug, Clone)]
enum Happens {
    Wishes,
    Withdraws,
    Byes,
    Asks,
    Answered,
    News(u64, Option<&'static str>),
    Gone(u64, TicketGoneReason),
    NoPerson,
    Lost,
    AgentSays(u8, &'static str),
}

fn happens() -> impl Strategy<Value = Happens> {
    let who = || prop::sample::select(vec!["ana", "ben"]);
    let why = prop::sample::select(TicketGoneReason::VARIANTS);
    prop_oneof![
        3 => Just(Happens::Wishes),
        1 => Just(Happens::Withdraws),
        1 => Just(Happens::Byes),
        3 => Just(Happens::Asks),
        3 => Just(Happens::Answered),
        6 => (1_u64..20, prop::option::of(who())).prop_map(|(rev, who)| Happens::News(rev, who)),
        2 => (1_u64..20, why).prop_map(|(rev, why)| Happens::Gone(rev, why)),
        1 => Just(Happens::NoPerson),
        1 => Just(Happens::Lost),
        3 => (0_u8..4, who()).prop_map(|(request, who)| Happens::AgentSays(request, who)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_desk_updates_sends_the_visitor_a_consistent_sequence(
        story in prop::collection::vec(happens(), 0..60),
    ) {
        let mut conversation = greeted();
        let (mut offset, mut with, mut answers, mut message) = (0, None::<Value>, 0, Vec::new());
        for event in story {
            let effects = match event {
                Happens::Wishes => say(&mut conversation, json!({"type": "handoff"})),
                Happens::Withdraws => say(&mut conversation, json!({"type": "handoff", "withdraw": true})),
                Happens::Byes => say(&mut conversation, json!({"type": "bye"})),
                Happens::Asks => say(&mut conversation, json!({"type": "query", "product_id": "td17", "query": "q"})),
                Happens::Answered => goes_on(&mut conversation, answers, done(Outcome::Answered)),
                Happens::News(rev, who) => desk_update(&mut conversation, ticket(rev, who)),
                Happens::Gone(rev, why) => desk_update(&mut conversation, gone(rev, why)),
                Happens::NoPerson => desk_update(&mut conversation, DeskUpdate::NoPerson(HandoffUnavailable::Full)),
                Happens::Lost => desk_update(&mut conversation, DeskUpdate::Lost),
                Happens::AgentSays(request, who) => agent_says(&mut conversation, &request.to_string(), who),
            };
            for effect in &effects {
                if let Effect::StartAnswer { answer, .. } = effect {
                    prop_assert!(with.is_none(), "the machine starts nothing while a person is there");
                    answers = *answer;
                }
                for frame in sent(std::slice::from_ref(effect)) {
                    if let Some(given) = frame["offset"].as_u64() {
                        offset += 1;
                        prop_assert_eq!(given, offset);
                    }
                    match frame["type"].as_str().expect("a type") {
                        "agent_joined" => {
                            prop_assert!(with.is_none(), "one person at a time");
                            with = Some(frame["agent"].clone());
                        }
                        "agent_left" => {
                            prop_assert_eq!(with.take(), Some(frame["agent"].clone()));
                        }
                        "handoff" => {
                            let has_it = frame["state"] == "with_agent";
                            prop_assert_eq!(has_it, with.is_some(), "{}", frame);
                        }
                        "message" if frame["from"] == "agent" => {
                            prop_assert_eq!(with.as_ref(), Some(&frame["agent"]));
                            message.push(frame["agent"].clone());
                        }
                        _ => {}
                    }
                }
            }
        }
        prop_assert!(message.len() <= 4, "each request is said at most once");
    }
}

#[test]
fn messages_between_visitor_and_agent_are_recorded_with_their_offsets() {
    let mut conversation = greeted();
    let mut effects = say(&mut conversation, json!({"type": "handoff"}));
    effects.extend(desk_update(&mut conversation, ticket(1, None)));
    effects.extend(desk_update(&mut conversation, ticket(2, Some("ann"))));
    effects.extend(say(&mut conversation, json!({"type": "message", "content": "Hello?"})));
    effects.extend(agent_says(&mut conversation, "r1", "ann"));
    effects.extend(agent_says(&mut conversation, "r1", "ann"));
    effects.extend(desk_update(&mut conversation, gone(3, TicketGoneReason::Closed)));
    effects.extend(say(&mut conversation, json!({"type": "csat", "rating": 4})));
    let recorded: Vec<String> = records(&effects)
        .into_iter()
        .filter_map(|record| match record {
            Record::Handoff(turn) => {
                let agent = turn.agent.as_ref().map_or("", |agent| &agent.name);
                assert!(turn.place.offset().is_some(), "a place makes it one: {turn:?}");
                Some(format!("{} {agent}", turn.kind.as_str()))
            }
            Record::Message(message) => {
                assert!(message.offset.is_some(), "a place makes it one: {message:?}");
                Some(format!("{}: {}", message.author.as_str(), message.text))
            }
            Record::Rated(rated) => Some(format!("rated {}", rated.rating)),
            _ => None,
        })
        .collect();
    // The owner of the conversation is recorded where the desk is called.
    let expected = ["visitor: Hello?", "agent: <i>Hold</i> it.", "rated 4"];
    assert_eq!(recorded, expected);
}

#[test]
fn an_upload_is_accepted_only_in_its_own_conversation() {
    let key: &[u8] = b"a key that is long enough for this test";
    let tokens = Arc::new(Tokens::new([key], Duration::from_secs(60)));
    let mut conversation = greeted().with_tokens(Arc::clone(&tokens));
    desk_update(&mut conversation, ticket(1, Some("ana")));
    let later = 60_000;
    let own = UploadId::new(&tokens, conversation.id(), later);
    let mut says = |upload: &str| {
        frames(&say(&mut conversation, json!({"type": "message", "content": "", "upload": upload})))
    };
    assert_eq!(says(own.as_str())[0]["upload"], own.as_str());
    let id = "another";
    for other in [UploadId::new(&tokens, id, later).as_str(), "none", "00-00-00"] {
        assert_eq!(says(other)[0]["code"], "no_such_upload", "{other}");
    }
}

#[test]
fn an_image_without_text_is_shown_as_a_symbol_in_the_desk_list() {
    let key: &[u8] = b"a key that is long enough for this test";
    let tokens = Arc::new(Tokens::new([key], Duration::from_secs(60)));
    let mut conversation = greeted().with_tokens(Arc::clone(&tokens));
    desk_update(&mut conversation, ticket(1, Some("ana")));
    let upload = UploadId::new(&tokens, conversation.id(), 60_000);
    let message = json!({"type": "message", "content": "", "upload": upload.as_str()});
    let effects = say(&mut conversation, message);
    assert!(
        matches!(desk_requests(&effects)[..], [DeskRequest::Touch { words, .. }] if words == "\u{1F5BC}")
    );
}
