//! Temporary folders, and the removal of those that a killed process left behind.
//!
//! A process that ends by SIGKILL or by a power cut removes nothing. So each folder contains a file that
//! its process keeps locked (`flock`): the lock ends with the process, however it ends, and does not
//! depend on process ids or the clock. The next start removes
//! each folder of the same kind whose lock is free.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use strum::VariantArray as _;
use tempfile::TempDir;

/// The locked file of a folder. Hidden, so that a listing of the folder's contents can leave it out.
const OWNER: &str = ".owner";
/// The same file until it is locked: a folder whose lock file has its final name is locked or abandoned.
const OWNER_UNLOCKED: &str = ".owner-new";
/// Age from which a folder without a lock file is abandoned. It was made by an earlier release, or its
/// process was killed between two system calls; a process of an earlier release that still runs makes
/// its folder young with each file that it adds.
const UNOWNED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Age from which a file that was being written when its process ended is removed. Longer than any fetch
/// or upload may take, because another process that shares the folder may be writing it.
const UNFINISHED_FOR: Duration = Duration::from_secs(60 * 60);

/// The kinds of temporary folders. Each kind is the beginning of the folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
pub(crate) enum Kind {
    /// Fetched manuals, where `manuals.cache_dir` is empty.
    #[strum(serialize = "hsc-manuals-")]
    Manuals,
    /// Pictures, where `uploads.dir` is empty.
    #[strum(serialize = "hsc-uploads-")]
    Uploads,
    /// The archive, where `archive.path` is empty.
    #[strum(serialize = "hsc-archive-")]
    Archive,
}

/// A temporary folder that is removed when it is dropped, or by the next start when it never was.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    // Dropped first: the folder is removed before its lock is released.
    folder: TempDir,
    _owner: File,
}

impl TemporaryFolder {
    /// Makes a folder in the system's folder for temporary files.
    ///
    /// # Errors
    /// When the system cannot make or lock it.
    pub(crate) fn new(kind: Kind) -> io::Result<Self> {
        Self::within(&std::env::temp_dir(), kind)
    }

    fn within(parent: &Path, kind: Kind) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(<&str>::from(kind)).tempdir_in(parent)?;
        let unlocked = folder.path().join(OWNER_UNLOCKED);
        let owner = File::create_new(&unlocked)?;
        owner.lock()?;
        std::fs::rename(unlocked, folder.path().join(OWNER))?;
        Ok(Self { folder, _owner: owner })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the temporary folders of processes that have ended from this folder. Returns how many were removed; one that
/// cannot be removed is logged and stays.
pub(crate) fn remove_abandoned(parent: &Path) -> usize {
    // A folder for temporary files that cannot be listed stops the server where it needs one, not here.
    let Ok(entries) = std::fs::read_dir(parent) else { return 0 };
    let mut removed = 0;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_ours(path)) {
        if !is_abandoned(&path) {
            continue;
        }
        match std::fs::remove_dir_all(&path) {
            Ok(()) => removed += 1,
            // Another process that starts concurrently was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                log::warn!(folder:% = path.display(), error:%; "cannot remove an abandoned temporary folder");
            }
        }
    }
    removed
}

/// Removes the unfinished files of a folder that several processes may share: those whose name
/// `is_unfinished` accepts and that have not been written to for an hour. One that cannot be removed stays.
pub(crate) fn remove_unfinished(folder: &Path, is_unfinished: impl Fn(&str) -> bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_left = is_unfinished(name)
            && std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file())
            && is_older(&path, UNFINISHED_FOR);
        if is_left {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn is_older(path: &Path, than: Duration) -> bool {
    let changed = std::fs::symlink_metadata(path).and_then(|about| about.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > than))
}

/// True for a folder (not a link to one) with a name of ours.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Kind::VARIANTS.iter().any(|kind| name.starts_with(<&str>::from(kind)))
        && std::fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(OWNER)) {
        Ok(owner) => owner.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => is_older(folder, UNOWNED_FOR),
        // The folder of another user, or no permission: not ours to remove.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    use super::*;

    /// Makes a file or a folder as old as that.
    fn age(path: &Path, by: Duration) {
        let file = File::open(path).expect("it is there");
        file.set_modified(SystemTime::now() - by).expect("it is ours");
    }

    #[test]
    fn a_folder_is_removed_with_its_value() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = TemporaryFolder::within(parent.path(), Kind::Manuals).expect("made");
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn the_folder_of_a_running_process_stays_and_that_of_an_ended_one_is_removed() {
        let parent = tempfile::tempdir().expect("a folder");
        let within = parent.path();
        let living = TemporaryFolder::within(within, Kind::Manuals).expect("made");
        let mut ended = Vec::new();
        for &kind in Kind::VARIANTS {
            let TemporaryFolder { folder, _owner } =
                TemporaryFolder::within(within, kind).expect("made");
            std::fs::write(folder.path().join("body"), "x").expect("written");
            ended.push(folder.keep());
        }
        assert_eq!(remove_abandoned(within), ended.len());
        assert!(living.path().is_dir());
        assert!(ended.iter().all(|folder| !folder.exists()), "{ended:?}");
    }

    #[test]
    fn a_folder_without_a_lock_file_stays_for_a_day() {
        let parent = tempfile::tempdir().expect("a folder");
        let old = parent.path().join("hsc-manuals-AbC123");
        std::fs::create_dir(&old).expect("made");
        assert_eq!(remove_abandoned(parent.path()), 0);
        age(&old, UNOWNED_FOR * 2);
        assert_eq!(remove_abandoned(parent.path()), 1);
        assert!(!old.exists());
    }

    #[test]
    fn unfinished_files_are_removed_after_an_hour_and_others_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["draft-1.part", "draft-2.part", "kept.body"] {
            std::fs::write(folder.path().join(name), "x").expect("written");
        }
        let names = || {
            let entries = std::fs::read_dir(folder.path()).expect("a folder").flatten();
            entries.map(|entry| entry.file_name()).collect::<BTreeSet<_>>()
        };
        let is_draft = |name: &str| name.starts_with("draft-");
        remove_unfinished(folder.path(), is_draft);
        assert_eq!(names().len(), 3);
        for name in names() {
            age(&folder.path().join(name), UNFINISHED_FOR * 2);
        }
        remove_unfinished(folder.path(), is_draft);
        assert_eq!(names(), BTreeSet::from(["kept.body".into()]));
    }

    #[test]
    fn other_folders_files_and_links_stay() {
        let parent = tempfile::tempdir().expect("a folder");
        let other = parent.path().join("another-program");
        std::fs::create_dir(&other).expect("made");
        std::fs::write(other.join(OWNER), "").expect("written");
        std::os::unix::fs::symlink(&other, parent.path().join("hsc-manuals-link")).expect("linked");
        let file = parent.path().join("hsc-manuals-file");
        std::fs::write(&file, "x").expect("written");
        for old in [&other, &file] {
            age(old, UNOWNED_FOR * 2);
        }
        assert_eq!(remove_abandoned(parent.path()), 0);
        assert!(other.is_dir());
    }
}
