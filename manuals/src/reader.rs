//! Reads files off the server's threads: on threads of its own or in a process of its own, a few at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use hsc_catalogs::{DocumentationKind, Manual};
use tokio::sync::{Semaphore, oneshot};

use super::isolate::{Order, read_isolated};
use super::ocr;
use super::read::read_recognized;
use super::{Limits, ReadError};

/// Which files are read in a separate process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Every file, also those of the catalog folder.
    Always,
    /// Files that came from the network.
    Foreign,
    /// No file: they are read on threads of this process.
    Never,
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReaderSettings {
    /// Bounds of a reading. At most `threads` files are read at once.
    pub limits: Limits,
    /// Memory limit of a reading process, in bytes.
    pub memory_bytes: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Which files are read in a separate process.
    pub isolation: Isolation,
    /// The binary whose `extract` command reads.
    pub program: PathBuf,
}

/// Reads files into manuals.
pub struct Reader {
    settings: ReaderSettings,
    /// Concurrent readings. A thread that never ends keeps its permit, so that repeated requests for one document
    /// never take more than its share of the machine.
    places: Arc<Semaphore>,
}

/// Time beyond the limit after which a thread counts as lost. It checks the clock between pages.
const GRACE: Duration = Duration::from_millis(500);

/// Stack of the reading thread: that of a main thread and half as much again.
const STACK: usize = 16 << 20;

impl Reader {
    /// A reader with these settings.
    pub fn new(settings: ReaderSettings) -> Self {
        let places = Arc::new(Semaphore::new(settings.limits.threads));
        Self { settings, places }
    }

    /// The same, with the `extract` command of another binary.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.settings.program = program;
        self
    }

    /// Reads a file. `charset` is that of `Content-Type`; `foreign` means that it came from the network; `recognized`
    /// is the folder of its recognized pages.
    ///
    /// # Errors
    /// When the file cannot be opened, is not of `kind`, damaged, locked, a scan, or beyond a limit, and when the
    /// process or thread that reads it ends without a result.
    pub async fn read(
        &self,
        path: &Path,
        kind: DocumentationKind,
        charset: Option<&str>,
        foreign: bool,
        recognized: Option<PathBuf>,
    ) -> Result<Manual, ReadError> {
        let place = self.places.clone().acquire_owned().await;
        let charset = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
        let isolated = match self.settings.isolation {
            Isolation::Always => true,
            Isolation::Foreign => foreign,
            Isolation::Never => false,
        };
        if isolated {
            return self.beside(path, kind, charset, recognized).await;
        }
        let limits = self.settings.limits;
        let bytes = self.bytes(path)?;
        let (done, result) = oneshot::channel();
        std::thread::Builder::new()
            .name("hsc-read".into())
            .stack_size(STACK)
            .spawn(move || {
                let _place = place;
                // The caller may have given up.
                let recognized = |page| ocr::page(recognized.as_deref()?, page);
                let _ = done.send(read_recognized(&bytes, kind, charset, limits, &recognized));
            })
            .map_err(|cause| ReadError::Ours {
                what: "cannot start a thread to read with",
                cause: cause.into(),
            })?;
        let limit = Duration::from_millis(limits.timeout_ms) + GRACE;
        match tokio::time::timeout(limit, result).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(ReadError::ReaderDied("its thread panicked".into())),
            Err(_) => Err(ReadError::TooSlow { limit_ms: limits.timeout_ms }),
        }
    }

    async fn beside(
        &self,
        path: &Path,
        kind: DocumentationKind,
        charset: Option<&'static Encoding>,
        recognized: Option<PathBuf>,
    ) -> Result<Manual, ReadError> {
        let file = std::fs::File::open(path).map_err(unreadable(path))?;
        let order = Order {
            kind,
            charset,
            limits: self.settings.limits,
            memory_bytes: self.settings.memory_bytes,
            max_bytes: self.settings.max_bytes,
            recognized,
        };
        read_isolated(&self.settings.program, file, order).await
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let length = std::fs::metadata(path).map_err(unreadable(path))?.len();
        let limit = self.settings.max_bytes;
        if length > limit {
            return Err(ReadError::TooLarge { limit });
        }
        std::fs::read(path).map_err(unreadable(path))
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let path = path.display().to_string();
    move |cause| ReadError::Unreadable { path, cause }
}
