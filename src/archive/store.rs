//! The archive in one database: opened on first use, when its tables are up to date.
//!
//! Every query goes through [`Store::with`]: it waits for the tables, has the time limit of the settings, and its errors
//! become those of the archive.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use hsc_actors::ports::archive::{ArchiveError, Page, Paged};
use hsc_config::ArchiveSettings;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::error::ErrorKind;
use sqlx::{ConnectOptions as _, Error, Result};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;

use super::database::{Database, Kind, Transaction, set_up, url_of};
use super::schema::{self, IncompatibleSchema, Schema, SchemaError};
use super::sql::{AnyQuery, Statement, paged};
use crate::temporary::{self, TemporaryFolder};

/// Longest wait for the end of all connections.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// The archive in one database. Created without a connection: the server starts while the database is down.
pub struct Store {
    pub(super) database: Database,
    bound: Duration,
    pub(super) schema: Schema,
    /// The last attempt to bring the tables up to date. A task of its own: a migration may take longer than a query.
    preparation: Mutex<Option<Preparation>>,
    incompatible: watch::Sender<Option<IncompatibleSchema>>,
    /// True once the tables were usable: from then on a server that they exclude goes on without its archive.
    was_usable: Arc<AtomicBool>,
    /// Runtime of the connections. Separate, because on a thread of actors or of HTTP they would end or
    /// hang with a fault of that thread. `None` only during the drop.
    runtime: Option<Runtime>,
    /// The folder of an archive that is deleted with the process.
    _folder: Option<TemporaryFolder>,
}

/// The future of a query.
pub(super) type Reply<'a, T, E = ArchiveError> = BoxFuture<'a, Result<T, E>>;

/// An attempt to bring the tables up to date, which all queries wait for.
type Preparation = Shared<BoxFuture<'static, Result<(), SchemaError>>>;

/// Why the settings give no archive.
#[derive(Debug, thiserror::Error)]
pub enum NoArchive {
    /// The address is invalid.
    #[error("archive.url is no address of a database: {cause}")]
    BadUrl {
        /// The problem. Without the address, which holds a password.
        cause: Error,
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
                    cause: Error::Configuration(error.into()),
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
            .after_connect(move |connection, _| Box::pin(set_up(kind, connection)))
            .connect_lazy_with(options.clone());
        drop(entered);
        let schema = Schema {
            kind,
            options,
            file,
            connect_within: Duration::from_millis(settings.connect_timeout_ms),
            migrate_within: Duration::from_millis(settings.migration_timeout_ms),
        };
        Ok(Self {
            database: Database { pool, kind, pooler: settings.pooler },
            bound,
            schema,
            preparation: Mutex::default(),
            incompatible: watch::Sender::new(None),
            was_usable: Arc::default(),
            runtime: Some(runtime),
            _folder: folder,
        })
    }

    /// Fails if the database can be reached now and this server cannot use its tables. A database that does not
    /// answer in time is no error: it is tried again later.
    ///
    /// # Errors
    /// Why the tables cannot be used.
    pub async fn check_schema(&self) -> Result<(), IncompatibleSchema> {
        // Whatever else fails is reported by the writer.
        let _ = timeout(self.schema.connect_within, self.prepared()).await;
        let found = self.incompatible.borrow().clone();
        found.map_or(Ok(()), Err)
    }

    /// Brings the tables up to date, within the time limit for migrations.
    ///
    /// # Errors
    /// When the database cannot be reached, or [`Store::check_schema`] fails.
    pub async fn migrate(&self) -> Result<(), ArchiveError> {
        self.prepared().await.map_err(of_schema)
    }

    /// Waits until the database turns out to have tables that this server cannot use, and could never use.
    pub async fn incompatible(&self) -> IncompatibleSchema {
        let mut changes = self.incompatible.subscribe();
        let found = changes.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        match found {
            Some(found) => found,
            // The sender is in `self`, so this never happens.
            None => std::future::pending().await,
        }
    }

    /// Description for the log and the admin page: without a password.
    pub fn describe(&self) -> String {
        match &self.schema.file {
            Some(_) if self._folder.is_some() => "SQLite, gone with the process".to_owned(),
            Some(file) => format!("SQLite, {}", file.display()),
            None => "PostgreSQL".to_owned(),
        }
    }

    /// Closes every connection; SQLite folds its log into the file. A connection that does not end in time, because
    /// its database hangs, is left to the end of the process.
    pub async fn close(&self) {
        self.among_its_own(async { timeout(CLOSES_WITHIN, self.database.pool.close()).await })
            .await
            .ok();
    }

    /// Runs a query once the migrations are applied, within the time limit of the settings.
    pub(super) fn with<'a, T: Send + 'a>(
        &'a self,
        query: impl Future<Output = Result<T>> + Send + 'a,
    ) -> Reply<'a, T> {
        self.reaching(async { query.await.map_err(archive_error) }).boxed()
    }

    /// Executes a write of one statement, which [`begin`](Self::begin) does not look at; returns the number of its rows.
    pub(super) fn execute(&self, query: AnyQuery) -> Reply<'_, u64> {
        self.with(async {
            self.look().await?;
            self.database.execute(query).await
        })
    }

    /// Executes writes in one transaction, in this order.
    pub(super) fn execute_all(&self, queries: Vec<AnyQuery>) -> Reply<'_, ()> {
        self.with(async move {
            let mut transaction = self.begin().await?;
            for query in queries {
                transaction.execute(query).await?;
            }
            transaction.commit().await
        })
    }

    /// All rows of a query.
    pub(super) fn fetch_all<T: Send + 'static>(
        &self,
        query: AnyQuery,
        read: fn(&AnyRow) -> Result<T>,
    ) -> Reply<'_, Vec<T>> {
        self.with(async move { self.database.fetch_all(query).await?.iter().map(read).collect() })
    }

    /// The only row of a query, if there is one.
    pub(super) fn fetch_optional<T: Send + 'static>(
        &self,
        query: AnyQuery,
        read: fn(&AnyRow) -> Result<T>,
    ) -> Reply<'_, Option<T>> {
        self.with(async move {
            self.database.fetch_optional(query).await?.as_ref().map(read).transpose()
        })
    }

    /// A page of the rows of a statement that [`Statement::page`] has limited; `at` is the name of their time.
    pub(super) fn fetch_page<T: Send + 'static>(
        &self,
        statement: Statement,
        page: Page,
        at: &'static str,
        read: fn(&AnyRow) -> Result<T>,
    ) -> Reply<'_, Paged<T>> {
        self.with(async move {
            paged(&self.database.fetch_all(statement.query()).await?, &page, at, read)
        })
    }

    /// The same as [`with`](Self::with) for work with an error type of its own.
    pub(super) async fn reaching<T, E: From<ArchiveError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let whole = async {
            self.prepared().await.map_err(of_schema)?;
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

    /// A write transaction. Fails if another server has excluded this one meanwhile.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        let mut transaction = self.database.begin().await?;
        self.still_usable(transaction.fetch_optional(schema::exclusion()).await)?;
        Ok(transaction)
    }

    /// Fails if the database does not answer, or its tables exclude this server.
    pub(super) async fn look(&self) -> Result<()> {
        self.still_usable(self.database.fetch_optional(schema::exclusion()).await)
    }

    /// After a failure the next query prepares the tables anew: that fails as long as they exclude this server, and it
    /// creates those that an older backup lacks.
    fn still_usable(&self, exclusion: Result<Option<AnyRow>>) -> Result<()> {
        let failed = match exclusion.and_then(|row| row.as_ref().map(schema::excluded).transpose())
        {
            Ok(None) => return Ok(()),
            // Not executed, because the tables exclude this server.
            Ok(Some(found)) => Error::Configuration(found.into()),
            Err(error) => error,
        };
        let mut last = self.preparation.lock().unwrap_or_else(PoisonError::into_inner);
        // One that runs began after the failure of another query.
        if last.as_ref().is_some_and(|last| last.peek().is_some()) {
            *last = None;
        }
        Err(failed)
    }

    /// Waits until the tables are up to date: for the attempt that runs, else for a new one.
    async fn prepared(&self) -> Result<(), SchemaError> {
        let preparation = {
            let mut last = self.preparation.lock().unwrap_or_else(PoisonError::into_inner);
            match last.as_ref().map(Shared::peek) {
                Some(None | Some(Ok(()))) => {}
                None | Some(Some(Err(_))) => *last = Some(self.prepare()),
            }
            last.clone().expect("it was set above")
        };
        preparation.await
    }

    /// Begins to bring the tables up to date.
    fn prepare(&self) -> Preparation {
        let runtime = self.runtime.as_ref().expect("it is there until the store is dropped");
        let preparing = runtime.spawn(self.schema.clone().prepare());
        let (incompatible, was_usable) = (self.incompatible.clone(), Arc::clone(&self.was_usable));
        let prepared = async move {
            let prepared = preparing.await.unwrap_or_else(|error| Err(SchemaError::failed(&error)));
            match &prepared {
                Ok(()) => was_usable.store(true, Ordering::Relaxed),
                Err(SchemaError::Incompatible(found)) if !was_usable.load(Ordering::Relaxed) => {
                    incompatible.send_replace(Some(found.clone()));
                }
                Err(_) => {}
            }
            prepared
        };
        prepared.boxed().shared()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would block until its tasks end, which is forbidden in async code.
            runtime.shutdown_background();
        }
    }
}

/// `Unavailable`, unless the database can never accept this value or excludes this server.
pub(super) fn archive_error(error: Error) -> ArchiveError {
    match error {
        Error::Configuration(cause) if cause.is::<IncompatibleSchema>() => {
            ArchiveError::excluded(cause)
        }
        error if is_final(&error) => ArchiveError::refused(error),
        error => ArchiveError::unavailable(error),
    }
}

fn is_final(error: &Error) -> bool {
    match error {
        Error::Database(error) => match error.kind() {
            ErrorKind::Other => error.code().is_some_and(|code| {
                // PostgreSQL: data exceptions. SQLite: too big, wrong type.
                code.starts_with("22") && code.len() == 5 || matches!(&*code, "18" | "20")
            }),
            // Any violated constraint.
            _ => true,
        },
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } => true,
        _ => false,
    }
}

/// Why the tables could not be prepared.
fn of_schema(error: SchemaError) -> ArchiveError {
    match error {
        SchemaError::Incompatible(found) => ArchiveError::excluded(found),
        other => ArchiveError::unavailable(other),
    }
}
