//! The database connection: opened on first use, with migrations.

use std::borrow::Cow;
use std::future::Future;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use hsc_actors::ports::archive::ArchiveError;
use hsc_config::ArchiveSettings;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, ConnectOptions as _, Executor as _, SqlSafeStr as _, SqlStr};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use url::Url;

use super::failure;
use crate::temporary::{self, TemporaryFolder};

/// A transaction on either database.
pub(super) type Transaction = sqlx::Transaction<'static, sqlx::Any>;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// The archive in one database. Created without a connection: the server starts while the database is down.
pub struct Store {
    pool: AnyPool,
    kind: Kind,
    bound: Duration,
    file: Option<PathBuf>,
    is_ready: OnceCell<()>,
    /// Runtime of the connections. Separate, because on a thread of actors or of HTTP they would end or
    /// hang with a fault of that thread. `None` only during the drop.
    runtime: Option<Runtime>,
    /// The folder of an archive that is deleted with the process.
    _folder: Option<TemporaryFolder>,
}

/// Why the settings give no archive.
#[derive(Debug, thiserror::Error)]
pub enum NoArchive {
    /// The address is invalid.
    #[error("archive.url is no address of a database: {cause}")]
    BadUrl {
        /// The problem. Without the address, which holds a password.
        cause: sqlx::Error,
    },
    /// No temporary folder can be created.
    #[error("cannot make a temporary folder for the archive: {0}; archive.path names a file")]
    NoFolder(std::io::Error),
    /// The system starts no thread.
    #[error("cannot start the thread of the archive: {0}")]
    NoThread(std::io::Error),
}

impl Store {
    /// The archive of the settings.
    ///
    /// # Errors
    /// [`NoArchive`] for invalid settings. A database that is down is not an error here.
    pub fn new(settings: &ArchiveSettings) -> Result<Self, NoArchive> {
        install_default_drivers();
        let bound = Duration::from_millis(settings.timeout_ms);
        let (kind, url, file, folder) = match settings.url.reveal() {
            Some(url) => {
                let url = url.parse::<Url>();
                let url = url.map_err(|error| NoArchive::BadUrl {
                    cause: sqlx::Error::Configuration(error.into()),
                })?;
                (Kind::Postgres, url, None, None)
            }
            None => {
                let folder = match &*settings.path {
                    "" => Some(
                        TemporaryFolder::new(temporary::Kind::Archive)
                            .map_err(NoArchive::NoFolder)?,
                    ),
                    _ => None,
                };
                let file = match &folder {
                    Some(folder) => folder.path().join("hsc.sqlite"),
                    None => PathBuf::from(&settings.path),
                };
                (Kind::Sqlite, url_of(&file, "rwc"), Some(file), folder)
            }
        };
        let options = AnyConnectOptions::from_url(&url)
            .map_err(|cause| NoArchive::BadUrl { cause })?
            .disable_statement_logging();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("archive")
            .enable_all()
            .build()
            .map_err(NoArchive::NoThread)?;
        // The pool spawns tasks when it is created.
        let entered = runtime.enter();
        let pool = AnyPoolOptions::new()
            .max_connections(settings.connections)
            // A chat never waits for this; only the writer and lookups of the team do.
            .acquire_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if kind == Kind::Sqlite {
                        for pragma in PRAGMAS {
                            connection.execute(*pragma).await?;
                        }
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        drop(entered);
        let (is_ready, runtime) = (OnceCell::new(), Some(runtime));
        Ok(Self { pool, kind, bound, file, is_ready, runtime, _folder: folder })
    }

    /// Description for the log and the admin page: without a password.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.file {
            Some(_) if self._folder.is_some() => "SQLite, gone with the process".to_owned(),
            Some(file) => format!("SQLite, {}", file.display()),
            None => "PostgreSQL".to_owned(),
        }
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        self.among_its_own(self.pool.close()).await;
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Runs a query once the migrations are applied, within the time limit of the settings.
    pub(super) async fn with<T, F>(
        &self,
        work: impl FnOnce(AnyPool) -> F,
    ) -> Result<T, ArchiveError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        self.reaching(async { work(self.pool.clone()).await.map_err(failure::of) }).await
    }

    /// The same for work with an error type of its own.
    pub(super) async fn reaching<T, E: From<ArchiveError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let whole = async {
            self.is_ready.get_or_try_init(|| self.prepare()).await?;
            work.await
        };
        let bounded = async { tokio::time::timeout(self.bound, whole).await };
        let late = |_| ArchiveError::unavailable("the database did not answer in time");
        self.among_its_own(bounded).await.map_err(late)?
    }

    /// Polls a future on the caller's thread; its connections and timers belong to the archive's runtime.
    async fn among_its_own<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref().expect("it is there until the store is dropped");
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            let _entered = runtime.enter();
            work.as_mut().poll(context)
        })
        .await
    }

    /// A write transaction. In SQLite it takes the write lock at its start: taken later, it
    /// could fail after the reads.
    pub(super) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        match self.kind {
            Kind::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await,
            Kind::Postgres => self.pool.begin().await,
        }
    }

    /// Creates the folder and the file, private to the server, and applies the migrations.
    async fn prepare(&self) -> Result<(), ArchiveError> {
        if let Some(file) = self.file.as_deref() {
            make_private(file).map_err(ArchiveError::unavailable)?;
        }
        migrator(self.kind).run(&self.pool).await.map_err(ArchiveError::unavailable)
    }
}

/// Creates the file if it is missing, and restricts it to its owner (0600). SQLite gives its log (`-wal`,
/// `-shm`) the mode of the file. Missing folders are created with 0700; an existing one is not changed, as
/// other users may need it.
pub(super) fn make_private(file: &Path) -> std::io::Result<()> {
    make_private_folder(file)?;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.create(true).append(true).mode(0o600).open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Creates the missing folders above a file, private to their owner.
pub(super) fn make_private_folder(file: &Path) -> std::io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would block until its tasks end, which is forbidden in async code.
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.describe())
    }
}

/// Settings of every SQLite connection.
const PRAGMAS: &[&str] = &[
    // Readers do not wait for the writer.
    "PRAGMA journal_mode = WAL",
    // A commit survives the process; after a power failure the last ones may be lost, as are the queued records.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA busy_timeout = 5000",
    // Deleted data is overwritten.
    "PRAGMA secure_delete = ON",
];

/// The URL of a file. `mode` is `rwc` (created if missing) or `ro`.
pub(super) fn url_of(file: &Path, mode: &str) -> Url {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut url = Url::from_file_path(file).expect("an absolute path has an address");
    // The library cannot change the scheme `file:` to `sqlite:`, so the text is changed.
    url.set_query(Some(&format!("mode={mode}")));
    let text = url.as_str().replacen("file:", "sqlite:", 1);
    text.parse().expect("an address stays one under another scheme")
}

/// The migrations of one database, in order. Released ones never change.
pub(super) fn migrator(kind: Kind) -> Migrator {
    let search = match kind {
        Kind::Sqlite => include_str!("migrations/0002_search.sqlite.sql"),
        Kind::Postgres => include_str!("migrations/0002_search.postgres.sql"),
    };
    let migration = |version, name: &'static str, text: &'static str| {
        let text: SqlStr = text.into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(vec![
        migration(1, "tables", include_str!("migrations/0001_tables.sql")),
        migration(2, "search", search),
        migration(3, "visit", include_str!("migrations/0003_visit.sql")),
        migration(4, "sign_in_attempts", include_str!("migrations/0004_sign_in_attempts.sql")),
    ])
}
