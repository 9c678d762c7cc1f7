//! An agent's view alone: events in, effects out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::event::{Action, Effect, Event};
use super::view::AgentView;
use crate::bridge::DeskBroadcast;
use hsc_conversation::desk::{DeskChange, DeskError, DeskView, OnBehalfOf};
use hsc_conversation::log::{LogError, StoredConversation, StoredEntry};
use hsc_conversation::protocol::{
    Agent, AgentFrame, ChatMessage, Note, Presence, ServerFrame, Speaker, Ticket, TicketGone,
    TicketGoneReason,
};
use hsc_conversation::{AnswerCompleted, ConversationEvent, LogEntry, Tokens, UploadId, now_ms};

fn agent(id: &str) -> Agent {
    Agent { id: id.to_owned(), name: id.to_uppercase() }
}

fn ticket(conversation: &str, rev: u64, who: Option<&str>) -> Ticket {
    Ticket {
        conversation: conversation.to_owned(),
        since_ms: rev,
        agent: who.map(agent),
        online: true,
        pod: "a".to_owned(),
        rev,
        ..Ticket::default()
    }
}

fn tokens() -> Arc<Tokens> {
    let key: &[u8] = b"a key that is long enough for this test";
    Arc::new(Tokens::new([key], std::time::Duration::from_secs(60)))
}

/// Ana, after a snapshot of the desk: one conversation waits, one is hers, one is Ben's.
fn ana() -> AgentView {
    let mut view = AgentView::new(OnBehalfOf { agent: agent("ana"), is_admin: false }, tokens());
    let tickets =
        vec![ticket("w", 1, None), ticket("m", 2, Some("ana")), ticket("o", 3, Some("ben"))];
    let agents = vec![Presence { agent: agent("ana"), available: true }];
    view.apply(Event::DeskRead(Ok(DeskView { tickets, agents })));
    view
}

fn say(view: &mut AgentView, message: Value) -> Vec<Effect> {
    let frame = AgentFrame::parse(&message.to_string()).expect("a message of this test");
    view.apply(Event::MessageReceived(frame))
}

fn sent(effects: &[Effect]) -> Vec<Value> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send { message, id } => {
            let json = ServerFrame { message, id: id.as_ref(), offset: None }.to_json();
            Some(serde_json::from_str(&json).expect("a frame is JSON"))
        }
        _ => None,
    });
    sent.collect()
}

/// The actions, of effects that are nothing else.
fn actions(effects: &[Effect]) -> Vec<&Action> {
    fn action(effect: &Effect) -> &Action {
        let Effect::Act { action, .. } = effect else { panic!("{effect:?} is no action") };
        action
    }
    effects.iter().map(action).collect()
}

fn entry(offset: u64, event: ConversationEvent) -> StoredEntry {
    LogEntry { offset, epoch: 1, at_ms: Some(1), reply_to: None, event }.stored()
}

fn requested() -> ConversationEvent {
    ConversationEvent::HandoffRequested { message: None }
}

fn answered() -> ConversationEvent {
    ConversationEvent::AnswerCompleted(Box::new(AnswerCompleted {
        question: Some("How loud?".to_owned()),
        product: Some("td17".to_owned()),
        text: String::new(),
        html: String::new(),
        citations: Vec::new(),
        confidence: 1.0,
        grounded: true,
        answerer: hsc_conversation::answer::AnswererName::Extractive,
        outcome: hsc_conversation::archive::MessageOutcome::Answered,
        fallback: false,
        stale: false,
        likely: false,
        pages_pending: 0,
        reason: None,
        first_words_ms: None,
        cached: false,
    }))
}

fn visitor_message() -> ConversationEvent {
    ConversationEvent::MessageSent(Box::new(ChatMessage {
        from: Speaker::Visitor,
        agent: None,
        content: "x".to_owned(),
        html: "<p>x</p>".to_owned(),
        citations: Vec::new(),
        at_ms: 1,
        upload: None,
    }))
}

fn read(
    view: &mut AgentView,
    conversation: &str,
    entries: Vec<StoredEntry>,
    offset: u64,
) -> Vec<Effect> {
    read_with(view, conversation, Ok(StoredConversation { epoch: 1, offset, entries }), Vec::new())
}

fn read_with(
    view: &mut AgentView,
    conversation: &str,
    stored: Result<StoredConversation, LogError>,
    notes: Vec<Note>,
) -> Vec<Effect> {
    view.apply(Event::Read { id: None, conversation: conversation.to_owned(), stored, notes })
}

fn note(id: &str, conversation: &str, at_ms: u64) -> Note {
    let (note_id, conversation) = (id.to_owned(), conversation.to_owned());
    Note { note_id, conversation, agent: agent("ben"), content: format!("note {id}"), at_ms }
}

fn noted(view: &mut AgentView, note: Note) -> Vec<Value> {
    sent(&view.apply(Event::BroadcastReceived(DeskBroadcast::Note { note })))
}

fn appended(view: &mut AgentView, conversation: &str, offset: u64) -> Vec<Effect> {
    let frames = vec![entry(offset, visitor_message())];
    view.apply(Event::Appended { conversation: conversation.to_owned(), frames })
}

#[test]
fn the_desk_is_sent_in_three_lists() {
    let mut view = AgentView::new(OnBehalfOf { agent: agent("ana"), is_admin: false }, tokens());
    let tickets =
        vec![ticket("w", 1, None), ticket("m", 2, Some("ana")), ticket("o", 3, Some("ben"))];
    let effects = view.apply(Event::DeskRead(Ok(DeskView { tickets, agents: Vec::new() })));
    let desk = &sent(&effects)[0];
    for (list, conversation) in [("waiting", "w"), ("mine", "m"), ("open", "o")] {
        assert_eq!(desk[list].as_array().expect("a list").len(), 1);
        assert_eq!(desk[list][0]["conversation"], conversation);
    }
}

#[test]
fn a_change_is_sent_once_and_an_older_one_is_not_sent() {
    let mut view = ana();
    let change = |rev, who| Event::Changed(DeskChange::Ticket(ticket("w", rev, who)));
    assert_eq!(sent(&view.apply(change(5, Some("ben")))).len(), 1);
    assert_eq!(view.apply(change(5, Some("ben"))).len(), 0);
    assert_eq!(view.apply(change(4, None)).len(), 0);
    let gone = TicketGone {
        conversation: "w".to_owned(),
        why: TicketGoneReason::Closed,
        agent: None,
        rev: 6,
    };
    let frames = sent(&view.apply(Event::Changed(DeskChange::Gone(gone))));
    assert_eq!((&frames[0]["type"], &frames[0]["why"]), (&json!("ticket_gone"), &json!("closed")));
    assert_eq!(view.apply(change(5, None)).len(), 0, "it is gone");
    // The reply to one's own request is sent even if the change is known.
    let change = DeskChange::Ticket(ticket("o", 3, Some("ben")));
    let effects = view.apply(Event::ActionEnded { id: None, outcome: Ok(Some(change)) });
    assert_eq!(sent(&effects)[0]["type"], "ticket");
}

#[test]
fn a_change_of_presence_sends_the_agents_without_the_whole_desk() {
    let mut view = ana();
    let effects = view.apply(Event::Changed(DeskChange::Agents));
    assert!(matches!(&effects[..], [Effect::ReadAgents]), "{effects:?}");
    let effects =
        view.apply(Event::Agents(vec![Presence { agent: agent("ben"), available: false }]));
    let frame = &sent(&effects)[0];
    assert_eq!(
        (&frame["type"], &frame["agents"][0]["available"]),
        (&json!("agents"), &json!(false))
    );
}

#[test]
fn an_agent_may_send_only_in_an_own_conversation() {
    let mut view = ana();
    for (conversation, code, by) in [
        ("o", "not_yours", json!("ben")),
        ("w", "not_yours", json!(null)),
        ("x", "no_such_conversation", json!(null)),
    ] {
        for message in [
            json!({"type": "say", "conversation": conversation, "content": "Hi", "id": 1}),
            json!({"type": "typing", "conversation": conversation, "typing": true, "id": 1}),
        ] {
            let effects = say(&mut view, message);
            let frame = &sent(&effects)[0];
            assert_eq!(
                (effects.len(), &frame["code"], &frame["by"]["id"], &frame["id"]),
                (1, &json!(code), &by, &json!(1))
            );
        }
    }
    let effects = say(&mut view, json!({"type": "say", "conversation": "m", "content": "Hi"}));
    assert!(
        matches!(actions(&effects)[..], [Action::SendMessage { message, .. }] if message.content == "Hi")
    );
}

#[test]
fn a_watched_conversation_is_sent_without_gaps_or_duplicates() {
    let mut view = ana();
    say(&mut view, json!({"type": "watch", "conversation": "m", "id": "w"}));
    assert!(appended(&mut view, "m", 2).is_empty(), "heard before the rest was read");
    assert!(appended(&mut view, "m", 3).is_empty());
    let effects = read(&mut view, "m", vec![entry(1, requested()), entry(2, visitor_message())], 2);
    let kinds: Vec<Value> = sent(&effects).iter().map(|frame| frame["type"].clone()).collect();
    assert_eq!(kinds, ["transcript", "entry"], "the second is in the transcript already");
    assert_eq!(sent(&effects)[0]["whole"], true);
    assert_eq!(sent(&effects)[1]["offset"], 3);
    assert!(appended(&mut view, "m", 3).is_empty());
    let effects = appended(&mut view, "m", 5);
    assert!(
        matches!(&effects[..], [Effect::Watch { conversation, .. }] if conversation == "m"),
        "a hole: read again"
    );
    let effects = read(&mut view, "m", vec![entry(5, requested())], 5);
    assert_eq!(sent(&effects)[0]["whole"], false, "the window has gone past the beginning");
}

#[test]
fn a_conversation_that_cannot_be_watched_returns_an_error() {
    let mut view = ana();
    let effects = say(&mut view, json!({"type": "watch", "conversation": "elsewhere", "id": 1}));
    assert_eq!(sent(&effects)[0]["code"], "no_such_conversation");
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    let away = LogError::unavailable("away");
    let effects = read_with(&mut view, "m", Err(away), Vec::new());
    assert_eq!(sent(&effects)[0]["code"], "desk_away");
    say(&mut view, json!({"type": "unwatch", "conversation": "m"}));
    assert!(appended(&mut view, "m", 1).is_empty());
}

#[test]
fn a_draft_is_about_the_last_chosen_product_and_changes_of_the_archive_are_sent() {
    let mut view = ana();
    let chosen = hsc_conversation::protocol::AboutProduct {
        id: "td27".to_owned(),
        name: "TD-27".to_owned(),
    };
    let ticket = Ticket { product: Some(chosen), ..ticket("m", 50, Some("ana")) };
    view.apply(Event::Changed(DeskChange::Ticket(ticket)));
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    read(&mut view, "m", vec![entry(1, answered())], 1);
    let effects = say(&mut view, json!({"type": "draft", "conversation": "m"}));
    let [Effect::Draft { product, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(product, "td27", "chosen after the answer");
    let conversations = vec!["m".to_owned()];
    let effects = view
        .apply(Event::BroadcastReceived(crate::bridge::DeskBroadcast::Archived { conversations }));
    assert_eq!(sent(&effects), [json!({"type": "archived", "conversations": ["m"]})]);
}

#[test]
fn a_draft_answers_the_visitors_last_question_and_its_citations_may_be_sent() {
    let mut view = ana();
    let refused = say(&mut view, json!({"type": "draft", "conversation": "m", "id": 1}));
    assert_eq!(sent(&refused)[0]["code"], "invalid_message");
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    read(&mut view, "m", vec![entry(1, answered())], 1);
    let effects = say(&mut view, json!({"type": "draft", "conversation": "m"}));
    let [Effect::Draft { product, question, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((product.as_str(), question.as_str()), ("td17", "How loud?"));
    let citation = |page| hsc_catalogs::Citation {
        page,
        page_label: None,
        quote: "Hold it.".to_owned(),
        url: format!("/manuals/td17#page={page}"),
        score: 1.0,
    };
    let answer = hsc_conversation::answer::Answer {
        outcome: hsc_conversation::answer::Outcome::Answered,
        text: "Hold it [MANUAL: page 12]".to_owned(),
        html: String::new(),
        citations: vec![citation(12), citation(13)],
        confidence: 1.0,
        grounded: true,
        answerer: hsc_conversation::answer::AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    };
    let conversation = "m".to_owned();
    view.apply(Event::DraftMade { id: None, conversation, answer: Some(Box::new(answer)) });
    let edited = "Please hold it [MANUAL: page 12].";
    let effects = say(&mut view, json!({"type": "say", "conversation": "m", "content": edited}));
    let [Action::SendMessage { message, .. }] = actions(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(message.citations, [citation(12)], "the page that is still cited, and no other");
}

#[test]
fn an_unavailable_desk_is_reported_and_missed_changes_are_read_again() {
    let mut view = ana();
    let away = || DeskError::unavailable("away");
    assert_eq!(sent(&view.apply(Event::DeskRead(Err(away()))))[0]["code"], "desk_away");
    let effects = view.apply(Event::ActionEnded { id: None, outcome: Err(away().into()) });
    assert_eq!(sent(&effects)[0]["code"], "desk_away");
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    let effects = view.apply(Event::Missed);
    assert!(matches!(&effects[..], [Effect::ReadDesk, Effect::Watch { .. }]), "{effects:?}");
    read(&mut view, "m", Vec::new(), 0);
    let appended_to =
        |conversation: &str| Event::ReadBeforeLive { conversation: conversation.to_owned() };
    let effects = view.apply(appended_to("m"));
    assert!(
        matches!(&effects[..], [Effect::Watch { .. }]),
        "read before it was heard: {effects:?}"
    );
    assert!(view.apply(appended_to("o")).is_empty(), "not watched any more");
    let (again, effects) = view.again();
    assert!(matches!(&effects[..], [Effect::ReadDesk, Effect::Watch { .. }]), "also after a crash");
    assert_eq!(again.watches().len(), 1);
}

#[test]
fn presence_and_typing_are_sent_for_watched_conversations_only() {
    let mut view = ana();
    let presence = |rev| {
        let ticket = Ticket { online: rev % 2 == 0, ..ticket("m", rev, Some("ana")) };
        Event::Changed(DeskChange::Ticket(ticket))
    };
    assert_eq!(sent(&view.apply(presence(11))).len(), 1, "the ticket alone");
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    let frames = sent(&view.apply(presence(12)));
    assert_eq!(
        (&frames[0]["type"], &frames[0]["online"]),
        (&json!("visitor_presence"), &json!(true))
    );
    let typing = |conversation: &str| {
        Event::BroadcastReceived(DeskBroadcast::VisitorTyping {
            conversation: conversation.to_owned(),
            typing: true,
        })
    };
    assert_eq!(sent(&view.apply(typing("m")))[0]["type"], "visitor_typing");
    assert!(view.apply(typing("o")).is_empty());
}

#[test]
fn an_upload_of_another_conversation_is_refused_with_its_code() {
    let mut view = ana();
    let later = now_ms() + 60_000;
    let say_with = |view: &mut AgentView, upload: &UploadId| {
        let upload = upload.as_str();
        say(view, json!({"type": "say", "conversation": "m", "content": "", "upload": upload}))
    };
    let own = UploadId::new(&tokens(), "m", later);
    assert!(matches!(actions(&say_with(&mut view, &own))[..], [Action::SendMessage { .. }]));
    for other in [UploadId::new(&tokens(), "o", later), UploadId::new(&tokens(), "m", 1)] {
        let effects = say_with(&mut view, &other);
        assert_eq!(sent(&effects)[0]["code"], "no_such_upload");
    }
}

#[test]
fn a_note_needs_a_conversation_at_the_desk_or_watched_and_is_done_when_stored() {
    let mut view = ana();
    let write = |conversation: &str| json!({"type": "note", "conversation": conversation, "content": "VIP", "id": 1});
    assert_eq!(sent(&say(&mut view, write("x")))[0]["code"], "no_such_conversation");
    // A colleague's conversation too: its owner may need the note.
    let effects = say(&mut view, write("o"));
    assert!(
        matches!(actions(&effects)[..], [Action::WriteNote { content, .. }] if content == "VIP"),
        "{effects:?}"
    );
    let done = sent(&view.apply(Event::ActionEnded { id: None, outcome: Ok(None) }));
    assert_eq!(done[0]["type"], "done");
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    let gone = TicketGone {
        conversation: "m".to_owned(),
        why: TicketGoneReason::Closed,
        agent: None,
        rev: 9,
    };
    view.apply(Event::Changed(DeskChange::Gone(gone)));
    assert!(
        matches!(actions(&say(&mut view, write("m")))[..], [Action::WriteNote { .. }]),
        "as long as it is watched"
    );
}

#[test]
fn notes_are_in_the_transcript_once_and_later_ones_are_sent() {
    let mut view = ana();
    assert!(
        noted(&mut view, note("n", "m", 1)).is_empty(),
        "of what is not watched nothing is told"
    );
    say(&mut view, json!({"type": "watch", "conversation": "m"}));
    for received_note in [note("late", "m", 30), note("twice", "m", 20)] {
        assert!(noted(&mut view, received_note).is_empty(), "kept until the rest is read");
    }
    let stored = Ok(StoredConversation { epoch: 1, offset: 0, entries: Vec::new() });
    let read = vec![note("first", "m", 10), note("twice", "m", 20)];
    let frames = sent(&read_with(&mut view, "m", stored, read));
    let ids: Vec<&Value> =
        frames[0]["notes"].as_array().expect("notes").iter().map(|it| &it["note_id"]).collect();
    assert_eq!(ids, ["first", "twice", "late"]);
    assert!(noted(&mut view, note("twice", "m", 20)).is_empty(), "it was in the transcript");
    assert_eq!(noted(&mut view, note("next", "m", 40))[0]["content"], "note next");
    say(&mut view, json!({"type": "unwatch", "conversation": "m"}));
    assert!(noted(&mut view, note("after", "m", 50)).is_empty());
}

#[test]
fn the_notes_of_a_transcript_are_bounded_in_number_and_bytes() {
    let mut view = ana();
    let many = |view: &mut AgentView, count: u64, words: &str| {
        say(view, json!({"type": "watch", "conversation": "m"}));
        let long = |at: u64| Note { content: words.to_owned(), ..note(&at.to_string(), "m", at) };
        let stored = Ok(StoredConversation { epoch: 1, offset: 0, entries: Vec::new() });
        let frames = sent(&read_with(view, "m", stored, (0..count).map(long).collect()));
        let notes = frames[0]["notes"].as_array().expect("notes").clone();
        (notes.len(), notes.last().expect("a note")["note_id"].clone())
    };
    assert_eq!(many(&mut view, 150, "short"), (100, json!("149")), "the newest");
    assert_eq!(many(&mut view, 150, &"x".repeat(5_000)), (26, json!("149")));
}
