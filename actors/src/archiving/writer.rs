//! The writer: takes records out of the queue and writes them into the archive, in batches.
//!
//! Owns      nothing: the queue outlives it, and a batch stays there until the archive has it.
//! Receives  no messages; it watches the queue, and what earlier stops left on disk, which it writes first.
//! Calls     the [`Archive`], one batch at a time, within the archive's own time limit.
//! Never     delays a caller, drops a record without counting it.
//! On crash  loses nothing: its successor writes the batch again, and the archive recognises it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use hsc_monitoring::Metrics;
use log::{error, info, warn};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::ArchiveHandle;
use crate::ports::archive::{Archive, ArchiveError, SpilledRecords};
use crate::supervision::{Backoff, Care, ChildSpec, Life};
use hsc_conversation::BoxError;
use hsc_conversation::archive::StampedRecord;

/// Interval at which an idle archive is checked, so that health reports the truth.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Delays between attempts while it is unavailable. Short at first: most outages are a restart.
const RETRY: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// The writer as a child of the tree.
pub fn writer(
    archive: Arc<dyn Archive>,
    spilled: Arc<dyn SpilledRecords>,
    handle: ArchiveHandle,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let counted = Arc::clone(metrics);
    ChildSpec::worker("archive.writer", "archive_writer", care, metrics, move |life| {
        let writer = Writer {
            archive: Arc::clone(&archive),
            spilled: Arc::clone(&spilled),
            may_have_spilled: true,
            handle: handle.clone(),
            metrics: Arc::clone(&counted),
            life,
            written: 0,
            refused: 0,
            failures: 0,
        };
        writer.run()
    })
}

/// The task; see the header of this file.
struct Writer {
    archive: Arc<dyn Archive>,
    spilled: Arc<dyn SpilledRecords>,
    /// False once there was none; another pod of the same folder may stop later.
    may_have_spilled: bool,
    handle: ArchiveHandle,
    metrics: Arc<Metrics>,
    life: Life,
    written: u64,
    refused: u64,
    failures: u32,
}

impl Writer {
    async fn run(mut self) -> Result<(), BoxError> {
        self.check().await;
        while self.life.holds() {
            self.observe();
            if self.failures > 0 {
                sleep(RETRY.wait(self.failures.saturating_add(1), rand::random())).await;
            }
            if self.may_have_spilled {
                self.write_spilled().await;
                continue;
            }
            tokio::select! {
                () = self.handle.queue.ready() => self.write().await,
                () = sleep(LOOK_EVERY) => {
                    self.may_have_spilled = true;
                    self.check().await;
                }
            }
        }
        Err("a successor writes".into())
    }

    /// Writes the next records of an earlier stop. They are older than all that are queued.
    async fn write_spilled(&mut self) {
        let records = self.spilled.next(self.handle.queue.batch_records()).await;
        let all = records.len();
        self.may_have_spilled = all > 0;
        if all > 0 && self.give_all(records).await == all {
            self.spilled.settle();
        }
    }

    /// Writes what stands first.
    async fn write(&mut self) {
        let (first, records) = self.handle.queue.front();
        let done = self.give_all(records).await;
        if done > 0 {
            self.handle.queue.settle(first + done as u64);
        }
    }

    /// Gives records to the archive, each alone if it refuses one of them. Returns how many of the first ones are
    /// written or will never be.
    async fn give_all(&mut self, records: Vec<Arc<StampedRecord>>) -> usize {
        if records.is_empty() {
            return 0;
        }
        match self.write_batch(records.clone()).await {
            Ok(()) => return records.len(),
            Err(ArchiveError::Unavailable { .. } | ArchiveError::Excluded { .. }) => return 0,
            Err(ArchiveError::Refused { .. }) => {}
        }
        let mut done = 0;
        for record in records {
            match self.write_batch(vec![record]).await {
                Ok(()) => {}
                Err(ArchiveError::Refused { cause }) => {
                    self.refused += 1;
                    self.metrics.archive.dropped("refused", 1);
                    warn!(cause:%; "the archive refused a record, it is dropped");
                }
                Err(ArchiveError::Unavailable { .. } | ArchiveError::Excluded { .. }) => break,
            }
            done += 1;
        }
        done
    }

    /// Writes one batch. A panic counts as a refusal: another attempt would panic again.
    async fn write_batch(&mut self, batch: Vec<Arc<StampedRecord>>) -> Result<(), ArchiveError> {
        let (records, began) = (batch.len(), Instant::now());
        let archive = Arc::clone(&self.archive);
        let given = batch.clone();
        let writing = AssertUnwindSafe(async move { archive.write(given).await }).catch_unwind();
        let outcome =
            writing.await.unwrap_or_else(|_| Err(ArchiveError::refused("writing panicked")));
        match &outcome {
            Ok(()) => {
                self.written += records as u64;
                self.metrics.archive.written(records, began.elapsed());
                self.handle.has_written(batch.iter().map(|stamped| &stamped.record));
                self.is_up();
            }
            // It replied: it is available.
            Err(ArchiveError::Refused { .. }) => self.is_up(),
            Err(error) => self.is_away(error),
        }
        outcome
    }

    /// Checks whether the archive is available.
    async fn check(&mut self) {
        let archive = Arc::clone(&self.archive);
        let looking = AssertUnwindSafe(async move { archive.reach().await }).catch_unwind();
        match looking.await {
            Ok(Ok(())) => self.is_up(),
            Ok(Err(error)) => self.is_away(&error),
            Err(_) => self.is_away(&ArchiveError::unavailable("reaching it panicked")),
        }
    }

    fn is_up(&mut self) {
        self.failures = 0;
        self.metrics.archive.up(true);
        self.handle.set_excluded(None);
        if !self.handle.set_up(true) {
            info!(queued = self.handle.queued(); "the archive is there again");
        }
    }

    fn is_away(&mut self, error: &ArchiveError) {
        self.failures = self.failures.saturating_add(1);
        self.metrics.archive.up(false);
        let was_up = self.handle.set_up(false);
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        if matches!(error, ArchiveError::Excluded { .. }) {
            if self.handle.set_excluded(Some(cause.clone())) {
                error!(cause; "a newer release has changed the archive, nothing is written to it any more; chats go on, \
                    their records are queued and stored in archive.spill_dir when this server stops");
            }
            return;
        }
        self.handle.set_excluded(None);
        if was_up {
            warn!(cause; "the archive is unavailable; chats continue and are written later");
        }
    }

    fn observe(&self) {
        self.life.observe(json!({
            "queued": self.handle.queued(),
            "written": self.written,
            "refused": self.refused,
            "up": self.handle.is_up(),
        }));
    }
}
