//! The tidier: removes pictures whose time is over.
//!
//! Owns      nothing: an id says by itself when its picture goes.
//! Receives  nobody; it looks at the folder again and again.
//! Calls     the file system, off the threads that serve.
//! Never     touches a file that is not named as the server names them.
//! On crash  loses nothing: what it did not get to is removed at its next look, or by another pod.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use hsc_actors::archiving::ArchiveHandle;
use hsc_actors::supervision::{Care, ChildSpec, Life};
use hsc_conversation::BoxError;
use hsc_conversation::archive::Record;
use hsc_conversation::{UploadId, now_ms};
use hsc_monitoring::Metrics;
use log::{info, warn};
use serde_json::json;
use tokio::time::sleep;

use super::Folder;
use super::folder::PART;

/// How often it looks at most: a picture is not shown past its time anyway.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// And at least, where pictures are kept for seconds.
const LOOK_SOON: Duration = Duration::from_millis(200);
/// After so long a file that is not whole belongs to nobody any more: a pod died over it.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// The tidier as a child of the tree. What it removes is written into the archive.
pub fn tidier(
    folder: Folder,
    archive: ArchiveHandle,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let counted = Arc::clone(metrics);
    ChildSpec::worker("uploads.tidier", "uploads_tidier", care, metrics, move |life| {
        tidy(folder.clone(), archive.clone(), Arc::clone(&counted), life)
    })
}

async fn tidy(
    folder: Folder,
    archive: ArchiveHandle,
    metrics: Arc<Metrics>,
    life: Life,
) -> Result<(), BoxError> {
    let every = (folder.inner.keep / 4).clamp(LOOK_SOON, LOOK_EVERY);
    let mut removed_ever = 0;
    while life.holds() {
        let inner = Arc::clone(&folder.inner);
        let looked = tokio::task::spawn_blocking(move || expired(&inner.dir, now_ms())).await?;
        match looked {
            Ok(CleanupReport { gone, left_bytes }) => {
                // What came in meanwhile is counted at the next look.
                folder.inner.total_bytes.store(left_bytes, Ordering::Relaxed);
                removed_ever += gone.len();
                metrics.doors.uploads_expired(gone.len());
                if !gone.is_empty() {
                    info!(pictures = gone.len(); "removed pictures whose time was over");
                }
                for upload in gone {
                    archive.record(Record::UploadExpired { upload });
                }
            }
            Err(error) => {
                warn!(error:%; "pictures past their time were not removed, it is tried again")
            }
        }
        life.observe(
            json!({ "removed": removed_ever, "bytes": folder.inner.total_bytes.load(Ordering::Relaxed), "looks_every_ms": every.as_millis() as u64 }),
        );
        sleep(every).await;
    }
    Err("a successor tidies".into())
}

/// What a look at the folder came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct CleanupReport {
    /// Ids of the pictures that were removed.
    gone: Vec<String>,
    /// Bytes of those that were not.
    left_bytes: u64,
}

/// Removes what is past its time at this moment. Where pods share a folder, each picture is removed by one
/// of them.
fn expired(dir: &Path, now_ms: u64) -> std::io::Result<CleanupReport> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        // No picture yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(CleanupReport::default());
        }
        Err(error) => return Err(error),
    };
    let mut looked = CleanupReport::default();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_over = match UploadId::parse(&name) {
            Some(id) => id.expires_ms() <= now_ms,
            None => name.starts_with(PART) && is_left_behind(&entry),
        };
        if is_over && std::fs::remove_file(entry.path()).is_ok() && !name.starts_with(PART) {
            looked.gone.push(name);
        } else if !is_over {
            looked.left_bytes += entry.metadata().map_or(0, |it| it.len());
        }
    }
    Ok(looked)
}

fn is_left_behind(entry: &std::fs::DirEntry) -> bool {
    let changed = entry.metadata().and_then(|it| it.modified()).ok();
    let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_some_and(|age| age > LEFT_BEHIND)
}

#[cfg(test)]
mod tests {
    use hsc_conversation::Tokens;

    use super::*;

    #[test]
    fn what_is_past_its_time_goes_and_nothing_else() {
        let tokens = Tokens::new([], Duration::from_secs(60));
        let dir = tempfile::tempdir().unwrap();
        let old = UploadId::new(&tokens, "c", 1_000);
        let young = UploadId::new(&tokens, "c", 1_001);
        for name in [old.as_str(), young.as_str(), ".part-1", "notes.txt"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let looked = expired(dir.path(), 1_000).unwrap();
        assert_eq!(looked, CleanupReport { gone: vec![old.as_str().to_owned()], left_bytes: 3 });
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 3);
        assert_eq!(expired(&dir.path().join("none"), 1_000).unwrap(), CleanupReport::default());
    }
}
