//! Every frame that a conversation sends, compared byte for byte with frames recorded from the version before the
//! event model (`fixtures/visitor_frames.jsonl`).

use std::path::Path;

use hsc_catalogs::Citation;
use serde_json::json;

use crate::answer::{Answer, AnswerEvent, AnswererName, Outcome};
use crate::conversation::Conversation;
use crate::desk::{AgentChatMessage, DeskChange, DeskUpdate, HandoffUnavailable};
use crate::input::{Effect, Input};
use crate::protocol::{Agent, Ticket, TicketGone, TicketGoneReason};
use crate::tests::{chunk, conversation, done, frames, goes_on, greet, say};

const RECORDED: &str = "fixtures/visitor_frames.jsonl";

fn agent(name: &str) -> Agent {
    Agent { id: name.to_lowercase(), name: name.to_owned() }
}

fn ticket(rev: u64, who: Option<&str>, unanswered_by: Option<&str>) -> Input {
    Input::Desk(DeskUpdate::Changed(Box::new(DeskChange::Ticket(Ticket {
        conversation: "c1".to_owned(),
        product: None,
        visitor: None,
        locale: None,
        scenario: None,
        page: None,
        reason: None,
        last: None,
        since_ms: 5,
        agent: who.map(agent),
        unanswered_by: unanswered_by.map(|name| Box::new(agent(name))),
        online: true,
        pod: "pod".to_owned(),
        rev,
    }))))
}

fn gone(rev: u64, why: TicketGoneReason) -> Input {
    let conversation = "c1".to_owned();
    let gone = TicketGone { conversation, why, agent: None, rev };
    Input::Desk(DeskUpdate::Changed(Box::new(DeskChange::Gone(gone))))
}

fn citation(page: u32, page_label: Option<&str>) -> Citation {
    Citation {
        page,
        page_label: page_label.map(str::to_owned),
        quote: "Weight \"7.5 kg\" – ä\n".to_owned(),
        url: format!("/manuals/td17#page={page}"),
        score: 0.87,
    }
}

fn answer(outcome: Outcome) -> AnswerEvent {
    AnswerEvent::Done(Box::new(Answer {
        outcome,
        text: "It weighs 7.5 kg [MANUAL: page 4].".to_owned(),
        html: "<p>It weighs <b>7.5 kg</b>.</p>".to_owned(),
        citations: vec![citation(4, None), citation(12, Some("xii"))],
        confidence: 0.734_512,
        grounded: true,
        answerer: AnswererName::Llm,
        fallback: Some("slow".to_owned()),
        stale_manual: true,
        provisional: true,
        pages_pending: 3,
    }))
}

/// Every frame that a conversation sends, from a dialogue that produces each kind.
fn all_frames() -> Vec<String> {
    let mut all = Vec::new();
    for hello in [false, true] {
        let mut talk = conversation();
        talk.at(1_764_038_400_123);
        let mut effects = Vec::new();
        if hello {
            effects.extend(greet(&mut talk, json!({"type": "hello", "id": "h"})));
        }
        effects.extend(questions(&mut talk));
        if hello {
            effects.extend(handoffs(&mut talk));
        }
        effects.extend(say(&mut talk, json!({"type": "bye", "id": "b"})));
        all.extend(frames(&effects));
    }
    all
}

fn questions(talk: &mut Conversation) -> Vec<Effect> {
    let mut effects = Vec::new();
    let no_manual = Outcome::NoManual { code: "none", words: "There is none.".to_owned() };
    let ends = [Outcome::Answered, Outcome::Likely, Outcome::Unknown, no_manual.clone()];
    for (number, outcome) in (1..).zip(ends) {
        let id = if number % 2 == 0 { json!(number) } else { json!(format!("q\"{number}")) };
        let query = json!({"type": "query", "id": id, "product_id": "td17",
            "query": "How heavy \u{1F3B5} is \"it\"?", "scenario": "studio"});
        effects.extend(say(talk, query));
        effects.extend(goes_on(talk, number, AnswerEvent::Reading));
        effects.extend(goes_on(talk, number, chunk("It weighs\t")));
        effects.extend(goes_on(talk, number, chunk("7.5 kg [MANUAL: page 4]. ")));
        effects.extend(goes_on(talk, number, answer(outcome)));
    }
    // No text: the sentence of part 1. Without an id, and about a product without related ones.
    effects.extend(say(talk, json!({"type": "query", "product_id": "vx9", "query": "Why?"})));
    effects.extend(goes_on(talk, 5, done(no_manual)));
    // One fails, one is cancelled while it runs, one while it is queued.
    effects.extend(say(
        talk,
        json!({"type": "query", "id": "f", "product_id": "td17", "query": "How?"}),
    ));
    effects.extend(goes_on(talk, 6, chunk("Press ")));
    effects.extend(talk.apply(Input::AnswerLost { answer: 6 }));
    for id in ["r", "w"] {
        let query = json!({"type": "query", "id": id, "product_id": "td17", "query": "Where?"});
        effects.extend(say(talk, query));
    }
    effects.extend(goes_on(talk, 7, chunk("There ")));
    effects.extend(say(talk, json!({"type": "cancel", "id": "c"})));
    for bad in [
        json!({"type": "query", "query": "?"}),
        json!({"type": "query", "product_id": "none", "query": "?"}),
    ] {
        effects.extend(say(talk, bad));
    }
    effects
}

fn handoffs(talk: &mut Conversation) -> Vec<Effect> {
    let mut effects = say(talk, json!({"type": "handoff", "id": "n"}));
    effects.extend(talk.apply(Input::Desk(DeskUpdate::NoPerson(HandoffUnavailable::Closed))));
    effects.extend(say(talk, json!({"type": "handoff", "id": "p", "reason": "It burns."})));
    let agent_message = |request: &str, citations: Vec<Citation>, upload: Option<&str>| {
        Input::AgentChatMessage(Box::new(AgentChatMessage {
            request: request.to_owned(),
            agent: agent("Ana"),
            content: "<i>Hold</i>\nit.".to_owned(),
            citations,
            upload: upload.map(str::to_owned),
            at_ms: 1_764_038_400_999,
        }))
    };
    for event in [
        ticket(1, None, None),
        ticket(2, Some("Ana"), None),
        agent_message("1", vec![citation(4, None)], Some("u-1")),
        agent_message("2", Vec::new(), None),
    ] {
        effects.extend(talk.apply(event));
    }
    effects.extend(say(talk, json!({"type": "message", "id": 7, "content": "Thank\nyou & <b>"})));
    for event in [
        ticket(3, Some("Ben"), None),
        ticket(4, None, None),
        ticket(5, Some("Ana"), None),
        ticket(6, None, Some("Ana")),
        ticket(7, Some("Ana"), None),
        gone(8, TicketGoneReason::Returned),
    ] {
        effects.extend(talk.apply(event));
    }
    for (rev, why) in (0_u64..).map(|at| 10 + 10 * at).zip([
        TicketGoneReason::Closed,
        TicketGoneReason::Ended,
        TicketGoneReason::Expired,
        TicketGoneReason::Withdrawn,
    ]) {
        effects.extend(talk.apply(ticket(rev, None, None)));
        if matches!(why, TicketGoneReason::Closed | TicketGoneReason::Ended) {
            effects.extend(talk.apply(ticket(rev + 1, Some("Ana"), None)));
        }
        effects.extend(talk.apply(gone(rev + 2, why)));
    }
    effects
}

#[test]
fn every_frame_equals_the_recorded_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDED);
    let frames = all_frames();
    let recorded = std::fs::read_to_string(path).expect("the fixture is there");
    for (number, (frame, recorded)) in frames.iter().zip(recorded.lines()).enumerate() {
        assert_eq!(frame, recorded, "frame {number}");
    }
    assert_eq!(frames.len(), recorded.lines().count());
}
