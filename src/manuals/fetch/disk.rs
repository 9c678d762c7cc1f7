//! Fetched manuals on disk.
//!
//! A copy is two files: a body, and a metadata file that names the body and describes it. Both are
//! written under a temporary name and renamed, the metadata last, so that a reader sees the old copy or the new
//! one and never half of one; several processes may share the folder.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::temporary::{self, TemporaryFolder};

/// Prefix and suffix of a file that is being written.
const DRAFT: (&str, &str) = ("draft-", ".part");
/// Suffix of a body.
const BODY: &str = ".body";

/// The metadata of a copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CopyMetadata {
    /// The requested address.
    pub url: String,
    /// The final address, after redirects.
    pub location: String,
    /// Name of the body's file.
    pub body: String,
    /// `ETag` as the host sent it.
    pub etag: Option<String>,
    /// `Last-Modified` as the host sent it.
    pub last_modified: Option<String>,
    /// The charset of `Content-Type`.
    #[serde(default)]
    pub charset: Option<String>,
    /// When the host last confirmed this copy.
    pub confirmed: SystemTime,
}

/// The folder of fetched manuals.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    /// Removes the folder with the last handle, if it belongs to this process alone.
    _ours: Option<TemporaryFolder>,
}

impl Disk {
    /// Opens the folder, creating it if it is missing; an empty path is a temporary folder of this process.
    pub(super) fn open(folder: &str) -> io::Result<Self> {
        if folder.is_empty() {
            let ours = TemporaryFolder::new(temporary::Kind::Manuals)?;
            return Ok(Self { folder: ours.path().to_owned(), _ours: Some(ours) });
        }
        std::fs::create_dir_all(folder)?;
        let disk = Self { folder: PathBuf::from(folder), _ours: None };
        // Unfinished files of a killed process, and bodies without metadata.
        temporary::remove_unfinished(&disk.folder, |name| {
            (name.starts_with(DRAFT.0) && name.ends_with(DRAFT.1))
                || (name.ends_with(BODY) && !disk.has_metadata(name))
        });
        Ok(disk)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A temporary file for a body. Deleted unless it is persisted.
    pub(super) fn draft(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(DRAFT.0).suffix(DRAFT.1).tempfile_in(&self.folder)
    }

    /// The copy of an address, if a complete one exists.
    pub(super) fn find(&self, url: &str) -> Option<CopyMetadata> {
        let metadata = self.read(&key(url))?;
        // The name is a hash; the address inside decides.
        (metadata.url == url && self.body(&metadata).is_file()).then_some(metadata)
    }

    /// True for the name of a body that a metadata file names.
    fn has_metadata(&self, body: &str) -> bool {
        let Some((key, _)) = body.split_once('-') else { return false };
        self.read(key).is_some_and(|metadata| metadata.body == body)
    }

    fn read(&self, key: &str) -> Option<CopyMetadata> {
        serde_json::from_slice(&std::fs::read(self.metadata_path(key)).ok()?).ok()
    }

    /// Path of a copy's body.
    pub(super) fn body(&self, metadata: &CopyMetadata) -> PathBuf {
        self.folder.join(Path::new(&metadata.body).file_name().unwrap_or_default())
    }

    /// Stores a body and its metadata. The previous body is deleted; a process that has it open reads on.
    pub(super) fn keep(
        &self,
        draft: NamedTempFile,
        mut metadata: CopyMetadata,
    ) -> io::Result<CopyMetadata> {
        let before = self.find(&metadata.url);
        let random: u64 = rand::random();
        metadata.body = format!("{}-{random:016x}{BODY}", key(&metadata.url));
        draft.persist(self.folder.join(&metadata.body))?;
        self.write(&metadata)?;
        if let Some(before) = before {
            // A body that cannot be deleted only costs space.
            let _ = std::fs::remove_file(self.body(&before));
        }
        Ok(metadata)
    }

    /// Records that the host has confirmed a copy.
    pub(super) fn confirm(&self, mut metadata: CopyMetadata) -> io::Result<CopyMetadata> {
        metadata.confirmed = SystemTime::now();
        self.write(&metadata)?;
        Ok(metadata)
    }

    /// The plain page made of a file, unless the file is newer.
    pub(super) fn printed(&self, url: &str, of: &Path) -> Option<PathBuf> {
        let path = self.print_path(url);
        let written = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
        (written(&path)? >= written(of)?).then_some(path)
    }

    /// Stores a plain page.
    pub(super) fn keep_print(&self, url: &str, page: &str) -> io::Result<PathBuf> {
        let (mut draft, path) = (self.draft()?, self.print_path(url));
        draft.write_all(page.as_bytes())?;
        draft.persist(&path)?;
        Ok(path)
    }

    fn print_path(&self, url: &str) -> PathBuf {
        self.folder.join(format!("{}.html", key(url)))
    }

    fn write(&self, metadata: &CopyMetadata) -> io::Result<()> {
        let mut draft = self.draft()?;
        serde_json::to_writer(&mut draft, metadata)?;
        draft.persist(self.metadata_path(&key(&metadata.url)))?;
        Ok(())
    }

    fn metadata_path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

impl CopyMetadata {
    /// True while the copy need not be revalidated.
    pub(super) fn is_fresh(&self, revalidate_after: Duration) -> bool {
        // After the clock was set back a copy may be from the future; revalidation is the safe choice.
        self.confirmed.elapsed().is_ok_and(|age| age < revalidate_after)
    }
}

/// A file name for an address. A build with another hash finds nothing and fetches again.
fn key(url: &str) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, url).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(url: &str) -> CopyMetadata {
        CopyMetadata {
            url: url.into(),
            location: url.into(),
            body: String::new(),
            etag: Some("\"1\"".into()),
            last_modified: None,
            charset: None,
            confirmed: SystemTime::now(),
        }
    }

    fn keep(disk: &Disk, url: &str, body: &[u8]) -> CopyMetadata {
        let mut draft = disk.draft().expect("a draft");
        draft.write_all(body).expect("written");
        disk.keep(draft, metadata(url)).expect("kept")
    }

    #[test]
    fn a_newer_copy_replaces_the_older_one_and_its_files() {
        let disk = Disk::open("").expect("a folder");
        keep(&disk, "http://a/", b"old");
        let stored = keep(&disk, "http://a/", b"new");
        let found = disk.find("http://a/").expect("a copy");
        assert_eq!(found, stored);
        assert_eq!(std::fs::read(disk.body(&found)).expect("a body"), b"new");
        let entries = std::fs::read_dir(&disk.folder).expect("a folder").flatten();
        let shown = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        assert_eq!(shown.count(), 2);
        assert_eq!(disk.find("http://b/"), None);
    }

    #[test]
    fn metadata_without_a_body_is_not_a_copy() {
        let disk = Disk::open("").expect("a folder");
        let stored = keep(&disk, "http://a/", b"body");
        std::fs::remove_file(disk.body(&stored)).expect("removed");
        assert_eq!(disk.find("http://a/"), None);
    }

    #[test]
    fn a_copy_expires_and_is_fresh_again_when_confirmed() {
        let disk = Disk::open("").expect("a folder");
        let mut stored = keep(&disk, "http://a/", b"body");
        stored.confirmed -= Duration::from_secs(60);
        assert!(!stored.is_fresh(Duration::from_secs(30)));
        assert!(disk.confirm(stored).expect("confirmed").is_fresh(Duration::from_secs(30)));
    }

    #[test]
    fn unfinished_files_are_removed_and_complete_copies_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path in UTF-8");
        let stored = keep(&Disk::open(path).expect("a folder"), "http://a/", b"whole");
        let long_ago = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
        let leftovers = ["draft-x1.part".to_owned(), format!("{}-0.body", key("http://b/"))];
        for name in leftovers.iter().chain([&stored.body]) {
            let path = folder.path().join(name);
            let file = std::fs::File::options().create(true).append(true).open(path);
            let file = file.expect("opened");
            file.set_modified(long_ago).expect("made old");
        }
        let disk = Disk::open(path).expect("a folder");
        assert_eq!(disk.find("http://a/"), Some(stored));
        assert!(leftovers.iter().all(|name| !folder.path().join(name).exists()));
    }

    #[test]
    fn the_temporary_folder_is_removed_with_its_process() {
        let disk = Disk::open("").expect("a folder");
        let folder = disk.folder.clone();
        drop(disk);
        assert!(!folder.exists());
    }
}
