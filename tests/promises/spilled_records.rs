//! Records that PostgreSQL did not accept before a stop are written after the next start: all, once, in order.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hsc_actors::ports::archive::{Analytics as _, Period};

use crate::archiving::{archived, ask, store};
use crate::eventually::eventually;
use crate::postgres::Postgres;
use crate::server::Server;

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    listed.map(|entry| entry.path()).collect()
}

#[actix_web::test]
async fn records_of_a_stop_without_postgresql_are_written_once_after_the_next_start() {
    let mut postgres = Postgres::start().await;
    let url = postgres.url();
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("unwritten");
    let settings = [
        ("archive.url", url.as_str()),
        ("archive.spill_dir", folder.to_str().expect("text")),
        ("archive.connect_timeout_ms", "500"),
        ("server.drain_timeout_ms", "10000"),
    ];
    let mut server = Server::with(&settings).await;
    let archive = store(|it| it.url = url.as_str().into());
    let mut conversations = vec![ask(&server, "q1").await];
    archived(&archive, &conversations[0]).await;
    postgres.cut();
    for _ in 0..10 {
        conversations.push(ask(&server, "q1").await);
    }
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
    let stored = files(&folder);
    assert_eq!(stored.len(), 1, "{}", server.log());
    assert_eq!(stored[0].metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.metadata().expect("a folder").permissions().mode() & 0o777, 0o700);

    // While it is still unavailable the records stay on disk.
    let mut between = Server::with(&settings).await;
    conversations.push(ask(&between, "q1").await);
    between.signal("TERM");
    assert_eq!(between.ended().await.code(), Some(0), "{}", between.log());
    assert_eq!(files(&folder).len(), 2, "{}", between.log());

    postgres.heal().await;
    let after = Server::with(&settings).await;
    conversations.push(ask(&after, "q1").await);
    for conversation in &conversations {
        let transcript = archived(&archive, conversation).await;
        let offsets: Vec<u64> = transcript.entries.iter().filter_map(offset).collect();
        assert!(offsets.is_sorted() && transcript.entries.len() == 2, "{transcript:?}");
    }
    eventually("the files are removed", async || files(&folder).is_empty()).await;
    let rows = conversations.len() as i64;
    assert_eq!(postgres.number("SELECT COUNT(*) FROM conversations").await, rows);
    assert_eq!(postgres.number("SELECT COUNT(*) FROM messages").await, 2 * rows);
    let period = Period { from_ms: 0, to_ms: u64::MAX };
    let hours = archive.snapshots(period, Some("")).await.expect("the figures are read");
    assert_eq!(hours.iter().map(|hour| hour.questions).sum::<u64>(), rows as u64);
}

fn offset(entry: &hsc_actors::ports::archive::TranscriptEntry) -> Option<u64> {
    match entry {
        hsc_actors::ports::archive::TranscriptEntry::Message { offset, .. } => *offset,
        hsc_actors::ports::archive::TranscriptEntry::Handoff { .. } => None,
    }
}
