//! Backup of the archive's file while the server runs, and restore while it does not.

use std::path::{Path, PathBuf};

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row as _};

use super::database::{Kind, make_private, make_private_folder, url_of};
use super::schema::{self, SchemaError};
use super::sql::clean;
use super::store::Store;

/// Why a backup or a restore failed. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has tools of its own.
    #[error("the archive is PostgreSQL: back it up with pg_dump and restore it with pg_restore")]
    NotAFile,
    /// The file exists and is never overwritten.
    #[error("{} is there already; name another file, or move it away", .0.display())]
    IsThere(PathBuf),
    /// The file does not exist.
    #[error("there is no file {}", .0.display())]
    IsMissing(PathBuf),
    /// The file is damaged, or not an archive.
    #[error("{} is no archive of hsc: {why}", file.display())]
    NoArchive {
        /// Path of the file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another process has the archive open.
    #[error("the archive is in use; stop the server first")]
    InUse,
    /// The database failed.
    #[error("the archive cannot be copied: {0}")]
    Database(#[from] sqlx::Error),
    /// A file operation failed.
    #[error("cannot write {}: {cause}", file.display())]
    Io {
        /// Path of the file.
        file: PathBuf,
        /// The error of the system.
        cause: std::io::Error,
    },
}

impl Store {
    /// Writes a complete and consistent copy; the server may run meanwhile.
    ///
    /// # Errors
    /// Why no copy was written.
    pub async fn backup(&self, to: &Path) -> Result<(), BackupError> {
        let from = self.schema.file.as_deref().ok_or(BackupError::NotAFile)?;
        if to.exists() {
            return Err(BackupError::IsThere(to.to_owned()));
        }
        if !from.exists() {
            return Err(BackupError::IsMissing(from.to_owned()));
        }
        // SQLite writes into an empty file; created here, it is private to its owner from the start.
        make_private(to).map_err(|cause| BackupError::Io { file: to.to_owned(), cause })?;
        let pool = open(from, "rw").await?;
        let name = clean(&to.display().to_string());
        let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&pool).await;
        pool.close().await;
        copied?;
        Ok(())
    }

    /// Replaces the archive by a backup after an integrity check. Keeps the previous archive
    /// beside it and returns its path.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn restore(&self, from: &Path) -> Result<Option<PathBuf>, BackupError> {
        let place = self.schema.file.as_deref().ok_or(BackupError::NotAFile)?;
        if !from.exists() {
            return Err(BackupError::IsMissing(from.to_owned()));
        }
        check(from).await?;
        let io = |cause| BackupError::Io { file: place.to_owned(), cause };
        make_private_folder(place).map_err(io)?;
        // Copied beside it and renamed: a partial copy is never the archive.
        let half = place.with_added_extension("restoring");
        make_private(&half).map_err(io)?;
        std::io::copy(
            &mut std::fs::File::open(from).map_err(io)?,
            &mut std::fs::OpenOptions::new().write(true).truncate(true).open(&half).map_err(io)?,
        )
        .map_err(io)?;
        let before = match place.exists() {
            true => {
                fold_in(place).await?;
                let before = place.with_added_extension("before-restore");
                std::fs::rename(place, &before).map_err(io)?;
                Some(before)
            }
            false => None,
        };
        std::fs::rename(&half, place).map_err(io)?;
        Ok(before)
    }
}

/// One connection to a file.
async fn open(file: &Path, mode: &str) -> Result<AnyPool, sqlx::Error> {
    AnyPoolOptions::new().max_connections(1).connect(url_of(file, mode).as_str()).await
}

/// Checks the integrity of a backup.
async fn check(file: &Path) -> Result<(), BackupError> {
    let none = |why: String| BackupError::NoArchive { file: file.to_owned(), why };
    let pool = open(file, "ro").await.map_err(|error| none(error.to_string()))?;
    let checked = async {
        let mut connection = pool.acquire().await?;
        let row = sqlx::query("PRAGMA integrity_check").fetch_one(&mut *connection).await?;
        let integrity: String = row.try_get(0)?;
        let has_tables = schema::is_usable(Kind::Sqlite, &mut connection).await?;
        Ok::<_, SchemaError>((integrity, has_tables))
    };
    let checked = checked.await;
    pool.close().await;
    let (integrity, has_tables) = checked.map_err(|error| none(error.to_string()))?;
    match (&*integrity, has_tables) {
        ("ok", true) => Ok(()),
        ("ok", false) => Err(none("it has no tables of ours".to_owned())),
        _ => Err(none(integrity)),
    }
}

/// Folds the log of a file into it, so that the file is complete without it. Fails while another process
/// has it open.
async fn fold_in(file: &Path) -> Result<(), BackupError> {
    let pool = open(file, "rw").await?;
    let alone = async {
        sqlx::query("PRAGMA busy_timeout = 0").execute(&pool).await?;
        // Leaving WAL mode needs exclusive access to the file.
        sqlx::query("PRAGMA journal_mode = DELETE").fetch_one(&pool).await
    };
    let alone = alone.await;
    pool.close().await;
    let mode: Result<String, _> = alone.and_then(|row| row.try_get(0));
    match mode.as_deref() {
        Ok("delete") => Ok(()),
        _ => Err(BackupError::InUse),
    }
}
