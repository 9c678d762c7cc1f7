//! The metrics, grouped by subject.
//!
//! Callers pass plain values to methods; label names stay in here. The series of a keystroke
//! are looked up once at the start, not with every keystroke.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    Encoder as _, Histogram, HistogramVec, IntCounter, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use crate::actors::Actors;
use crate::archives::Archives;
use crate::bridge::Bridge;
use crate::connections::Connections;
use crate::counter_family::CounterFamily;
use crate::desk::Desk;
use crate::metrics_builder::{MetricsBuilder, NONE};
use crate::traces::Traces;
use crate::upload_metrics::UploadMetrics;
use crate::webhooks::Webhooks;

/// All metrics.
pub struct Metrics {
    registry: Registry,
    /// TCP connections of the listener.
    pub connections: Connections,
    /// HTTP requests by route and status.
    pub http: Http,
    /// WebSocket sessions of visitors and agents.
    pub sockets: Sockets,
    /// Predictions for keystrokes.
    pub predictions: Predictions,
    /// Manuals fetched and read.
    pub manuals: Manuals,
    /// The sentence encoder.
    pub encoder: Encoder,
    /// Answers and the use of the language model.
    pub answers: Answers,
    /// Resumed and taken-over conversations.
    pub conversations: Conversations,
    /// Hits, misses and sizes, by cache.
    pub caches: Caches,
    /// Pods known to this one.
    pub pods: Pods,
    /// Restarts and queues of actors.
    pub actors: Actors,
    /// Messages between pods.
    pub bridge: Bridge,
    /// Writes to the archive.
    pub archive: Archives,
    /// Handoffs and agents.
    pub desk: Desk,
    /// Pictures and offline messages.
    pub uploads: UploadMetrics,
    /// Deliveries to webhooks.
    pub webhooks: Webhooks,
    /// Products, brands and reloads of the catalog.
    pub catalog: Catalogs,
    /// Finished spans for a collector.
    pub traces: Traces,
    build: IntGaugeVec,
}

/// HTTP requests by route and status.
pub struct Http {
    requests: CounterFamily,
    seconds: HistogramVec,
}

/// WebSocket sessions of visitors and agents.
pub struct Sockets {
    open: IntGauge,
    opened: IntCounter,
    refused: CounterFamily,
    received: CounterFamily,
    sent: CounterFamily,
    closed: CounterFamily,
    violations: CounterFamily,
    unfinished: IntGauge,
    queued: IntGauge,
    typing: IntCounter,
    prediction: IntCounter,
}

/// Predictions for keystrokes.
pub struct Predictions {
    total: IntCounter,
    coalesced: IntCounter,
    seconds: Histogram,
}

/// Manuals fetched and read.
pub struct Manuals {
    fetches: CounterFamily,
    fetch_seconds: Histogram,
    fetch_bytes: IntCounter,
    extracts: CounterFamily,
    extract_seconds: Histogram,
    pages: IntCounter,
    recognized: CounterFamily,
}

/// The sentence encoder.
pub struct Encoder {
    models: IntGauge,
    query_seconds: Histogram,
    manuals: CounterFamily,
    windows: IntCounter,
    waiting: IntGauge,
}

/// Answers and the use of the language model.
pub struct Answers {
    total: CounterFamily,
    lost: CounterFamily,
    first_chunk_seconds: Histogram,
    seconds: Histogram,
    fallbacks: CounterFamily,
    image_bytes: IntGauge,
    images_refused: CounterFamily,
    llm_limited: CounterFamily,
    llm_tokens: CounterFamily,
}

/// Conversations that continue over another socket, on another pod, or without a client.
pub struct Conversations {
    events: CounterFamily,
    resumed: CounterFamily,
    completed: CounterFamily,
}

/// Hits, misses and sizes, by cache.
pub struct Caches {
    hits: CounterFamily,
    misses: CounterFamily,
    evictions: CounterFamily,
    bytes: IntGaugeVec,
    entries: IntGaugeVec,
    load_seconds: HistogramVec,
    l2_errors: CounterFamily,
}

/// Metrics of the L2 cache of one cache.
#[derive(Clone)]
pub struct L2Meter {
    cache: &'static str,
    errors: CounterFamily,
}

/// Metrics of one cache that every use updates, looked up once.
#[derive(Clone)]
pub struct CacheMeter {
    hits: IntCounter,
    misses: IntCounter,
    l2_hits: IntCounter,
    l2_misses: IntCounter,
    evictions: [IntCounter; EVICTIONS.len()],
    bytes: IntGauge,
    entries: IntGauge,
    load_seconds: Histogram,
}

/// Why a value leaves a cache.
const EVICTIONS: [&str; 4] = ["entries", "bytes", "expired", "invalidated"];

/// Pods known to this one.
pub struct Pods {
    known: IntGauge,
    complete: IntGauge,
    vanished: IntCounter,
}

/// Products, brands and reloads of the catalog.
pub struct Catalogs {
    products: IntGauge,
    brands: IntGauge,
    problems: IntGauge,
    reloads: CounterFamily,
}

impl Metrics {
    /// All metrics at zero, in a registry of their own, with the process metrics.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let maker = MetricsBuilder::new();
        maker
            .registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("process_* is nobody else's name");
        let received = maker.counter("hsc_ws_received_total");
        let sent = maker.counter("hsc_ws_sent_total");
        Arc::new(Self {
            http: Http {
                requests: maker.counter("hsc_http_requests_total"),
                seconds: maker.histogram("hsc_http_request_seconds"),
            },
            sockets: Sockets {
                open: maker.gauge("hsc_ws_sessions").with_label_values(NONE),
                opened: maker.counter("hsc_ws_opened_total").with_label_values(NONE),
                refused: maker.counter("hsc_ws_refused_total"),
                typing: received.with_label_values(&["typing"]),
                prediction: sent.with_label_values(&["prediction"]),
                received,
                sent,
                closed: maker.counter("hsc_ws_closed_total"),
                violations: maker.counter("hsc_ws_violations_total"),
                unfinished: maker.gauge("hsc_ws_unfinished_bytes").with_label_values(NONE),
                queued: maker.gauge("hsc_ws_queued_bytes").with_label_values(NONE),
            },
            predictions: Predictions {
                total: maker.counter("hsc_predictions_total").with_label_values(NONE),
                coalesced: maker.counter("hsc_typing_coalesced_total").with_label_values(NONE),
                seconds: maker.histogram("hsc_prediction_seconds").with_label_values(NONE),
            },
            manuals: Manuals {
                fetches: maker.counter("hsc_manual_fetches_total"),
                fetch_seconds: maker.histogram("hsc_manual_fetch_seconds").with_label_values(NONE),
                fetch_bytes: maker.counter("hsc_manual_fetch_bytes_total").with_label_values(NONE),
                extracts: maker.counter("hsc_manual_extracts_total"),
                extract_seconds: maker
                    .histogram("hsc_manual_extract_seconds")
                    .with_label_values(NONE),
                pages: maker.counter("hsc_manual_pages_total").with_label_values(NONE),
                recognized: maker.counter("hsc_manual_ocr_pages_total"),
            },
            encoder: Encoder {
                models: maker.gauge("hsc_encoder_models").with_label_values(NONE),
                query_seconds: maker.histogram("hsc_encoder_query_seconds").with_label_values(NONE),
                manuals: maker.counter("hsc_encoder_manuals_total"),
                windows: maker.counter("hsc_encoder_windows_total").with_label_values(NONE),
                waiting: maker.gauge("hsc_encoder_waiting").with_label_values(NONE),
            },
            answers: Answers {
                total: maker.counter("hsc_answers_total"),
                lost: maker.counter("hsc_answers_lost_total"),
                first_chunk_seconds: maker
                    .histogram("hsc_answer_first_chunk_seconds")
                    .with_label_values(NONE),
                seconds: maker.histogram("hsc_answer_seconds").with_label_values(NONE),
                fallbacks: maker.counter("hsc_answer_fallbacks_total"),
                image_bytes: maker.gauge("hsc_question_image_bytes").with_label_values(NONE),
                images_refused: maker.counter("hsc_question_images_refused_total"),
                llm_limited: maker.counter("hsc_llm_limited_total"),
                llm_tokens: maker.counter("hsc_llm_tokens_total"),
            },
            conversations: Conversations {
                events: maker.counter("hsc_conversation_events_total"),
                resumed: maker.counter("hsc_conversations_resumed_total"),
                completed: maker.counter("hsc_conversations_completed_total"),
            },
            caches: Caches {
                hits: maker.counter("hsc_cache_hits_total"),
                misses: maker.counter("hsc_cache_misses_total"),
                evictions: maker.counter("hsc_cache_evictions_total"),
                bytes: maker.gauge("hsc_cache_bytes"),
                entries: maker.gauge("hsc_cache_entries"),
                load_seconds: maker.histogram("hsc_cache_load_seconds"),
                l2_errors: maker.counter("hsc_cache_l2_errors_total"),
            },
            pods: Pods {
                known: maker.gauge("hsc_pods").with_label_values(NONE),
                complete: maker.gauge("hsc_pods_complete").with_label_values(NONE),
                vanished: maker.counter("hsc_pods_lost_total").with_label_values(NONE),
            },
            actors: Actors::new(&maker),
            bridge: Bridge::new(&maker),
            archive: Archives::new(&maker),
            connections: Connections::new(&maker),
            uploads: UploadMetrics::new(&maker),
            desk: Desk::new(&maker),
            webhooks: Webhooks::new(&maker),
            traces: Traces::new(&maker),
            build: maker.gauge("hsc_build_info"),
            catalog: Catalogs {
                products: maker.gauge("hsc_catalog_products").with_label_values(NONE),
                brands: maker.gauge("hsc_catalog_brands").with_label_values(NONE),
                problems: maker.gauge("hsc_catalog_problems").with_label_values(NONE),
                reloads: maker.counter("hsc_catalog_reloads_total"),
            },
            registry: maker.registry,
        })
    }

    /// The current values of all metrics.
    pub(crate) fn gather(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.registry.gather()
    }

    /// Names the running server.
    pub fn built(&self, version: &str, commit: &str) {
        self.build.with_label_values(&[version, commit]).set(1);
    }

    /// All metrics as Prometheus text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.gather(), &mut text)
            .expect("writing to memory does not fail");
        String::from_utf8(text).expect("names and labels are UTF-8")
    }
}

impl Http {
    /// Adds a series, at zero, that [`answered`](Self::answered) counts later.
    pub fn start(&self, method: &str, route: &str, status: u16) {
        self.requests.with_label_values(&[method, route, decimal(status, &mut [0; 5])]);
    }

    /// A request was answered. `route` is the pattern, never the path: the number of paths is unbounded.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut digits = [0; 5];
        self.requests.with_label_values(&[method, route, decimal(status, &mut digits)]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

impl Sockets {
    /// A socket was opened.
    pub fn opened(&self) {
        self.open.inc();
        self.opened.inc();
    }

    /// A socket was closed, by either side.
    pub fn ended(&self) {
        self.open.dec();
    }

    /// A socket was refused: `full`, `draining`, `rate`, `busy`, `address` or `address_rate`.
    pub fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// A message was received.
    pub fn received(&self, kind: &'static str) {
        if kind == "typing" {
            self.typing.inc()
        } else {
            self.received.with_label_values(&[kind]).inc()
        }
    }

    /// A message was sent.
    pub fn sent(&self, kind: &'static str) {
        if kind == "prediction" {
            self.prediction.inc()
        } else {
            self.sent.with_label_values(&[kind]).inc()
        }
    }

    /// The server closed a socket.
    pub fn closed(&self, code: u16) {
        self.closed.with_label_values(&[decimal(code, &mut [0; 5])]).inc();
    }

    /// A client sent frames that violate the limits or the protocol.
    pub fn violated(&self, reason: &'static str) {
        self.violations.with_label_values(&[reason]).inc();
    }

    /// Bytes queued for clients.
    pub fn queued(&self, bytes: usize) {
        self.queued.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Bytes of incomplete messages.
    pub fn unfinished(&self, bytes: usize) {
        self.unfinished.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl Predictions {
    /// A keystroke was replaced by a newer one.
    pub fn coalesced(&self) {
        self.coalesced.inc();
    }

    /// A keystroke was answered.
    pub fn answered(&self, took: Duration) {
        self.total.inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

impl Manuals {
    /// A fetch of a manual ended: `ok`, `not_modified`, `stale` or an error code.
    pub fn fetched(&self, outcome: &'static str, bytes: u64, took: Duration) {
        self.fetches.with_label_values(&[outcome]).inc();
        self.fetch_bytes.inc_by(bytes);
        self.fetch_seconds.observe(took.as_secs_f64());
    }

    /// A read of a manual ended: `ok` or an error code.
    pub fn extracted(&self, outcome: &'static str, pages: u64, took: Duration) {
        self.extracts.with_label_values(&[outcome]).inc();
        self.pages.inc_by(pages);
        self.extract_seconds.observe(took.as_secs_f64());
    }

    /// A scanned page was recognized (`read`), or cannot be: `damaged`, `too_large`, `too_slow`, `engine` or `died`.
    pub fn recognized(&self, outcome: &'static str) {
        self.recognized.with_label_values(&[outcome]).inc();
    }
}

impl Encoder {
    /// Number of loaded models.
    pub fn models(&self, models: usize) {
        self.models.set(models as i64);
    }

    /// A question was embedded.
    pub fn query(&self, took: Duration) {
        self.query_seconds.observe(took.as_secs_f64());
    }

    /// The embedding of a manual ended: `embedded`, `disk`, `shared`, `failed` or `dropped`.
    pub fn manual(&self, outcome: &'static str) {
        self.manuals.with_label_values(&[outcome]).inc();
    }

    /// Windows were embedded.
    pub fn windows(&self, windows: usize) {
        self.windows.inc_by(windows as u64);
    }

    /// Number of manuals that are queued or being embedded.
    pub fn waiting(&self, manuals: usize) {
        self.waiting.set(manuals as i64);
    }
}

impl Answers {
    /// The first chunk of an answer was sent.
    pub fn first_chunk(&self, took: Duration) {
        self.first_chunk_seconds.observe(took.as_secs_f64());
    }

    /// An answer is complete.
    pub fn done(&self, answerer: &'static str, outcome: &'static str, took: Duration) {
        self.total.with_label_values(&[answerer, outcome]).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// The answerer failed before the end of an answer: `panicked`, or `incomplete` (it ended without a last event).
    pub fn lost(&self, reason: &'static str) {
        self.lost.with_label_values(&[reason]).inc();
    }

    /// The language model failed and the extractive answer was used.
    pub fn fell_back(&self, reason: &str) {
        self.fallbacks.with_label_values(&[reason]).inc();
    }

    /// Bytes held for pictures of questions.
    pub fn images_held(&self, bytes: usize) {
        self.image_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A picture was refused; `scope` is the exhausted limit, `client` or `pod`.
    pub fn image_refused(&self, scope: &'static str) {
        self.images_refused.with_label_values(&[scope]).inc();
    }

    /// The language model got no request, because the quota of this scope is used up.
    pub fn model_limited(&self, scope: &'static str, limit: &'static str) {
        self.llm_limited.with_label_values(&[scope, limit]).inc();
    }

    /// Tokens used by the language model.
    pub fn model_tokens(&self, prompt: u64, completion: u64) {
        self.llm_tokens.with_label_values(&["prompt"]).inc_by(prompt);
        self.llm_tokens.with_label_values(&["completion"]).inc_by(completion);
    }
}

impl Conversations {
    /// An event of a conversation that this pod owns.
    pub fn event(&self, name: &str) {
        self.events.with_label_values(&[name]).inc();
    }

    /// A client resumed a conversation.
    pub fn resumed(&self, outcome: &str) {
        self.resumed.with_label_values(&[outcome]).inc();
    }

    /// The answers of a vanished pod were completed here, or not.
    pub fn completed(&self, outcome: &str) {
        self.completed.with_label_values(&[outcome]).inc();
    }
}

impl Caches {
    /// The meter of this cache. Its series exist from now on, at zero.
    #[must_use]
    pub fn meter(&self, cache: &'static str) -> CacheMeter {
        CacheMeter {
            hits: self.hits.with_label_values(&[cache, "l1"]),
            misses: self.misses.with_label_values(&[cache, "l1"]),
            l2_hits: self.hits.with_label_values(&[cache, "l2"]),
            l2_misses: self.misses.with_label_values(&[cache, "l2"]),
            evictions: EVICTIONS.map(|reason| self.evictions.with_label_values(&[cache, reason])),
            bytes: self.bytes.with_label_values(&[cache]),
            entries: self.entries.with_label_values(&[cache]),
            load_seconds: self.load_seconds.with_label_values(&[cache]),
        }
    }
}

impl Caches {
    /// The meter of this cache's L2 cache. Its series exist from now on, at zero.
    #[must_use]
    pub fn l2_meter(&self, cache: &'static str) -> L2Meter {
        self.l2_errors.begin(&[("cache", cache)]);
        L2Meter { cache, errors: self.l2_errors.clone() }
    }
}

impl L2Meter {
    /// An operation was skipped or failed: `unreachable`, `corrupt`, `too_large`, `busy` or `waited`.
    pub fn error(&self, reason: &'static str) {
        self.errors.with_label_values(&[self.cache, reason]).inc();
    }
}

impl Pods {
    /// Number of known pods, and whether the list is complete.
    pub fn are(&self, known: usize, complete: bool) {
        self.known.set(i64::try_from(known).unwrap_or(i64::MAX));
        self.complete.set(complete.into());
    }

    /// A pod has vanished.
    pub fn vanished(&self) {
        self.vanished.inc();
    }
}

impl CacheMeter {
    /// A hit in the process.
    pub fn hit(&self) {
        self.hits.inc();
    }

    /// A miss in the process.
    pub fn missed(&self) {
        self.misses.inc();
    }

    /// A hit in the L2 cache.
    pub fn l2_hit(&self) {
        self.l2_hits.inc();
    }

    /// A miss in the L2 cache.
    pub fn l2_missed(&self) {
        self.l2_misses.inc();
    }

    /// A value was evicted: `entries`, `bytes`, `expired` or `invalidated`.
    pub fn evicted(&self, reason: &'static str) {
        let known = EVICTIONS.iter().zip(&self.evictions).find(|(word, _)| **word == reason);
        if let Some((_, counter)) = known {
            counter.inc();
        }
    }

    /// A load ended, with a value or an error.
    pub fn loaded(&self, took: Duration) {
        self.load_seconds.observe(took.as_secs_f64());
    }

    /// Adds to the number of entries and bytes; negative subtracts.
    pub fn grew(&self, entries: i64, bytes: i64) {
        self.entries.add(entries);
        self.bytes.add(bytes);
    }
}

impl Catalogs {
    /// The contents of the catalog.
    pub fn holds(&self, products: usize, brands: usize, problems: usize) {
        let gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.products.set(gauge(products));
        self.brands.set(gauge(brands));
        self.problems.set(gauge(problems));
    }

    /// The catalog was reloaded: `swapped` or `kept`.
    pub fn reloaded(&self, outcome: &'static str) {
        self.reloads.with_label_values(&[outcome]).inc();
    }
}

/// A number as text without an allocation: it is a label of every request.
fn decimal(mut number: u16, digits: &mut [u8; 5]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[at..]).expect("digits are ASCII");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric_list::{Kind, METRICS};

    #[test]
    fn every_metric_of_the_list_can_be_created_and_has_a_conventional_name() {
        let _ = Metrics::new();
        for metric in METRICS {
            assert!(metric.name.starts_with("hsc_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            // A gauge of time is in seconds too; every histogram here is of time.
            assert!(
                metric.kind != Kind::Histogram || metric.name.ends_with("_seconds"),
                "{}",
                metric.name
            );
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{}", metric.name);
        }
    }

    /// Counters with a label whose values depend on the build or the settings.
    const WITH_OPEN_LABELS: [&str; 7] = [
        "hsc_http_requests_total",
        "hsc_cache_hits_total",
        "hsc_cache_misses_total",
        "hsc_cache_evictions_total",
        "hsc_cache_l2_errors_total",
        "hsc_actor_restarts_total",
        "hsc_actor_undelivered_total",
    ];

    fn series(metric: &crate::MetricInfo, values: &[&str]) -> String {
        let pairs = metric.labels.iter().zip(values);
        // Prometheus renders the labels in alphabetical order.
        let mut pairs: Vec<_> = pairs.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        pairs.sort();
        match pairs.is_empty() {
            true => format!("{} 0", metric.name),
            false => format!("{}{{{}}} 0", metric.name, pairs.join(",")),
        }
    }

    #[test]
    fn every_series_of_a_counter_with_closed_labels_starts_at_zero() {
        let text = Metrics::new().render();
        let lines: std::collections::HashSet<&str> = text.lines().collect();
        for metric in METRICS.iter().filter(|metric| metric.kind == Kind::Counter) {
            let combinations = metric.combinations();
            assert_eq!(
                combinations.is_empty(),
                WITH_OPEN_LABELS.contains(&metric.name),
                "{} has a closed set of values for each label, or is named above",
                metric.name
            );
            for values in combinations {
                let line = series(metric, &values);
                assert!(lines.contains(&*line), "{line} is missing");
            }
        }
    }

    #[test]
    fn every_series_of_a_cache_or_actor_exists_when_its_meter_is_created() {
        let metrics = Metrics::new();
        let _ = (metrics.caches.meter("answers"), metrics.caches.l2_meter("answers"));
        let _ = metrics.actors.meter("session");
        let text = metrics.render();
        let lines: std::collections::HashSet<&str> = text.lines().collect();
        let named = |metric: &&crate::MetricInfo| WITH_OPEN_LABELS[1..].contains(&metric.name);
        for metric in METRICS.iter().filter(named) {
            let known = [("cache", "answers"), ("actor", "session")];
            let combinations = metric.combinations_with(&known);
            assert!(!combinations.is_empty(), "{}", metric.name);
            for values in combinations {
                let line = series(metric, &values);
                assert!(lines.contains(&*line), "{line} is missing");
            }
        }
    }

    #[test]
    fn counted_values_are_rendered() {
        let metrics = Metrics::new();
        metrics.http.start("GET", "/health", 503);
        metrics.http.answered("GET", "/health", 200, Duration::from_millis(2));
        metrics.sockets.opened();
        metrics.sockets.closed(1008);
        metrics.caches.meter("manuals").grew(1, 100);
        let text = metrics.render();
        for line in [
            "hsc_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 1",
            "hsc_http_requests_total{method=\"GET\",route=\"/health\",status=\"503\"} 0",
            "hsc_ws_sessions 1",
            "hsc_ws_closed_total{code=\"1008\"} 1",
            "hsc_cache_bytes{cache=\"manuals\"} 100",
            "process_resident_memory_bytes",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn two_servers_in_one_process_count_separately() {
        let (one, two) = (Metrics::new(), Metrics::new());
        one.sockets.opened();
        assert!(two.render().contains("hsc_ws_sessions 0"));
    }
}
