//! How a conversation continues: after a `hello`, after a takeover, without a client. No runtime.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{AnswerEvent, Outcome};
use crate::checkpoint::Checkpoint;
use crate::conversation::Conversation;
use crate::event::{ConversationEvent, LogEntry};
use crate::input::{Effect, Input, NotResumed, Opening, OpeningResult};
use crate::log::{MissedEntries, StoredEntry, TakenOver};
use crate::tests::{ask, chunk, conversation, done, goes_on, kinds, say, sent, started};

fn hello_again(conversation: &mut Conversation, after: u64) -> Vec<Effect> {
    let resume = json!({"conversation": "c0", "token": "t", "after": after});
    say(conversation, json!({"type": "hello", "id": "h", "resume": resume}))
}

fn opening(effects: &[Effect]) -> &Opening {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Open(opening) => Some(opening),
        _ => None,
    });
    found.expect("the log is opened")
}

fn begun(conversation: &mut Conversation, not_resumed: Option<NotResumed>) -> Vec<Effect> {
    let is_logged = not_resumed != Some(NotResumed::Unavailable);
    let opened = OpeningResult::Begun { token: "t".to_owned(), is_logged, not_resumed };
    conversation.apply(Input::Opened(opened))
}

fn taken_over(conversation: &mut Conversation, taken: TakenOver) -> Vec<Effect> {
    conversation.apply(Input::Opened(OpeningResult::TakenOver {
        conversation: "c0".into(),
        token: "t2".to_owned(),
        taken: Box::new(taken),
    }))
}

/// A chunk of an answer, as the log stores it.
fn stored(offset: u64) -> StoredEntry {
    let event = ConversationEvent::AnswerChunk { content: "Hold ".to_owned() };
    LogEntry { offset, epoch: 1, at_ms: Some(7), reply_to: None, event }.stored()
}

/// The checkpoint that the log would store of a conversation.
fn encoded(conversation: &Conversation) -> Option<Arc<str>> {
    let mut checkpoint = Checkpoint::default();
    conversation.write_checkpoint(&mut checkpoint);
    Some(checkpoint.encode())
}

fn taken(before: &Conversation, offset: u64, missed: MissedEntries) -> TakenOver {
    TakenOver { epoch: 2, offset, missed, checkpoint: encoded(before), from: None }
}

fn replayed(effects: &[Effect]) -> Vec<u64> {
    let entries = effects.iter().filter_map(|effect| match effect {
        Effect::Replay(entries) => Some(entries.iter().map(|entry| entry.offset)),
        _ => None,
    });
    entries.flatten().collect()
}

fn welcome(effects: &[Effect]) -> Value {
    let found = sent(effects).into_iter().find(|frame| frame["type"] == "welcome");
    found.expect("a welcome")
}

#[test]
fn questions_before_the_welcome_are_processed_after_it_and_typing_does_not_wait() {
    let mut conversation = conversation();
    assert_eq!(opening(&hello_again(&mut conversation, 9)).resume.as_ref().unwrap().after, 9);
    assert_eq!(
        kinds(&say(&mut conversation, json!({"type": "typing", "content": "td"}))),
        ["prediction"]
    );
    assert!(ask(&mut conversation, "a", "one").is_empty());
    assert!(ask(&mut conversation, "b", "two").is_empty());
    let effects = begun(&mut conversation, Some(NotResumed::Unknown));
    assert_eq!(welcome(&effects)["reason"], NotResumed::Unknown.to_string());
    assert_eq!(
        (&welcome(&effects)["conversation"], &welcome(&effects)["id"]),
        (&json!("c1"), &json!("h"))
    );
    let [(_, question)] = started(&effects)[..] else { panic!("one answer: {effects:?}") };
    assert_eq!(question.text, "one");
    let effects = goes_on(&mut conversation, 1, done(Outcome::Answered));
    assert_eq!(started(&effects)[0].1.text, "two");
}

#[test]
fn the_messages_buffered_before_the_welcome_are_bounded() {
    let mut conversation = conversation();
    hello_again(&mut conversation, 0);
    let refused: Vec<Value> =
        (0..20).flat_map(|id| sent(&ask(&mut conversation, &id.to_string(), "how?"))).collect();
    assert!(refused.len() >= 10, "{refused:?}");
    assert!(refused.iter().all(|frame| frame["code"] == "too_many_questions"));
}

#[test]
fn a_conversation_that_is_taken_over_continues_at_the_offset_of_its_client() {
    let mut before = conversation();
    ask(&mut before, "a", "one");
    ask(&mut before, "b", "two");
    goes_on(&mut before, 1, chunk("Hold the "));
    goes_on(&mut before, 1, chunk("but"));
    let mut after = conversation();
    hello_again(&mut after, 1);
    // The page repeats its unanswered message.
    assert!(ask(&mut after, "a", "one").is_empty());
    let missed = MissedEntries::All(vec![stored(2)]);
    let effects = taken_over(&mut after, taken(&before, 2, missed));
    let welcome = welcome(&effects);
    assert_eq!((&welcome["conversation"], &welcome["epoch"]), (&json!("c0"), &json!(2)));
    assert_eq!((&welcome["recovered"], &welcome["token"]), (&json!(true), &json!("t2")));
    assert_eq!(replayed(&effects), [2]);
    let [(answer, question)] = started(&effects)[..] else { panic!("once: {effects:?}") };
    assert_eq!(question.text, "one");
    assert_eq!(after.id().as_ref(), "c0");
    assert!(goes_on(&mut after, answer, AnswerEvent::Thinking).is_empty());
    assert!(goes_on(&mut after, answer, chunk("Hold th")).is_empty(), "that was read");
    let effects = goes_on(&mut after, answer, chunk("e button."));
    assert_eq!(
        sent(&effects),
        [json!({"type": "answer_chunk", "content": "ton.", "id": "a", "offset": 3})]
    );
    let effects = goes_on(&mut after, answer, done(Outcome::Answered));
    assert_eq!(started(&effects)[0].1.text, "two", "what waited goes on waiting");
    assert!(ask(&mut after, "a", "one").is_empty(), "and is answered once");
}

#[test]
fn a_restarted_answer_that_differs_or_is_shorter_ends_as_interrupted() {
    for again in
        [vec![chunk("Press"), chunk(" the knob")], vec![chunk("Ho"), done(Outcome::Answered)]]
    {
        let mut before = conversation();
        ask(&mut before, "a", "one");
        goes_on(&mut before, 1, chunk("Hold the but"));
        let mut after = conversation();
        hello_again(&mut after, 1);
        let effects = taken_over(&mut after, taken(&before, 1, MissedEntries::All(Vec::new())));
        let answer = started(&effects)[0].0;
        let effects: Vec<Effect> =
            again.into_iter().flat_map(|event| goes_on(&mut after, answer, event)).collect();
        let last = sent(&effects).pop().expect("a last word");
        assert_eq!((&last["type"], &last["offset"]), (&json!("final_answer"), &json!(4)));
        assert_eq!(last["reason"]["code"], "interrupted");
        assert!(!after.is_answering());
    }
}

#[test]
fn a_client_whose_missed_entries_are_lost_is_notified_and_receives_the_whole_open_answer() {
    for (missed, why) in
        [(MissedEntries::Gone, NotResumed::Gone), (MissedEntries::Ahead, NotResumed::Ahead)]
    {
        let mut before = conversation();
        ask(&mut before, "a", "one");
        goes_on(&mut before, 1, done(Outcome::Answered));
        ask(&mut before, "b", "two");
        goes_on(&mut before, 2, chunk("Hold the "));
        let mut after = conversation();
        hello_again(&mut after, 1);
        let effects = taken_over(&mut after, taken(&before, 40, missed));
        let welcome = welcome(&effects);
        assert_eq!((&welcome["recovered"], &welcome["offset"]), (&json!(false), &json!(40)));
        assert_eq!(welcome["reason"], why.to_string());
        let answer = started(&effects)[0].0;
        let effects = goes_on(&mut after, answer, chunk("Hold the "));
        let first = sent(&effects).pop().expect("the first words again");
        assert_eq!((&first["content"], &first["offset"]), (&json!("Hold the "), &json!(41)));
        assert!(ask(&mut after, "b", "two").is_empty(), "it is being answered");
        ask(&mut after, "a", "one");
        let effects = goes_on(&mut after, answer, done(Outcome::Answered));
        assert_eq!(started(&effects)[0].1.text, "one", "its answer may be what was lost");
    }
}

#[test]
fn an_unreadable_checkpoint_is_reported_as_lost_and_nothing_is_sent_twice() {
    let mut after = conversation();
    hello_again(&mut after, 1);
    let missed = MissedEntries::All(vec![stored(2)]);
    let checkpoint = Some(r#"{"v":99}"#.into());
    let taken = TakenOver { epoch: 2, offset: 2, missed, checkpoint, from: None };
    let effects = taken_over(&mut after, taken);
    assert_eq!(welcome(&effects)["recovered"], false);
    assert_eq!(welcome(&effects)["reason"], NotResumed::Ahead.to_string());
    assert!(replayed(&effects).is_empty());
}

#[test]
fn a_conversation_is_resumed_by_the_first_message_only() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    goes_on(&mut conversation, 1, chunk("Hold"));
    let effects = hello_again(&mut conversation, 3);
    assert_eq!(*opening(&effects), Opening { resume: None, offset: 1 });
    let effects = begun(&mut conversation, None);
    assert_eq!(welcome(&effects)["reason"], NotResumed::Late.to_string());
    assert_eq!(welcome(&effects)["offset"], 1);
    assert!(conversation.is_answering());
}

#[test]
fn an_image_left_out_of_the_checkpoint_is_reported_as_lost() {
    let picture = [b"\x89PNG".as_slice(), &[0; 40_000]].concat();
    let picture = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, picture);
    let mut before = conversation();
    let query = json!({"type": "query", "id": "a", "product_id": "td17", "query": "what is this?", "image": picture});
    assert_eq!(started(&say(&mut before, query)).len(), 1);
    let mut after = conversation();
    hello_again(&mut after, 0);
    let effects = taken_over(&mut after, taken(&before, 0, MissedEntries::All(Vec::new())));
    assert!(started(&effects).is_empty());
    assert_eq!(sent(&effects).pop().unwrap()["reason"]["code"], "picture_lost");
}

#[test]
fn an_answer_that_loses_one_pod_after_another_is_given_up() {
    let mut before = conversation();
    ask(&mut before, "a", "one");
    for pods in 1..=3 {
        let mut next = conversation();
        let effects = next.adopt(taken(&before, 0, MissedEntries::All(Vec::new())));
        assert_eq!(started(&effects).len(), usize::from(pods < 3), "after {pods}");
        if pods == 3 {
            assert_eq!(sent(&effects).pop().unwrap()["reason"]["code"], "internal");
        }
        before = next;
    }
}

#[test]
fn a_crash_before_the_welcome_loses_neither_the_hello_nor_the_questions_after_it() {
    let mut before = conversation();
    hello_again(&mut before, 9);
    ask(&mut before, "a", "one");
    let mut checkpoint = Checkpoint::default();
    before.write_checkpoint(&mut checkpoint);
    let mut after = conversation();
    let effects = after.recover(checkpoint);
    assert_eq!(opening(&effects).resume.as_ref().unwrap().conversation, "c0");
    let effects = begun(&mut after, Some(NotResumed::BadToken));
    assert_eq!(welcome(&effects)["id"], "h");
    assert_eq!(started(&effects).len(), 1);
}

#[test]
fn an_unavailable_log_is_reported_and_the_chat_continues() {
    let mut conversation = conversation();
    hello_again(&mut conversation, 3);
    let effects = begun(&mut conversation, Some(NotResumed::Unavailable));
    assert_eq!(welcome(&effects)["reason"], NotResumed::Unavailable.to_string());
    assert!(effects.iter().any(|effect| matches!(effect, Effect::UseLog { is_logged: false, .. })));
    assert_eq!(started(&ask(&mut conversation, "a", "one")).len(), 1);
}

#[test]
fn an_entry_of_a_later_version_is_not_sent_and_history_is_reported_as_lost() {
    let mut before = conversation();
    ask(&mut before, "a", "one");
    goes_on(&mut before, 1, chunk("Hold "));
    let mut after = conversation();
    hello_again(&mut after, 1);
    let later = StoredEntry { offset: 2, text: r#"{"v":2,"offset":2,"what":"else"}"#.into() };
    let effects = taken_over(&mut after, taken(&before, 2, MissedEntries::All(vec![later])));
    assert_eq!(welcome(&effects)["recovered"], false);
    assert_eq!(welcome(&effects)["reason"], NotResumed::Gone.to_string());
    assert!(replayed(&effects).is_empty());
}
