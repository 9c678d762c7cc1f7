//! The rules of a conversation, each by itself: events in, effects out, no runtime.

mod archive_rows;
mod handoff;
mod machines;
mod recorded_frames;
mod resume;
mod webhook_events;

use std::sync::Arc;

use hsc_catalogs::{Snapshot, load_files};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::answer::{Answer, AnswerEvent, AnswererName, Outcome, Question};
use crate::protocol::{ClientFrame, InvalidMessage, Limits, ServerFrame};

use crate::archive::Record;
use crate::conversation::Conversation;
use crate::input::{Effect, Input, OpeningResult, Rules};
use crate::{archive_row, visitor_frame};

const QUESTIONS_IN_LINE: usize = 2;

/// Sixty products: three with a name of their own, the rest to fill a sample.
pub(super) fn catalog() -> Arc<Snapshot> {
    let manual =
        |name: &str| json!({"type": "pdf", "url": format!("https://acme.test/{name}.pdf")});
    let mut products = vec![
        json!({"id": "td17", "name": "Acme TD-17KV Drum Kit", "category": "Drums",
            "documentation": manual("td17"), "unheard_of": [1, 2],
            "relationships": [{"type": "accessory", "target_id": "stand", "label": "Fits"}]}),
        json!({"id": "vx9", "name": "Acme VX-9 Synthesizer", "category": "Keys",
            "documentation": manual("vx9")}),
        json!({"id": "stand", "name": "Acme Stand", "category": "Stands"}),
    ];
    products
        .extend((0..57).map(|n| json!({"id": format!("p{n}"), "name": format!("Part Q{n}ZZ")})));
    let file = json!({"brand_identity": {"id": "acme", "name": "Acme"}, "products": products});
    let report = load_files([("acme.json", file.to_string().as_str())]);
    assert_eq!(report.catalog.products().len(), 60, "{:?}", report.problems);
    Arc::new(Snapshot::new(report.catalog))
}

pub(super) fn conversation() -> Conversation {
    conversation_over(catalog())
}

fn conversation_over(catalog: Arc<Snapshot>) -> Conversation {
    let limits = Limits::new(1 << 20, 20);
    let rules = Rules { pending_questions: QUESTIONS_IN_LINE, prefetch_confidence: 80, limits };
    Conversation::new("c1".into(), String::new(), catalog, Arc::new(rules))
}

/// Sends a `hello`; the log is open at once.
pub(super) fn greet(conversation: &mut Conversation, hello: Value) -> Vec<Effect> {
    let mut effects = say(conversation, hello);
    if let Some(at) = effects.iter().position(|effect| matches!(effect, Effect::Open(_))) {
        effects.remove(at);
        let (token, is_logged, not_resumed) = ("secret".to_owned(), true, None);
        let opened = OpeningResult::Begun { token, is_logged, not_resumed };
        effects.extend(conversation.apply(Input::Opened(opened)));
    }
    effects
}

/// The client sends this message.
pub(super) fn say(conversation: &mut Conversation, message: Value) -> Vec<Effect> {
    let frame = ClientFrame::parse(&message.to_string()).expect("a message of this test");
    conversation.apply(Input::Received(frame))
}

pub(super) fn ask(conversation: &mut Conversation, id: &str, question: &str) -> Vec<Effect> {
    say(conversation, json!({"type": "query", "id": id, "product_id": "td17", "query": question}))
}

pub(super) fn goes_on(
    conversation: &mut Conversation,
    answer: u64,
    event: AnswerEvent,
) -> Vec<Effect> {
    conversation.apply(Input::Answering { answer, event })
}

pub(super) fn chunk(text: &str) -> AnswerEvent {
    AnswerEvent::Chunk(text.to_owned())
}

pub(super) fn done(outcome: Outcome) -> AnswerEvent {
    AnswerEvent::Done(Box::new(Answer {
        outcome,
        text: String::new(),
        html: "<p>So.</p>".to_owned(),
        citations: Vec::new(),
        confidence: 0.5,
        grounded: true,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    }))
}

/// The sent frames as JSON text.
pub(super) fn frames(effects: &[Effect]) -> Vec<String> {
    let frame = |effect: &Effect| match effect {
        Effect::Send { message, id } => {
            Some(ServerFrame { message, id: id.as_ref(), offset: None }.to_json())
        }
        Effect::Event(entry) => visitor_frame(entry).map(|frame| frame.json.to_string()),
        _ => None,
    };
    effects.iter().filter_map(frame).collect()
}

/// The sent frames.
pub(super) fn sent(effects: &[Effect]) -> Vec<Value> {
    let frames = frames(effects);
    frames.iter().map(|json| serde_json::from_str(json).expect("a frame is JSON")).collect()
}

/// The archive records.
pub(super) fn records(effects: &[Effect]) -> Vec<Record> {
    let row = |effect: &Effect| match effect {
        Effect::Event(entry) => archive_row("c1", entry),
        _ => None,
    };
    effects.iter().filter_map(row).collect()
}

/// The types of the sent frames, with the sentence of a status.
pub(super) fn kinds(effects: &[Effect]) -> Vec<String> {
    let kind = |frame: &Value| match frame["msg"].as_str() {
        Some(msg) => format!("status {msg}"),
        None => frame["type"].as_str().expect("a frame has a type").to_owned(),
    };
    sent(effects).iter().map(kind).collect()
}

/// The started answers.
pub(super) fn started(effects: &[Effect]) -> Vec<(u64, &Question)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::StartAnswer { answer, question } => Some((*answer, &**question)),
            _ => None,
        })
        .collect()
}

fn stops(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::StopAnswer)).count()
}

const READING: &str = "status Reading Official Manual...";
const THINKING: &str = "status Thinking...";

#[test]
fn an_answer_is_two_statuses_chunks_context_and_the_final_answer() {
    let mut conversation = conversation();
    let effects = ask(&mut conversation, "q", "how loud?");
    let [(answer, question)] = started(&effects)[..] else { panic!("one answer: {effects:?}") };
    assert_eq!((question.text.as_str(), &*question.product.id), ("how loud?", "td17"));
    assert_eq!(question.related.len(), 1);
    assert!(conversation.is_answering());
    let mut effects = Vec::new();
    for event in [
        AnswerEvent::Reading,
        AnswerEvent::Reading,
        AnswerEvent::Thinking,
        // Not the beginning of a related product's name either, which would wait for its end.
        chunk("1."),
        chunk("2."),
        done(Outcome::Answered),
    ] {
        effects.extend(goes_on(&mut conversation, answer, event));
    }
    assert_eq!(
        kinds(&effects),
        [READING, THINKING, "answer_chunk", "answer_chunk", "context", "final_answer"]
    );
    let frames = sent(&effects);
    assert!(frames.iter().all(|frame| frame["id"] == "q"), "every reply echoes the id");
    let offsets: Vec<&Value> = frames.iter().map(|frame| &frame["offset"]).collect();
    assert_eq!(offsets, [&json!(null), &json!(null), &json!(1), &json!(2), &json!(3), &json!(4)]);
    assert_eq!(frames[4]["data"]["brand"]["id"], "acme");
    assert_eq!(frames[4]["data"]["related_items"][0]["id"], "stand");
    assert_eq!(frames[4]["data"]["scenario"], "general");
    assert_eq!((&frames[5]["content"], &frames[5]["html"]), (&json!(""), &json!("<p>So.</p>")));
    assert!(!conversation.is_answering());
}

#[test]
fn statuses_and_context_that_the_answerer_leaves_out_are_sent() {
    let mut conversation = conversation();
    ask(&mut conversation, "q", "how?");
    let effects = goes_on(&mut conversation, 1, chunk("at once"));
    assert_eq!(kinds(&effects), [READING, THINKING, "answer_chunk"]);
    let effects = goes_on(&mut conversation, 1, done(Outcome::Unknown));
    assert_eq!(kinds(&effects), ["context", "final_answer"]);
    assert_eq!(sent(&effects)[1]["reason"]["code"], "unknown");
}

#[test]
fn without_a_manual_there_is_one_chunk_with_the_text_of_part_1() {
    let mut conversation = conversation();
    ask(&mut conversation, "q", "how?");
    goes_on(&mut conversation, 1, AnswerEvent::Reading);
    let outcome = Outcome::NoManual { code: "unreachable", words: "Its host is away.".to_owned() };
    let effects = goes_on(&mut conversation, 1, done(outcome));
    assert_eq!(kinds(&effects), [THINKING, "answer_chunk", "context", "final_answer"]);
    let frames = sent(&effects);
    assert_eq!(frames[1]["content"], "Manual unavailable for this product.");
    assert_eq!(frames[3]["reason"], json!({"code": "unreachable", "message": "Its host is away."}));
}

#[test]
fn a_question_with_an_image_and_without_a_manual_mentions_the_image() {
    let mut conversation = conversation();
    let picture = "data:image/png;base64,iVBORw0KGgo=";
    say(
        &mut conversation,
        json!({"type": "query", "product_id": "td17", "query": "what is this?", "image": picture}),
    );
    let outcome = Outcome::NoManual { code: "none", words: "There is none.".to_owned() };
    let effects = goes_on(&mut conversation, 1, done(outcome));
    let content =
        sent(&effects).into_iter().find(|it| it["type"] == "answer_chunk").expect("words");
    let content = content["content"].as_str().expect("a text");
    assert!(content.starts_with("Manual unavailable for this product."), "{content}");
    assert!(content.contains("Only a person can look at your picture"), "{content}");
}

#[test]
fn a_question_that_cannot_be_answered_gets_a_reason_and_starts_no_answer() {
    let mut conversation = conversation();
    for (product, question, reply) in [
        (json!(null), "how?", "status Error: No product selected."),
        (json!("  "), "how?", "status Error: No product selected."),
        (json!("nothing"), "how?", "status Error: Product not found."),
        (json!("td17"), "", "error"),
    ] {
        let message = json!({"type": "lock_and_query", "product_id": product, "query": question});
        let effects = say(&mut conversation, message);
        assert_eq!(kinds(&effects), [reply]);
        assert!(started(&effects).is_empty() && !conversation.is_answering());
    }
}

#[test]
fn queued_questions_are_answered_in_order() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    for id in ["b", "c"] {
        assert!(ask(&mut conversation, id, "more").is_empty(), "it waits in silence");
    }
    let effects = ask(&mut conversation, "d", "too many");
    let [frame] = &sent(&effects)[..] else { panic!("one error: {effects:?}") };
    assert_eq!((&frame["code"], &frame["id"]), (&json!("too_many_questions"), &json!("d")));
    for (answer, next) in [(1, Some(2)), (2, Some(3)), (3, None)] {
        let effects = goes_on(&mut conversation, answer, done(Outcome::Answered));
        let begun: Vec<u64> = started(&effects).iter().map(|(number, _)| *number).collect();
        assert_eq!(begun, next.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_queued_question_that_fails_does_not_block_the_next() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    say(&mut conversation, json!({"type": "query", "product_id": "gone", "query": "two"}));
    ask(&mut conversation, "c", "three");
    let effects = goes_on(&mut conversation, 1, done(Outcome::Answered));
    assert!(kinds(&effects).contains(&"status Error: Product not found.".to_owned()));
    let [(_, question)] = started(&effects)[..] else { panic!("one answer: {effects:?}") };
    assert_eq!(question.text, "three");
}

#[test]
fn cancel_ends_the_running_answer_and_every_queued_question_with_a_final_answer() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    ask(&mut conversation, "b", "two");
    let effects = say(&mut conversation, json!({"type": "cancel"}));
    assert_eq!(stops(&effects), 1);
    assert!(started(&effects).is_empty() && !conversation.is_answering());
    let frames = sent(&effects);
    let last: Vec<(&Value, &Value)> = frames
        .iter()
        .filter(|frame| frame["type"] == "final_answer")
        .map(|frame| (&frame["id"], &frame["cancelled"]))
        .collect();
    assert_eq!(last, [(&json!("a"), &json!(true)), (&json!("b"), &json!(true))]);
    assert!(goes_on(&mut conversation, 1, chunk("late")).is_empty(), "late words are not said");
    assert!(say(&mut conversation, json!({"type": "cancel"})).is_empty(), "nothing to cancel");
}

#[test]
fn a_question_that_replaces_is_answered_next_and_the_others_are_ended() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    ask(&mut conversation, "b", "two");
    let replacing =
        json!({"type": "query", "id": "c", "product_id": "vx9", "query": "this", "replace": true});
    let effects = say(&mut conversation, replacing);
    assert_eq!(stops(&effects), 1);
    let [(answer, question)] = started(&effects)[..] else { panic!("one answer: {effects:?}") };
    assert_eq!((answer, question.text.as_str()), (2, "this"));
    let ended = sent(&effects).iter().filter(|frame| frame["cancelled"] == true).count();
    assert_eq!(ended, 2);
    assert!(goes_on(&mut conversation, 1, chunk("late")).is_empty());
    assert_eq!(sent(&goes_on(&mut conversation, 2, chunk("new")))[2]["id"], "c");
}

#[test]
fn a_replacing_question_without_a_running_answer_is_answered_at_once() {
    let mut conversation = conversation();
    let asking = json!({"type": "query", "product_id": "vx9", "query": "this", "replace": true});
    let effects = say(&mut conversation, asking);
    assert_eq!((started(&effects).len(), sent(&effects).len(), stops(&effects)), (1, 0, 0));
}

#[test]
fn events_of_an_answer_that_has_ended_are_ignored() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    goes_on(&mut conversation, 1, done(Outcome::Answered));
    ask(&mut conversation, "b", "two");
    for event in [AnswerEvent::Reading, chunk("late"), done(Outcome::Answered)] {
        assert!(goes_on(&mut conversation, 1, event).is_empty());
    }
    assert!(conversation.apply(Input::AnswerLost { answer: 1 }).is_empty());
    assert!(conversation.is_answering(), "the second runs on");
}

#[test]
fn a_lost_answer_is_reported_and_the_next_question_starts() {
    let mut conversation = conversation();
    ask(&mut conversation, "a", "one");
    ask(&mut conversation, "b", "two");
    goes_on(&mut conversation, 1, chunk("half a sen"));
    let effects = conversation.apply(Input::AnswerLost { answer: 1 });
    assert_eq!(kinds(&effects), ["answer_chunk", "context", "final_answer"]);
    assert_eq!(sent(&effects)[2]["reason"]["code"], "internal");
    assert_eq!(started(&effects).len(), 1);
}

#[test]
fn a_repeated_id_is_answered_once() {
    let mut conversation = conversation();
    let typing = json!({"type": "typing", "id": 7, "content": "td"});
    assert_eq!(kinds(&say(&mut conversation, typing.clone())), ["prediction"]);
    assert!(say(&mut conversation, typing).is_empty());
    ask(&mut conversation, "a", "one");
    assert!(ask(&mut conversation, "a", "one").is_empty());
    assert_eq!(
        kinds(&say(&mut conversation, json!({"type": "typing", "id": "7", "content": "td"}))),
        ["prediction"],
        "the text is another id than the number"
    );
    let plain = json!({"type": "typing", "content": "td"});
    for _ in 0..2 {
        assert_eq!(kinds(&say(&mut conversation, plain.clone())), ["prediction"]);
    }
}

#[test]
fn a_bounded_number_of_ids_is_remembered() {
    let mut conversation = conversation();
    let typing = |id: usize| json!({"type": "typing", "id": id, "content": "td"});
    for id in 0..=256 {
        say(&mut conversation, typing(id));
    }
    assert!(say(&mut conversation, typing(1)).is_empty());
    assert_eq!(say(&mut conversation, typing(0)).len(), 1);
}

#[test]
fn typing_returns_at_most_ten_products_and_an_empty_text_a_sample_of_fifty() {
    let mut conversation = conversation();
    let mut predicted = |content: &str| {
        let effects = say(&mut conversation, json!({"type": "typing", "content": content}));
        let frames = sent(&effects);
        assert_eq!(frames.len(), 1, "one prediction for each keystroke");
        frames[0]["data"].as_array().expect("a list").clone()
    };
    assert_eq!(predicted("").len(), 50);
    assert_eq!(predicted("  ").len(), 50);
    assert_eq!(predicted("part").len(), 10);
    assert!(predicted("qwertyuiop").len() <= 10);
    let best = &predicted("td 17")[0];
    assert_eq!(best["product"]["id"], "td17");
    assert_eq!(best["product"]["unheard_of"], json!([1, 2]), "the entry as it is");
    assert_eq!(best["product"]["brand_identity"], best["brand"]);
    assert_eq!(best["context"]["related_items"][0]["label"], "Fits");
    assert!(best.get("matched").is_none());
}

#[test]
fn a_question_in_the_first_box_names_its_product_and_the_rest_is_the_question() {
    let catalog = catalog();
    catalog.load().prepare();
    let mut conversation = conversation_over(catalog);
    greet(&mut conversation, json!({"type": "hello", "compact": true}));
    let mut understood = |content: &str| {
        let message = json!({"type": "understand", "id": content, "content": content});
        let effects = say(&mut conversation, message);
        assert!(started(&effects).is_empty(), "the client decides what is asked");
        let frames = sent(&effects);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0]["type"], "understood");
        assert_eq!(frames[0]["id"], content);
        frames[0].clone()
    };
    let frame = understood("my td-17 kv does not trigger the snare");
    assert_eq!(frame["detected"]["product"]["id"], "td17");
    assert_eq!(frame["detected"]["product"]["manual"], true);
    assert_eq!(frame["detected"]["question"], "does not trigger the snare");
    assert_eq!(frame["data"][0]["product"]["id"], "td17");
    let frame = understood("where is my order");
    assert!(frame.get("detected").is_none(), "{frame}");
    assert!(frame["data"][0]["confidence"].as_u64().is_none_or(|it| it < 50), "{frame}");
    let frame = understood("הס-9 דטמאיקדןזקר");
    assert_eq!(frame["corrected"], "vx-9 synthesizer");
    assert_eq!(frame["data"][0]["product"]["id"], "vx9");
    assert_eq!(understood("  ")["data"], json!([]));
}

#[test]
fn a_question_about_a_product_without_a_manual_includes_the_products_it_belongs_to() {
    let mut conversation = conversation();
    let ask =
        json!({"type": "query", "id": "q", "product_id": "stand", "query": "How high is it?"});
    let effects = say(&mut conversation, ask);
    let owners: Vec<&str> = started(&effects)[0].1.owners.iter().map(|it| &*it.id).collect();
    assert_eq!(owners, ["td17"], "it is an accessory of that one, which has a manual");
    let mut conversation = crate::tests::conversation();
    let ask = json!({"type": "query", "id": "q", "product_id": "td17", "query": "How high is it?"});
    let effects = say(&mut conversation, ask);
    assert!(started(&effects)[0].1.owners.is_empty(), "it has a manual of its own");
}

#[test]
fn a_compact_client_receives_short_predictions_with_matched_ranges() {
    let mut conversation = conversation();
    say(&mut conversation, json!({"type": "hello", "compact": true}));
    let effects = say(&mut conversation, json!({"type": "typing", "content": "td17"}));
    let best = &sent(&effects)[0]["data"][0];
    assert_eq!(
        best["product"],
        json!({
            "id": "td17", "name": "Acme TD-17KV Drum Kit", "brand": "acme", "category": "Drums",
            "manual": true
        })
    );
    assert_eq!(best["brand"], json!({"id": "acme", "name": "Acme"}));
    assert_eq!(best["matched"], json!([{"field": "name", "start": 5, "end": 10}]));
}

#[test]
fn hello_receives_a_welcome_and_a_second_one_resumes_no_conversation() {
    let mut conversation = conversation();
    let effects = greet(&mut conversation, json!({"type": "hello", "id": "h"}));
    let welcome = &sent(&effects)[0];
    assert_eq!(welcome["type"], "welcome");
    assert_eq!((&welcome["conversation"], &welcome["id"]), (&json!("c1"), &json!("h")));
    assert_eq!((&welcome["epoch"], &welcome["token"]), (&json!(1), &json!("secret")));
    assert_eq!((&welcome["recovered"], &welcome["reason"]), (&json!(false), &json!(null)));
    let resume = json!({"conversation": "old", "token": "t", "after": 9});
    let effects = say(&mut conversation, json!({"type": "hello", "resume": resume}));
    assert_eq!(sent(&effects)[0]["recovered"], false);
    assert!(sent(&effects)[0]["reason"].is_string());
}

#[test]
fn an_invalid_message_receives_an_error_and_the_conversation_continues() {
    let mut conversation = conversation();
    let bad: InvalidMessage = ClientFrame::parse("{").expect_err("no JSON");
    let effects = conversation.apply(Input::InvalidMessage(bad));
    assert_eq!(
        sent(&effects),
        [json!({"type": "error", "message": "Invalid JSON", "code": "invalid_json"})]
    );
    let effects = conversation.apply(Input::RateLimited);
    assert_eq!(sent(&effects)[0]["code"], "rate_limited");
    assert_eq!(started(&ask(&mut conversation, "a", "one")).len(), 1);
}

/// The timers that are started, and the manuals that are loaded ahead.
fn ahead(effects: &[Effect]) -> (Vec<u64>, Vec<&str>) {
    let (mut timers, mut manuals) = (Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::StartPrefetchTimer { prediction } => timers.push(*prediction),
            Effect::Prefetch(manual) => manuals.push(manual.documentation.url.as_str()),
            _ => {}
        }
    }
    (timers, manuals)
}

#[test]
fn the_manual_of_a_confident_and_stable_prediction_is_prefetched_once() {
    let mut conversation = conversation();
    let mut types =
        |content: &str| say(&mut conversation, json!({"type": "typing", "content": content}));
    assert_eq!(ahead(&types("stand")), (vec![], vec![]), "sure, and without a manual");
    let (timers, _) = ahead(&types("td17"));
    let [timer] = timers[..] else { panic!("one timer: {timers:?}") };
    assert_eq!(ahead(&types("td17k")), (vec![], vec![]), "the same one: the clock runs on");
    let effects = conversation.apply(Input::PrefetchDue { prediction: timer });
    assert_eq!(ahead(&effects), (vec![], vec!["https://acme.test/td17.pdf"]));
    assert!(conversation.apply(Input::PrefetchDue { prediction: timer }).is_empty());
    let effects = say(&mut conversation, json!({"type": "typing", "content": "td17kv"}));
    assert_eq!(ahead(&effects), (vec![], vec![]), "it is open already");
}

#[test]
fn a_prediction_that_changes_or_disappears_prefetches_no_manual() {
    let mut conversation = conversation();
    let timer = |conversation: &mut Conversation, content: &str| {
        ahead(&say(conversation, json!({"type": "typing", "content": content}))).0.pop()
    };
    let first = timer(&mut conversation, "td17").expect("a timer");
    let second = timer(&mut conversation, "vx9").expect("another timer");
    assert!(conversation.apply(Input::PrefetchDue { prediction: first }).is_empty());
    assert_eq!(timer(&mut conversation, ""), None);
    assert!(conversation.apply(Input::PrefetchDue { prediction: second }).is_empty());
    assert_eq!(timer(&mut conversation, "qwertyuiop"), None, "a guess opens nothing");
}

/// The next event; numbers of answers may be right, old or never assigned.
#[derive(Debug, Clone)]
enum Happens {
    Says(Value),
    GoesOn(u64, AnswerEvent),
    IsLost(u64),
    Settles(u64),
    Floods,
}

fn happens() -> impl Strategy<Value = Happens> {
    let id = prop_oneof![Just(json!(null)), (0_u8..6).prop_map(|id| json!(id))];
    let product = prop::sample::select(vec!["td17", "vx9", "gone", ""]);
    let says =
        prop_oneof![
        (id.clone(), "[a-z0-9 ]{0,6}")
            .prop_map(|(id, content)| json!({"type": "typing", "id": id, "content": content})),
        (id, product, "[a-z]{0,3}", any::<bool>()).prop_map(|(id, product, query, replace)| json!({
            "type": "query", "id": id, "product_id": product, "query": query, "replace": replace
        })),
        Just(json!({"type": "cancel"})),
        any::<bool>().prop_map(|compact| json!({"type": "hello", "compact": compact})),
    ];
    let event = prop_oneof![
        Just(AnswerEvent::Reading),
        Just(AnswerEvent::Thinking),
        Just(chunk("x")),
        Just(done(Outcome::Answered)),
        Just(done(Outcome::NoManual { code: "none", words: String::new() })),
    ];
    prop_oneof![
        4 => says.prop_map(Happens::Says),
        4 => (0_u64..6, event).prop_map(|(answer, event)| Happens::GoesOn(answer, event)),
        1 => (0_u64..6).prop_map(Happens::IsLost),
        1 => (0_u64..6).prop_map(Happens::Settles),
        1 => Just(Happens::Floods),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_events_has_consecutive_offsets_and_ordered_answers(
        story in prop::collection::vec(happens(), 0..40),
    ) {
        let mut conversation = conversation();
        let (mut offset, mut running, mut begun, mut ended) = (0_u64, None, 0, 0);
        // Progress of the running answer: 0 nothing, 1 reading, 2 thinking, 3 chunks, 4 context.
        let mut stage = 0;
        for event in story {
            let effects = match event {
                Happens::Says(message) => greet(&mut conversation, message),
                Happens::GoesOn(answer, event) => goes_on(&mut conversation, answer, event),
                Happens::IsLost(answer) => conversation.apply(Input::AnswerLost { answer }),
                Happens::Settles(prediction) => conversation.apply(Input::PrefetchDue { prediction }),
                Happens::Floods => conversation.apply(Input::RateLimited),
            };
            for effect in &effects {
                if let Effect::StartAnswer { answer, .. } = effect {
                    prop_assert_eq!(running, None, "one answer at a time");
                    prop_assert!(*answer > begun, "a number is given once");
                    (running, begun, stage) = (Some(*answer), *answer, 0);
                }
                for frame in sent(std::slice::from_ref(effect)) {
                    let kind = kinds(std::slice::from_ref(effect)).remove(0);
                    let next = match kind.as_str() {
                        READING => 1,
                        THINKING => 2,
                        "answer_chunk" => 3,
                        "context" => 4,
                        // A question that was cancelled in the queue has only its final frame.
                        "final_answer" if running.is_none() => 0,
                        "final_answer" => {
                            prop_assert_eq!(stage, 4);
                            (running, stage) = (None, 0);
                            ended += 1;
                            0
                        }
                        _ => 0,
                    };
                    if next > 0 {
                        prop_assert!(running.is_some(), "{} belongs to an answer", kind);
                        prop_assert!(next == stage + 1 || (next == stage && next == 3) || (next == 4 && stage >= 2), "{} at {}", kind, stage);
                        stage = next;
                    }
                    if kind == "welcome" {
                        prop_assert_eq!(frame["offset"].as_u64(), Some(offset), "the last one given");
                        continue;
                    }
                    if let Some(given) = frame["offset"].as_u64() {
                        offset += 1;
                        prop_assert_eq!(given, offset);
                    }
                    let durable = ["answer_chunk", "context", "final_answer"].contains(&kind.as_str());
                    prop_assert_eq!(durable, frame["offset"].is_u64());
                }
            }
            prop_assert_eq!(conversation.is_answering(), running.is_some());
        }
        prop_assert!(ended <= begun);
    }
}

#[test]
fn an_answer_to_a_client_without_hello_has_no_exact_name_of_a_related_product() {
    let pieces = ["Put it on the Acme ", "Stand. [SUGGESTION: Ac", "me Stand]", " acme stand"];
    let answer = |conversation: &mut Conversation| {
        ask(conversation, "q", "What goes with it?");
        let mut effects: Vec<Effect> =
            pieces.iter().flat_map(|piece| goes_on(conversation, 1, chunk(piece))).collect();
        effects.extend(goes_on(conversation, 1, done(Outcome::Answered)));
        let frames = sent(&effects);
        let text: String = frames.iter().filter_map(|frame| frame["content"].as_str()).collect();
        assert_eq!(frames[frames.len() - 2]["data"]["related_items"][0]["name"], "Acme Stand");
        text
    };
    let text = answer(&mut conversation());
    assert_eq!(
        text,
        "Put it on the Acme\u{a0}Stand. [SUGGESTION: Acme\u{a0}Stand] acme\u{a0}stand"
    );
    let mut of_today = conversation();
    greet(&mut of_today, json!({"type": "hello"}));
    assert_eq!(answer(&mut of_today), pieces.concat());
}
