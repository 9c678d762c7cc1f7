//! The folder of the pictures: one private file each, named by its id.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::{ImageContent, StoredImage, UploadError, UploadLimits, Uploads};
use hsc_config::UploadsSettings;
use hsc_conversation::{Tokens, UploadId, now_ms};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::cleaning::{Cleaned, Kind, clean};
use crate::temporary::{self, TemporaryFolder};

/// Concurrent re-encodings: each takes a core, and its pixels twice in memory.
const CLEANED_AT_ONCE: usize = 2;
/// Longest wait for a re-encoding slot; then the sender gets an error and may retry.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// Prefix of a partial file. No id begins with it.
pub(super) const PART: &str = ".part-";

/// Stores pictures in a folder. Cheap to clone.
#[derive(Clone)]
pub struct Folder {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) dir: PathBuf,
    pub(super) settings: UploadsSettings,
    /// Bytes of all pictures: the last count of the cleanup worker plus later additions here.
    pub(super) total_bytes: AtomicU64,
    tokens: Arc<Tokens>,
    turns: Semaphore,
    /// The folder of pictures that are deleted with the process.
    _temporary: Option<TemporaryFolder>,
}

/// Why there is no folder for pictures.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a temporary folder for pictures: {0}; uploads.dir names a folder")]
pub struct NoFolder(#[source] std::io::Error);

impl Folder {
    /// The configured folder. It is created with the first picture.
    ///
    /// # Errors
    /// When no temporary folder can be created.
    pub fn new(settings: &UploadsSettings, tokens: Arc<Tokens>) -> Result<Self, NoFolder> {
        let temporary = match &*settings.dir {
            "" if settings.enabled => {
                Some(TemporaryFolder::new(temporary::Kind::Uploads).map_err(NoFolder)?)
            }
            _ => None,
        };
        let dir =
            temporary.as_ref().map_or_else(|| PathBuf::from(&settings.dir), |it| it.path().into());
        let inner = Inner {
            dir,
            settings: settings.clone(),
            total_bytes: AtomicU64::new(0),
            tokens,
            turns: Semaphore::new(CLEANED_AT_ONCE),
            _temporary: temporary,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Uploads for Folder {
    fn limits(&self) -> UploadLimits {
        let UploadsSettings { enabled, max_bytes, .. } = self.inner.settings;
        UploadLimits { enabled, max_bytes }
    }

    fn keep(
        &self,
        conversation: Arc<str>,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<StoredImage, UploadError>> {
        let inner = Arc::clone(&self.inner);
        async move {
            // Before the wait for a slot: a file that is not a picture takes none.
            if Kind::of(&bytes).is_none() {
                return Err(UploadError::NotAPicture);
            }
            if inner.total_bytes.load(Ordering::Relaxed) >= inner.settings.max_total_bytes {
                return Err(UploadError::NoRoom);
            }
            let turn = timeout(TURN_WITHIN, inner.turns.acquire()).await;
            let turn = turn.map_err(|_| UploadError::Busy)?.map_err(failed)?;
            let cleaning = Arc::clone(&inner);
            let stored =
                spawn_blocking(move || cleaning.clean_and_write(&conversation, &bytes)).await;
            drop(turn);
            // A file that makes a decoder panic is not a valid picture.
            stored.unwrap_or(Err(UploadError::NotAPicture))
        }
        .boxed()
    }

    fn show(&self, id: UploadId) -> BoxFuture<'static, Result<Option<ImageContent>, UploadError>> {
        let inner = Arc::clone(&self.inner);
        let shown = async move {
            if id.expires_ms() <= now_ms() {
                return Ok(None);
            }
            let bytes = match tokio::fs::read(inner.dir.join(id.as_str())).await {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            // The server wrote it; a file of another program is not shown.
            let kind = Kind::of(&bytes);
            Ok(kind.map(|kind| ImageContent { media_type: kind.media_type(), bytes: bytes.into() }))
        };
        shown.boxed()
    }

    fn remove(&self, files: Vec<String>) -> BoxFuture<'static, usize> {
        let inner = Arc::clone(&self.inner);
        async move {
            let removed = spawn_blocking(move || inner.remove(&files)).await;
            removed.unwrap_or_default()
        }
        .boxed()
    }
}

impl Inner {
    fn clean_and_write(
        &self,
        conversation: &str,
        bytes: &[u8],
    ) -> Result<StoredImage, UploadError> {
        let Cleaned { kind, bytes, width, height } = clean(bytes, self.settings.max_pixels)?;
        let expires_ms = now_ms().saturating_add(self.settings.retention_ms);
        let id = UploadId::new(&self.tokens, conversation, expires_ms);
        write(&self.dir, id.as_str(), &bytes).map_err(failed)?;
        self.total_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let (id, media_type) = (id.as_str().to_owned(), kind.media_type());
        Ok(StoredImage { id, media_type, bytes: bytes.len() as u64, width, height, expires_ms })
    }

    /// Removes the files that are ids of this server; returns how many existed.
    pub(super) fn remove(&self, files: &[String]) -> usize {
        let ids = files.iter().filter_map(|file| UploadId::parse(file));
        ids.filter(|id| std::fs::remove_file(self.dir.join(id.as_str())).is_ok()).count()
    }
}

/// Atomic, and private to the server.
fn write(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // A temporary file is private to its owner, and is removed if it does not get its name.
    let mut part = tempfile::Builder::new().prefix(PART).tempfile_in(dir)?;
    part.write_all(bytes)?;
    part.persist(dir.join(name))?;
    Ok(())
}

fn failed(cause: impl Into<hsc_conversation::BoxError>) -> UploadError {
    UploadError::Failed { cause: cause.into() }
}
