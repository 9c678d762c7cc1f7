//! The OCR result of a page, and the page store: recognized pages on disk, one folder per manual and one file per page.
//!
//! The folder's name is the hash of the manual's bytes, of the languages and of tesseract's version, so a
//! changed file or engine starts with an empty folder. A file is written under a temporary name and renamed: it is
//! complete or missing. Several processes may share the folder.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::PageFault;
use super::super::sheet::Run;

/// The text of a scanned page, or why there is none. Stored, and sent from the child to its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageText {
    /// It was recognized. A page without letters has no runs.
    Read {
        /// Height of the upright page in points.
        height: f32,
        /// Its text with positions.
        runs: Vec<Run>,
    },
    /// It cannot be recognized. The next attempt is after a day.
    Failed(PageFault),
}

/// Version of the format. Pages of another version are not found.
const FORMAT: &str = "1";
/// Largest file of a page, in bytes. A page of a newspaper has some hundred kilobytes.
const MOST_PAGE: u64 = 8 << 20;

/// Time before a failed page is retried. The machine may have been too busy, or tesseract broken.
const FAILED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The recognized pages of one manual.
#[derive(Debug, Clone)]
pub struct Pages {
    folder: PathBuf,
}

impl Pages {
    /// The pages of a manual in the store `root`. Reads the whole file for its hash.
    pub(super) fn of(root: &Path, manual: &Path, engine: &str) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let (mut file, mut piece) = (File::open(manual)?, vec![0; 1 << 16]);
        loop {
            match file.read(&mut piece)? {
                0 => break,
                length => hash.update(&piece[..length]),
            }
        }
        hash.update([0]);
        hash.update(FORMAT);
        hash.update([0]);
        hash.update(engine);
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { folder: root.join(name) })
    }

    /// Path of their folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// State of these pages.
    pub fn look(&self, numbers: &[u32]) -> Stored {
        let mut stored = Stored::default();
        for number in numbers {
            match page(&self.folder, *number) {
                Some(PageText::Read { runs, .. }) => stored.has_text |= !runs.is_empty(),
                Some(PageText::Failed(_)) => stored.failed.push(*number),
                None => stored.missing.push(*number),
            }
        }
        stored
    }

    /// Stores a page.
    pub(super) fn store(&self, number: u32, text: &PageText) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut draft = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut draft, text)?;
        draft.flush()?;
        draft.persist(path(&self.folder, number))?;
        Ok(())
    }
}

/// State of some pages of a manual, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Not recognized yet.
    pub missing: Vec<u32>,
    /// Cannot be recognized.
    pub failed: Vec<u32>,
    /// One of the others has text.
    pub has_text: bool,
}

/// A page in the folder of a manual. An old failure counts as missing.
pub(crate) fn page(folder: &Path, number: u32) -> Option<PageText> {
    let mut json = Vec::new();
    let file = File::open(path(folder, number)).ok()?;
    let stored = file.metadata().and_then(|about| about.modified()).ok()?;
    file.take(MOST_PAGE).read_to_end(&mut json).ok()?;
    let text = serde_json::from_slice(&json).ok()?;
    // After the clock was set back a page may be from the future; it stays.
    let is_old = || stored.elapsed().is_ok_and(|age| age > FAILED_FOR);
    let is_over = matches!(text, PageText::Failed(_)) && is_old();
    (!is_over).then_some(text)
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number}.json"))
}

/// Removes the pages of whole manuals, the oldest recognition first, until the store has at
/// most `most` bytes. `keep` stays. Returns the number of removed manuals.
pub(super) fn prune(root: &Path, most: u64, keep: &Path) -> usize {
    let folders = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut manuals: Vec<(SystemTime, u64, PathBuf)> = folders
        .filter_map(|entry| {
            let written = entry.metadata().ok()?.modified().ok()?;
            let files = std::fs::read_dir(entry.path()).ok()?.flatten();
            let bytes = files.filter_map(|file| Some(file.metadata().ok()?.len())).sum();
            Some((written, bytes, entry.path()))
        })
        .collect();
    manuals.sort();
    let mut all: u64 = manuals.iter().map(|(_, bytes, _)| bytes).sum();
    let mut removed = 0;
    for (_, bytes, folder) in manuals {
        if all <= most {
            break;
        }
        if folder != keep && std::fs::remove_dir_all(&folder).is_ok() {
            all -= bytes;
            removed += 1;
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_only_for_the_same_bytes_and_the_same_engine() {
        let root = tempfile::tempdir().expect("a folder");
        let manual = root.path().join("m.pdf");
        std::fs::write(&manual, "one").expect("written");
        let of = |engine| Pages::of(root.path(), &manual, engine).expect("hashed");
        let text = PageText::Failed(PageFault::TooSlow);
        of("tesseract 5 eng").store(3, &text).expect("stored");
        assert_eq!(page(of("tesseract 5 eng").folder(), 3), Some(text));
        let stored = of("tesseract 5 eng").look(&[3, 4]);
        assert_eq!((stored.failed, stored.missing), (vec![3], vec![4]));
        assert_eq!(of("tesseract 5 deu").look(&[3]).missing, [3]);
        std::fs::write(&manual, "two").expect("written");
        assert_eq!(of("tesseract 5 eng").look(&[3]).missing, [3]);
    }

    #[test]
    fn a_failed_page_is_retried_after_a_day_and_a_recognized_one_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let pages = Pages { folder: root.path().to_owned() };
        let read = PageText::Read { height: 792.0, runs: Vec::new() };
        pages.store(1, &PageText::Failed(PageFault::Engine)).expect("stored");
        pages.store(2, &read).expect("stored");
        assert_eq!(pages.look(&[1, 2]).failed, [1]);
        for number in [1, 2] {
            let file = File::options().append(true).open(path(root.path(), number));
            let long_ago = SystemTime::now() - FAILED_FOR - Duration::from_secs(60);
            file.and_then(|file| file.set_modified(long_ago)).expect("made old");
        }
        assert_eq!(page(root.path(), 2), Some(read));
        let stored = pages.look(&[1, 2]);
        assert_eq!((stored.missing, stored.failed, stored.has_text), (vec![1], vec![], false));
    }

    #[test]
    fn a_truncated_page_is_missing() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(root.path().join("1.json"), "{\"read\":{\"hei").expect("written");
        assert_eq!(page(root.path(), 1), None);
    }

    #[test]
    fn the_oldest_recognitions_are_removed_first() {
        let root = tempfile::tempdir().expect("a folder");
        for (name, age) in [("old", 300), ("older", 400), ("new", 100)] {
            let folder = root.path().join(name);
            std::fs::create_dir(&folder).expect("made");
            std::fs::write(folder.join("1.json"), [b' '; 100]).expect("written");
            let at = SystemTime::now() - std::time::Duration::from_secs(age);
            File::open(&folder).and_then(|it| it.set_modified(at)).expect("made old");
        }
        assert_eq!(prune(root.path(), 250, &root.path().join("older")), 1);
        let exists = |name: &str| root.path().join(name).exists();
        assert_eq!(["old", "older", "new"].map(exists), [false, true, true]);
    }
}
