//! The retention worker: erases conversations past their age, and the files of their pictures.
//!
//! Owns      nothing.
//! Receives  no messages; it runs once an hour.
//! Calls     [`Privacy`], a few hundred conversations at a time.
//! Never     changes the analytics, or erases a conversation with recent events.
//! On crash  loses nothing: the rest is erased an hour later.

use std::sync::Arc;
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::{info, warn};
use serde_json::json;
use tokio::time::sleep;

use crate::ports::Uploads;
use crate::ports::archive::Privacy;
use crate::supervision::{Care, ChildSpec, Life};
use hsc_conversation::{BoxError, now_ms};

/// Interval. The age is set in days.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// Delay after the start, when a server has more urgent work.
const FIRST_LOOK: Duration = Duration::from_secs(60);
/// Conversations erased in one transaction: while it runs, SQLite refuses other writers.
const AT_ONCE: u32 = 200;

/// What is erased, and at what age.
pub struct Retention {
    /// Erases.
    pub privacy: Arc<dyn Privacy>,
    /// Removes the files of pictures, which the archive only refers to.
    pub uploads: Arc<dyn Uploads>,
    /// The age.
    pub keep: Duration,
}

/// The retention worker as a child of the tree.
pub fn retention_worker(keeping: Retention, care: Care, metrics: &Arc<Metrics>) -> ChildSpec {
    let keeping = Arc::new(keeping);
    ChildSpec::worker("archive.retention", "archive_retention", care, metrics, move |life| {
        run(Arc::clone(&keeping), life)
    })
}

async fn run(keeping: Arc<Retention>, life: Life) -> Result<(), BoxError> {
    let mut erased_ever = 0;
    sleep(FIRST_LOOK).await;
    while life.holds() {
        erased_ever += erase_expired(&keeping).await;
        life.observe(json!({ "erased": erased_ever, "looks_every_s": LOOK_EVERY.as_secs() }));
        sleep(LOOK_EVERY).await;
    }
    Err("a successor tidies".into())
}

/// Erases everything past its age; returns the number of conversations.
async fn erase_expired(keeping: &Retention) -> u64 {
    let age = u64::try_from(keeping.keep.as_millis()).unwrap_or(u64::MAX);
    let before = now_ms().saturating_sub(age);
    let mut conversations = 0;
    loop {
        match keeping.privacy.expire(before, AT_ONCE).await {
            Ok(erased) if erased.is_empty() => break,
            Ok(erased) => {
                conversations += erased.conversations;
                keeping.uploads.remove(erased.files).await;
            }
            Err(error) => {
                warn!(error:%; "expired data was not erased; the next attempt is in an hour");
                break;
            }
        }
    }
    if conversations > 0 {
        info!(conversations; "erased conversations that were past their age");
    }
    conversations
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    use super::*;
    use crate::ports::archive::{ArchiveError, ArchiveReply, DataSubject, Erased, Export};
    use crate::ports::{ImageContent, StoredImage, UploadError, UploadLimits};
    use hsc_conversation::UploadId;

    /// An archive with this many expired conversations, each with a picture, or an unavailable one.
    struct FakeArchive {
        old: Mutex<u64>,
        calls: Mutex<Vec<u64>>,
        removed: Mutex<Vec<String>>,
        is_away: bool,
    }

    impl Uploads for FakeArchive {
        fn limits(&self) -> UploadLimits {
            UploadLimits { enabled: false, max_bytes: 0 }
        }

        fn keep(
            &self,
            _: Arc<str>,
            _: Bytes,
        ) -> BoxFuture<'static, Result<StoredImage, UploadError>> {
            std::future::ready(Err(UploadError::Busy)).boxed()
        }

        fn show(
            &self,
            _: UploadId,
        ) -> BoxFuture<'static, Result<Option<ImageContent>, UploadError>> {
            std::future::ready(Ok(None)).boxed()
        }

        fn remove(&self, files: Vec<String>) -> BoxFuture<'static, usize> {
            let removed = files.len();
            self.removed.lock().unwrap().extend(files);
            std::future::ready(removed).boxed()
        }
    }

    impl Privacy for FakeArchive {
        fn export(&self, _: DataSubject) -> ArchiveReply<'_, Export> {
            std::future::ready(Ok(Export::default())).boxed()
        }

        fn erase(&self, _: DataSubject) -> ArchiveReply<'_, Erased> {
            std::future::ready(Ok(Erased::default())).boxed()
        }

        fn expire(&self, before: u64, most: u32) -> ArchiveReply<'_, Erased> {
            self.calls.lock().unwrap().push(before);
            let mut old = self.old.lock().unwrap();
            let conversations = u64::from(most).min(*old);
            *old -= conversations;
            let files = (0..conversations).map(|it| it.to_string()).collect();
            let erased = Erased { conversations, files, ..Erased::default() };
            let away = || Err(ArchiveError::unavailable("away"));
            std::future::ready(if self.is_away { away() } else { Ok(erased) }).boxed()
        }
    }

    fn keeping(old: u64, is_away: bool) -> (Arc<FakeArchive>, Retention) {
        let (calls, removed) = (Mutex::default(), Mutex::default());
        let archive = Arc::new(FakeArchive { old: Mutex::new(old), calls, removed, is_away });
        let keep = Duration::from_secs(86_400);
        (archive.clone(), Retention { privacy: archive.clone(), uploads: archive, keep })
    }

    #[actix::test]
    async fn expired_conversations_are_erased_in_batches_and_younger_ones_stay() {
        let (archive, keeping) = keeping(u64::from(AT_ONCE) * 2 + 1, false);
        assert_eq!(erase_expired(&keeping).await, u64::from(AT_ONCE) * 2 + 1);
        let calls = archive.calls.lock().unwrap();
        assert_eq!(calls.len(), 4, "three pieces, and the one that says that nothing is left");
        assert!(calls.iter().all(|before| *before <= now_ms() - 86_400_000));
        let removed = archive.removed.lock().unwrap().len() as u64;
        assert_eq!(removed, u64::from(AT_ONCE) * 2 + 1, "their pictures go with them");
    }

    #[actix::test]
    async fn an_unavailable_archive_is_called_once() {
        let (archive, keeping) = keeping(5, true);
        assert_eq!(erase_expired(&keeping).await, 0);
        assert_eq!(archive.calls.lock().unwrap().len(), 1);
    }
}
