//! An archive of an earlier version is opened, migrated and read without loss.

use std::path::Path;

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, AuditSearch, Search, Transcript, TranscriptEntry};
use hsc_config::ArchiveSettings;
use hsc_conversation::archive::{AgentRef, MessageOutcome, Record};
use hsc_conversation::protocol::Thumb;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::archive_stage::{TEN, first, question, settings, stamped};

/// The content of an archive of the version with two migrations.
const OF_BEFORE: &str = include_str!("../data/archive_of_two_migrations.sqlite.sql");

async fn connection(file: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}?mode=rwc", file.display());
    SqliteConnection::connect(&url).await.expect("a file of SQLite")
}

/// The file of an earlier version, opened by this version.
async fn opened() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hsc.sqlite");
    let mut before = connection(&file).await;
    sqlx::raw_sql(OF_BEFORE).execute(&mut before).await.expect("the fixture is SQL");
    before.close().await.expect("the file is closed");
    let settings = ArchiveSettings { path: file.display().to_string(), ..settings() };
    let store = Store::new(&settings).expect("settings of an archive");
    store.reach().await.expect("the archive is migrated");
    (folder, store)
}

async fn transcript(store: &Store, conversation: &str) -> Transcript {
    let read = store.transcript(conversation).await.expect("the archive is read");
    read.unwrap_or_else(|| panic!("{conversation} is in the archive"))
}

fn kinds(transcript: &Transcript) -> Vec<&'static str> {
    let kind = |entry: &TranscriptEntry| match entry {
        TranscriptEntry::Message { author, .. } => author.as_str(),
        TranscriptEntry::Handoff { turn, .. } => turn.as_str(),
    };
    transcript.entries.iter().map(kind).collect()
}

async fn found(store: &Store, search: Search) -> Vec<String> {
    let found = store.search(search, first(50)).await.expect("the archive is searched");
    found.items.into_iter().map(|it| it.conversation).collect()
}

#[actix_web::test]
async fn conversations_of_an_earlier_version_are_read_unchanged() {
    let (_folder, store) = opened().await;
    let one = transcript(&store, "c1").await;
    assert_eq!(
        kinds(&one),
        [
            "visitor",
            "machine",
            "handed_over",
            "taken",
            "visitor",
            "agent",
            "note",
            "returned",
            "withdrawn"
        ]
    );
    let about = &one.about;
    let visitor = about.visitor.as_ref().expect("the visitor was known");
    assert_eq!((&*visitor.subject, visitor.name.as_deref()), ("v1", Some("Dana")));
    assert_eq!((about.language.as_deref(), about.product.as_deref()), (Some("he"), Some("td17")));
    let ann = AgentRef { id: "ann".to_owned(), name: "Ann".to_owned() };
    assert_eq!((about.agent.clone(), about.rating), (Some(ann), Some(5)));
    assert_eq!((about.began_ms, about.messages), (TEN, 4));
    assert_eq!(one.rating_comment.as_deref(), Some("quick"));
    assert_eq!(about.reason, None, "that version did not record it");
    let TranscriptEntry::Message { text, citations, outcome, thumb, comment, .. } = &one.entries[1]
    else {
        panic!("the answer is a message: {:?}", one.entries[1])
    };
    assert_eq!(text, "Hold the button [MANUAL: page 12].");
    assert_eq!((citations[0].page, &*citations[0].quote), (12, "Hold the button."));
    assert_eq!((*outcome, *thumb), (Some(MessageOutcome::Answered), Some(Thumb::Up)));
    assert_eq!(comment.as_deref(), Some("thanks"));
    assert_eq!(one.uploads.len(), 1);

    let two = transcript(&store, "c2").await;
    assert_eq!(kinds(&two), ["handed_over", "taken", "agent", "ended"]);
    assert_eq!(two.about.ended_ms, Some(TEN + 23_000));
    assert_eq!(two.about.first_words, "Hello, I am Ann.", "a migration fills what was empty");
}

#[actix_web::test]
async fn an_archive_of_an_earlier_version_is_searched_and_written_to() {
    let (folder, store) = opened().await;
    let words = |text: &str| Search { text: Some(text.to_owned()), ..Search::default() };
    assert_eq!(found(&store, words("hold butt")).await, ["c1"]);
    assert_eq!(found(&store, words("מאפסים")).await, ["c1"]);
    let of_ann = Search { agent: Some("ann".to_owned()), ..Search::default() };
    assert_eq!(found(&store, of_ann).await, ["c2", "c1"]);
    let messages = store.left_messages(first(5)).await.expect("the archive is read").items;
    assert_eq!((messages.len(), &*messages[0].text), (1, "Call me back."));
    let audit = store.audit(AuditSearch::default(), first(5)).await.expect("the archive is read");
    assert_eq!(audit.items[0].action, "conversation.take");

    let again: Vec<(u64, Record)> = vec![
        (TEN + 1_000, question("c1", "q1", "td17", "written twice")),
        (TEN + 60_000, question("c1", "q2", "td17", "And how often?")),
    ];
    store.write(stamped(again)).await.expect("the archive is written");
    let one = transcript(&store, "c1").await;
    assert_eq!(one.entries.len(), 10, "the first one is there already");
    assert_eq!(found(&store, words("how often")).await, ["c1"]);
    drop(store);

    let mut after = connection(&folder.path().join("hsc.sqlite")).await;
    let rows =
        sqlx::query("SELECT version FROM _sqlx_migrations WHERE success = 1 ORDER BY version")
            .fetch_all(&mut after)
            .await
            .expect("the table of migrations");
    let versions: Vec<i64> = rows.iter().map(|row| row.get("version")).collect();
    assert!(versions.starts_with(&[1, 2, 3, 4]), "{versions:?}");
}
