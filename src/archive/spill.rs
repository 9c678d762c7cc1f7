//! Records that a stopping pod could not write, in files until a pod writes them into the archive.
//!
//! One file for each stop, one line for each record: a checksum, a space, the record as JSON. A pod locks the file that
//! it reads, so of several pods that share the folder one writes it. A file is removed when the archive has all its
//! records; after a crash it is read again from its beginning, and the archive passes over what it has.
//!
//! Never: a damaged line that costs another one, a file that others than the server's user can read.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, ErrorKind, Result, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::SpilledRecords;
use hsc_config::ArchiveSettings;
use hsc_conversation::archive::StampedRecord;
use hsc_conversation::now_ms;
use log::{info, warn};
use ring::digest::{SHA256, digest};
use tokio::task::spawn_blocking;

/// End of the name of a file.
const ENDING: &str = ".records";
/// The same until the file is locked: one with the final name is locked or complete.
const UNLOCKED: &str = ".new";
/// Characters of a checksum: against damage, not against forgery.
const CHECKSUM: usize = 16;

/// The folder of unwritten records. Cheap to clone.
#[derive(Clone)]
pub struct SpillFolder {
    inner: Arc<Inner>,
}

struct Inner {
    /// None stores nothing.
    dir: Option<PathBuf>,
    most_bytes: u64,
    reading: Mutex<Reading>,
}

#[derive(Default)]
struct Reading {
    file: Option<SpillFile>,
    /// Read and not settled.
    batch: Vec<Arc<StampedRecord>>,
    /// Files that cannot be read. They stay for an operator.
    unreadable: Vec<PathBuf>,
}

/// A file that this pod has locked.
struct SpillFile {
    path: PathBuf,
    lines: BufReader<File>,
    records: usize,
    damaged: usize,
}

/// What became of the records of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spilled {
    /// Records in the file.
    pub stored: usize,
    /// The oldest, for which there was no room.
    pub dropped: usize,
}

impl SpillFolder {
    /// The folder of these settings. It is created when it is needed.
    pub fn new(settings: &ArchiveSettings) -> Self {
        let dir = (!settings.spill_dir.is_empty()).then(|| PathBuf::from(&settings.spill_dir));
        let (most_bytes, reading) = (settings.spill_bytes, Mutex::default());
        Self { inner: Arc::new(Inner { dir, most_bytes, reading }) }
    }

    /// Stores these records in a file, in order, for the next start. Blocks.
    ///
    /// # Errors
    /// When the file cannot be written. Complete lines that it has by then are read nevertheless.
    pub fn store(&self, records: &[Arc<StampedRecord>]) -> Result<Spilled> {
        let Some(dir) = &self.inner.dir else {
            return Ok(Spilled { stored: 0, dropped: records.len() });
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut room = self.inner.most_bytes.saturating_sub(bytes_in(dir)?);
        let mut lines = Vec::new();
        // From the newest on: the oldest are dropped, as in the queue.
        for record in records.iter().rev() {
            let line = line(record)?;
            let Some(remaining) = room.checked_sub(line.len() as u64) else { break };
            room = remaining;
            lines.push(line);
        }
        let mut file = BufWriter::new(create(dir)?);
        for line in lines.iter().rev() {
            file.write_all(line.as_bytes())?;
        }
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Spilled { stored: lines.len(), dropped: records.len() - lines.len() })
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.inner.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The batch in hand, else the next one. Blocks.
    fn read(&self, limit: usize) -> Vec<Arc<StampedRecord>> {
        let Some(dir) = &self.inner.dir else { return Vec::new() };
        let mut reading = self.reading();
        while reading.batch.is_empty() {
            let Some(mut file) = reading.file.take().or_else(|| reading.open_next(dir)) else {
                break;
            };
            match file.next_batch(limit) {
                Ok(batch) if batch.is_empty() => file.end(),
                Ok(batch) => {
                    reading.batch = batch;
                    reading.file = Some(file);
                }
                Err(error) => {
                    warn!(file:% = file.path.display(), cause:% = error; "unwritten records cannot be read");
                    reading.unreadable.push(file.path);
                }
            }
        }
        reading.batch.clone()
    }
}

impl SpilledRecords for SpillFolder {
    fn next(&self, limit: usize) -> BoxFuture<'_, Vec<Arc<StampedRecord>>> {
        let folder = self.clone();
        async move { spawn_blocking(move || folder.read(limit)).await.unwrap_or_default() }.boxed()
    }

    fn settle(&self) {
        self.reading().batch.clear();
    }
}

impl Reading {
    /// The oldest file that no other pod reads.
    fn open_next(&self, dir: &Path) -> Option<SpillFile> {
        let mut files = files_in(dir).unwrap_or_default();
        files.retain(|file| !self.unreadable.contains(file));
        // The names begin with the time.
        files.sort_unstable();
        files.into_iter().find_map(SpillFile::open)
    }
}

impl SpillFile {
    /// Locks a file; none if another pod has it.
    fn open(path: PathBuf) -> Option<Self> {
        let file = File::open(&path).ok()?;
        file.try_lock().ok()?;
        // Another pod may have removed it between the two steps.
        path.exists().then(|| Self { path, lines: BufReader::new(file), records: 0, damaged: 0 })
    }

    fn next_batch(&mut self, limit: usize) -> Result<Vec<Arc<StampedRecord>>> {
        let mut batch = Vec::new();
        let mut bytes = Vec::new();
        while batch.len() < limit {
            bytes.clear();
            if self.lines.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            match record(&bytes) {
                Some(record) => batch.push(Arc::new(record)),
                None => self.damaged += 1,
            }
        }
        self.records += batch.len();
        Ok(batch)
    }

    /// The archive has all its records.
    fn end(self) {
        let Self { path, records, damaged, .. } = self;
        if damaged > 0 {
            warn!(damaged, file:% = path.display(); "damaged lines of unwritten records are lost");
        }
        info!(records; "records of an earlier stop are written");
        if let Err(error) = std::fs::remove_file(&path) {
            warn!(file:% = path.display(), cause:% = error; "a file of written records cannot be removed");
        }
    }
}

/// A new file, locked and private. Its name sorts after those of earlier ones.
fn create(dir: &Path) -> Result<File> {
    let name = format!("{:013}-{:016x}", now_ms(), rand::random::<u64>());
    let unlocked = dir.join(format!("{name}{UNLOCKED}"));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unlocked)?;
    file.lock()?;
    std::fs::rename(unlocked, dir.join(format!("{name}{ENDING}")))?;
    Ok(file)
}

fn files_in(dir: &Path) -> Result<Vec<PathBuf>> {
    let listed = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed?,
    };
    let paths = listed.map(|entry| entry.map(|entry| entry.path()));
    let has_ending = |path: &PathBuf| path.to_str().is_some_and(|path| path.ends_with(ENDING));
    paths.filter(|path| path.as_ref().map_or(true, has_ending)).collect()
}

fn bytes_in(dir: &Path) -> Result<u64> {
    // A file that another pod removes meanwhile has no bytes.
    let sizes = files_in(dir)?.into_iter().filter_map(|file| Some(file.metadata().ok()?.len()));
    Ok(sizes.sum())
}

fn line(record: &StampedRecord) -> Result<String> {
    let text = serde_json::to_string(record)?;
    Ok(format!("{} {text}\n", checksum(text.as_bytes())))
}

/// The record of a line; none if the line is damaged.
fn record(line: &[u8]) -> Option<StampedRecord> {
    let text = line.strip_suffix(b"\n")?;
    let (sum, text) = (text.get(..CHECKSUM)?, text.get(CHECKSUM + 1..)?);
    (checksum(text).as_bytes() == sum).then(|| serde_json::from_slice(text).ok())?
}

fn checksum(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().take(CHECKSUM / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hsc_config::Settings;
    use hsc_conversation::archive::{Audit, Record};

    use super::*;

    fn folder(dir: &Path, most_bytes: u64) -> SpillFolder {
        let settings = Settings::load(None, std::iter::empty()).expect("the defaults");
        let spill_dir = dir.join("unwritten").display().to_string();
        SpillFolder::new(&ArchiveSettings {
            spill_dir,
            spill_bytes: most_bytes,
            ..settings.archive
        })
    }

    fn records(numbers: std::ops::Range<u64>) -> Vec<Arc<StampedRecord>> {
        let audit = |number: u64| Audit {
            who: "ada".to_owned(),
            role: "admin".to_owned(),
            action: "test".to_owned(),
            subject: "שורה\n\"two\"".to_owned(),
            detail: number.to_string(),
            address: String::new(),
        };
        let record = |at_ms| StampedRecord {
            id: format!("{at_ms:032x}"),
            at_ms,
            record: Record::Audit(audit(at_ms)),
        };
        numbers.map(|number| Arc::new(record(number))).collect()
    }

    /// Everything, as a writer takes it.
    fn read_all(folder: &SpillFolder) -> Vec<Arc<StampedRecord>> {
        let next = || {
            let batch = folder.read(3);
            folder.settle();
            (!batch.is_empty()).then_some(batch)
        };
        std::iter::from_fn(next).flatten().collect()
    }

    fn only_file(dir: &Path) -> PathBuf {
        let files = files_in(&dir.join("unwritten")).expect("the folder is there");
        let [file] = &files[..] else { panic!("one file: {files:?}") };
        file.clone()
    }

    #[test]
    fn records_are_read_in_order_file_by_file_and_a_settled_file_is_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        let stored = folder(dir.path(), 1 << 20);
        assert!(read_all(&stored).is_empty());
        for range in [0..5, 5..9] {
            let spilled = stored.store(&records(range.clone())).expect("it is written");
            assert_eq!(spilled, Spilled { stored: range.count(), dropped: 0 });
        }
        let files = files_in(&dir.path().join("unwritten")).expect("the folder");
        let mode = |path: &PathBuf| path.metadata().expect("a file").permissions().mode() & 0o777;
        assert!(files.len() == 2 && files.iter().all(|file| mode(file) == 0o600), "{files:?}");
        let next = folder(dir.path(), 1 << 20);
        assert_eq!(next.read(3), next.read(3), "the same until they are settled");
        assert_eq!(read_all(&next), records(0..9));
        assert_eq!(files_in(&dir.path().join("unwritten")).expect("the folder").len(), 0);
    }

    #[test]
    fn a_partly_read_file_is_read_again_after_its_reader_has_ended() {
        let dir = tempfile::tempdir().expect("a folder");
        folder(dir.path(), 1 << 20).store(&records(0..5)).expect("it is written");
        let one = folder(dir.path(), 1 << 20);
        assert_eq!(one.read(3), records(0..3));
        one.settle();
        let other = folder(dir.path(), 1 << 20);
        assert!(other.read(3).is_empty(), "one pod reads a file");
        drop(one);
        assert_eq!(read_all(&other), records(0..5));
    }

    #[test]
    fn damaged_lines_are_skipped_and_the_others_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let stored = folder(dir.path(), 1 << 20);
        stored.store(&records(0..5)).expect("it is written");
        let file = only_file(dir.path());
        let mut bytes = std::fs::read(&file).expect("it is read");
        bytes.truncate(bytes.len() - 2);
        let second = bytes.iter().position(|byte| *byte == b'\n').expect("a line") + 40;
        bytes[second] ^= 1;
        std::fs::write(&file, &bytes).expect("it is written");
        let expected = [records(0..1), records(2..4)].concat();
        assert_eq!(read_all(&stored), expected);
    }

    #[test]
    fn the_oldest_records_are_dropped_where_the_folder_is_full() {
        let dir = tempfile::tempdir().expect("a folder");
        let bytes = line(&records(0..1)[0]).expect("a line").len() as u64;
        let stored = folder(dir.path(), 3 * bytes);
        let spilled = stored.store(&records(0..5)).expect("it is written");
        assert_eq!(spilled, Spilled { stored: 3, dropped: 2 });
        let more = stored.store(&records(5..6)).expect("it is written");
        assert_eq!(more, Spilled { stored: 0, dropped: 1 });
        assert_eq!(read_all(&stored), records(2..5));
    }

    #[test]
    fn without_a_folder_nothing_is_stored() {
        let settings = Settings::load(None, std::iter::empty()).expect("the defaults");
        let none = ArchiveSettings { spill_dir: String::new(), ..settings.archive };
        let spilled = SpillFolder::new(&none).store(&records(0..2)).expect("nothing fails");
        assert_eq!(spilled, Spilled { stored: 0, dropped: 2 });
    }
}
