//! Exports finished spans to a collector: OTLP over HTTP, encoded as JSON.
//!
//! Owns      the HTTP client of the collector.
//! Receives  no messages; a full batch of [`Traces`](hsc_monitoring::Traces) wakes it.
//! Calls     the collector, with one batch at a time.
//! Never     delays the code that is traced, repeats a batch, follows a redirect.
//! On crash  loses the batch in work.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsc_actors::supervision::{Care, ChildSpec, Life};
use hsc_config::TracesSettings;
use hsc_conversation::BoxError;
use hsc_monitoring::{FinishedSpan, Metrics, SpanKind, SpanValue};
use log::{info, warn};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::outbound::{OutboundTls, Trust, client_builder};
use crate::start_error::StartError;

/// Longest wait of a span for its batch.
const FLUSH_EVERY: Duration = Duration::from_secs(2);
/// Shortest time between two log lines about a collector that does not accept spans.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Exports spans. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TraceExporter {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    endpoint: Url,
    pod: Arc<str>,
    wake: Arc<Notify>,
    /// Held while a batch is sent, so that a flush does not end before a batch of the worker.
    sending: Mutex<()>,
    metrics: Arc<Metrics>,
}

impl TraceExporter {
    /// Switches traces on; none if the settings name no collector.
    ///
    /// # Errors
    /// When the address is invalid or no HTTP client can be created.
    pub(crate) fn new(
        settings: &TracesSettings,
        pod: &Arc<str>,
        tls: &OutboundTls,
        metrics: &Arc<Metrics>,
    ) -> Result<Option<Self>, StartError> {
        if settings.endpoint.is_empty() {
            return Ok(None);
        }
        let endpoint = Url::parse(&settings.endpoint);
        let endpoint = endpoint.map_err(|error| StartError::NoTraces(error.into()))?;
        let client = client_builder(Trust::Named, tls)
            .user_agent(concat!("HSC-JIT/", env!("CARGO_PKG_VERSION"), " (traces)"))
            .timeout(Duration::from_millis(settings.timeout_ms))
            .build()
            .map_err(|error| StartError::NoTraces(error.into()))?;
        let wake = Arc::new(Notify::new());
        let wakes = Arc::clone(&wake);
        let TracesSettings { sample_ratio, incoming_per_second, .. } = *settings;
        metrics.traces.switch_on(sample_ratio, incoming_per_second, move || wakes.notify_one());
        info!(host = endpoint.host_str(), sample_ratio = settings.sample_ratio; "traces are exported");
        let (pod, metrics) = (Arc::clone(pod), Arc::clone(metrics));
        let sending = Mutex::default();
        let inner = Inner { client, endpoint, pod, wake, sending, metrics };
        Ok(Some(Self { inner: Arc::new(inner) }))
    }

    /// The worker, for the tree.
    pub(crate) fn worker(&self, care: Care) -> ChildSpec {
        let inner = Arc::clone(&self.inner);
        let metrics = Arc::clone(&inner.metrics);
        ChildSpec::worker("traces.exporter", "trace_exporter", care, &metrics, move |life| {
            run(Arc::clone(&inner), life)
        })
    }

    /// Exports what is queued, until the collector does not accept it. For a server that stops.
    pub(crate) async fn flush(&self) {
        while let Some((_, Ok(()))) = self.inner.export_batch().await {}
    }
}

async fn run(inner: Arc<Inner>, life: Life) -> Result<(), BoxError> {
    let mut warned: Option<Instant> = None;
    let (mut exported, mut dropped) = (0_u64, 0_u64);
    while life.holds() {
        // On a timeout too: a batch that is not full.
        let _ = timeout(FLUSH_EVERY, inner.wake.notified()).await;
        while let Some((spans, outcome)) = inner.export_batch().await {
            match outcome {
                Ok(()) => exported += spans as u64,
                Err(error) => {
                    dropped += spans as u64;
                    if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
                        warned = Some(Instant::now());
                        warn!(spans, error:%; "the trace collector did not accept a batch of spans");
                    }
                }
            }
            life.observe(json!({ "exported": exported, "dropped": dropped }));
        }
    }
    Err("a successor exports".into())
}

impl Inner {
    /// Sends the next batch; its size and the outcome. None if no span is queued.
    async fn export_batch(&self) -> Option<(usize, Result<(), BoxError>)> {
        let _sending = self.sending.lock().await;
        let traces = &self.metrics.traces;
        let batch = traces.take_batch();
        if batch.is_empty() {
            return None;
        }
        let spans = batch.len();
        let outcome = self.send(&batch).await;
        match &outcome {
            Ok(()) => traces.exported(spans),
            Err(_) => traces.not_exported(spans),
        }
        Some((spans, outcome))
    }

    async fn send(&self, batch: &[FinishedSpan]) -> Result<(), BoxError> {
        let request = self.client.post(self.endpoint.clone());
        let request = request.header(CONTENT_TYPE, "application/json");
        let response = request.body(encoded(batch, &self.pod).to_string()).send().await;
        // The address may contain a password.
        let response = response.map_err(reqwest::Error::without_url)?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(status.to_string().into()),
        }
    }
}

/// A batch as `ExportTraceServiceRequest` in the JSON mapping of OTLP: ids are hexadecimal, 64-bit numbers are strings.
fn encoded(batch: &[FinishedSpan], pod: &str) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "hsc"),
            text("service.version", crate::VERSION),
            text("service.instance.id", pod),
        ] },
        "scopeSpans": [{
            "scope": { "name": "hsc", "version": crate::VERSION },
            "spans": batch.iter().map(encoded_span).collect::<Vec<_>>(),
        }],
    }] })
}

fn encoded_span(span: &FinishedSpan) -> Value {
    let attribute = |(key, value): &(&str, SpanValue)| {
        let value = match value {
            SpanValue::Text(text) => json!({ "stringValue": text }),
            SpanValue::Flag(flag) => json!({ "boolValue": flag }),
            SpanValue::Number(number) => json!({ "intValue": number.to_string() }),
        };
        json!({ "key": key, "value": value })
    };
    let mut encoded = json!({
        "traceId": format!("{:032x}", span.trace_id),
        "spanId": format!("{:016x}", span.span_id),
        "name": span.name,
        "kind": match span.kind {
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
        },
        "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end),
        "attributes": span.attributes.iter().map(attribute).collect::<Vec<_>>(),
        // STATUS_CODE_ERROR and STATUS_CODE_UNSET.
        "status": { "code": if span.is_error { 2 } else { 0 } },
    });
    if let Some(parent) = span.parent_span_id {
        encoded["parentSpanId"] = format!("{parent:016x}").into();
    }
    encoded
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_form_of_the_otlp_specification() {
        let start = UNIX_EPOCH + Duration::new(1_544_712_660, 300_000_000);
        let span = FinishedSpan {
            name: "question".into(),
            kind: SpanKind::Server,
            trace_id: 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c,
            span_id: 0xeee1_9b7e_c3c1_b174,
            parent_span_id: Some(0xeee1_9b7e_c3c1_b173),
            start,
            end: start + Duration::from_millis(330),
            attributes: vec![
                ("product", "td17".into()),
                ("hit", true.into()),
                ("entries", 7_i64.into()),
            ],
            is_error: true,
        };
        let first = FinishedSpan {
            parent_span_id: None,
            kind: SpanKind::Client,
            is_error: false,
            ..span.clone()
        };
        let body = encoded(&[span, first], "pod-1");
        let resource = &body["resourceSpans"][0];
        let pod = json!({ "key": "service.instance.id", "value": { "stringValue": "pod-1" } });
        assert_eq!(resource["resource"]["attributes"][2], pod);
        let spans = &resource["scopeSpans"][0]["spans"];
        assert_eq!(
            spans[0],
            json!({
                "traceId": "5b8efff798038103d269b633813fc60c",
                "spanId": "eee19b7ec3c1b174",
                "parentSpanId": "eee19b7ec3c1b173",
                "name": "question",
                "kind": 2,
                "startTimeUnixNano": "1544712660300000000",
                "endTimeUnixNano": "1544712660630000000",
                "attributes": [
                    { "key": "product", "value": { "stringValue": "td17" } },
                    { "key": "hit", "value": { "boolValue": true } },
                    { "key": "entries", "value": { "intValue": "7" } },
                ],
                "status": { "code": 2 },
            })
        );
        assert!(spans[1].get("parentSpanId").is_none());
        assert_eq!((&spans[1]["kind"], &spans[1]["status"]), (&json!(3), &json!({ "code": 0 })));
    }
}
