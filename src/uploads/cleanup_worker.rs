//! The cleanup worker: removes expired pictures.
//!
//! Owns      nothing: an id contains the expiry of its picture.
//! Receives  no messages; it scans the folder at an interval.
//! Calls     the file system, off the threads that serve.
//! Never     touches a file whose name is not one of the server's ids.
//! On crash  loses nothing: remaining files are removed by its next scan, or by another pod.

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

/// Longest interval of scans: an expired picture is never shown anyway.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Shortest interval, for retention times of seconds.
const LOOK_SOON: Duration = Duration::from_millis(200);
/// Age after which a partial file is abandoned: its pod died.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// The cleanup worker as a child of the tree. Removals are written to the archive.
pub fn cleanup_worker(
    folder: Folder,
    archive: ArchiveHandle,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let counted = Arc::clone(metrics);
    ChildSpec::worker("uploads.cleanup", "uploads_cleanup", care, metrics, move |life| {
        tidy(folder.clone(), archive.clone(), Arc::clone(&counted), life)
    })
}

async fn tidy(
    folder: Folder,
    archive: ArchiveHandle,
    metrics: Arc<Metrics>,
    life: Life,
) -> Result<(), BoxError> {
    let keep = Duration::from_millis(folder.inner.settings.retention_ms);
    let every = (keep / 4).clamp(LOOK_SOON, LOOK_EVERY);
    let mut removed_ever = 0;
    while life.holds() {
        let inner = Arc::clone(&folder.inner);
        let looked = tokio::task::spawn_blocking(move || expired(&inner.dir, now_ms())).await?;
        match looked {
            Ok(CleanupReport { gone, left_bytes }) => {
                // Pictures added meanwhile are counted by the next scan.
                folder.inner.total_bytes.store(left_bytes, Ordering::Relaxed);
                removed_ever += gone.len();
                metrics.uploads.expired(gone.len());
                if !gone.is_empty() {
                    info!(pictures = gone.len(); "removed expired pictures");
                }
                for upload in gone {
                    archive.record(Record::UploadExpired { upload });
                }
            }
            Err(error) => {
                warn!(error:%; "cannot remove expired pictures, retrying later")
            }
        }
        life.observe(
            json!({ "removed": removed_ever, "bytes": folder.inner.total_bytes.load(Ordering::Relaxed), "looks_every_ms": every.as_millis() as u64 }),
        );
        sleep(every).await;
    }
    Err("a successor tidies".into())
}

/// The result of a scan.
#[derive(Debug, Default, PartialEq, Eq)]
struct CleanupReport {
    /// Ids of the removed pictures.
    gone: Vec<String>,
    /// Bytes of the remaining ones.
    left_bytes: u64,
}

/// Removes pictures that are expired now. When pods share a folder, each picture is removed by one of them.
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
    fn only_expired_files_are_removed() {
        let tokens = Tokens::new([], Duration::from_secs(60));
        let dir = tempfile::tempdir().unwrap();
        let old = UploadId::new(&tokens, "c", 1_000);
        let young = UploadId::new(&tokens, "c", 1_001);
        for name in [old.as_str(), young.as_str(), ".part-1", "notes.txt"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let looked = expired(dir.path(), 1_000).unwrap();
        assert_eq!(looked, CleanupReport { gone: vec![old.as_str().to_owned()], left_bytes: 3 });
        let remaining = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(remaining, 3);
        assert_eq!(expired(&dir.path().join("none"), 1_000).unwrap(), CleanupReport::default());
    }
}
