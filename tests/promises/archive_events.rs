//! The archive stores the events of a conversation in the form of its log, and can write their rows again.

use hsc_actors::ports::archive::{
    Archive as _, DataSubject, Privacy as _, Search, Transcript, TranscriptEntry,
};
use hsc_conversation::answer::AnswererName;
use hsc_conversation::archive::{MessageOutcome, Record};
use hsc_conversation::log::StoredEntry;
use hsc_conversation::protocol::MessageId;
use hsc_conversation::{AnswerCompleted, ConversationEvent, LogEntry, archive_row, archived_event};

use crate::archive_stage::{Stage, TEN, answer, first, stamped};
use crate::archiving::{archived, ask, command, store, with_a_file};
use crate::contract::contract;

contract! {
    over sqlite postgres pgbouncer: {
        events_are_stored_once_in_order_and_erased_with_their_conversation
        rows_are_rebuilt_from_events_and_rows_without_an_event_stay
        an_event_without_a_row_expires_with_its_conversation
        a_conversation_erased_while_rows_are_written_again_stays_erased
    }
}

fn entry(offset: u64, event: ConversationEvent) -> LogEntry {
    let reply_to = Some(MessageId::Text("q1".into()));
    LogEntry { offset, epoch: 1, at_ms: Some(TEN + offset), reply_to, event }
}

/// A question and its answer, with a context between them and chunks before it.
fn entries() -> Vec<LogEntry> {
    let completed = AnswerCompleted {
        question: Some("How heavy?".to_owned()),
        product: Some("td17".to_owned()),
        text: "It weighs 4 kg.".to_owned(),
        html: "<p>It weighs 4 kg.</p>".to_owned(),
        citations: Vec::new(),
        confidence: 0.5,
        grounded: true,
        answerer: AnswererName::Extractive,
        outcome: MessageOutcome::Answered,
        fallback: false,
        stale: false,
        likely: false,
        pages_pending: 0,
        reason: None,
        first_words_ms: Some(7),
        cached: false,
    };
    vec![
        entry(
            0,
            ConversationEvent::QuestionAsked {
                question: "How heavy?".to_owned(),
                product: "td17".to_owned(),
                language: Some("en".to_owned()),
            },
        ),
        entry(1, ConversationEvent::AnswerChunk { content: "It weighs ".to_owned() }),
        entry(2, ConversationEvent::AnswerCompleted(Box::new(completed))),
        entry(10, ConversationEvent::HandoffRequested { message: None }),
    ]
}

/// The records of these events: each event, and its row.
fn records(entries: &[LogEntry]) -> Vec<(u64, Record)> {
    let of = |entry: &LogEntry| {
        let event = archived_event("c", entry).map(Record::Event);
        let at_ms = TEN + entry.offset;
        event.into_iter().chain(archive_row("c", entry)).map(move |record| (at_ms, record))
    };
    entries.iter().flat_map(of).collect()
}

async fn stored_events(store: &hsc::archive::Store, conversation: &str) -> Vec<LogEntry> {
    let subject = DataSubject::Conversation(conversation.to_owned());
    let export = store.export(subject).await.expect("the archive is read");
    let read = |event: &serde_json::Value| {
        let entry = StoredEntry { offset: 0, text: event.to_string().into() };
        entry.read().expect("an event of this version")
    };
    export.events.iter().map(read).collect()
}

async fn transcript(stage: &Stage) -> Transcript {
    stage.store.transcript("c").await.expect("the archive is read").expect("it is there")
}

fn texts(transcript: &Transcript) -> Vec<&str> {
    let entries = transcript.entries.iter();
    let texts = entries.map(|entry| match entry {
        TranscriptEntry::Message { text, .. } => text.as_str(),
        TranscriptEntry::Handoff { turn, .. } => turn.as_str(),
    });
    texts.collect()
}

async fn events_are_stored_once_in_order_and_erased_with_their_conversation(stage: Stage) {
    let entries = entries();
    // Twice: by the owner, and by the pod that took the conversation over.
    for _ in 0..2 {
        stage.write(records(&entries)).await.expect("the archive is written");
    }
    let kept: Vec<LogEntry> =
        [0, 2, 3].into_iter().map(|number: usize| entries[number].clone()).collect();
    assert_eq!(stored_events(&stage.store, "c").await, kept, "without the chunk, in order");
    let subject = DataSubject::Conversation("c".to_owned());
    stage.store.erase(subject).await.expect("the archive is written");
    // The conversation is there again, so that its export would show what is left of it.
    let again = answer("c", "q9", "td17", 50, MessageOutcome::Answered);
    stage.write(vec![(TEN, again)]).await.expect("the archive is written");
    assert!(stored_events(&stage.store, "c").await.is_empty());
}

async fn rows_are_rebuilt_from_events_and_rows_without_an_event_stay(stage: Stage) {
    let entries = entries();
    let mut records = records(&entries);
    // A release with another mapping wrote another row for the answer.
    for (_, record) in &mut records {
        if let Record::Message(message) = record
            && message.offset == Some(2)
        {
            message.text = "Something mistaken.".to_owned();
            message.outcome = Some(MessageOutcome::Unknown);
        }
    }
    let note = "A note of before.";
    let mut of_before = answer("c", "q0", "td17", 90, MessageOutcome::Answered);
    if let Record::Message(message) = &mut of_before {
        message.text = note.to_owned();
    }
    records.push((TEN + 90, of_before));
    stage.store.write(stamped(records)).await.expect("the archive is written");
    assert_eq!(texts(&transcript(&stage).await), ["How heavy?", "Something mistaken.", note]);
    let before = transcript(&stage).await.about;

    for _ in 0..2 {
        let done = stage.store.reproject().await.expect("the archive is written");
        assert_eq!((done.events, done.rows, done.unreadable), (3, 2, 0));
        let after = transcript(&stage).await;
        assert_eq!(texts(&after), ["How heavy?", "It weighs 4 kg.", note]);
        assert_eq!(after.about, before, "the row of the conversation stays");
    }
    let found = async |text: &str| {
        let search = Search { text: Some(text.to_owned()), ..Search::default() };
        stage.store.search(search, first(5)).await.expect("the archive is searched").items.len()
    };
    assert_eq!((found("weighs").await, found("mistaken").await), (1, 0));
}

async fn an_event_without_a_row_expires_with_its_conversation(stage: Stage) {
    let event = archived_event("c", &entries()[3]).map(Record::Event).expect("no chunk");
    stage.write(vec![(TEN, event)]).await.expect("the archive is written");
    assert_eq!(stored_events(&stage.store, "c").await.len(), 1);
    stage.store.expire(TEN + 1, 10).await.expect("the archive is written");
    let again = answer("c", "q9", "td17", 50, MessageOutcome::Answered);
    stage.write(vec![(TEN, again)]).await.expect("the archive is written");
    assert!(stored_events(&stage.store, "c").await.is_empty());
}

async fn a_conversation_erased_while_rows_are_written_again_stays_erased(stage: Stage) {
    // Each time the two meet at another moment.
    for _ in 0..10 {
        stage.write(records(&entries())).await.expect("the archive is written");
        let subject = DataSubject::Conversation("c".to_owned());
        let (erased, written) =
            futures::join!(stage.store.erase(subject.clone()), stage.store.reproject());
        erased.expect("the archive is written");
        written.expect("the archive is written");
        let read = stage.store.transcript("c").await.expect("the archive is read");
        assert_eq!(read, None);
        // A row that is left without its conversation is shown once the conversation is there again.
        let again = answer("c", "q9", "td17", 50, MessageOutcome::Answered);
        stage.write(vec![(TEN, again)]).await.expect("the archive is written");
        assert_eq!(transcript(&stage).await.entries.len(), 1);
        stage.store.erase(subject).await.expect("the archive is written");
    }
}

#[actix_web::test]
async fn a_chat_is_archived_as_events_and_a_command_rebuilds_its_rows() {
    let (server, file) = with_a_file().await;
    let conversation = ask(&server, "q1").await;
    let archive = store(|it| it.path = file.display().to_string());
    let before = archived(&archive, &conversation).await;
    let events = stored_events(&archive, &conversation).await;
    let question = events.iter().position(|it| {
        matches!(&it.event, ConversationEvent::QuestionAsked { product, .. } if !product.is_empty())
    });
    let completed = events.iter().position(|it| {
        matches!(&it.event, ConversationEvent::AnswerCompleted(answer) if !answer.citations.is_empty())
    });
    assert!(question.is_some() && question < completed, "{events:?}");
    let (done, out, err) = command(&server, &file, &["reproject"]);
    assert!(done && out.contains("events read, 2 rows written again"), "{out}{err}");
    assert_eq!(archived(&archive, &conversation).await, before);
}
