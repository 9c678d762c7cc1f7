//! Each state machine alone, without the conversation: inputs and the steps that they return.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{AnswerEvent, Outcome};
use crate::answer_run::{AcceptedQuestion, AnswerRun, AnswerStart, OpenAnswer, TextDigest};
use crate::desk::{AgentChatMessage, DeskChange, DeskUpdate};
use crate::event::ConversationEvent;
use crate::handoff::{Handoff, WishOutcome};
use crate::input::{OpeningResult, Rules, Step};
use crate::language::Phrases;
use crate::message_id::MessageIds;
use crate::protocol::{Agent, ClientFrame, HandoffWish, Limits, MessageId, QueryMessage, Ticket};
use crate::resume::Resume;
use crate::tests::{catalog, chunk, done};

/// The name of each event as the log stores it, and of each effect as in the code.
fn names<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<String> {
    let name = |step: &Step| match step {
        Step::Event(event, _) => match serde_json::to_value(event).expect("an event is JSON") {
            Value::String(name) => name,
            Value::Object(fields) => fields.keys().next().expect("an event has a name").clone(),
            other => panic!("no event: {other}"),
        },
        Step::Effect(effect) => {
            let text = format!("{effect:?}");
            text.split(['(', ' ']).next().unwrap_or_default().to_owned()
        }
    };
    steps.into_iter().map(name).collect()
}

fn phrases() -> &'static Phrases {
    Phrases::of(None)
}

fn question(id: &str) -> AcceptedQuestion {
    let query = QueryMessage {
        product_id: "td17".to_owned(),
        question: "How loud?".to_owned(),
        scenario: hsc_catalogs::Scenario::General,
        image: None,
        locked: false,
        replace: false,
    };
    let id = Some(MessageId::Text(id.to_owned()));
    AcceptedQuestion { id, query: Arc::new(query), lost_picture: false, trace: None }
}

/// Starts the answer to a question of which this part was sent to the visitor.
fn start(run: &mut AnswerRun, sent: &str, is_given_up: bool) -> Vec<Step> {
    let catalog = catalog().load();
    let question = question("q");
    let product = AnswerRun::product_of(&question, &catalog).expect("the catalog has it");
    let mut sent_text = TextDigest::default();
    sent_text.push(sent);
    let has_words = !sent.is_empty();
    let open = OpenAnswer {
        question,
        sent_text,
        sent_reading: has_words,
        sent_thinking: has_words,
        crashes: 0,
    };
    let start = AnswerStart {
        catalog: &catalog,
        product,
        conversation: "c".into(),
        previous: Vec::new(),
        locale: None,
        phrases: phrases(),
        is_earlier_client: false,
        is_given_up,
    };
    run.start(open, start)
}

fn chunks(steps: &[Step]) -> Vec<&str> {
    let mut chunks = Vec::new();
    for step in steps {
        if let Step::Event(event, _) = step
            && let ConversationEvent::AnswerChunk { content } = &**event
        {
            chunks.push(&**content);
        }
    }
    chunks
}

#[test]
fn an_answer_run_sends_statuses_chunks_context_and_end_and_queues_questions() {
    let mut run = AnswerRun::new(catalog());
    assert_eq!(names(&start(&mut run, "", false)), ["StartAnswer"]);
    assert!(run.enqueue(question("second"), 1).is_none());
    assert_eq!(names(&run.enqueue(question("third"), 1)), ["Send"], "an error");
    assert!(run.next_question().is_none(), "one answer at a time");
    assert_eq!(names(&run.apply(1, chunk("1."), phrases())), ["Send", "Send", "answer_chunk"]);
    assert!(run.apply(2, chunk("2."), phrases()).is_empty(), "no such answer runs");
    let ended = run.apply(1, done(Outcome::Answered), phrases());
    assert_eq!(names(&ended), ["answer_context", "answer_completed"]);
    let next = run.next_question().expect("one waits");
    assert_eq!(next.id, Some(MessageId::Text("second".to_owned())));
}

#[test]
fn a_restarted_answer_is_sent_from_the_end_of_the_text_the_visitor_has() {
    let mut run = AnswerRun::new(catalog());
    start(&mut run, "Hold the", false);
    let steps = run.apply(1, chunk("Hold the button"), phrases());
    assert_eq!(chunks(&steps), [" button"]);
    let mut run = AnswerRun::new(catalog());
    start(&mut run, "Hold the", false);
    let steps = run.apply(1, chunk("Press it at once"), phrases());
    let expected = ["StopAnswer", "answer_chunk", "answer_context", "answer_completed"];
    assert_eq!(names(&steps), expected, "it differs and ends");
    let mut run = AnswerRun::new(catalog());
    let steps = start(&mut run, "Hold the", true);
    assert_eq!(names(&steps), ["answer_chunk", "answer_context", "answer_completed"]);
    assert!(!run.is_running(), "one that crashed too often is not made again");
}

#[test]
fn a_cancelled_run_ends_the_answer_and_every_queued_question() {
    let mut run = AnswerRun::new(catalog());
    start(&mut run, "", false);
    run.apply(1, AnswerEvent::Thinking, phrases());
    run.enqueue(question("second"), 1);
    let steps = run.cancel();
    let expected = ["StopAnswer", "answer_context", "answer_completed", "answer_completed"];
    assert_eq!(names(&steps), expected);
    assert!(run.next_question().is_none() && run.cancel().is_empty());
}

fn ticket(rev: u64, agent: Option<Agent>) -> DeskChange {
    DeskChange::Ticket(Ticket {
        conversation: "c".to_owned(),
        since_ms: 5,
        agent,
        online: true,
        pod: "pod".to_owned(),
        rev,
        ..Ticket::default()
    })
}

#[test]
fn a_handoff_sends_an_agents_message_once_and_only_after_the_desk_confirms() {
    let (mut handoff, mut ids) = (Handoff::default(), MessageIds::default());
    let wish = || HandoffWish::default();
    assert!(matches!(handoff.wish(wish(), None, false), WishOutcome::Done(Some(_))));
    assert!(matches!(handoff.wish(wish(), None, true), WishOutcome::AskDesk));
    assert!(matches!(handoff.wish(wish(), None, true), WishOutcome::Done(None)), "it is asking");
    let ann = Agent { id: "ann".to_owned(), name: "Ann".to_owned() };
    let message = || AgentChatMessage {
        request: "r".to_owned(),
        agent: ann.clone(),
        content: "Hello".to_owned(),
        citations: Vec::new(),
        upload: None,
        at_ms: 7,
    };
    assert_eq!(names(&handoff.agent_message(message(), &mut ids)), ["Desk"], "whose is it?");
    assert!(handoff.agent_message(message(), &mut ids).is_empty(), "it waits already");
    let found = DeskUpdate::Found(Some(Box::new(ticket(1, Some(ann.clone())))));
    let steps = handoff.apply(found, &mut ids, phrases()).steps;
    assert_eq!(
        names(&steps),
        ["Desk", "agent_joined", "handoff_accepted", "Desk", "message_sent", "Desk"]
    );
    assert_eq!(names(&handoff.agent_message(message(), &mut ids)), ["Desk"], "accepted, not sent");
    let old = DeskUpdate::Changed(Box::new(ticket(1, None)));
    assert!(handoff.apply(old, &mut ids, phrases()).steps.is_empty(), "it is no newer change");
    assert_eq!(handoff.agent_name(), Some("Ann"));
}

#[test]
fn a_resume_buffers_messages_until_the_log_is_open() {
    let limits = Limits::new(1 << 20, 20);
    let rules = Rules { pending_questions: 2, prefetch_confidence: 80, limits };
    let mut resume = Resume::new("c".into(), String::new(), Arc::new(rules));
    let cancel = || {
        let text = json!({"type": "cancel"}).to_string();
        ClientFrame::parse(&text).expect("a message of this test")
    };
    assert_eq!(names([&resume.hello(None, None, true, 0)]), ["Open"]);
    let held = (0..9).take_while(|_| resume.hold(cancel()).is_none()).count();
    assert_eq!(held, 6, "a bounded number");
    let begun =
        || OpeningResult::Begun { token: "t".to_owned(), is_logged: true, not_resumed: None };
    let opened = resume.opened(begun(), 0).expect("a hello waits");
    assert_eq!(names(&opened.steps), ["UseLog", "Send"]);
    assert_eq!((opened.held.len(), resume.epoch(), resume.token()), (6, 1, "t"));
    assert!(opened.before.is_none() && resume.opened(begun(), 0).is_none(), "once");
    assert_eq!(names([&resume.hello(None, None, false, 3)]), ["Send"], "welcome again");
}
