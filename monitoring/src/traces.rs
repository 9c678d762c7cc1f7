//! The finished spans of this process, on their way to a collector.
//!
//! Off until [`Traces::switch_on`]. A span that finishes is put into a bounded queue; when the queue is full the span is
//! dropped and counted. The exporter of the server takes batches from the queue.
//!
//! Never: a wait of the code that is traced; customer text in an attribute.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use prometheus::IntCounter;

use crate::metrics_builder::MetricsBuilder;

/// Spans of one batch.
const BATCH: usize = 512;
/// Spans that wait for the exporter. A collector that hangs for a few seconds loses none of a busy pod: an answer has
/// about 20 spans. Under 3 MiB.
const QUEUE: usize = 16 * BATCH;

/// The queue of finished spans, and their counters.
pub struct Traces {
    queue: OnceLock<Queue>,
    exported: IntCounter,
    queue_full: IntCounter,
    not_exported: IntCounter,
}

struct Queue {
    sample_ratio: f64,
    incoming: Mutex<IncomingLimit>,
    sender: SyncSender<FinishedSpan>,
    receiver: Mutex<Receiver<FinishedSpan>>,
    queued: AtomicUsize,
    /// Called when a batch is complete.
    wake: Box<dyn Fn() + Send + Sync>,
}

/// Admits so many spans of other systems in each second.
struct IncomingLimit {
    per_second: u32,
    second: Instant,
    admitted: u32,
}

impl IncomingLimit {
    fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second, second: now, admitted: 0 }
    }

    fn admits(&mut self, now: Instant) -> bool {
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.admitted) = (now, 0);
        }
        let admits = self.admitted < self.per_second;
        self.admitted += u32::from(admits);
        admits
    }
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedSpan {
    /// Its name: of a closed set, or an HTTP method and a route pattern.
    pub name: Cow<'static, str>,
    /// Its side of a call between systems.
    pub kind: SpanKind,
    /// The trace that it belongs to.
    pub trace_id: u128,
    /// Its own id within the trace.
    pub span_id: u64,
    /// The span that it belongs to; none for the first one of a trace.
    pub parent_span_id: Option<u64>,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Ids, codes and numbers; never customer text.
    pub attributes: Vec<(&'static str, SpanValue)>,
    /// True if the work failed.
    pub is_error: bool,
}

/// The side of a call between systems that a span stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Work within this process.
    Internal,
    /// A request of another system that this process answers.
    Server,
    /// A request of this process to another system.
    Client,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum SpanValue {
    /// An id or a code.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
}

impl From<&str> for SpanValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for SpanValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for SpanValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Traces {
    pub(crate) fn new(builder: &MetricsBuilder) -> Self {
        Self {
            queue: OnceLock::new(),
            exported: builder.metric("hsc_spans_exported_total", &[]),
            queue_full: builder.metric("hsc_spans_dropped_total", &["queue_full"]),
            not_exported: builder.metric("hsc_spans_dropped_total", &["not_exported"]),
        }
    }

    /// Records spans from now on. `sample_ratio` is the share of the traces that begin here, 0 to 1;
    /// `incoming_per_second` limits those that are recorded because another system asks for it; `wake` is called when a
    /// batch is complete. A second call changes nothing.
    pub fn switch_on(
        &self,
        sample_ratio: f64,
        incoming_per_second: u32,
        wake: impl Fn() + Send + Sync + 'static,
    ) {
        self.queue.get_or_init(|| {
            let (sender, receiver) = sync_channel(QUEUE);
            Queue {
                sample_ratio,
                incoming: Mutex::new(IncomingLimit::new(incoming_per_second, Instant::now())),
                sender,
                receiver: Mutex::new(receiver),
                queued: AtomicUsize::new(0),
                wake: Box::new(wake),
            }
        });
    }

    /// True once it was switched on.
    pub fn is_on(&self) -> bool {
        self.queue.get().is_some()
    }

    /// Whether a trace that begins here is recorded. A function of the id, so that every process with this ratio
    /// decides alike.
    pub fn samples(&self, trace_id: u128) -> bool {
        let Some(queue) = self.queue.get() else { return false };
        // The low 63 bits, as the sampler `TraceIdRatioBased` of OpenTelemetry's libraries does.
        let share = (trace_id as u64 >> 1) as f64 / (u64::MAX >> 1) as f64;
        share < queue.sample_ratio || queue.sample_ratio >= 1.0
    }

    /// Whether a span is recorded because its caller asks for it; uses one of `incoming_per_second`.
    pub fn admits_incoming(&self) -> bool {
        let Some(queue) = self.queue.get() else { return false };
        queue.incoming.lock().unwrap_or_else(PoisonError::into_inner).admits(Instant::now())
    }

    /// Queues a span. Returns at once: drops the span if traces are off or the queue is full.
    pub fn record(&self, span: FinishedSpan) {
        let Some(queue) = self.queue.get() else { return };
        // Counted before it is sent: the exporter may take it at once.
        let before = queue.queued.fetch_add(1, Ordering::Relaxed);
        if queue.sender.try_send(span).is_err() {
            queue.queued.fetch_sub(1, Ordering::Relaxed);
            self.queue_full.inc();
        } else if before + 1 == BATCH {
            (queue.wake)();
        }
    }

    /// The next batch; empty if no span is queued.
    #[must_use]
    pub fn take_batch(&self) -> Vec<FinishedSpan> {
        let Some(queue) = self.queue.get() else { return Vec::new() };
        let receiver = queue.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let batch: Vec<FinishedSpan> = receiver.try_iter().take(BATCH).collect();
        queue.queued.fetch_sub(batch.len(), Ordering::Relaxed);
        batch
    }

    /// The collector accepted so many spans.
    pub fn exported(&self, spans: usize) {
        self.exported.inc_by(spans as u64);
    }

    /// The collector did not accept so many spans; they are dropped.
    pub fn not_exported(&self, spans: usize) {
        self.not_exported.inc_by(spans as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Metrics;

    fn span(span_id: u64) -> FinishedSpan {
        FinishedSpan {
            name: "answer".into(),
            kind: SpanKind::Internal,
            trace_id: 1,
            span_id,
            parent_span_id: None,
            start: SystemTime::UNIX_EPOCH,
            end: SystemTime::UNIX_EPOCH,
            attributes: Vec::new(),
            is_error: false,
        }
    }

    #[test]
    fn nothing_is_recorded_before_traces_are_on() {
        let traces = &Metrics::new().traces;
        traces.record(span(1));
        assert!(!traces.is_on() && !traces.samples(1));
        traces.switch_on(1.0, 100, || {});
        assert!(traces.is_on() && traces.take_batch().is_empty());
    }

    #[test]
    fn batches_are_in_order_and_each_full_one_wakes_the_exporter() {
        let traces = &Metrics::new().traces;
        let woken = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&woken);
        traces.switch_on(1.0, 100, move || {
            counts.fetch_add(1, Ordering::SeqCst);
        });
        for id in 1..=BATCH as u64 + 1 {
            traces.record(span(id));
        }
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        let ids: Vec<u64> = traces.take_batch().iter().map(|span| span.span_id).collect();
        assert_eq!(ids, (1..=BATCH as u64).collect::<Vec<_>>());
        assert_eq!(traces.take_batch(), [span(BATCH as u64 + 1)]);
        assert!(traces.take_batch().is_empty());
    }

    #[test]
    fn incoming_traces_are_limited_per_second() {
        let start = Instant::now();
        let mut limit = IncomingLimit::new(3, start);
        let mut admitted = |ms: u64| {
            let now = start + Duration::from_millis(ms);
            (0..100).filter(|_| limit.admits(now)).count()
        };
        assert_eq!((admitted(0), admitted(999), admitted(1_000)), (3, 0, 3));
        assert_eq!((admitted(1_500), admitted(9_000)), (0, 3), "no second is saved up");
        assert!(!IncomingLimit::new(0, start).admits(start + Duration::from_secs(5)));
        assert!(!Metrics::new().traces.admits_incoming(), "off");
    }

    #[test]
    fn spans_beyond_the_queue_are_dropped_and_counted() {
        let metrics = Metrics::new();
        metrics.traces.switch_on(1.0, 100, || {});
        for id in 0..QUEUE as u64 + 3 {
            metrics.traces.record(span(id));
        }
        assert!(metrics.render().contains("hsc_spans_dropped_total{reason=\"queue_full\"} 3"));
        let mut taken = 0;
        while let batch @ 1.. = metrics.traces.take_batch().len() {
            taken += batch;
        }
        assert_eq!(taken, QUEUE);
    }

    #[test]
    fn the_ratio_is_the_share_of_traces_that_are_sampled() {
        let traces = &Metrics::new().traces;
        traces.switch_on(0.25, 100, || {});
        // Multiples of an odd number spread evenly over the low bits.
        let ids = (0..10_000_u64).map(|id| u128::from(id.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let sampled = ids.filter(|id| traces.samples(*id)).count();
        assert!((2_400..=2_600).contains(&sampled), "{sampled} of 10,000");
        let all = &Metrics::new().traces;
        all.switch_on(1.0, 100, || {});
        assert!(all.samples(u128::MAX) && all.samples(1));
    }
}
