//! The writer over an archive that is unavailable, refuses, panics, or does not reply.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_monitoring::Metrics;
use tokio::time::timeout;

use super::{ArchiveHandle, ArchiveLimits, writer};
use crate::ports::archive::{
    Archive, ArchiveError, AuditSearch, Audited, ConversationFound, LeftMessage, Page, Paged,
    Search, SpilledRecords, Transcript,
};
use crate::supervision::{Care, Fault, OnGiveUp, Root, SupervisionConfig, Threads};
use hsc_conversation::archive::{
    ArchivedMessage, Author, ConversationFacts, Record, StampedRecord,
};

/// Longest anything here may take on a machine that compiles beside it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stores what it is given, unless a fault is set.
#[derive(Default)]
struct FakeArchive {
    batches: Mutex<Vec<Vec<String>>>,
    is_away: AtomicBool,
    /// A newer release has changed its tables.
    excludes: AtomicBool,
    /// Number of calls that never end.
    hangs: AtomicUsize,
    calls: AtomicUsize,
}

impl FakeArchive {
    fn texts(&self) -> Vec<String> {
        self.batches.lock().unwrap().concat()
    }
}

impl Archive for FakeArchive {
    fn write(&self, batch: Vec<Arc<StampedRecord>>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let hangs = self
            .hangs
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |remaining| remaining.checked_sub(1))
            .is_ok();
        async move {
            if hangs {
                futures::future::pending::<()>().await;
            }
            if self.is_away.load(Ordering::SeqCst) {
                return Err(ArchiveError::unavailable("away"));
            }
            if self.excludes.load(Ordering::SeqCst) {
                return Err(ArchiveError::excluded("too new"));
            }
            let texts: Vec<String> = batch.iter().map(|it| text(it)).collect();
            if texts.iter().any(|text| text == "bad") {
                return Err(ArchiveError::refused("bad"));
            }
            assert!(!texts.iter().any(|text| text == "poison"), "the page is torn");
            self.batches.lock().unwrap().push(texts);
            Ok(())
        }
        .boxed()
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let outcome = match self.is_away.load(Ordering::SeqCst) {
            true => Err(ArchiveError::unavailable("away")),
            false if self.excludes.load(Ordering::SeqCst) => Err(ArchiveError::excluded("too new")),
            false => Ok(()),
        };
        std::future::ready(outcome).boxed()
    }

    fn transcript(&self, _: &str) -> BoxFuture<'_, Result<Option<Transcript>, ArchiveError>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn search(
        &self,
        _: Search,
        _: Page,
    ) -> BoxFuture<'_, Result<Paged<ConversationFound>, ArchiveError>> {
        std::future::ready(Ok(Paged { items: Vec::new(), next: None })).boxed()
    }

    fn left_messages(&self, _: Page) -> BoxFuture<'_, Result<Paged<LeftMessage>, ArchiveError>> {
        std::future::ready(Ok(Paged { items: Vec::new(), next: None })).boxed()
    }

    fn audit(
        &self,
        _: AuditSearch,
        _: Page,
    ) -> BoxFuture<'_, Result<Paged<Audited>, ArchiveError>> {
        std::future::ready(Ok(Paged { items: Vec::new(), next: None })).boxed()
    }
}

fn text(stamped: &StampedRecord) -> String {
    match &stamped.record {
        Record::Message(message) => message.text.clone(),
        other => panic!("{other:?} was never recorded"),
    }
}

fn message(text: impl Into<String>) -> Record {
    Record::Message(Box::new(ArchivedMessage::new("c", Author::Visitor, text)))
}

const LIMITS: ArchiveLimits = ArchiveLimits {
    queue_records: 1_000,
    queue_bytes: 1024 * 1024,
    batch_records: 10,
    batch_after: Duration::from_millis(5),
};

/// Files of earlier stops.
#[derive(Default)]
struct Files(Mutex<std::collections::VecDeque<Vec<Arc<StampedRecord>>>>);

impl Files {
    fn of(texts: &[&str]) -> Self {
        let stamped = |text: &&str| Arc::new(ArchiveHandle::stamp(message(*text)));
        Self(Mutex::new([texts.iter().map(stamped).collect()].into()))
    }
}

impl SpilledRecords for Files {
    fn next(&self, limit: usize) -> BoxFuture<'_, Vec<Arc<StampedRecord>>> {
        let first = self.0.lock().unwrap().front().cloned().unwrap_or_default();
        assert!(first.len() <= limit, "the files of a test fit a batch");
        std::future::ready(first).boxed()
    }

    fn settle(&self) {
        self.0.lock().unwrap().pop_front();
    }
}

struct Stage {
    archive: Arc<FakeArchive>,
    handle: ArchiveHandle,
    root: Root,
    metrics: Arc<Metrics>,
}

impl Stage {
    fn new(archive: FakeArchive) -> Self {
        Self::after_a_stop(archive, Files::default())
    }

    fn after_a_stop(archive: FakeArchive, files: Files) -> Self {
        let (archive, metrics, care) = (Arc::new(archive), Metrics::new(), Care::default());
        let handle = ArchiveHandle::new(LIMITS, &metrics);
        let port: Arc<dyn Archive> = archive.clone();
        let children = vec![writer(port, Arc::new(files), handle.clone(), care, &metrics)];
        let supervision = SupervisionConfig { threads: 2, care, on_give_up: OnGiveUp::Escalate };
        let threads = Arc::new(Threads::start(supervision.threads));
        let root = Root::start(children, &supervision, threads, &metrics);
        Self { archive, handle, root, metrics }
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let looked = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(timeout(PATIENCE, looked).await.is_ok(), "never came true: {what}");
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[actix::test]
async fn records_are_written_in_order_and_in_batches() {
    let stage = Stage::new(FakeArchive::default());
    for text in numbers(0..25) {
        stage.handle.record(message(text));
    }
    assert_eq!(stage.handle.flush(PATIENCE).await, 0);
    assert_eq!(stage.archive.texts(), numbers(0..25));
    assert!(stage.archive.batches.lock().unwrap().iter().all(|batch| batch.len() <= 10));
    let rendered = stage.metrics.render();
    assert!(rendered.contains("hsc_archive_written_total 25"), "{rendered}");
    assert!(rendered.contains("hsc_archive_queued 0"), "{rendered}");
}

#[actix::test]
async fn records_wait_while_the_archive_excludes_this_release_and_the_handle_has_the_reason() {
    let stage =
        Stage::new(FakeArchive { excludes: AtomicBool::new(true), ..FakeArchive::default() });
    for text in numbers(0..3) {
        stage.handle.record(message(text));
    }
    stage
        .until("the handle has the reason", |it| it.handle.excluded().as_deref() == Some("too new"))
        .await;
    assert!(!stage.handle.is_up() && stage.archive.texts().is_empty());
    assert_eq!(stage.handle.unwritten().len(), 3, "a server that stops stores them on disk");
    assert!(stage.metrics.render().contains("hsc_archive_up 0"));
    stage.archive.excludes.store(false, Ordering::SeqCst);
    assert_eq!(stage.handle.flush(PATIENCE).await, 0);
    stage.until("the handle has no reason", |it| it.handle.excluded().is_none()).await;
    assert_eq!(stage.archive.texts(), numbers(0..3));
}

#[actix::test]
async fn records_wait_while_the_archive_is_unavailable_and_are_written_when_it_returns() {
    let away = FakeArchive { is_away: AtomicBool::new(true), ..FakeArchive::default() };
    let stage = Stage::new(away);
    for text in numbers(0..30) {
        stage.handle.record(message(text));
    }
    stage.until("it is known to be away", |it| !it.handle.is_up()).await;
    assert_eq!(stage.handle.queued(), 30);
    stage.archive.is_away.store(false, Ordering::SeqCst);
    assert_eq!(stage.handle.flush(PATIENCE).await, 0);
    assert_eq!(stage.archive.texts(), numbers(0..30));
    assert!(stage.handle.is_up());
    assert!(stage.metrics.render().contains("hsc_archive_up 1"));
}

#[actix::test]
async fn records_of_an_earlier_stop_are_written_once_and_before_the_queued_ones() {
    let away = FakeArchive { is_away: AtomicBool::new(true), ..FakeArchive::default() };
    let stage = Stage::after_a_stop(away, Files::of(&["a", "bad", "b"]));
    stage.handle.record(message("c"));
    stage.until("it is known to be away", |it| !it.handle.is_up()).await;
    stage.archive.is_away.store(false, Ordering::SeqCst);
    assert_eq!(stage.handle.flush(PATIENCE).await, 0);
    assert_eq!(stage.archive.texts(), ["a", "b", "c"]);
}

#[actix::test]
async fn a_record_that_the_archive_refuses_or_fails_on_is_dropped_and_the_others_are_stored() {
    let stage = Stage::new(FakeArchive::default());
    for text in ["a", "bad", "b", "poison", "c"] {
        stage.handle.record(message(text));
    }
    assert_eq!(stage.handle.flush(PATIENCE).await, 0);
    assert_eq!(stage.archive.texts(), ["a", "b", "c"]);
    let rendered = stage.metrics.render();
    assert!(rendered.contains("hsc_archive_dropped_total{reason=\"refused\"} 2"), "{rendered}");
    assert!(stage.handle.is_up(), "it was there and said no");
}

#[actix::test]
async fn a_writer_that_ends_in_the_middle_of_a_batch_loses_none_of_it() {
    for fault in [Fault::Panic, Fault::KillThread, Fault::Stop] {
        let stage =
            Stage::new(FakeArchive { hangs: AtomicUsize::new(1), ..FakeArchive::default() });
        for text in numbers(0..5) {
            stage.handle.record(message(text));
        }
        stage
            .until("it has the batch in hand", |it| it.archive.calls.load(Ordering::SeqCst) > 0)
            .await;
        assert!(stage.root.inject("archive.writer", fault));
        assert_eq!(stage.handle.flush(PATIENCE).await, 0);
        assert_eq!(stage.archive.texts(), numbers(0..5));
    }
}

#[actix::test]
async fn the_oldest_records_of_a_full_queue_are_dropped_and_counted() {
    let metrics = Metrics::new();
    let limits = ArchiveLimits { queue_records: 3, ..LIMITS };
    let handle = ArchiveHandle::new(limits, &metrics);
    for text in numbers(0..5) {
        handle.record(message(text));
    }
    let remaining: Vec<String> = handle.queue.front().1.iter().map(|it| text(it)).collect();
    assert_eq!(remaining, numbers(2..5));
    assert!(metrics.render().contains("hsc_archive_dropped_total{reason=\"full\"} 2"));
    let long = "x".repeat(LIMITS.queue_bytes / 2);
    for _ in 0..3 {
        handle.record(message(long.clone()));
    }
    assert_eq!(handle.queued(), 1, "two of these are more bytes than may wait");
    assert_eq!(handle.flush(Duration::ZERO).await, 1);
}

#[actix::test]
async fn records_dropped_while_they_are_written_remove_no_others_from_the_queue() {
    let limits = ArchiveLimits { queue_records: 3, ..LIMITS };
    let handle = ArchiveHandle::new(limits, &Metrics::new());
    for text in numbers(0..3) {
        handle.record(message(text));
    }
    let (first, in_hand) = handle.queue.front();
    for text in numbers(3..5) {
        handle.record(message(text));
    }
    handle.queue.settle(first + in_hand.len() as u64);
    let remaining: Vec<String> = handle.queue.front().1.iter().map(|it| text(it)).collect();
    assert_eq!(remaining, numbers(3..5));
}

#[test]
fn records_of_one_millisecond_are_ordered_as_they_were_stamped() {
    let stamps: Vec<StampedRecord> = (0..5_000)
        .map(|_| {
            let began =
                ConversationFacts { conversation: "c".to_owned(), ..ConversationFacts::default() };
            ArchiveHandle::stamp(Record::ConversationBegan(Box::new(began)))
        })
        .collect();
    let mut sorted = stamps.clone();
    sorted.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
    assert!(stamps.iter().zip(&sorted).all(|(one, other)| one.id == other.id));
    assert!(stamps.iter().all(|stamped| stamped.id.len() == 32));
    let same = stamps.windows(2).filter(|pair| pair[0].at_ms == pair[1].at_ms).count();
    assert!(same > 0, "some fell into one millisecond");
}
