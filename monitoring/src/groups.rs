//! The groups of metrics.
//!
//! Callers pass plain values to methods; label names stay in here. The series of a keystroke are looked up once at the
//! start, not with every keystroke.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntGauge, IntGaugeVec};

use crate::metrics_builder::{CounterFamily, MetricsBuilder, gauge_value, groups};

/// Why a value leaves a cache.
const EVICTIONS: [&str; 4] = ["entries", "bytes", "expired", "invalidated"];

groups! {
    /// Connections of every listener.
    Connections {
        open: IntGauge = "hsc_connections",
        opened: IntCounter = "hsc_connections_served_total",
        /// A connection was refused: `address` (its client has too many) or `full`.
        fn(reason) refused: CounterFamily = "hsc_connections_refused_total",
        /// The server closed a connection: `header_timeout`, `body_timeout`, `idle_timeout`, `write_timeout` or `evicted`.
        fn(reason) closed: CounterFamily = "hsc_connections_closed_total",
        /// The data of a client cannot be parsed: as a `request`, as `tls` or as a `proxy_header`.
        fn(what) malformed: CounterFamily = "hsc_malformed_total",
        /// The certificate files have changed: `taken`, or `kept` (the previous one stays in use).
        fn(outcome) certificate_reloaded: CounterFamily = "hsc_tls_reloads_total",
    }

    /// HTTP requests by route and status.
    Http {
        requests: CounterFamily = "hsc_http_requests_total",
        seconds: HistogramVec = "hsc_http_request_seconds",
    }

    /// WebSocket sessions of visitors and agents.
    Sockets {
        open: IntGauge = "hsc_ws_sessions",
        opened: IntCounter = "hsc_ws_opened_total",
        /// A socket was refused: `full`, `draining`, `rate`, `busy`, `address` or `address_rate`.
        fn(reason) refused: CounterFamily = "hsc_ws_refused_total",
        received: CounterFamily = "hsc_ws_received_total",
        sent: CounterFamily = "hsc_ws_sent_total",
        closed: CounterFamily = "hsc_ws_closed_total",
        /// A client sent frames that violate the limits or the protocol.
        fn(reason) violated: CounterFamily = "hsc_ws_violations_total",
        unfinished: IntGauge = "hsc_ws_unfinished_bytes",
        queued: IntGauge = "hsc_ws_queued_bytes",
        typing: IntCounter = "hsc_ws_received_total" ["typing"],
        prediction: IntCounter = "hsc_ws_sent_total" ["prediction"],
    }

    /// Predictions for keystrokes.
    Predictions {
        total: IntCounter = "hsc_predictions_total",
        coalesced: IntCounter = "hsc_typing_coalesced_total",
        seconds: Histogram = "hsc_prediction_seconds",
    }

    /// Manuals fetched and read.
    Manuals {
        fetches: CounterFamily = "hsc_manual_fetches_total",
        fetch_seconds: Histogram = "hsc_manual_fetch_seconds",
        fetch_bytes: IntCounter = "hsc_manual_fetch_bytes_total",
        extracts: CounterFamily = "hsc_manual_extracts_total",
        extract_seconds: Histogram = "hsc_manual_extract_seconds",
        pages: IntCounter = "hsc_manual_pages_total",
        /// A scanned page was recognized (`read`), or cannot be: `damaged`, `too_large`, `too_slow`, `engine` or `died`.
        fn(outcome) recognized: CounterFamily = "hsc_manual_ocr_pages_total",
    }

    /// The sentence encoder.
    Encoder {
        models: IntGauge = "hsc_encoder_models",
        query_seconds: Histogram = "hsc_encoder_query_seconds",
        /// The embedding of a manual ended: `embedded`, `disk`, `shared`, `failed` or `dropped`.
        fn(outcome) manual: CounterFamily = "hsc_encoder_manuals_total",
        windows: IntCounter = "hsc_encoder_windows_total",
        waiting: IntGauge = "hsc_encoder_waiting",
    }

    /// Answers and the use of the language model.
    Answers {
        total: CounterFamily = "hsc_answers_total",
        /// The answerer failed before the end of an answer: `panicked`, or `incomplete` (it ended without a last event).
        fn(reason) lost: CounterFamily = "hsc_answers_lost_total",
        first_chunk_seconds: Histogram = "hsc_answer_first_chunk_seconds",
        seconds: Histogram = "hsc_answer_seconds",
        fallbacks: CounterFamily = "hsc_answer_fallbacks_total",
        image_bytes: IntGauge = "hsc_question_image_bytes",
        /// A picture was refused; `scope` is the exhausted limit, `client` or `pod`.
        fn(scope) image_refused: CounterFamily = "hsc_question_images_refused_total",
        /// The language model got no request, because the quota of this scope is used up.
        fn(scope, limit) model_limited: CounterFamily = "hsc_llm_limited_total",
        llm_tokens: CounterFamily = "hsc_llm_tokens_total",
    }

    /// Conversations that continue over another socket, on another pod, or without a client.
    Conversations {
        /// An event of a conversation that this pod owns.
        fn(name) event: CounterFamily = "hsc_conversation_events_total",
        /// A client resumed a conversation.
        fn(outcome) resumed: CounterFamily = "hsc_conversations_resumed_total",
        /// The answers of a vanished pod were completed here, or not.
        fn(outcome) completed: CounterFamily = "hsc_conversations_completed_total",
    }

    /// Hits, misses and sizes, by cache.
    Caches {
        hits: CounterFamily = "hsc_cache_hits_total",
        misses: CounterFamily = "hsc_cache_misses_total",
        evictions: CounterFamily = "hsc_cache_evictions_total",
        bytes: IntGaugeVec = "hsc_cache_bytes",
        entries: IntGaugeVec = "hsc_cache_entries",
        load_seconds: HistogramVec = "hsc_cache_load_seconds",
        l2_errors: CounterFamily = "hsc_cache_l2_errors_total",
    }

    /// Pods known to this one.
    Pods {
        known: IntGauge = "hsc_pods",
        complete: IntGauge = "hsc_pods_complete",
        vanished: IntCounter = "hsc_pods_lost_total",
    }

    /// Restarts, queues and undelivered messages, by kind of actor.
    Actors {
        up: IntGaugeVec = "hsc_actor_up",
        /// An actor was restarted.
        fn(actor, reason) restarted: CounterFamily = "hsc_actor_restarts_total",
        mailbox_depth: IntGaugeVec = "hsc_actor_mailbox_depth",
        handle_seconds: HistogramVec = "hsc_actor_handle_seconds",
        /// A message for an actor was handed back.
        fn(actor) undelivered: CounterFamily = "hsc_actor_undelivered_total",
    }

    /// Messages between pods.
    Bridge {
        connected: IntGauge = "hsc_bridge_connected",
        channels: IntGauge = "hsc_bridge_channels",
        /// A message was published to the other pods.
        fn(kind) published: CounterFamily = "hsc_bridge_published_total",
        received: CounterFamily = "hsc_bridge_received_total",
        /// A message was lost: `down`, `full`, `failed`, `version`, `kind`, `malformed` or `slow_listener`.
        fn(reason) dropped: CounterFamily = "hsc_bridge_dropped_total",
        latency: Histogram = "hsc_bridge_latency_seconds",
        reconnects: IntCounter = "hsc_bridge_reconnects_total",
    }

    /// State, queue and writes of the archive.
    Archives {
        up: IntGauge = "hsc_archive_up",
        queued: IntGauge = "hsc_archive_queued",
        written: IntCounter = "hsc_archive_written_total",
        dropped: CounterFamily = "hsc_archive_dropped_total",
        batch_seconds: Histogram = "hsc_archive_batch_seconds",
    }

    /// The desk of all pods, as this one last saw it.
    Desk {
        agents: IntGaugeVec = "hsc_desk_agents",
        tickets: IntGaugeVec = "hsc_desk_tickets",
        oldest: IntGauge = "hsc_desk_oldest_wait_seconds",
    }

    /// Pictures and offline messages.
    UploadMetrics {
        /// An upload ended: `kept`, `too_large`, `not_a_picture`, `too_many`, `busy` or `failed`.
        fn(outcome) upload: CounterFamily = "hsc_uploads_total",
        uploads_expired: IntCounter = "hsc_uploads_expired_total",
        /// A `message` was left, or a `transcript` requested: `taken` or `too_many`.
        fn(kind, outcome) offline_message: CounterFamily = "hsc_offline_messages_total",
    }

    /// Results, duration and queue of webhook deliveries.
    Webhooks {
        tries: CounterFamily = "hsc_webhook_attempts_total",
        /// A delivery became a dead letter: `attempts`, `gone` or `forbidden`.
        fn(reason) died: CounterFamily = "hsc_webhook_dead_total",
        seconds: Histogram = "hsc_webhook_seconds",
        waiting: IntGauge = "hsc_webhooks_waiting",
        letters: IntGauge = "hsc_webhook_dead_letters",
    }

    /// Products, brands and reloads of the catalog.
    Catalogs {
        products: IntGauge = "hsc_catalog_products",
        brands: IntGauge = "hsc_catalog_brands",
        problems: IntGauge = "hsc_catalog_problems",
        /// The catalog was reloaded: `swapped` or `kept`.
        fn(outcome) reloaded: CounterFamily = "hsc_catalog_reloads_total",
    }
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

/// Metrics of the L2 cache of one cache.
#[derive(Clone)]
pub struct L2Meter {
    cache: &'static str,
    errors: CounterFamily,
}

/// The metrics of one kind of actor that every message updates, looked up once.
#[derive(Clone)]
pub struct ActorMeter {
    up: IntGauge,
    mailbox_depth: IntGauge,
    handle_seconds: Histogram,
}

/// The state of the desk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskStanding {
    /// Agents who take conversations.
    pub available: usize,
    /// Agents who are present and on a break.
    pub on_break: usize,
    /// Conversations in the queue.
    pub waiting: usize,
    /// Conversations with an agent.
    pub with_agent: usize,
    /// Age of the oldest queued conversation.
    pub oldest_wait: Duration,
}

impl Connections {
    /// A connection was accepted.
    pub fn opened(&self) {
        self.open.inc();
        self.opened.inc();
    }

    /// A connection was closed, by either side.
    pub fn ended(&self) {
        self.open.dec();
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
        self.requests.inc(&[method, route, decimal(status, &mut digits)]);
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

    /// A message was received.
    pub fn received(&self, kind: &'static str) {
        if kind == "typing" { self.typing.inc() } else { self.received.inc(&[kind]) }
    }

    /// A message was sent.
    pub fn sent(&self, kind: &'static str) {
        if kind == "prediction" { self.prediction.inc() } else { self.sent.inc(&[kind]) }
    }

    /// The server closed a socket.
    pub fn closed(&self, code: u16) {
        self.closed.with_label_values(&[decimal(code, &mut [0; 5])]).inc();
    }

    /// Bytes queued for clients.
    pub fn queued(&self, bytes: usize) {
        self.queued.set(gauge_value(bytes));
    }

    /// Bytes of incomplete messages.
    pub fn unfinished(&self, bytes: usize) {
        self.unfinished.set(gauge_value(bytes));
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
        self.fetches.inc(&[outcome]);
        self.fetch_bytes.inc_by(bytes);
        self.fetch_seconds.observe(took.as_secs_f64());
    }

    /// A read of a manual ended: `ok` or an error code.
    pub fn extracted(&self, outcome: &'static str, pages: u64, took: Duration) {
        self.extracts.inc(&[outcome]);
        self.pages.inc_by(pages);
        self.extract_seconds.observe(took.as_secs_f64());
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
        self.total.inc(&[answerer, outcome]);
        self.seconds.observe(took.as_secs_f64());
    }

    /// The language model failed and the extractive answer was used.
    pub fn fell_back(&self, reason: &str) {
        self.fallbacks.inc(&[reason]);
    }

    /// Bytes held for pictures of questions.
    pub fn images_held(&self, bytes: usize) {
        self.image_bytes.set(gauge_value(bytes));
    }

    /// Tokens used by the language model.
    pub fn model_tokens(&self, prompt: u64, completion: u64) {
        self.llm_tokens.with_label_values(&["prompt"]).inc_by(prompt);
        self.llm_tokens.with_label_values(&["completion"]).inc_by(completion);
    }
}

impl Caches {
    /// The meter of this cache. Its series exist from now on, at zero.
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

    /// The meter of this cache's L2 cache. Its series exist from now on, at zero.
    pub fn l2_meter(&self, cache: &'static str) -> L2Meter {
        self.l2_errors.begin(&[("cache", cache)]);
        L2Meter { cache, errors: self.l2_errors.clone() }
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

impl L2Meter {
    /// An operation was skipped or failed: `unreachable`, `corrupt`, `too_large`, `busy` or `waited`.
    pub fn error(&self, reason: &'static str) {
        self.errors.inc(&[self.cache, reason]);
    }
}

impl Pods {
    /// Number of known pods, and whether the list is complete.
    pub fn are(&self, known: usize, complete: bool) {
        self.known.set(gauge_value(known));
        self.complete.set(complete.into());
    }

    /// A pod has vanished.
    pub fn vanished(&self) {
        self.vanished.inc();
    }
}

impl Actors {
    /// The meter of this kind of actor. Its series exist from now on, at zero.
    pub fn meter(&self, actor: &'static str) -> ActorMeter {
        self.restarted.begin(&[("actor", actor)]);
        self.undelivered.begin(&[("actor", actor)]);
        ActorMeter {
            up: self.up.with_label_values(&[actor]),
            mailbox_depth: self.mailbox_depth.with_label_values(&[actor]),
            handle_seconds: self.handle_seconds.with_label_values(&[actor]),
        }
    }
}

impl ActorMeter {
    /// An actor is up, or (when false) down.
    pub fn up(&self, up: bool) {
        self.up.add(if up { 1 } else { -1 });
    }

    /// Adds to the number of queued messages; negative subtracts.
    pub fn queued(&self, messages: i64) {
        self.mailbox_depth.add(messages);
    }

    /// A message was handled.
    pub fn handled(&self, took: Duration) {
        self.handle_seconds.observe(took.as_secs_f64());
    }
}

impl Bridge {
    /// Other pods can be reached, perhaps again, or cannot.
    pub fn connected(&self, connected: bool, again: bool) {
        self.connected.set(i64::from(connected));
        if again {
            self.reconnects.inc();
        }
    }

    /// Number of channels with a subscriber on this pod.
    pub fn listens_to(&self, channels: usize) {
        self.channels.set(gauge_value(channels));
    }

    /// A message of another pod was received; `age` is the time since it was written.
    pub fn received(&self, kind: &'static str, age: Duration) {
        self.received.inc(&[kind]);
        self.latency.observe(age.as_secs_f64());
    }
}

impl Archives {
    /// The archive accepts writes, or (when false) does not.
    pub fn up(&self, up: bool) {
        self.up.set(i64::from(up));
    }

    /// Number of queued records.
    pub fn queued(&self, records: usize) {
        self.queued.set(gauge_value(records));
    }

    /// A batch of `records` was written.
    pub fn written(&self, records: usize, took: Duration) {
        self.written.inc_by(u64::try_from(records).unwrap_or(u64::MAX));
        self.batch_seconds.observe(took.as_secs_f64());
    }

    /// Records were dropped: `full` or `refused`.
    pub fn dropped(&self, reason: &'static str, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.dropped.with_label_values(&[reason]).inc_by(records);
    }
}

impl Desk {
    /// Sets the state of the desk.
    pub fn standing(&self, now: DeskStanding) {
        self.agents.with_label_values(&["available"]).set(gauge_value(now.available));
        self.agents.with_label_values(&["break"]).set(gauge_value(now.on_break));
        self.tickets.with_label_values(&["waiting"]).set(gauge_value(now.waiting));
        self.tickets.with_label_values(&["with_agent"]).set(gauge_value(now.with_agent));
        self.oldest.set(i64::try_from(now.oldest_wait.as_secs()).unwrap_or(i64::MAX));
    }
}

impl UploadMetrics {
    /// Pictures were removed because they expired.
    pub fn expired(&self, pictures: usize) {
        self.uploads_expired.inc_by(u64::try_from(pictures).unwrap_or(u64::MAX));
    }
}

impl Webhooks {
    /// An attempt ended as `delivered`, `failed` or `dead`.
    pub fn tried(&self, outcome: &'static str, took: Duration) {
        self.tries.inc(&[outcome]);
        self.seconds.observe(took.as_secs_f64());
    }

    /// Number of pending deliveries and of dead letters.
    pub fn standing(&self, waiting: u64, dead: u64) {
        self.waiting.set(gauge_value(waiting));
        self.letters.set(gauge_value(dead));
    }
}

impl Catalogs {
    /// The contents of the catalog.
    pub fn holds(&self, products: usize, brands: usize, problems: usize) {
        self.products.set(gauge_value(products));
        self.brands.set(gauge_value(brands));
        self.problems.set(gauge_value(problems));
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
