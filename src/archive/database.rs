//! The two databases, and the connections to them as the queries use them.
//!
//! A pooler in transaction mode (PgBouncer) lends a connection of the database for one transaction. A statement with a
//! name is on another connection the next time, and one without a name is prepared and executed in two steps, between
//! which the connection changes unless a transaction surrounds them. So with such a pooler every statement is unnamed
//! and in a transaction; without one, statements are prepared once and have a name.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use hsc_config::PoolerChoice;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AnyPool, Executor as _, Result};
use url::Url;

use super::sql::AnyQuery;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// The connections to one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) pool: AnyPool,
    pub(super) kind: Kind,
    pub(super) pooler: PoolerChoice,
}

impl Database {
    /// A write transaction. In SQLite it takes the write lock at its start: taken later, it
    /// could fail after the reads.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        let transaction = match self.kind {
            Kind::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await?,
            Kind::Postgres => self.pool.begin().await?,
        };
        Ok(Transaction { transaction, pooler: self.pooler })
    }

    /// A transaction for a statement that needs none, behind a pooler; none without a pooler.
    async fn begin_for_pooler(&self) -> Result<Option<Transaction>> {
        match self.pooler {
            PoolerChoice::None => Ok(None),
            pooler => Ok(Some(Transaction { transaction: self.pool.begin().await?, pooler })),
        }
    }

    /// Executes a statement; returns the number of rows that it wrote.
    pub(super) async fn execute(&self, query: AnyQuery) -> Result<u64> {
        let Some(mut transaction) = self.begin_for_pooler().await? else {
            return Ok(query.execute(&self.pool).await?.rows_affected());
        };
        let rows = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    pub(super) async fn fetch_all(&self, query: AnyQuery) -> Result<Vec<AnyRow>> {
        let Some(mut transaction) = self.begin_for_pooler().await? else {
            return query.fetch_all(&self.pool).await;
        };
        let rows = transaction.fetch_all(query).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    /// The row of a query that has one at most.
    pub(super) async fn fetch_optional(&self, query: AnyQuery) -> Result<Option<AnyRow>> {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }
}

/// A transaction on either database. Dropped without [`Transaction::commit`] it changes nothing.
#[derive(Debug)]
pub(super) struct Transaction {
    transaction: sqlx::Transaction<'static, Any>,
    pooler: PoolerChoice,
}

impl Transaction {
    /// Executes a statement; returns the number of rows that it wrote.
    pub(super) async fn execute(&mut self, query: AnyQuery) -> Result<u64> {
        Ok(self.named(query).execute(&mut *self.transaction).await?.rows_affected())
    }

    pub(super) async fn fetch_all(&mut self, query: AnyQuery) -> Result<Vec<AnyRow>> {
        self.named(query).fetch_all(&mut *self.transaction).await
    }

    pub(super) async fn fetch_optional(&mut self, query: AnyQuery) -> Result<Option<AnyRow>> {
        self.named(query).fetch_optional(&mut *self.transaction).await
    }

    pub(super) async fn fetch_one(&mut self, query: AnyQuery) -> Result<AnyRow> {
        self.named(query).fetch_one(&mut *self.transaction).await
    }

    pub(super) async fn commit(self) -> Result<()> {
        self.transaction.commit().await
    }

    /// A statement gets no name behind a pooler.
    fn named(&self, query: AnyQuery) -> AnyQuery {
        query.persistent(self.pooler == PoolerChoice::None)
    }
}

/// Settings of a new connection.
pub(super) async fn set_up(kind: Kind, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if kind == Kind::Sqlite {
        for pragma in PRAGMAS {
            connection.execute(*pragma).await?;
        }
    }
    Ok(())
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
