//! The contract of the archive for conversations and figures, run over SQLite and PostgreSQL.

use hsc_actors::ports::archive::{
    Analytics as _, Archive as _, AuditSearch, DataSubject, Page, Period, Privacy as _, Search,
    Snapshot, TranscriptEntry,
};
use hsc_catalogs::{Citation, Scenario};
use hsc_conversation::archive::{
    AgentRef, ArchivedMessage, Audit, Author, ConversationFacts, Feedback, HandoffPlace,
    HandoffRecord, HandoffRecordKind, MessageOutcome, RatingRecord, Record, Upload, Visitor,
    VisitorDescription,
};
use hsc_conversation::protocol::Thumb;
use strum::VariantArray as _;

use crate::archive_stage::{HOUR, Stage, TEN, answer, first, question, stamped};
use crate::contract::contract;

contract! {
    over sqlite postgres pgbouncer: {
        a_transcript_contains_the_conversation_as_it_was_recorded
        the_facts_of_a_visit_are_stored_before_the_first_message
        a_chat_without_a_question_is_listed_with_the_agents_first_message
        every_change_at_the_desk_is_stored_once_and_only_some_kinds_count_as_handed_over
        a_record_written_twice_is_stored_and_counted_once
        a_message_written_by_two_pods_is_stored_once
        any_text_is_stored_without_its_nul_characters
        past_conversations_are_found_by_their_text
        past_conversations_are_found_by_product_agent_rating_and_time
        a_long_list_is_paged_without_gaps
        figures_are_counted_by_hour_and_product
        a_changed_rating_is_counted_once_on_the_day_of_the_first_one
        unanswered_questions_are_listed_with_their_text
        concurrent_writes_of_pods_are_stored_and_counted_completely
        the_data_of_one_visitor_is_exported_and_erased_and_the_figures_stay
        one_conversation_is_erased_and_the_others_stay
        expired_conversations_are_erased_in_batches
        the_audit_is_filtered_by_user_and_action
    }
}

const WHOLE: Period = Period { from_ms: TEN - 48 * HOUR, to_ms: TEN + 48 * HOUR };

fn agent(id: &str) -> AgentRef {
    AgentRef { id: id.to_owned(), name: id.to_uppercase() }
}

fn visitor(subject: &str) -> Visitor {
    let address = Some(format!("{subject}@example.com"));
    Visitor { subject: subject.to_owned(), name: Some("Noa".to_owned()), address }
}

fn turn(conversation: &str, kind: HandoffRecordKind, by: Option<&str>) -> Record {
    let (conversation, agent) = (conversation.to_owned(), by.map(agent));
    let place = HandoffPlace::Unnumbered;
    Record::Handoff(HandoffRecord { conversation, place, kind, agent, to: None, reason: None })
}

fn began(conversation: &str) -> ConversationFacts {
    described(conversation, VisitorDescription::default())
}

fn described(conversation: &str, described: VisitorDescription) -> ConversationFacts {
    ConversationFacts { conversation: conversation.to_owned(), described }
}

fn upload(conversation: &str, id: &str) -> Record {
    Record::UploadKept(Upload {
        conversation: conversation.to_owned(),
        id: id.to_owned(),
        file: format!("{id}.png"),
        media_type: "image/png".to_owned(),
        bytes: 10,
        expires_ms: TEN + HOUR,
    })
}

async fn found(stage: &Stage, search: Search) -> Vec<String> {
    let found = stage.store.search(search, first(50)).await.expect("done");
    found.items.into_iter().map(|it| it.conversation).collect()
}

async fn a_transcript_contains_the_conversation_as_it_was_recorded(stage: Stage) {
    let citation = Citation {
        page: 12,
        page_label: Some("10".to_owned()),
        quote: "Hold the button.".to_owned(),
        url: "/manuals/td17#page=12".to_owned(),
        score: 0.5,
    };
    let mut answered = answer("c", "q1", "td17", 4, MessageOutcome::Answered);
    if let Record::Message(cited_message) = &mut answered {
        cited_message.citations = vec![citation.clone()];
        cited_message.html = "<p>Hold.</p>".to_owned();
    }
    let note = ArchivedMessage {
        agent: Some(agent("ann")),
        ..ArchivedMessage::new("c", Author::Note, "was rude on the phone")
    };
    let (language, who) = (Some("he".to_owned()), Some(visitor("v1")));
    let records = vec![
        (
            TEN,
            Record::ConversationBegan(Box::new(described(
                "c",
                VisitorDescription {
                    visitor: who.clone(),
                    language,
                    ..VisitorDescription::default()
                },
            ))),
        ),
        (TEN + 1, question("c", "q1", "td17", "How do I reset it?")),
        (TEN + 2, answered),
        (TEN + 3, turn("c", HandoffRecordKind::HandedOver, None)),
        (TEN + 4, turn("c", HandoffRecordKind::Taken, Some("ann"))),
        (TEN + 5, Record::Message(Box::new(note))),
        (TEN + 6, upload("c", "u1")),
        (
            TEN + 7,
            Record::Feedback(Feedback {
                conversation: "c".to_owned(),
                offset: 4,
                thumb: Thumb::Up,
                comment: Some("thanks".to_owned()),
            }),
        ),
        (TEN + 8, turn("c", HandoffRecordKind::Ended, None)),
        (
            TEN + 9,
            Record::Rated(RatingRecord {
                conversation: "c".to_owned(),
                rating: 5,
                comment: Some("quick".to_owned()),
            }),
        ),
        (TEN + 10, Record::UploadExpired { upload: "u1".to_owned() }),
    ];
    stage.write(records).await.expect("done");
    assert!(stage.store.transcript("nobody").await.expect("done").is_none());
    let transcript = stage.store.transcript("c").await.expect("done").expect("done");
    let about = &transcript.about;
    assert_eq!((about.began_ms, about.last_ms, about.ended_ms), (TEN, TEN + 8, Some(TEN + 8)));
    assert_eq!((about.visitor.clone(), about.language.as_deref()), (who, Some("he")));
    assert_eq!((about.product.as_deref(), about.agent.clone()), (Some("td17"), Some(agent("ann"))));
    assert_eq!((about.rating, about.messages), (Some(5), 3));
    assert_eq!(about.first_words, "How do I reset it?");
    assert_eq!(transcript.rating_comment.as_deref(), Some("quick"));
    let kinds: Vec<&str> = transcript.entries.iter().map(kind).collect();
    assert_eq!(kinds, ["visitor", "machine", "handed_over", "taken", "note", "ended"]);
    let TranscriptEntry::Message { citations, thumb, comment, confidence, outcome, .. } =
        &transcript.entries[1]
    else {
        panic!("the answer is something said")
    };
    assert_eq!(
        (citations, *thumb, comment.as_deref()),
        (&vec![citation], Some(Thumb::Up), Some("thanks"))
    );
    assert_eq!((*confidence, *outcome), (Some(0.5), Some(MessageOutcome::Answered)));
    assert_eq!(transcript.uploads.len(), 1);
    assert!(transcript.uploads[0].is_expired);
}

fn kind(entry: &TranscriptEntry) -> &'static str {
    match entry {
        TranscriptEntry::Message { author, .. } => author.as_str(),
        TranscriptEntry::Handoff { turn, .. } => turn.as_str(),
    }
}

async fn the_facts_of_a_visit_are_stored_before_the_first_message(stage: Stage) {
    let first = VisitorDescription {
        product: Some("td17".to_owned()),
        scenario: Some(Scenario::Live),
        page: Some("https://shop.example/drums?id=5".to_owned()),
        reason: Some("It hums.".to_owned()),
        language: Some("he".to_owned()),
        ..VisitorDescription::default()
    };
    // A field that is not sent again keeps its value; one that is sent again has the newest value.
    let later =
        VisitorDescription { product: Some("td27".to_owned()), ..VisitorDescription::default() };
    let records = [first, later]
        .map(|facts| (TEN, Record::ConversationBegan(Box::new(described("c", facts)))));
    stage.write(records.into()).await.expect("done");
    let about = stage.store.transcript("c").await.expect("done").expect("it is there").about;
    let facts = (about.product.as_deref(), about.scenario.as_deref(), about.page.as_deref());
    assert_eq!(facts, (Some("td27"), Some("live"), Some("https://shop.example/drums?id=5")));
    assert_eq!(
        (about.reason.as_deref(), about.language.as_deref()),
        (Some("It hums."), Some("he"))
    );
    assert_eq!((about.messages, &*about.first_words), (0, ""));
    for product in ["td17", "td27"] {
        let product = Some(product.to_owned());
        assert_eq!(found(&stage, Search { product, ..Search::default() }).await, ["c"]);
    }
    let export = stage.store.export(DataSubject::Conversation("c".to_owned())).await.expect("done");
    assert_eq!(export.conversations[0].about.page, about.page, "it is the visitor's data");
}

async fn a_chat_without_a_question_is_listed_with_the_agents_first_message(stage: Stage) {
    let message_at = |offset: u64, author, text: &str| {
        let message = ArchivedMessage::new("c", author, text);
        Record::Message(Box::new(ArchivedMessage {
            offset: Some(offset),
            agent: Some(agent("ann")),
            ..message
        }))
    };
    let records = vec![
        (TEN, turn("c", HandoffRecordKind::HandedOver, None)),
        (TEN + 1, message_at(0, Author::Note, "was rude on the phone")),
        (TEN + 2, message_at(3, Author::Agent, "Hello, I am Ann.")),
        (TEN + 3, message_at(4, Author::Visitor, "At last!")),
    ];
    stage.write(records).await.expect("done");
    let about = stage.store.transcript("c").await.expect("done").expect("it is there").about;
    assert_eq!((&*about.first_words, about.messages), ("Hello, I am Ann.", 3));
}

async fn every_change_at_the_desk_is_stored_once_and_only_some_kinds_count_as_handed_over(
    stage: Stage,
) {
    for (at, kind) in (0..).zip(HandoffRecordKind::VARIANTS.iter().copied()) {
        let turn = |place| {
            Record::Handoff(HandoffRecord {
                conversation: format!("c{at}"),
                place,
                kind,
                agent: Some(agent("ann")),
                to: None,
                reason: Some("because".to_owned()),
            })
        };
        // Two pods may record the same change, and one conversation may change more than once.
        let again = [
            HandoffPlace::Desk(7),
            HandoffPlace::Desk(7),
            HandoffPlace::Desk(8),
            HandoffPlace::Log(7),
        ];
        let records = again.map(|place| (TEN + at, turn(place)));
        stage.write(records.into()).await.expect("done");
        let transcript =
            stage.store.transcript(&format!("c{at}")).await.expect("done").expect("there");
        assert_eq!(transcript.entries.len(), 3, "{kind:?}");
        for entry in &transcript.entries {
            let TranscriptEntry::Handoff { turn, agent: by, reason, .. } = entry else {
                panic!("nothing was said: {entry:?}")
            };
            assert_eq!((*turn, by.clone()), (kind, Some(agent("ann"))));
            assert_eq!(reason.as_deref(), Some("because"));
        }
        assert_eq!(
            transcript.about.ended_ms.is_some(),
            kind == HandoffRecordKind::Ended,
            "{kind:?}"
        );
    }
    let lines = stage.store.snapshots(WHOLE, None).await.expect("done");
    let handed: u64 =
        lines.iter().filter(|it| it.product.is_empty()).map(|it| it.handed_over).sum();
    assert_eq!(handed, 1, "an agent who was not there was not handed anything");
}

async fn a_record_written_twice_is_stored_and_counted_once(stage: Stage) {
    let records = stamped(vec![
        (TEN, Record::ConversationBegan(Box::new(began("c")))),
        (TEN + 1, question("c", "q1", "td17", "How?")),
        (TEN + 2, answer("c", "q1", "td17", 1, MessageOutcome::Answered)),
        (TEN + 3, turn("c", HandoffRecordKind::HandedOver, None)),
        (
            TEN + 4,
            Record::Rated(RatingRecord { conversation: "c".to_owned(), rating: 4, comment: None }),
        ),
    ]);
    stage.store.write(records.clone()).await.expect("done");
    let once = stage.store.snapshots(WHOLE, None).await.expect("done");
    stage.store.write(records).await.expect("done");
    assert_eq!(stage.store.snapshots(WHOLE, None).await.expect("done"), once);
    let transcript = stage.store.transcript("c").await.expect("done").expect("done");
    assert_eq!((transcript.entries.len(), transcript.about.messages), (3, 2));
}

async fn a_message_written_by_two_pods_is_stored_once(stage: Stage) {
    for at_ms in [TEN, TEN + 50] {
        let answered = answer("c", "q1", "td17", 7, MessageOutcome::Answered);
        stage.write(vec![(at_ms, answered)]).await.expect("done");
    }
    let total = &stage.store.snapshots(WHOLE, Some("")).await.expect("done")[0];
    assert_eq!((total.conversations, total.questions), (1, 1));
    assert_eq!(stage.store.transcript("c").await.expect("done").expect("done").entries.len(), 1);
}

async fn any_text_is_stored_without_its_nul_characters(stage: Stage) {
    let text = "a'; DROP TABLE messages; -- \"$1\" \u{0}\u{1F4A9} שלום \\ % _ \u{202E}";
    stage.write(vec![(TEN, question("c'\"", "q\u{0}", "p$1", text))]).await.expect("done");
    let transcript = stage.store.transcript("c'\"").await.expect("done").expect("done");
    let TranscriptEntry::Message { text: stored_text, product, .. } = &transcript.entries[0] else {
        panic!("it was said")
    };
    assert_eq!(*stored_text, text.replace('\0', ""));
    assert_eq!(product.as_deref(), Some("p$1"));
    let long = "word ".repeat(100_000);
    stage.write(vec![(TEN, question("long", "q", "p", &long))]).await.expect("done");
    assert!(stage.store.transcript("long").await.expect("done").is_some());
}

async fn past_conversations_are_found_by_their_text(stage: Stage) {
    stage
        .write(vec![
            (TEN, question("a", "q", "td17", "My TD-17KVX2 won't reset")),
            (TEN + 1, question("b", "q", "td17", "How do I réset the écho?")),
            (TEN + 2, question("c", "q", "td17", "שלום, איך מאפסים?")),
            (TEN + 3, answer("c", "q", "td17", 1, MessageOutcome::Answered)),
        ])
        .await
        .expect("done");
    let words = async |text: &str| {
        found(&stage, Search { text: Some(text.to_owned()), ..Search::default() }).await
    };
    assert_eq!(words("RESET").await, ["b", "a"]);
    assert_eq!(words("reset td-17").await, ["a"], "a model number, its last part begun");
    assert_eq!(words("kvx2").await, Vec::<String>::new(), "no word begins so");
    assert_eq!(words("echo").await, ["b"]);
    assert_eq!(words("מאפסים").await, ["c"]);
    assert_eq!(words("שלום button").await, ["c"], "in two messages of one conversation");
    assert_eq!(words("  ").await.len(), 3, "no word narrows nothing");
    for nasty in ["\"", "a OR b", "'", "NEAR(", "*", "a & | !", ":*", "\\", "שלום\u{0}"] {
        words(nasty).await;
    }
}

async fn past_conversations_are_found_by_product_agent_rating_and_time(stage: Stage) {
    let rated = |rating| {
        Record::Rated(RatingRecord { conversation: "b".to_owned(), rating, comment: None })
    };
    stage
        .write(vec![
            (TEN, question("a", "q", "td17", "one")),
            (TEN + HOUR, question("b", "q", "td27", "two")),
            (TEN + HOUR, question("b", "q2", "td17", "three")),
            (TEN + HOUR, turn("b", HandoffRecordKind::Taken, Some("ann"))),
            (TEN + HOUR, rated(2)),
        ])
        .await
        .expect("done");
    let by = |change: fn(&mut Search)| {
        let mut search = Search::default();
        change(&mut search);
        found(&stage, search)
    };
    assert_eq!(by(|it| it.product = Some("td17".to_owned())).await, ["b", "a"]);
    assert_eq!(by(|it| it.product = Some("td27".to_owned())).await, ["b"]);
    assert_eq!(by(|it| it.agent = Some("ann".to_owned())).await, ["b"]);
    assert_eq!(by(|it| it.rating = Some(2)).await, ["b"]);
    assert_eq!(by(|it| it.rating = Some(3)).await, Vec::<String>::new());
    let first_hour = |it: &mut Search| {
        it.period = Some(Period { from_ms: TEN, to_ms: TEN + HOUR });
    };
    assert_eq!(by(first_hour).await, ["a"]);
    let all = |it: &mut Search| {
        it.text = Some("three".to_owned());
        it.product = Some("td27".to_owned());
        it.agent = Some("ann".to_owned());
        it.rating = Some(2);
        it.period = Some(WHOLE);
    };
    assert_eq!(by(all).await, ["b"]);
}

async fn a_long_list_is_paged_without_gaps(stage: Stage) {
    // Three records per millisecond, so that a page ends within one.
    let records =
        (0..25).map(|n| (TEN + n / 3, question(&format!("c{n:02}"), "q", "p", "words"))).collect();
    stage.write(records).await.expect("done");
    let (mut seen, mut page) = (Vec::new(), first(10));
    // Three pages; more would mean that one began again.
    for _ in 0..10 {
        let piece = stage.store.search(Search::default(), page.clone()).await.expect("done");
        assert!(piece.items.len() <= 10);
        seen.extend(piece.items.into_iter().map(|it| it.conversation));
        match piece.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("c{n:02}")).collect();
    assert_eq!(seen, expected);
    let nonsense = Page { after: Some("' OR 1=1".to_owned()), limit: 100_000 };
    assert_eq!(
        stage.store.search(Search::default(), nonsense).await.expect("done").items.len(),
        25
    );
}

async fn figures_are_counted_by_hour_and_product(stage: Stage) {
    let mut cached = answer("a", "q2", "td17", 2, MessageOutcome::Answered);
    if let Record::Message(message) = &mut cached {
        message.cached = true;
        message.first_answer_ms = Some(100);
    }
    stage
        .write(vec![
            (TEN, question("a", "q1", "td17", "one")),
            (TEN + 1, answer("a", "q1", "td17", 1, MessageOutcome::Unknown)),
            (TEN + 2, cached),
            (TEN + 3, turn("a", HandoffRecordKind::HandedOver, None)),
            (TEN + 4, turn("a", HandoffRecordKind::HandedOver, None)),
            (
                TEN + 5,
                Record::Rated(RatingRecord {
                    conversation: "a".to_owned(),
                    rating: 4,
                    comment: None,
                }),
            ),
            (TEN + HOUR, question("a", "q3", "td27", "three")),
            (TEN + HOUR + 1, answer("a", "q3", "td27", 3, MessageOutcome::NoManual)),
            (TEN + HOUR + 2, answer("a", "q4", "td17", 4, MessageOutcome::Cancelled)),
        ])
        .await
        .expect("done");
    let lines = stage.store.snapshots(WHOLE, None).await.expect("done");
    let first_hour = Snapshot {
        hour_ms: TEN,
        product: String::new(),
        conversations: 1,
        questions: 2,
        answered: 1,
        unknown: 1,
        handed_over: 1,
        cache_hits: 1,
        timed: 2,
        first_answer_ms_sum: 140,
        first_answer_ms_most: 100,
        ratings: 1,
        rating_sum: 4,
    };
    let of = |product: &str| Snapshot { product: product.to_owned(), ..first_hour.clone() };
    assert_eq!(lines[..2], [first_hour.clone(), of("td17")]);
    let keys: Vec<(u64, &str, u64, u64)> = lines[2..]
        .iter()
        .map(|it| (it.conversations, &*it.product, it.questions, it.unknown))
        .collect();
    assert_eq!(keys, [(0, "", 2, 1), (0, "td17", 1, 0), (1, "td27", 1, 1)]);
    assert!(lines[2..].iter().all(|it| it.hour_ms == TEN + HOUR));
    let most = stage.store.most_asked(WHOLE, None, 10).await.expect("done");
    let most: Vec<(&str, u64)> = most.iter().map(|it| (&*it.product, it.questions)).collect();
    assert_eq!(most, [("td17", 3), ("td27", 1)]);
    assert_eq!(stage.store.most_asked(WHOLE, None, 1).await.expect("done").len(), 1);
    let nothing = Period { from_ms: TEN + 5 * HOUR, to_ms: TEN + 6 * HOUR };
    assert!(stage.store.snapshots(nothing, None).await.expect("done").is_empty());
    assert!(stage.store.most_asked(nothing, None, 10).await.expect("done").is_empty());
}

async fn a_changed_rating_is_counted_once_on_the_day_of_the_first_one(stage: Stage) {
    let rated = |rating| {
        Record::Rated(RatingRecord { conversation: "a".to_owned(), rating, comment: None })
    };
    stage
        .write(vec![(TEN, question("a", "q", "td17", "one")), (TEN, rated(5))])
        .await
        .expect("done");
    stage.write(vec![(TEN + 30 * HOUR, question("a", "q2", "td27", "two"))]).await.expect("done");
    stage.write(vec![(TEN + 30 * HOUR, rated(2))]).await.expect("done");
    let days = stage.store.ratings(WHOLE, None).await.expect("done");
    assert_eq!(days.len(), 1);
    assert_eq!((days[0].ratings, days[0].rating_sum), (1, 2));
    assert_eq!(days[0].day_ms, TEN - 10 * HOUR, "the day's beginning");
    let of_product = stage.store.snapshots(WHOLE, Some("td17")).await.expect("done");
    assert_eq!((of_product[0].ratings, of_product[0].rating_sum), (1, 2));
}

async fn unanswered_questions_are_listed_with_their_text(stage: Stage) {
    let nameless = |text: &str| {
        let product = Some("td17".to_owned());
        Record::Message(Box::new(ArchivedMessage {
            product,
            ..ArchivedMessage::new("b", Author::Visitor, text)
        }))
    };
    let mut unknown = answer("b", "", "td17", 1, MessageOutcome::NoManual);
    if let Record::Message(message) = &mut unknown {
        message.question = None;
    }
    stage
        .write(vec![
            (TEN, question("a", "q1", "td17", "Can it fly?")),
            (TEN + 1, question("a", "q2", "td17", "Can it swim?")),
            (TEN + 2, answer("a", "q1", "td17", 1, MessageOutcome::Unknown)),
            (TEN + 3, answer("a", "q2", "td17", 2, MessageOutcome::Answered)),
            (TEN + 4, nameless("Older")),
            (TEN + 5, nameless("Does it sing?")),
            (TEN + 6, unknown),
        ])
        .await
        .expect("done");
    let list = stage.store.unanswered(WHOLE, None, first(10)).await.expect("done");
    let questions: Vec<&str> = list.items.iter().map(|it| &*it.question).collect();
    assert_eq!(questions, ["Does it sing?", "Can it fly?"]);
    assert_eq!(list.items[0].outcome, MessageOutcome::NoManual);
    let piece = stage.store.unanswered(WHOLE, Some("td17"), first(1)).await.expect("done");
    let rest = Page { after: piece.next, limit: 1 };
    let rest = stage.store.unanswered(WHOLE, Some("td17"), rest).await.expect("done");
    assert_eq!((&*rest.items[0].question, rest.next), ("Can it fly?", None));
    assert!(
        stage.store.unanswered(WHOLE, Some("td27"), first(9)).await.expect("done").items.is_empty()
    );
}

async fn concurrent_writes_of_pods_are_stored_and_counted_completely(stage: Stage) {
    const EACH: u64 = 8;
    let pods = [stage.another_pod(), stage.another_pod(), stage.another_pod()];
    let writing = pods.iter().enumerate().map(async |(pod, store)| {
        for batch in 0..EACH {
            let conversation = format!("c{pod}-{batch}");
            // Each pod writes the products in another order, which could cause a deadlock.
            let mut products = ["p1", "p2", "p3"];
            products.rotate_left(pod);
            let records = products
                .iter()
                .zip(1..)
                .map(|(product, n)| {
                    (TEN + n, answer(&conversation, "q", product, n, MessageOutcome::Answered))
                })
                .collect();
            let records = stamped(records);
            // Repeated until it succeeds, as the writer does.
            while store.write(records.clone()).await.is_err() {}
        }
    });
    futures::future::join_all(writing).await;
    let lines = stage.store.snapshots(WHOLE, None).await.expect("done");
    let counts: Vec<(&str, u64, u64)> =
        lines.iter().map(|it| (&*it.product, it.conversations, it.questions)).collect();
    let n = 3 * EACH;
    assert_eq!(counts, [("", n, 3 * n), ("p1", n, n), ("p2", n, n), ("p3", n, n)]);
}

async fn the_data_of_one_visitor_is_exported_and_erased_and_the_figures_stay(stage: Stage) {
    let began = |conversation: &str, who: &str| {
        let visitor = Some(visitor(who));
        let facts = VisitorDescription { visitor, ..VisitorDescription::default() };
        Record::ConversationBegan(Box::new(described(conversation, facts)))
    };
    let offline_message = |address: &str| Record::OfflineMessage {
        conversation: None,
        address: address.to_owned(),
        text: "call me".to_owned(),
    };
    stage
        .write(vec![
            (TEN, began("a", "noa")),
            (TEN + 1, question("a", "q1", "td17", "secretword one")),
            (TEN + 2, answer("a", "q1", "td17", 1, MessageOutcome::Unknown)),
            (TEN + 3, upload("a", "u1")),
            (TEN + 4, began("b", "noa")),
            (TEN + 5, question("b", "q1", "td17", "two")),
            (TEN + 6, began("c", "dan")),
            (TEN + 7, question("c", "q1", "td17", "three")),
            (TEN + 8, offline_message("Noa@Example.com")),
            (TEN + 9, offline_message("dan@example.com")),
        ])
        .await
        .expect("done");
    let figures = stage.store.snapshots(WHOLE, None).await.expect("done");
    let noa = || DataSubject::Visitor("noa@example.com".to_owned());
    let export = stage.store.export(noa()).await.expect("done");
    assert_eq!((export.conversations.len(), export.left_messages.len()), (2, 1));
    assert_eq!(
        stage
            .store
            .export(DataSubject::Visitor("noa".to_owned()))
            .await
            .expect("done")
            .conversations
            .len(),
        2
    );
    let erased = stage.store.erase(noa()).await.expect("done");
    assert_eq!((erased.conversations, erased.messages, erased.left_messages), (2, 3, 1));
    assert_eq!(erased.files, ["u1.png"]);
    assert!(stage.store.export(noa()).await.expect("done").is_empty());
    assert!(stage.store.erase(noa()).await.expect("done").is_empty());
    assert!(
        found(&stage, Search { text: Some("secretword".to_owned()), ..Search::default() })
            .await
            .is_empty()
    );
    assert!(stage.store.unanswered(WHOLE, None, first(9)).await.expect("done").items.is_empty());
    assert_eq!(stage.store.snapshots(WHOLE, None).await.expect("done"), figures);
    let dan =
        stage.store.export(DataSubject::Visitor("dan@example.com".to_owned())).await.expect("done");
    assert_eq!((dan.conversations.len(), dan.left_messages.len()), (1, 1));
}

async fn one_conversation_is_erased_and_the_others_stay(stage: Stage) {
    let offline_message = Record::OfflineMessage {
        conversation: Some("a".to_owned()),
        address: "x@example.com".to_owned(),
        text: "call me".to_owned(),
    };
    stage
        .write(vec![
            (TEN, question("a", "q1", "td17", "one")),
            (TEN, question("b", "q1", "td17", "two")),
            (TEN, offline_message),
        ])
        .await
        .expect("done");
    let erased = stage.store.erase(DataSubject::Conversation("a".to_owned())).await.expect("done");
    assert_eq!((erased.conversations, erased.messages, erased.left_messages), (1, 1, 1));
    assert!(stage.store.transcript("a").await.expect("done").is_none());
    assert!(stage.store.transcript("b").await.expect("done").is_some());
}

async fn expired_conversations_are_erased_in_batches(stage: Stage) {
    let mut records: Vec<(u64, Record)> =
        (0..5).map(|n| (TEN + n, question(&format!("old{n}"), "q", "p", "words"))).collect();
    records.push((TEN, question("lives", "q", "p", "words")));
    records.push((TEN + HOUR, question("lives", "q2", "p", "words")));
    records.push((TEN, upload("old0", "u1")));
    stage.write(records).await.expect("done");
    let figures = stage.store.snapshots(WHOLE, None).await.expect("done");
    let (mut gone, mut files, mut steps) = (0, Vec::new(), 0);
    // Three pages and one empty page.
    for _ in 0..10 {
        let erased = stage.store.expire(TEN + HOUR, 2).await.expect("done");
        if erased.is_empty() {
            break;
        }
        assert!(erased.conversations <= 2);
        gone += erased.conversations;
        files.extend(erased.files);
        steps += 1;
    }
    assert_eq!((gone, steps), (5, 3));
    assert_eq!(files, ["u1.png"]);
    assert_eq!(found(&stage, Search::default()).await, ["lives"]);
    assert_eq!(
        stage.store.transcript("lives").await.expect("done").expect("done").entries.len(),
        2
    );
    assert_eq!(stage.store.snapshots(WHOLE, None).await.expect("done"), figures);
}

async fn the_audit_is_filtered_by_user_and_action(stage: Stage) {
    let did = |who: &str, action: &str| {
        Record::Audit(Audit {
            who: who.to_owned(),
            role: "agent".to_owned(),
            action: action.to_owned(),
            subject: "c".to_owned(),
            detail: String::new(),
            address: "127.0.0.1".to_owned(),
        })
    };
    stage
        .write(vec![
            (TEN, did("ann", "conversation.take")),
            (TEN + 1, did("ben", "conversation.take")),
            (TEN + 2, did("ann", "cache.invalidate")),
        ])
        .await
        .expect("done");
    let listed = async |who: Option<&str>, action: Option<&str>| {
        let (who, action) = (who.map(str::to_owned), action.map(str::to_owned));
        let search = AuditSearch { who, action, period: Some(WHOLE) };
        let listed = stage.store.audit(search, first(10)).await.expect("done");
        listed.items.into_iter().map(|it| it.at_ms - TEN).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, [2, 1, 0]);
    assert_eq!(listed(Some("ann"), None).await, [2, 0]);
    assert_eq!(listed(Some("ann"), Some("conversation.take")).await, [0]);
    stage.store.expire(TEN + 1, 10).await.expect("done");
    assert_eq!(listed(None, None).await, [2, 1]);
}
