//! The archive of a test: an SQLite file, or a database of a real PostgreSQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use hsc::archive::Store;
use hsc_actors::ports::archive::{Archive as _, ArchiveError, Page};
use hsc_config::{ArchiveSettings, PoolerChoice, Settings};
use hsc_conversation::archive::{ArchivedMessage, Author, MessageOutcome, Record, StampedRecord};
use tokio::sync::Mutex;

use crate::postgres::{PgBouncer, Postgres};

/// 2026-11-25 10:00 UTC, the beginning of an hour.
pub(crate) const TEN: u64 = 1_795_600_800_000;
pub(crate) const HOUR: u64 = 3_600_000;

/// One server for all concurrent tests: starting one takes longer than most of them.
static SHARED: Mutex<Weak<SharedServer>> = Mutex::const_new(Weak::new());
/// Each test has its own database on it.
static DATABASES: AtomicU64 = AtomicU64::new(0);

/// An archive, and the processes that it needs.
pub(crate) struct Stage {
    pub(crate) store: Arc<Store>,
    settings: ArchiveSettings,
    _folder: Option<tempfile::TempDir>,
    _server: Option<Arc<SharedServer>>,
}

/// A database server, and a pooler in front of it.
struct SharedServer {
    postgres: Postgres,
    bouncer: PgBouncer,
}

impl Stage {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = settings();
        // The folder does not exist, and its name has characters with a meaning in URLs.
        let file = folder.path().join("a b #1?").join("hsc.sqlite");
        settings.path = file.display().to_string();
        Self::of(settings, Some(folder), None)
    }

    pub(crate) async fn postgres() -> Self {
        let (server, database) = Self::shared().await;
        let mut settings = settings();
        settings.url = server.postgres.url_of(&database).as_str().into();
        Self::of(settings, None, Some(server))
    }

    /// Behind a pooler in transaction mode.
    pub(crate) async fn pgbouncer() -> Self {
        let (server, database) = Self::shared().await;
        let mut settings = settings();
        settings.url = server.bouncer.url_of(&database).as_str().into();
        settings.pooler = PoolerChoice::Transaction;
        Self::of(settings, None, Some(server))
    }

    /// The shared server, and the name of a new database on it.
    async fn shared() -> (Arc<SharedServer>, String) {
        let server = {
            let mut shared = SHARED.lock().await;
            match shared.upgrade() {
                Some(server) => server,
                None => {
                    let postgres = Postgres::start().await;
                    let bouncer = PgBouncer::before(&postgres).await;
                    let server = Arc::new(SharedServer { postgres, bouncer });
                    *shared = Arc::downgrade(&server);
                    server
                }
            }
        };
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server.postgres.database(&name).await;
        (server, name)
    }

    fn of(
        settings: ArchiveSettings,
        folder: Option<tempfile::TempDir>,
        server: Option<Arc<SharedServer>>,
    ) -> Self {
        let store = Arc::new(Store::new(&settings).expect("settings of an archive"));
        Self { store, settings, _folder: folder, _server: server }
    }

    /// The same database, opened as another pod.
    pub(crate) fn another_pod(&self) -> Arc<Store> {
        Arc::new(Store::new(&self.settings).expect("settings of an archive"))
    }

    /// Writes these records, each with its time.
    pub(crate) async fn write(&self, records: Vec<(u64, Record)>) -> Result<(), ArchiveError> {
        self.store.write(stamped(records)).await
    }
}

/// The defaults, with longer time limits for a machine that also compiles.
pub(crate) fn settings() -> ArchiveSettings {
    let settings = Settings::load(None, std::iter::empty()).expect("the defaults");
    ArchiveSettings { timeout_ms: 60_000, connect_timeout_ms: 30_000, ..settings.archive }
}

/// Stamps each record with a time and an id.
pub(crate) fn stamped(records: Vec<(u64, Record)>) -> Vec<Arc<StampedRecord>> {
    let stamp = |(at_ms, record)| {
        let id = format!("{:032x}", rand::random::<u128>());
        Arc::new(StampedRecord { id, at_ms, record })
    };
    records.into_iter().map(stamp).collect()
}

/// A question of the visitor.
pub(crate) fn question(conversation: &str, id: &str, product: &str, text: &str) -> Record {
    Record::Message(Box::new(ArchivedMessage {
        product: Some(product.to_owned()),
        question: Some(id.to_owned()),
        ..ArchivedMessage::new(conversation, Author::Visitor, text)
    }))
}

/// A completed answer of the assistant.
pub(crate) fn answer(
    conversation: &str,
    id: &str,
    product: &str,
    offset: u64,
    outcome: MessageOutcome,
) -> Record {
    Record::Message(Box::new(ArchivedMessage {
        offset: Some(offset),
        product: Some(product.to_owned()),
        question: Some(id.to_owned()),
        outcome: Some(outcome),
        confidence: Some(0.5),
        first_answer_ms: Some(40),
        ..ArchivedMessage::new(conversation, Author::Machine, "Hold the button [MANUAL: page 12].")
    }))
}

/// The first page of a list, with this limit.
pub(crate) fn first(limit: u32) -> Page {
    Page { after: None, limit }
}
