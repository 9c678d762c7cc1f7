//! What the routes of administration ask of whoever keeps the files of the catalog.

use std::time::SystemTime;

use futures::future::BoxFuture;
use hsc_catalogs::Trial;

/// Keeps the files of the catalog.
pub trait CatalogFiles: Send + Sync + 'static {
    /// How the last load went.
    fn standing(&self) -> CatalogStatus;
    /// Loads them again, now.
    fn reload(&self) -> BoxFuture<'static, CatalogStatus>;
    /// Tries a text as the file of this name, and where it is no rehearsal writes it and loads again.
    fn place(
        &self,
        name: String,
        text: String,
        dry_run: bool,
    ) -> BoxFuture<'static, Result<CatalogFileStored, CatalogFileError>>;
}

/// How the last load of the catalog went.
#[derive(Debug, Clone)]
pub struct CatalogStatus {
    /// Path of the catalog folder.
    pub folder: String,
    /// When it was.
    pub loaded_at: SystemTime,
    /// Everything that was wrong.
    pub problems: std::sync::Arc<[hsc_catalogs::Problem]>,
    /// Why the catalog in force is an older one, where it is.
    pub kept: Option<String>,
}

/// What became of a file.
#[derive(Debug)]
pub struct CatalogFileStored {
    /// What it would do to the catalog, or did.
    pub trial: Trial,
    /// Why it would not be written; nothing when it would.
    pub refused: Option<String>,
    /// Whether it was written. One that is there word for word is not written again.
    pub written: bool,
    /// The file that keeps what stood there before, where something did.
    pub before: Option<String>,
    /// Why the catalog in force is not the one with the file all the same.
    pub kept: Option<String>,
}

/// Why a file was not placed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogFileError {
    /// Its name is none that the loader reads, or leads elsewhere.
    #[error("{0}")]
    Name(String),
    /// It would do harm.
    #[error("{0}")]
    Unfit(String),
    /// The folder does not take it.
    #[error(
        "the catalog folder {folder} cannot be written: {cause}; put the file there by other means, or name a folder with catalog.dir that the server may write"
    )]
    NotWritable {
        /// The folder.
        folder: String,
        /// What the system said.
        cause: std::io::Error,
    },
}
