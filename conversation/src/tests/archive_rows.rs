//! The archive rows of a conversation. No runtime.

use serde_json::json;

use crate::answer::{AnswerEvent, Outcome};
use crate::archive::{
    ArchivedMessage, Author, ConversationFacts, Feedback, HandoffRecordKind, MessageOutcome, Record,
};
use crate::archive_rows::decision_row;
use crate::checkpoint::Checkpoint;
use crate::desk::{DeskDecision, HandoffUnavailable};
use crate::input::{Effect, Input};
use crate::protocol::{Agent, TicketGone, TicketGoneReason};
use crate::tests::{ask, chunk, conversation, done, goes_on, records, say, sent};

/// The archived messages, in order.
fn recorded(effects: &[Effect]) -> Vec<ArchivedMessage> {
    let message = |record| match record {
        Record::Message(message) => Some(*message),
        _ => None,
    };
    records(effects).into_iter().filter_map(message).collect()
}

#[test]
fn a_question_and_its_answer_are_recorded_with_their_metadata() {
    let mut conversation = conversation();
    say(&mut conversation, json!({"type": "hello", "locale": "he"}));
    let opened =
        crate::OpeningResult::Begun { token: "t".to_owned(), is_logged: true, not_resumed: None };
    conversation.apply(Input::Opened(opened));
    let effects = ask(&mut conversation, "q1", "how loud?");
    let [question] = &recorded(&effects)[..] else { panic!("one question: {effects:?}") };
    assert_eq!((question.author, &*question.text), (Author::Visitor, "how loud?"));
    assert_eq!((&*question.conversation, question.question.as_deref()), ("c1", Some("q1")));
    assert_eq!(
        (question.product.as_deref(), question.language.as_deref()),
        (Some("td17"), Some("he"))
    );
    goes_on(&mut conversation, 1, AnswerEvent::FromCache);
    conversation.apply(Input::FirstWords { answer: 1, after_ms: 7 });
    goes_on(&mut conversation, 1, chunk("Very."));
    let AnswerEvent::Done(mut answer) = done(Outcome::Answered) else { panic!("the last event") };
    answer.text = "Very.".to_owned();
    let effects = goes_on(&mut conversation, 1, AnswerEvent::Done(answer));
    let [answer] = &recorded(&effects)[..] else { panic!("one answer: {effects:?}") };
    assert_eq!(
        (answer.author, &*answer.text, &*answer.html),
        (Author::Machine, "Very.", "<p>So.</p>")
    );
    assert_eq!((answer.outcome, answer.confidence), (Some(MessageOutcome::Answered), Some(0.5)));
    assert_eq!((answer.first_answer_ms, answer.cached), (Some(7), true));
    assert_eq!((answer.question.as_deref(), answer.product.as_deref()), (Some("q1"), Some("td17")));
    let frames = sent(&effects);
    let last = frames.iter().find(|frame| frame["type"] == "final_answer").expect("it ends");
    assert_eq!(answer.offset, last["offset"].as_u64(), "the place by which a thumb names it");
}

#[test]
fn an_answer_without_a_result_is_recorded_with_its_outcome() {
    for (outcome, recorded_as) in [
        (Outcome::Unknown, MessageOutcome::Unknown),
        (Outcome::NoManual { code: "none", words: "x".to_owned() }, MessageOutcome::NoManual),
    ] {
        let mut conversation = conversation();
        ask(&mut conversation, "q", "how?");
        let effects = goes_on(&mut conversation, 1, done(outcome));
        assert_eq!(recorded(&effects)[0].outcome, Some(recorded_as));
    }
    let mut stopped = conversation();
    ask(&mut stopped, "q", "how?");
    let effects = say(&mut stopped, json!({"type": "cancel"}));
    assert_eq!(recorded(&effects)[0].outcome, Some(MessageOutcome::Cancelled));
    let mut lost = conversation();
    ask(&mut lost, "q", "how?");
    let effects = lost.apply(Input::AnswerLost { answer: 1 });
    assert_eq!(recorded(&effects)[0].outcome, Some(MessageOutcome::Failed));
}

#[test]
fn a_queued_question_is_recorded_when_its_answer_starts_and_a_refused_one_is_not() {
    let mut conversation = conversation();
    assert_eq!(recorded(&ask(&mut conversation, "q1", "one?")).len(), 1);
    assert!(recorded(&ask(&mut conversation, "q2", "two?")).is_empty());
    let texts: Vec<String> = recorded(&goes_on(&mut conversation, 1, done(Outcome::Answered)))
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(texts, ["", "two?"], "the answer, then the next question");
    let nowhere = json!({"type": "query", "product_id": "nothing", "query": "how?"});
    say(&mut conversation, json!({"type": "cancel"}));
    assert!(recorded(&say(&mut conversation, nowhere)).is_empty());
}

#[test]
fn an_answer_restarted_after_a_crash_records_its_question_once() {
    let mut before = conversation();
    ask(&mut before, "q", "how?");
    goes_on(&mut before, 1, chunk("Very"));
    let mut checkpoint = Checkpoint::default();
    before.write_checkpoint(&mut checkpoint);
    let mut after = conversation();
    assert!(recorded(&after.recover(checkpoint)).is_empty());
}

/// The kind, the agent and the reason of a decision's row.
fn row(decision: DeskDecision<'_>) -> (HandoffRecordKind, Option<String>, Option<String>) {
    let Record::Handoff(turn) = decision_row("c1", decision) else { panic!("a turn") };
    assert_eq!(turn.conversation, "c1");
    (turn.kind, turn.agent.map(|agent| agent.id), turn.reason)
}

#[test]
fn each_decision_of_the_desk_is_one_record() {
    let (ana, ben) = (agent("ana"), agent("ben"));
    let text = |text: &str| Some(text.to_owned());
    let requested = DeskDecision::Requested { rev: 1, reason: Some("It burns.") };
    assert_eq!(row(requested), (HandoffRecordKind::HandedOver, None, text("It burns.")));
    for why in [
        HandoffUnavailable::Closed,
        HandoffUnavailable::NobodyThere,
        HandoffUnavailable::Full,
        HandoffUnavailable::TooMany,
        HandoffUnavailable::Away,
    ] {
        let none = row(DeskDecision::Unavailable { why });
        assert_eq!(none, (HandoffRecordKind::Unavailable, None, text(why.into())), "not a handoff");
    }
    let joined = DeskDecision::Joined { rev: 2, agent: &ana };
    assert_eq!(row(joined), (HandoffRecordKind::Taken, text("ana"), None));
    let transferred = DeskDecision::Transferred { rev: 3, from: &ana, to: Some(&ben) };
    assert_eq!(row(transferred), (HandoffRecordKind::Handed, text("ana"), None));
}

#[test]
fn each_end_of_a_handoff_is_recorded_with_its_kind() {
    for (why, by, kind, who, reason) in [
        (TicketGoneReason::Withdrawn, None, HandoffRecordKind::Withdrawn, None, None),
        (TicketGoneReason::Expired, None, HandoffRecordKind::Expired, None, None),
        // An admin returned the conversation that Ana had; without an admin, Ana did.
        (
            TicketGoneReason::Returned,
            Some("admin"),
            HandoffRecordKind::Returned,
            Some("admin"),
            None,
        ),
        (TicketGoneReason::Returned, None, HandoffRecordKind::Returned, Some("ana"), None),
        (
            TicketGoneReason::Closed,
            Some("ana"),
            HandoffRecordKind::Ended,
            Some("ana"),
            Some("agent"),
        ),
        (TicketGoneReason::Ended, None, HandoffRecordKind::Ended, Some("ana"), Some("visitor")),
    ] {
        let gone =
            TicketGone { conversation: "c1".to_owned(), why, agent: Some(agent("ana")), rev: 9 };
        let by = by.map(agent);
        let found = row(DeskDecision::Ended { gone: &gone, by: by.as_ref() });
        assert_eq!(found, (kind, who.map(str::to_owned), reason.map(str::to_owned)), "{why:?}");
    }
}

fn agent(id: &str) -> Agent {
    Agent { id: id.to_owned(), name: id.to_uppercase() }
}

/// A stop stores records that are not written yet on disk; the next release reads them, and after a roll back the
/// previous one does.
#[test]
fn stored_records_have_the_form_of_the_previous_release() {
    let began = r#"{"conversation":"c","visitor":null,"language":"he","product":"td17","scenario":"live","page":null,"reason":"It hums."}"#;
    let read: ConversationFacts = serde_json::from_str(began).expect("the form is known");
    assert_eq!(read.described.product.as_deref(), Some("td17"));
    assert_eq!(serde_json::to_string(&read).expect("a record is JSON"), began);
    let rated = r#"{"conversation":"c","offset":7,"thumb":"down","comment":null}"#;
    let read: Feedback = serde_json::from_str(rated).expect("the form is known");
    assert_eq!(serde_json::to_string(&read).expect("a record is JSON"), rated);
}
