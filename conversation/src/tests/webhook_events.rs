//! The webhooks of events and decisions.

use serde_json::{Value, json};

use crate::archive::HandoffPlace;
use crate::desk::{DeskDecision, HandoffUnavailable};
use crate::event::{ClosedBy, ConversationEvent, LogEntry};
use crate::protocol::{
    Agent, ChatMessage, Csat, LeaveReason, MessageId, Speaker, Thumb, TicketGone, TicketGoneReason,
};
use crate::webhook_events::{WebhookEvent, decision_webhook_events, webhook_events};

fn ada() -> Agent {
    Agent { id: "a".to_owned(), name: "Ada".to_owned() }
}

fn entry(event: ConversationEvent) -> LogEntry {
    LogEntry { offset: 5, epoch: 1, at_ms: Some(7), reply_to: None, event }
}

/// Name, agent and reason of each.
fn turns(events: &[WebhookEvent]) -> Vec<(&'static str, Value, Value)> {
    let turn = |event: &WebhookEvent| {
        (event.name, event.data["agent"]["name"].clone(), event.data["reason"].clone())
    };
    events.iter().map(turn).collect()
}

fn ended(why: TicketGoneReason, had: Option<Agent>, by: Option<&Agent>) -> Vec<WebhookEvent> {
    let gone = TicketGone { conversation: "c".to_owned(), why, agent: had, rev: 3 };
    decision_webhook_events(DeskDecision::Ended { gone: &gone, by })
}

#[test]
fn a_message_has_its_author_its_offset_and_its_text() {
    let message = ChatMessage {
        from: Speaker::Agent,
        agent: Some(ada()),
        content: "Hold *it*.".to_owned(),
        html: String::new(),
        citations: Vec::new(),
        at_ms: 7,
        upload: Some("u".to_owned()),
    };
    let events = webhook_events(&entry(ConversationEvent::MessageSent(Box::new(message))));
    let [event] = &events[..] else { panic!("one event: {events:?}") };
    assert_eq!((event.name, event.place), ("message.created", HandoffPlace::Log(5)));
    assert_eq!(
        event.data,
        json!({
            "author": "agent", "offset": 5, "text": "Hold *it*.", "product": null, "question": null,
            "agent": { "id": "a", "name": "Ada" }, "outcome": null, "citations": [], "language": null,
            "upload": "u",
        })
    );
}

#[test]
fn a_question_has_the_number_of_its_message_as_text() {
    let event = ConversationEvent::QuestionAsked {
        question: "How loud?".to_owned(),
        product: "td17".to_owned(),
        language: Some("en".to_owned()),
    };
    let reply_to = Some(MessageId::Number(12_u64.into()));
    let events = webhook_events(&LogEntry { reply_to, ..entry(event) });
    let data = &events[0].data;
    assert_eq!((&data["author"], &data["question"]), (&json!("visitor"), &json!("12")));
    assert_eq!((&data["offset"], &data["language"]), (&json!(null), &json!("en")));
    assert_eq!(events[0].place, HandoffPlace::Unnumbered);
}

#[test]
fn a_rating_has_its_comment() {
    let comment = Some("!".to_owned());
    let rated = ConversationEvent::ConversationRated(Csat { rating: 5, comment: comment.clone() });
    assert_eq!(webhook_events(&entry(rated))[0].data, json!({ "rating": 5, "comment": "!" }));
    let rated = ConversationEvent::AnswerRated { answer: 9, thumb: Thumb::Down, comment };
    let expected = json!({ "offset": 9, "thumb": "down", "comment": "!" });
    assert_eq!(webhook_events(&entry(rated))[0].data, expected);
}

#[test]
fn the_agent_who_leaves_and_the_new_state_of_the_conversation_are_separate_events() {
    let (name, none) = (json!("Ada"), json!(null));
    for (reason, code) in [(LeaveReason::Gone, "gone"), (LeaveReason::NoAnswer, "no_answer")] {
        let agent_left = entry(ConversationEvent::AgentLeft { agent: ada(), reason });
        let expected = [
            ("agent.left", name.clone(), json!(code)),
            ("handoff.requested", none.clone(), none.clone()),
        ];
        assert_eq!(turns(&webhook_events(&agent_left)), expected);
    }
    let agent_left = |reason: &str| ("agent.left", name.clone(), json!(reason));
    let closed = |agent: &Value, by: &str| ("conversation.closed", agent.clone(), json!(by));
    let returned = |why: &str| ("conversation.returned", none.clone(), json!(why));
    let ada = ada();
    assert_eq!(
        turns(&ended(TicketGoneReason::Closed, None, Some(&ada))),
        [agent_left("closed"), closed(&name, "agent")]
    );
    assert_eq!(
        turns(&ended(TicketGoneReason::Ended, Some(ada.clone()), None)),
        [agent_left("ended"), closed(&name, "visitor")]
    );
    assert_eq!(turns(&ended(TicketGoneReason::Ended, None, None)), [closed(&none, "visitor")]);
    assert_eq!(
        turns(&ended(TicketGoneReason::Returned, None, Some(&ada))),
        [agent_left("returned"), returned("returned")]
    );
    assert_eq!(turns(&ended(TicketGoneReason::Withdrawn, None, None)), [returned("withdrawn")]);
    assert_eq!(turns(&ended(TicketGoneReason::Expired, None, None)), [returned("expired")]);
    let handed = DeskDecision::Transferred { rev: 3, from: &ada, to: None };
    assert_eq!(turns(&decision_webhook_events(handed)), [agent_left("handed")]);
}

#[test]
fn an_event_with_a_decision_of_the_desk_is_sent_once_by_the_decision() {
    let by_decision = [
        ConversationEvent::HandoffRequested { message: None },
        ConversationEvent::HandoffUnavailable { message: None, form: true },
        ConversationEvent::HandoffAccepted,
        ConversationEvent::HandoffReturned { message: None },
        ConversationEvent::AgentJoined { agent: ada() },
        ConversationEvent::AgentLeft { agent: ada(), reason: LeaveReason::Closed },
        ConversationEvent::ConversationClosed { by: Some(ClosedBy::Agent), at_desk: true },
        ConversationEvent::ConversationClosed { by: Some(ClosedBy::Visitor), at_desk: true },
    ];
    for event in by_decision {
        assert_eq!(webhook_events(&entry(event.clone())), [], "{event:?}");
    }
    let closed =
        ConversationEvent::ConversationClosed { by: Some(ClosedBy::Visitor), at_desk: false };
    assert_eq!(
        turns(&webhook_events(&entry(closed))),
        [("conversation.closed", json!(null), json!("visitor"))]
    );
    let ada = ada();
    let why = HandoffUnavailable::Full;
    for (decision, expected) in [
        (
            DeskDecision::Requested { rev: 1, reason: Some("why") },
            ("handoff.requested", json!(null), json!("why")),
        ),
        (DeskDecision::Unavailable { why }, ("handoff.unavailable", json!(null), json!("full"))),
        (DeskDecision::Joined { rev: 2, agent: &ada }, ("agent.joined", json!("Ada"), json!(null))),
    ] {
        assert_eq!(turns(&decision_webhook_events(decision)), [expected]);
    }
}
