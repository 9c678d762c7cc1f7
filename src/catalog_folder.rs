//! Stores brand files that an admin uploads: tries them in a copy of the catalog, writes them, reloads.
//!
//! Owns      the write lock: one file at a time.
//! Never     writes a file that would keep the catalog from being loaded or take products from another file, one
//!           outside of the folder, or half of one.
//! On crash  loses nothing: a file is written under a temporary name and renamed, and the previous content
//!           is in a hidden file, which the loader skips.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use hsc_catalogs::Trial;
use log::info;
use tempfile::NamedTempFile;

use crate::reload::Reloader;
use crate::temporary;

/// Longest name of a file, in bytes; with the added prefix and suffix it is still valid on every system.
const LONGEST_NAME: usize = 120;
/// Prefix and suffix of a file that is being written.
const PLACING: (&str, &str) = (".placing-", ".part");
/// Number of clashes that a refusal lists.
const CLASHES_NAMED: usize = 5;

/// What happened to a file that an admin sent.
#[derive(Debug)]
pub struct CatalogFileStored {
    /// What it would change in the catalog, or changed.
    pub trial: Trial,
    /// Why it would not be written; `None` if it would.
    pub refused: Option<String>,
    /// True if it was written. A file with the same bytes is not written again.
    pub written: bool,
    /// The file that keeps the previous content, if there was one.
    pub before: Option<String>,
    /// Why the catalog in force does not contain the file although it was written.
    pub not_applied: Option<String>,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogFileError {
    /// The loader does not read a file of this name, or the name leads out of the folder.
    #[error("{0}")]
    Name(String),
    /// The catalog would not be loaded with it, or it takes products from another file.
    #[error("{0}")]
    Unfit(String),
    /// The folder cannot be written.
    #[error(
        "the catalog folder {folder} cannot be written: {cause}; put the file there by other means, or name a folder with catalog.dir that the server may write"
    )]
    NotWritable {
        /// The folder.
        folder: String,
        /// The error of the system.
        cause: io::Error,
    },
}

/// The folder of the catalog files.
pub struct CatalogFolder {
    /// Loads the catalog of the folder.
    pub(crate) reloader: Arc<Reloader>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl CatalogFolder {
    /// The folder that this reloader loads.
    pub(crate) fn new(reloader: Arc<Reloader>) -> Self {
        // Unfinished files of a killed process. They are hidden, so the loader skips them, but they take space.
        temporary::remove_unfinished(reloader.dir(), |name| {
            name.starts_with(PLACING.0) && name.ends_with(PLACING.1)
        });
        Self { reloader, one_at_a_time: tokio::sync::Mutex::default() }
    }

    /// Tries a text as the file of this name; unless `dry_run`, writes it and loads the catalog again.
    ///
    /// # Errors
    /// Why the file was not written.
    pub async fn place(
        &self,
        name: String,
        text: String,
        dry_run: bool,
    ) -> Result<CatalogFileStored, CatalogFileError> {
        may_be_named(&name).map_err(CatalogFileError::Name)?;
        let _turn = self.one_at_a_time.lock().await;
        let (reloader, file) = (Arc::clone(&self.reloader), name.clone());
        let placed = tokio::task::spawn_blocking(move || {
            let (folder, now) = (reloader.dir(), reloader.snapshot().load());
            let not_writable = |cause| not_writable(folder, cause);
            let trial = Trial::of(folder, &file, &text, &now, &reloader.last().problems);
            let trial = trial.map_err(not_writable)?;
            let refused = refused(&file, &trial);
            let (written, before) = match &refused {
                _ if dry_run => (false, None),
                None => write(folder, &file, text.as_bytes()).map_err(not_writable)?,
                Some(why) => return Err(CatalogFileError::Unfit(why.clone())),
            };
            Ok(CatalogFileStored { trial, refused, written, before, not_applied: None })
        })
        .await;
        let mut placed = placed.map_err(|panicked| {
            CatalogFileError::Unfit(format!("the file could not be tried: {panicked}"))
        })??;
        if placed.written {
            info!(file:% = name, version:% = placed.trial.version; "an admin placed a catalog file");
            self.reloader.reload("an admin placed a file").await;
            placed.not_applied = self.reloader.last().not_applied;
        }
        Ok(placed)
    }
}

fn not_writable(folder: &Path, cause: io::Error) -> CatalogFileError {
    CatalogFileError::NotWritable { folder: folder.display().to_string(), cause }
}

/// Why a file must not be written, or `None`.
fn refused(name: &str, trial: &Trial) -> Option<String> {
    if let Some(unfit) = &trial.unfit {
        return Some(format!("the catalog would not be loaded with it: {unfit}"));
    }
    let [(id, other), ..] = &*trial.clashes else { return None };
    if trial.clashes.len() == 1 {
        return Some(format!("product '{id}' of {name} stands in {other} already"));
    }
    let named: Vec<String> =
        trial.clashes.iter().take(CLASHES_NAMED).map(|(id, _)| format!("'{id}'")).collect();
    let rest = trial.clashes.len() - named.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    Some(format!("products {}{more} of {name} stand in other files already", named.join(", ")))
}

/// Why this file name is invalid, if it is.
fn may_be_named(name: &str) -> Result<(), String> {
    let requested =
        "a file has a name of letters, digits, dashes, dots and underscores that ends in .json";
    let stem = name.strip_suffix(".json").unwrap_or_default();
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.contains(['/', '\\']) || name.contains("..") {
        return Err(format!("{name:?} leads out of the catalog folder; {requested}"));
    }
    if name.starts_with('.') {
        return Err(format!("{name:?} is hidden, and hidden files are passed over; {requested}"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("the name has {} bytes, the limit is {LONGEST_NAME}", name.len()));
    }
    if stem.is_empty() || !stem.chars().all(is_plain) {
        return Err(format!("{name:?} is no catalog file; {requested}"));
    }
    Ok(())
}

/// Writes a file atomically, and keeps the previous content; returns whether it was written and where the previous
/// content is.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<(bool, Option<String>)> {
    let path = folder.join(name);
    let there = match std::fs::symlink_metadata(&path) {
        Ok(about) if about.is_file() => Some(about.permissions()),
        Ok(_) => {
            // A mounted folder may replace its links at any time; a file written over one would be lost.
            let what = format!("{name} is a link or a folder there, and is not written over");
            return Err(io::Error::other(what));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut before = None;
    if there.is_some() {
        let stood = std::fs::read(&path)?;
        if stood == bytes {
            return Ok((false, None));
        }
        let copy = format!(".{name}.bak");
        into_place(folder, &copy, &stood, there.clone())?;
        before = Some(copy);
    }
    into_place(folder, name, bytes, there)?;
    Ok((true, before))
}

/// Writes to a hidden file and renames it: a reader finds the old content or the new one, whole.
fn into_place(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    permissions: Option<std::fs::Permissions>,
) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut draft: NamedTempFile =
        tempfile::Builder::new().prefix(PLACING.0).suffix(PLACING.1).tempfile_in(folder)?;
    draft.write_all(bytes)?;
    // A temporary file is private to its owner; catalog files are readable for other processes.
    let usual = std::fs::Permissions::from_mode(0o644);
    draft.as_file().set_permissions(permissions.unwrap_or(usual))?;
    draft.as_file().sync_all()?;
    draft.persist(folder.join(name))?;
    // The rename should survive a power failure too; a folder that cannot be synced is not fatal.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! names {
        ($($name:ident: $given:expr => $why:expr;)*) => {$(
            #[test]
            fn $name() {
                let why: Option<&str> = $why;
                match (may_be_named($given), why) {
                    (Ok(()), None) => {}
                    (Err(error), Some(why)) => assert!(error.contains(why), "{error}"),
                    (error, _) => panic!("{error:?}"),
                }
            }
        )*};
    }

    names! {
        the_name_of_a_brand_is_accepted: "quellwerk.json" => None;
        dots_dashes_and_letters_outside_ascii_are_accepted: "Größe-2_b.v2.json" => None;
        a_parent_path_is_refused: "../x.json" => Some("leads out");
        a_path_in_a_subfolder_is_refused: "manuals/x.json" => Some("leads out");
        a_parent_path_of_windows_is_refused: "..\\x.json" => Some("leads out");
        an_absolute_path_is_refused: "/etc/x.json" => Some("leads out");
        a_hidden_file_is_refused: ".x.json" => Some("hidden");
        an_extension_without_a_name_is_hidden: ".json" => Some("hidden");
        another_extension_is_refused: "x.toml" => Some("no catalog file");
        a_second_extension_is_refused: "x.json.part" => Some("no catalog file");
        a_name_without_an_extension_is_refused: "x" => Some("no catalog file");
        an_empty_name_is_refused: "" => Some("no catalog file");
        a_nul_is_refused: "x\0.json" => Some("no catalog file");
        a_new_line_is_refused: "x\n.json" => Some("no catalog file");
        a_name_that_is_too_long_is_refused: &format!("{}.json", "x".repeat(200)) => Some("the limit is 120");
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_atomically_and_the_previous_one_is_hidden() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
        assert_eq!(write(folder.path(), "a.json", b"one").expect("written"), (true, None));
        let before = Some(".a.json.bak".to_owned());
        assert_eq!(write(folder.path(), "a.json", b"two").expect("written"), (true, before));
        assert_eq!((read("a.json"), read(".a.json.bak")), (b"two".to_vec(), b"one".to_vec()));
        // The same content is not a change, and must not replace the saved one.
        assert_eq!(write(folder.path(), "a.json", b"two").expect("seen"), (false, None));
        assert_eq!(read(".a.json.bak"), b"one");
        assert_eq!(files(folder.path()), [".a.json.bak", "a.json"], "nothing else is left");
        let mode =
            std::fs::metadata(folder.path().join("a.json")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "other pods may read it");
    }

    #[test]
    fn a_link_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("real"), "one").expect("written");
        std::os::unix::fs::symlink("real", folder.path().join("a.json")).expect("a link");
        let refused = write(folder.path(), "a.json", b"two").expect_err("it is a link");
        assert!(refused.to_string().contains("a link"), "{refused}");
        assert_eq!(std::fs::read(folder.path().join("real")).expect("a file"), b"one");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_unwritable_folder_is_reported_with_a_remedy() {
        // Not even root can create a file there.
        let folder = Path::new("/proc");
        let cause = write(folder, "a.json", b"{}").expect_err("it takes none");
        let message = not_writable(folder, cause).to_string();
        assert!(
            message.contains("/proc cannot be written") && message.contains("catalog.dir"),
            "{message}"
        );
    }
}
