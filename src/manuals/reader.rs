//! Reading beside the server: on threads of its own, in a process of its own, a few at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use hsc_catalogs::{DocumentationKind, Manual};
use hsc_config::{Isolate, ManualsSettings};
use tokio::sync::{Semaphore, oneshot};

use super::isolate::{Order, read_isolated};
use super::ocr::store;
use super::read::read_recognized;
use super::{Limits, ReadError};

/// Reads files into manuals.
pub(super) struct Reader {
    limits: Limits,
    memory_bytes: u64,
    max_bytes: u64,
    isolate: Isolate,
    /// The binary whose `extract` reads.
    program: PathBuf,
    /// Readings at once. A thread that never ends keeps its place, so that no document, however
    /// often it is asked for, takes more than its share of the machine.
    places: Arc<Semaphore>,
}

/// Time beyond the limit after which a thread counts as lost. It looks at the clock between pages.
const GRACE: Duration = Duration::from_millis(500);

/// Stack of the thread that reads, as a main thread has it and half as much again.
const STACK: usize = 16 << 20;

impl Reader {
    pub(super) fn new(settings: &ManualsSettings) -> Result<Self, ReadError> {
        let program = std::env::current_exe().map_err(|cause| ReadError::Ours {
            what: "cannot find our own program",
            cause: cause.into(),
        })?;
        let limits = Limits::from(settings);
        Ok(Self {
            limits,
            memory_bytes: settings.extract_memory_bytes,
            max_bytes: settings.max_bytes,
            isolate: settings.isolate,
            program,
            places: Arc::new(Semaphore::new(limits.threads)),
        })
    }

    /// The binary whose `extract` reads.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Reads with the `extract` of another binary than the running one.
    pub(super) fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Reads a file. `charset` is that of `Content-Type`; `foreign` says that it came from the network; `recognized` is the
    /// folder of its recognized pages.
    pub(super) async fn read(
        &self,
        path: &Path,
        kind: DocumentationKind,
        charset: Option<&str>,
        foreign: bool,
        recognized: Option<PathBuf>,
    ) -> Result<Manual, ReadError> {
        let place = self.places.clone().acquire_owned().await;
        let charset = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
        let isolated = match self.isolate {
            Isolate::Always => true,
            Isolate::Http => foreign,
            Isolate::Never => false,
        };
        if isolated {
            return self.beside(path, kind, charset, recognized).await;
        }
        let limits = self.limits;
        let bytes = self.bytes(path)?;
        let (done, told) = oneshot::channel();
        std::thread::Builder::new()
            .name("hsc-read".into())
            .stack_size(STACK)
            .spawn(move || {
                let _place = place;
                // The asker may have given up.
                let recognized = |page| store::page(recognized.as_deref()?, page);
                let _ = done.send(read_recognized(&bytes, kind, charset, limits, &recognized));
            })
            .map_err(|cause| ReadError::Ours {
                what: "cannot start a thread to read with",
                cause: cause.into(),
            })?;
        let limit = Duration::from_millis(limits.timeout_ms) + GRACE;
        match tokio::time::timeout(limit, told).await {
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
            limits: self.limits,
            memory_bytes: self.memory_bytes,
            max_bytes: self.max_bytes,
            recognized,
        };
        read_isolated(&self.program, file, order).await
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let length = std::fs::metadata(path).map_err(unreadable(path))?.len();
        if length > self.max_bytes {
            return Err(ReadError::TooLarge { limit: self.max_bytes });
        }
        std::fs::read(path).map_err(unreadable(path))
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let path = path.display().to_string();
    move |cause| ReadError::Unreadable { path, cause }
}
