//! A span that is under way: it is recorded when it is dropped, so that cancelled work is recorded too.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hsc_conversation::archive::MessageOutcome;
use hsc_conversation::{EndedQuestion, QuestionTrace, TraceContext};
use hsc_monitoring::{FinishedSpan, Metrics, SpanKind, SpanValue, Traces};
use tokio::time::Instant;

/// A span under way. Without an effect if traces are off or the trace is not sampled.
pub struct Span(Option<Box<ActiveSpan>>);

struct ActiveSpan {
    metrics: Arc<Metrics>,
    span: FinishedSpan,
    context: TraceContext,
    /// The system's clock may be set meanwhile.
    began: Instant,
}

impl Span {
    /// Begins a span below `parent`.
    pub(crate) fn start(
        metrics: &Arc<Metrics>,
        name: &'static str,
        parent: Option<TraceContext>,
    ) -> Self {
        Self::of_kind(SpanKind::Internal, metrics, name, parent)
    }

    /// Begins the span of a request to another system.
    pub fn start_request(
        metrics: &Arc<Metrics>,
        name: &'static str,
        parent: Option<TraceContext>,
    ) -> Self {
        Self::of_kind(SpanKind::Client, metrics, name, parent)
    }

    fn of_kind(
        kind: SpanKind,
        metrics: &Arc<Metrics>,
        name: &'static str,
        parent: Option<TraceContext>,
    ) -> Self {
        let parent = parent.filter(|parent| parent.sampled && metrics.traces.is_on());
        Self(parent.map(|parent| {
            let (context, start) = (parent.child(), SystemTime::now());
            let span = FinishedSpan {
                name: name.into(),
                kind,
                trace_id: context.trace_id,
                span_id: context.span_id,
                parent_span_id: Some(parent.span_id),
                start,
                end: start,
                attributes: Vec::new(),
                is_error: false,
            };
            let metrics = Arc::clone(metrics);
            Box::new(ActiveSpan { metrics, span, context, began: Instant::now() })
        }))
    }

    /// The parent of spans within this one; none if it is not recorded.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        self.0.as_ref().map(|active| active.context)
    }

    /// True if it will be recorded.
    pub(crate) fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Adds an attribute. Never customer text.
    pub fn set(&mut self, key: &'static str, value: impl Into<SpanValue>) {
        if let Some(active) = &mut self.0 {
            active.span.attributes.push((key, value.into()));
        }
    }

    /// Records it now.
    pub(crate) fn finish(&mut self) {
        drop(Self(self.0.take()));
    }

    /// The work failed.
    pub fn fail(&mut self) {
        if let Some(active) = &mut self.0 {
            active.span.is_error = true;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(active) = self.0.take() {
            let ActiveSpan { metrics, mut span, began, .. } = *active;
            span.end = span.start + began.elapsed();
            metrics.traces.record(span);
        }
    }
}

/// The span of a request or a question: below `incoming`, or the first one of a trace. None if traces are off.
///
/// It is recorded if `incoming` is, within the limit for other systems; beyond that and without `incoming` the configured
/// ratio decides. Any client can send a `traceparent`, and choose its trace id as well: the ratio is applied to a number
/// of our own.
pub fn begin_trace(traces: &Traces, incoming: Option<TraceContext>) -> Option<TraceContext> {
    if !traces.is_on() {
        return None;
    }
    let root = TraceContext::root();
    let by_ratio = || traces.samples(root.trace_id);
    Some(match incoming.map(TraceContext::child) {
        Some(child) if child.sampled => {
            TraceContext { sampled: traces.admits_incoming() || by_ratio(), ..child }
        }
        Some(child) => child,
        None => TraceContext { sampled: by_ratio(), ..root },
    })
}

/// The trace id of a log line; none if traces are off.
pub fn logged_trace(context: Option<TraceContext>) -> Option<String> {
    context.map(TraceContext::trace_id_hex)
}

/// Records the span of a question that has ended.
pub(crate) fn question_ended(metrics: &Metrics, conversation: &str, ended: EndedQuestion) {
    let EndedQuestion { trace, product, outcome, answerer } = ended;
    let QuestionTrace { context, parent, asked_at_ms } = trace;
    if !metrics.traces.is_on() {
        return;
    }
    log::info!(conversation, trace = context.trace_id_hex(), product, outcome = outcome.as_str(); "question ended");
    if !context.sampled {
        return;
    }
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(asked_at_ms);
    let mut attributes = vec![
        ("conversation", conversation.into()),
        ("product", product.as_str().into()),
        ("outcome", outcome.as_str().into()),
    ];
    attributes.extend(answerer.map(|name| ("answerer", name.as_str().into())));
    metrics.traces.record(FinishedSpan {
        name: "question".into(),
        kind: SpanKind::Server,
        trace_id: context.trace_id,
        span_id: context.span_id,
        parent_span_id: parent,
        start,
        // The clock of another pod may have begun it.
        end: SystemTime::now().max(start),
        attributes,
        is_error: outcome == MessageOutcome::Failed,
    });
}

/// The questions whose frames the next batch of the log has. One batch may have the end of one answer and the beginning
/// of the next.
#[derive(Debug, Default)]
pub(crate) struct AppendTraces(Vec<AppendTrace>);

#[derive(Debug)]
struct AppendTrace {
    question: TraceContext,
    has_ended: bool,
}

impl AppendTraces {
    /// Frames of this question follow.
    pub(crate) fn begin(&mut self, question: Option<TraceContext>) {
        let Some(question) = question else { return };
        // An answer that is repeated after a crash begins twice.
        if self.0.iter().all(|trace| trace.question != question) {
            self.0.push(AppendTrace { question, has_ended: false });
        }
    }

    /// The last frame of this question is in the outbox.
    pub(crate) fn end(&mut self, question: TraceContext) {
        if let Some(trace) = self.0.iter_mut().find(|trace| trace.question == question) {
            trace.has_ended = true;
        }
    }

    /// Begins the spans of a batch that is appended now.
    pub(crate) fn spans(&mut self, metrics: &Arc<Metrics>, entries: usize) -> Vec<Span> {
        let spans = self.0.iter().map(|trace| {
            let mut span = Span::start(metrics, "log.append", Some(trace.question));
            span.set("entries", i64::try_from(entries).unwrap_or(i64::MAX));
            span
        });
        let spans = spans.collect();
        self.0.retain(|trace| !trace.has_ended);
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_recorded_below_its_parent_when_it_is_dropped() {
        let metrics = Metrics::new();
        metrics.traces.switch_on(1.0, 100, || {});
        let root = TraceContext::root();
        let mut span = Span::start(&metrics, "answer", Some(root));
        span.set("cached", true);
        span.fail();
        let context = span.context().expect("it is sampled");
        assert!(metrics.traces.take_batch().is_empty(), "not before it has ended");
        drop(span);
        let [recorded] = &metrics.traces.take_batch()[..] else { panic!("one span") };
        let ids = (recorded.trace_id, recorded.span_id, recorded.parent_span_id);
        assert_eq!(ids, (root.trace_id, context.span_id, Some(root.span_id)));
        assert!(recorded.is_error && recorded.end >= recorded.start);
        assert_eq!(recorded.attributes, [("cached", SpanValue::Flag(true))]);
    }

    #[test]
    fn a_trace_that_is_not_sampled_and_traces_that_are_off_record_nothing() {
        let metrics = Metrics::new();
        let root = TraceContext::root();
        assert!(!Span::start(&metrics, "answer", Some(root)).is_recorded(), "off");
        assert_eq!(begin_trace(&metrics.traces, Some(root)), None);
        metrics.traces.switch_on(0.0, 100, || {});
        assert!(!begin_trace(&metrics.traces, None).expect("on").sampled);
        let below = begin_trace(&metrics.traces, Some(root)).expect("on");
        assert!(below.sampled && below.trace_id == root.trace_id, "the caller decides");
        let limited = Metrics::new();
        limited.traces.switch_on(0.0, 0, || {});
        let below = begin_trace(&limited.traces, Some(root)).expect("on");
        assert!(
            !below.sampled && below.trace_id == root.trace_id,
            "beyond the limit the ratio decides"
        );
        let all = Metrics::new();
        all.traces.switch_on(1.0, 0, || {});
        assert!(begin_trace(&all.traces, Some(root)).expect("on").sampled);
        let unsampled = TraceContext { sampled: false, ..root };
        assert!(!Span::start(&metrics, "answer", Some(unsampled)).is_recorded());
        assert!(metrics.traces.take_batch().is_empty());
    }

    #[test]
    fn a_batch_that_ends_one_answer_and_begins_the_next_is_in_both_traces() {
        let metrics = Metrics::new();
        metrics.traces.switch_on(1.0, 100, || {});
        let (one, two) = (TraceContext::root(), TraceContext::root());
        let mut appends = AppendTraces::default();
        appends.begin(Some(one));
        appends.begin(Some(one));
        drop(appends.spans(&metrics, 1));
        appends.end(one);
        appends.begin(Some(two));
        drop(appends.spans(&metrics, 2));
        drop(appends.spans(&metrics, 3));
        appends.end(two);
        drop(appends.spans(&metrics, 4));
        drop(appends.spans(&metrics, 5));
        let recorded: Vec<(u128, SpanValue)> = (metrics.traces.take_batch().into_iter())
            .map(|span| (span.trace_id, span.attributes[0].1.clone()))
            .collect();
        let (one, two) = (one.trace_id, two.trace_id);
        let expected = [(one, 1), (one, 2), (two, 2), (two, 3), (two, 4)];
        assert_eq!(recorded, expected.map(|(id, entries)| (id, SpanValue::Number(entries))));
    }
}
