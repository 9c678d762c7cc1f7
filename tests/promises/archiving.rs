//! Conversations are archived asynchronously, also after the archive was unavailable, and can be exported and erased.

use std::path::{Path, PathBuf};

use hsc::archive::Store;
use hsc_actors::ports::archive::{
    Analytics as _, Archive as _, Period, Search, Transcript, TranscriptEntry,
};
use hsc_config::ArchiveSettings;
use hsc_conversation::archive::{Author, MessageOutcome};
use serde_json::json;

use crate::archive_stage::{first, settings};
use crate::eventually::eventually;
use crate::postgres::Postgres;
use crate::server::{Server, config, hsc, run};
use crate::shop::{LIGHT, Shop};

const QUESTION: &str = "How heavy is it?";

/// A visitor connects and asks; returns the conversation.
pub(crate) async fn ask(server: &Server, id: &str) -> String {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello", "locale": "en" })).await;
    let welcome = visitor.receive().await;
    visitor.say(json!({ "type": "query", "id": id, "product_id": LIGHT, "query": QUESTION })).await;
    visitor.receive_answer().await;
    welcome["conversation"].as_str().expect("a conversation").to_owned()
}

pub(crate) fn store(change: impl FnOnce(&mut ArchiveSettings)) -> Store {
    let mut settings = settings();
    change(&mut settings);
    Store::new(&settings).expect("settings of an archive")
}

/// The conversation, once its answer is archived.
pub(crate) async fn archived(store: &Store, conversation: &str) -> Transcript {
    let transcript = async || store.transcript(conversation).await.ok().flatten();
    eventually("the conversation is archived", async || {
        transcript().await.is_some_and(|it| it.entries.len() >= 2)
    })
    .await;
    transcript().await.expect("it was there")
}

fn is_question_and_answer(transcript: &Transcript) {
    let [
        TranscriptEntry::Message { author: Author::Visitor, text: question, product, .. },
        TranscriptEntry::Message {
            author: Author::Machine,
            text: answer,
            outcome,
            citations,
            offset,
            ..
        },
    ] = &transcript.entries[..]
    else {
        panic!("not a question and its answer: {:?}", transcript.entries)
    };
    assert_eq!((&**question, product.as_deref()), (QUESTION, Some(LIGHT)));
    assert_eq!(*outcome, Some(MessageOutcome::Answered));
    assert!(!answer.is_empty() && !citations.is_empty() && offset.is_some(), "{transcript:?}");
    assert_eq!(transcript.about.language.as_deref(), Some("en"));
}

#[actix_web::test]
async fn chats_continue_while_the_archive_is_unavailable_and_are_written_when_it_returns() {
    let mut postgres = Postgres::not_started();
    let url = postgres.url();
    let settings = [("archive.url", url.as_str()), ("archive.connect_timeout_ms", "500")];
    let server = Server::with(&settings).await;
    let before = ask(&server, "q1").await;
    eventually("health says so", async || {
        let health = server.json("/health").await;
        health["status"] == "degraded"
            && health["reason"].as_str().is_some_and(|reason| reason.contains("archive"))
    })
    .await;
    assert_eq!(server.get("/ready").await.status().as_u16(), 200);
    assert_eq!(server.metric("hsc_archive_up").await, 0.0);
    postgres.heal().await;
    let store = store(|it| it.url = url.as_str().into());
    is_question_and_answer(&archived(&store, &before).await);
    eventually("all is well", async || server.json("/health").await["status"] == "healthy").await;
    postgres.cut();
    let between = ask(&server, "q1").await;
    postgres.heal().await;
    is_question_and_answer(&archived(&store, &between).await);
    for reason in ["full", "refused"] {
        let dropped = format!("hsc_archive_dropped_total{{reason=\"{reason}\"}}");
        assert_eq!(server.metric(&dropped).await, 0.0);
    }
    let period = Period { from_ms: 0, to_ms: u64::MAX };
    let total: u64 =
        store.snapshots(period, Some("")).await.unwrap().iter().map(|it| it.questions).sum();
    assert_eq!(total, 2);
}

#[actix_web::test]
async fn two_pods_with_one_archive_return_each_others_conversations() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let shared = [("archive.url", url.as_str())];
    let (one, two) = futures::join!(Server::with(&shared), Server::with(&shared));
    let conversations = [ask(&one, "q1").await, ask(&two, "q1").await];
    let store = store(|it| it.url = url.as_str().into());
    for conversation in &conversations {
        is_question_and_answer(&archived(&store, conversation).await);
    }
    let search = Search { text: Some("heavy".to_owned()), ..Search::default() };
    assert_eq!(store.search(search, first(9)).await.unwrap().items.len(), 2);
}

#[actix_web::test]
async fn an_unwritable_archive_path_stops_no_chat() {
    let shop = Shop::new();
    shop.write("file", b"no folder");
    let path = shop.dir().join("file").join("hsc.sqlite");
    let server = Server::of(shop, &[("archive.path", &path.display().to_string())]).await;
    ask(&server, "q1").await;
    eventually("health says so", async || server.json("/health").await["status"] == "degraded")
        .await;
    assert!(server.log().contains("the archive is unavailable"), "{}", server.log());
}

/// A server whose archive is a file in the shop's folder.
pub(crate) async fn with_a_file() -> (Server, PathBuf) {
    let shop = Shop::new();
    let file = shop.dir().join("archive").join("hsc.sqlite");
    let server = Server::of(shop, &[("archive.path", &file.display().to_string())]).await;
    (server, file)
}

/// Runs `hsc` with these arguments and the archive in this file.
pub(crate) fn command(server: &Server, file: &Path, words: &[&str]) -> (bool, String, String) {
    let mut command = hsc();
    command.args(words).arg("--config").arg(config(&server.shop)).env("HSC__ARCHIVE__PATH", file);
    let (status, out, err) = run(command);
    (status.success(), out, err)
}

#[actix_web::test]
async fn a_server_writes_every_record_before_it_stops() {
    let (mut server, file) = with_a_file().await;
    let conversation = ask(&server, "q1").await;
    server.signal("TERM");
    assert!(server.ended().await.success());
    let store = store(|it| it.path = file.display().to_string());
    is_question_and_answer(&store.transcript(&conversation).await.unwrap().expect("it is there"));
}

#[actix_web::test]
async fn one_visitors_data_is_exported_and_erased_from_the_command_line() {
    let (server, file) = with_a_file().await;
    let (conversation, other) = (ask(&server, "q1").await, ask(&server, "q1").await);
    let store = store(|it| it.path = file.display().to_string());
    archived(&store, &conversation).await;
    archived(&store, &other).await;
    let exported = server.shop.dir().join("export.json");
    let to = exported.display().to_string();
    let (done, out, err) =
        command(&server, &file, &["privacy", "export", &conversation, "--out", &to]);
    assert!(done, "{out}{err}");
    let export: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&exported).expect("it was written")).expect("JSON");
    assert_eq!(export["conversations"][0]["entries"][0]["text"], QUESTION);
    assert_eq!(export["conversations"].as_array().map(Vec::len), Some(1));
    let (done, out, _) = command(&server, &file, &["privacy", "erase", &conversation]);
    assert!(!done && out.contains("--yes"), "{out}");
    assert!(store.transcript(&conversation).await.unwrap().is_some());
    let (done, out, err) = command(&server, &file, &["privacy", "erase", &conversation, "--yes"]);
    assert!(done, "{out}{err}");
    assert!(store.transcript(&conversation).await.unwrap().is_none());
    assert!(store.transcript(&other).await.unwrap().is_some());
    let (done, _, err) = command(&server, &file, &["privacy", "export", &conversation]);
    assert!(!done && err.contains("has no data"), "{err}");
    assert!(!file_holds(&file, conversation.as_bytes()), "erased is overwritten");
}

/// True if the file or its log contains the bytes.
fn file_holds(file: &Path, bytes: &[u8]) -> bool {
    let log = PathBuf::from(format!("{}-wal", file.display()));
    [file.to_owned(), log].iter().any(|file| {
        let found = std::fs::read(file).unwrap_or_default();
        found.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[actix_web::test]
async fn a_backup_is_made_while_the_server_runs_and_restored_while_it_is_stopped() {
    let (mut server, file) = with_a_file().await;
    let first = ask(&server, "q1").await;
    let open = || store(|it| it.path = file.display().to_string());
    let archive = open();
    archived(&archive, &first).await;
    let copy = server.shop.dir().join("copy.sqlite").display().to_string();
    let (done, out, err) = command(&server, &file, &["backup", &copy]);
    assert!(done, "{out}{err}");
    let (done, _, err) = command(&server, &file, &["backup", &copy]);
    assert!(!done && err.contains("is there already"), "{err}");
    let second = ask(&server, "q1").await;
    archived(&archive, &second).await;
    archive.close().await;
    let (done, _, err) = command(&server, &file, &["restore", &copy]);
    assert!(!done && err.contains("stop the server first"), "{err}");
    server.signal("TERM");
    server.ended().await;
    server.shop.write("torn.sqlite", b"SQLite format 3\0 and nothing more");
    let torn = server.shop.dir().join("torn.sqlite").display().to_string();
    let (done, _, err) = command(&server, &file, &["restore", &torn]);
    assert!(!done && err.contains("no archive of hsc"), "{err}");
    let (done, out, err) = command(&server, &file, &["restore", &copy]);
    assert!(done && out.contains("before-restore"), "{out}{err}");
    let archive = open();
    assert!(archive.transcript(&first).await.unwrap().is_some());
    assert!(archive.transcript(&second).await.unwrap().is_none());
}
