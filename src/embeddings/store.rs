//! Vectors on disk: one file per manual and model; past a bound the least recently used is deleted.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hsc_answers::encoder::ManualVectors;
use log::warn;

/// The folder of stored vectors. Without a folder it stores nothing.
#[derive(Debug, Clone)]
pub(super) struct Store {
    dir: Option<PathBuf>,
    max_bytes: u64,
}

impl Store {
    pub(super) fn new(dir: &str, max_bytes: u64) -> Self {
        Self { dir: (!dir.is_empty()).then(|| PathBuf::from(dir)), max_bytes }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{key}.vectors")))
    }

    /// The vectors under `key`. A damaged file is deleted: the manual is embedded again.
    pub(super) fn get(&self, key: &str) -> Option<ManualVectors> {
        let path = self.path(key)?;
        let bytes = fs::read(&path).ok()?;
        let vectors = ManualVectors::from_bytes(&bytes);
        match &vectors {
            // The modification time is the time of the last use, which `prune` reads.
            Some(_) => drop(fs::File::options().append(true).open(&path).and_then(|file| {
                file.set_times(fs::FileTimes::new().set_modified(SystemTime::now()))
            })),
            None => {
                warn!(file:% = path.display(); "stored vectors are damaged, the manual is embedded again");
                let _ = fs::remove_file(&path);
            }
        }
        vectors
    }

    /// Stores bytes under `key`. A failed write is logged: the vectors stay in memory.
    pub(super) fn put(&self, key: &str, bytes: &[u8]) {
        let (Some(path), Some(dir)) = (self.path(key), self.dir.as_ref()) else { return };
        let write = || {
            fs::create_dir_all(dir)?;
            // Written under a temporary name and renamed, so that a reader, or a crash, never sees half of it.
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(bytes)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok::<_, std::io::Error>(())
        };
        if let Err(error) = write() {
            warn!(file:% = path.display(), cause:% = error; "cannot store vectors");
            return;
        }
        self.prune(dir);
    }

    fn prune(&self, dir: &Path) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "vectors"))
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        let mut sum: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        files.sort();
        for (_, bytes, path) in files {
            if sum <= self.max_bytes {
                return;
            }
            if fs::remove_file(&path).is_ok() {
                sum -= bytes;
            }
        }
    }
}
