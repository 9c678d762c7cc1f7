//! The list of all metrics: the only place where a name, a help text or a label is written.

use std::fmt::Write as _;

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// A value that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations in buckets, in seconds.
    Histogram,
}

/// Name, kind, labels and help of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// Its name by the Prometheus conventions: base unit, `_total` for counters.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// The values of each label of a counter: its series exist, at zero, from the start. Empty for a label whose values
    /// depend on the build or the settings: names of routes, caches and actors.
    pub values: &'static [&'static [&'static str]],
    /// Help text, one line.
    pub help: &'static str,
}

impl MetricInfo {
    /// Every combination of the values of the labels, in order; none if a label has no values. `known` are values of
    /// labels that have no closed set: pairs of label and value.
    pub(crate) fn combinations(&self, known: &[(&str, &'static str)]) -> Vec<Vec<&'static str>> {
        let mut all = vec![Vec::new()];
        for (label, values) in self.labels.iter().zip(self.values) {
            let given = known.iter().filter(|(of, _)| of == label).map(|(_, value)| *value);
            let values: Vec<&'static str> = values.iter().copied().chain(given).collect();
            let with = |before: &Vec<&'static str>, value| {
                before.iter().copied().chain([value]).collect::<Vec<_>>()
            };
            all = all
                .iter()
                .flat_map(|before| values.iter().map(|value| with(before, *value)))
                .collect();
        }
        all
    }
}

macro_rules! catalogue {
    ($($name:ident $kind:ident [$($label:literal $(= $first:literal $(| $value:literal)*)?),*] $help:literal;)*) => {
        /// Every metric of the server, in the order of the documentation.
        pub const METRICS: &[MetricInfo] = &[$(MetricInfo {
            name: stringify!($name), kind: Kind::$kind, labels: &[$($label),*],
            values: &[$(&[$($first $(, $value)*)?]),*], help: $help,
        }),*];
    };
}

catalogue! {
    hsc_build_info Gauge ["version", "commit"] "1, with the version and the commit of the running server";
    hsc_http_requests_total Counter ["method", "route", "status"] "HTTP requests answered, by route pattern";
    hsc_http_request_seconds Histogram ["route"] "Time to answer an HTTP request";
    hsc_connections Gauge [] "Open connections, over all listening addresses";
    hsc_connections_served_total Counter [] "Connections served since the start";
    hsc_connections_refused_total Counter ["reason" = "address" | "full"] "Connections closed without an answer of a route: address (the client has too many) or full";
    hsc_connections_closed_total Counter ["reason" = "header_timeout" | "body_timeout" | "idle_timeout" | "write_timeout" | "evicted"] "Connections that the server closed: header_timeout, body_timeout, idle_timeout, write_timeout or evicted (a newer one took its place)";
    hsc_malformed_total Counter ["what" = "request" | "tls" | "proxy_header"] "Connections closed because their data cannot be parsed: request (HTTP), tls or proxy_header";
    hsc_tls_reloads_total Counter ["outcome" = "taken" | "kept"] "Changes of the files of server.tls: taken, or kept (the new certificate is invalid, the previous one stays)";
    hsc_ws_sessions Gauge [] "Open sockets";
    hsc_ws_opened_total Counter [] "Sockets opened since the start";
    hsc_ws_refused_total Counter ["reason" = "full" | "draining" | "rate" | "busy" | "address" | "address_rate"] "Sockets refused before they were opened. Limits of the pod: full, draining, rate (sessions.opens_per_second) or busy; limits of one client: address (it has too many) or address_rate (it opens too many at once)";
    hsc_ws_received_total Counter ["type" = "typing" | "understand" | "query" | "lock_and_query" | "hello" | "about" | "cancel" | "handoff" | "message" | "feedback" | "csat" | "bye" | "invalid"] "Messages of clients, by type; 'invalid' for all others";
    hsc_ws_sent_total Counter ["type" = "prediction" | "understood" | "status" | "answer_chunk" | "context" | "final_answer" | "error" | "queue" | "notice" | "welcome" | "reconnect" | "handoff" | "agent_joined" | "agent_left" | "message" | "agent_typing" | "ack" | "replayed"] "Messages to clients, by type";
    hsc_ws_closed_total Counter ["code" = "1000" | "1002" | "1007" | "1008" | "1009" | "1011" | "1012" | "1013" | "4001" | "4002"] "Sockets closed by the server, by close code";
    hsc_ws_violations_total Counter ["reason" = "too_large" | "reserved_bits" | "unknown_opcode" | "unmasked" | "control_too_long" | "control_fragmented" | "unexpected_continuation" | "interleaved_message" | "invalid_close" | "invalid_text" | "frame_flood" | "message_deadline" | "memory_budget" | "queue_budget"] "Sockets closed because of the frames they sent: too_large, reserved_bits, unknown_opcode, unmasked, control_too_long, control_fragmented, unexpected_continuation, interleaved_message, invalid_close, invalid_text, frame_flood, message_deadline, memory_budget or queue_budget (the client did not read)";
    hsc_ws_unfinished_bytes Gauge [] "Bytes of incomplete messages of clients";
    hsc_ws_queued_bytes Gauge [] "Bytes queued for clients with more than 16 KiB queued";
    hsc_predictions_total Counter [] "Keystrokes answered with predictions";
    hsc_typing_coalesced_total Counter [] "Keystrokes not answered because a newer one of the same session arrived while the server was overloaded";
    hsc_prediction_seconds Histogram [] "Time to answer a keystroke, from the parsed frame to the queued reply";
    hsc_manual_fetches_total Counter ["outcome" = "ok" | "not_modified" | "stale" | "empty" | "wrong_kind" | "damaged" | "encrypted" | "no_text" | "illegible" | "recognizing" | "too_large" | "too_many_pages" | "too_much_text" | "too_complex" | "too_slow" | "reader_died" | "missing" | "outside" | "unreadable" | "bad_address" | "forbidden" | "too_many_redirects" | "unreachable" | "not_found" | "refused" | "timed_out" | "internal"] "Manuals fetched or opened: ok, not_modified, stale or an error code";
    hsc_manual_fetch_seconds Histogram [] "Time to fetch a manual, retries included";
    hsc_manual_fetch_bytes_total Counter [] "Bytes of manuals fetched";
    hsc_manual_extracts_total Counter ["outcome" = "ok" | "empty" | "wrong_kind" | "damaged" | "encrypted" | "no_text" | "illegible" | "recognizing" | "too_large" | "too_many_pages" | "too_much_text" | "too_complex" | "too_slow" | "reader_died" | "missing" | "outside" | "unreadable" | "bad_address" | "forbidden" | "too_many_redirects" | "unreachable" | "not_found" | "refused" | "timed_out" | "internal"] "Manuals read: ok or an error code";
    hsc_manual_extract_seconds Histogram [] "Time to turn a manual into pages and passages";
    hsc_manual_pages_total Counter [] "Pages read";
    hsc_manual_ocr_pages_total Counter ["outcome" = "read" | "damaged" | "too_large" | "too_slow" | "engine" | "died"] "Scanned pages: read (their text was recognized), or why not: damaged, too_large, too_slow, engine (tesseract failed) or died (its process ended over the page)";
    hsc_encoder_models Gauge [] "Models of the sentence encoder that are loaded; 0 means that passages are ranked by words alone";
    hsc_encoder_query_seconds Histogram [] "Time to embed a question";
    hsc_encoder_manuals_total Counter ["outcome" = "embedded" | "disk" | "shared" | "failed" | "dropped"] "Requests for the vectors of a manual: embedded here, from disk, shared (another pod made them), failed or dropped (the queue was full)";
    hsc_encoder_windows_total Counter [] "Windows of manuals embedded here";
    hsc_encoder_waiting Gauge [] "Manuals that are queued for embedding or being embedded";
    hsc_answers_total Counter ["answerer" = "extractive" | "llm", "outcome" = "answered" | "likely" | "unknown" | "no_manual"] "Answers completed: answered, likely, unknown or no_manual";
    hsc_answers_lost_total Counter ["reason" = "panicked" | "incomplete"] "Answers that ended with an error instead of their last event: panicked (the answerer has a bug; the log has its panic) or incomplete (it ended too early)";
    hsc_answer_first_chunk_seconds Histogram [] "Time from a question to the first words of its answer";
    hsc_answer_seconds Histogram [] "Time from a question to the end of its answer";
    hsc_answer_fallbacks_total Counter ["reason" = "broke_off" | "unreachable" | "refused" | "garbled" | "timeout" | "cut_short" | "limited" | "empty"] "Answers given without the language model although it is configured, by reason";
    hsc_question_image_bytes Gauge [] "Bytes of memory held for pictures of questions that are queued or being answered, their base64 included";
    hsc_question_images_refused_total Counter ["scope" = "client" | "pod"] "Pictures of questions refused because too many bytes of pictures were held: scope is client or pod";
    hsc_llm_limited_total Counter ["scope" = "conversation" | "client" | "pod", "limit" = "answers" | "tokens"] "Questions without a request to the language model because a quota was exhausted: scope is conversation, client or pod, limit is answers or tokens";
    hsc_llm_tokens_total Counter ["kind" = "prompt" | "completion"] "Tokens that the language model used, prompt or completion, as its endpoint counts them, else estimated";
    hsc_conversation_events_total Counter ["event" = "question_asked" | "answer_completed" | "handoff_requested" | "handoff_unavailable" | "handoff_accepted" | "handoff_returned" | "agent_joined" | "agent_left" | "message_sent" | "answer_rated" | "conversation_rated" | "conversation_closed"] "Events of conversations: question_asked, answer_completed, handoff_requested, handoff_unavailable, handoff_accepted, handoff_returned, agent_joined, agent_left, message_sent, answer_rated, conversation_rated or conversation_closed";
    hsc_conversations_resumed_total Counter ["outcome" = "recovered" | "bad_token" | "expired" | "ended" | "late" | "unknown" | "unavailable" | "gone" | "ahead"] "Resumes of conversations, by outcome: recovered, or why not (bad_token, expired, ended, late, unknown, unavailable, gone, ahead)";
    hsc_conversations_completed_total Counter ["outcome" = "done" | "superseded" | "log_away" | "failed"] "Conversations of lost pods whose answers were completed here: done, superseded (the client reconnected meanwhile), log_away or failed";
    hsc_cache_hits_total Counter ["cache", "layer" = "l1" | "l2"] "Values found in a cache";
    hsc_cache_misses_total Counter ["cache", "layer" = "l1" | "l2"] "Values not found in a cache";
    hsc_cache_evictions_total Counter ["cache", "reason" = "entries" | "bytes" | "expired" | "invalidated"] "Values evicted from a cache, by reason: entries, bytes, expired or invalidated";
    hsc_cache_bytes Gauge ["cache"] "Bytes held by a cache";
    hsc_cache_entries Gauge ["cache"] "Values held by a cache";
    hsc_cache_l2_errors_total Counter ["cache", "reason" = "unreachable" | "corrupt" | "too_large" | "busy" | "waited"] "Failed or skipped operations of the L2 cache (in Redis), by reason: unreachable (Redis), corrupt (a foreign or damaged value), too_large, busy (too many writes at once) or waited (another pod's load took too long)";
    hsc_cache_load_seconds Histogram ["cache"] "Time to load a value on a miss";
    hsc_pods Gauge [] "Pods that this one knows of, itself included";
    hsc_pods_complete Gauge [] "1 while this pod knows all pods, 0 while Redis is unreachable";
    hsc_pods_lost_total Counter [] "Pods whose heartbeat was lost and that this pod noticed first";
    hsc_actor_up Gauge ["actor"] "Actors alive, by kind";
    hsc_actor_restarts_total Counter ["actor", "reason" = "done" | "failed" | "panicked" | "hung" | "thread_lost" | "stopped"] "Restarts of actors, by reason";
    hsc_actor_mailbox_depth Gauge ["actor"] "Messages in the inboxes of actors, by kind";
    hsc_actor_handle_seconds Histogram ["actor"] "Time an actor spends on one message, by kind";
    hsc_actor_undelivered_total Counter ["actor"] "Messages refused because the inbox of an actor was full or the actor was given up";
    hsc_bridge_connected Gauge [] "1 while other pods can be reached and every subscription is active";
    hsc_bridge_channels Gauge [] "Channels with a subscriber on this pod";
    hsc_bridge_published_total Counter ["kind" = "entries" | "taken_over" | "notice" | "forget" | "lost" | "ticket" | "ticket_gone" | "agents" | "agent_said" | "agent_typing" | "accepted" | "visitor_typing" | "archived" | "note"] "Messages the bridge published to other pods, by kind; the log publishes what it appends by itself";
    hsc_bridge_received_total Counter ["kind" = "entries" | "taken_over" | "notice" | "forget" | "lost" | "ticket" | "ticket_gone" | "agents" | "agent_said" | "agent_typing" | "accepted" | "visitor_typing" | "archived" | "note"] "Messages of other pods that were read, by kind";
    hsc_bridge_dropped_total Counter ["reason" = "down" | "full" | "failed" | "version" | "kind" | "malformed" | "slow_listener"] "Messages between pods that were lost: down, full or failed on the way out; version, kind or malformed on the way in; slow_listener here";
    hsc_bridge_latency_seconds Histogram [] "Time from the writing of a message on another pod to its reading here, by the clocks of both pods";
    hsc_bridge_reconnects_total Counter [] "Reconnects of the bridge";
    hsc_archive_up Gauge [] "1 while the archive accepts writes, else 0";
    hsc_archive_queued Gauge [] "Records in the write queue";
    hsc_archive_written_total Counter [] "Records written into the archive";
    hsc_archive_dropped_total Counter ["reason" = "full" | "refused"] "Records that were not written: full (the archive was down or slow for too long) or refused";
    hsc_archive_batch_seconds Histogram [] "Time to write one batch of records";
    hsc_desk_agents Gauge ["state"] "Connected agents of all pods, by state: available or on a break";
    hsc_desk_tickets Gauge ["state"] "Conversations of all pods at the desk: waiting for an agent, or with_agent";
    hsc_desk_oldest_wait_seconds Gauge [] "Longest wait of a conversation in the queue for an agent; 0 when the queue is empty";
    hsc_uploads_total Counter ["outcome" = "kept" | "too_large" | "not_a_picture" | "too_many" | "busy" | "failed"] "Uploads, by outcome: kept, or why not (too_large, not_a_picture, too_many, busy, failed)";
    hsc_uploads_expired_total Counter [] "Uploads deleted at the end of their retention";
    hsc_offline_messages_total Counter ["kind" = "message" | "transcript", "outcome" = "taken" | "too_many"] "Offline messages (kind message) and transcripts to be sent by mail (kind transcript), by outcome: taken or too_many";
    hsc_webhook_attempts_total Counter ["outcome" = "delivered" | "failed" | "dead"] "Attempts to deliver a webhook, by outcome: delivered, failed (it is retried) or dead";
    hsc_webhook_dead_total Counter ["reason" = "attempts" | "gone" | "forbidden"] "Webhooks that became dead letters, by reason: attempts (too many attempts), gone (the endpoint returned 410) or forbidden (its address is not public)";
    hsc_webhook_seconds Histogram [] "Time of one delivery attempt";
    hsc_webhooks_waiting Gauge [] "Webhooks of all pods that are queued for delivery or a retry";
    hsc_webhook_dead_letters Gauge [] "Webhooks of all pods that are stored as dead letters";
    hsc_spans_exported_total Counter [] "Spans that the collector of traces.endpoint accepted";
    hsc_spans_dropped_total Counter ["reason" = "queue_full" | "not_exported"] "Spans that were dropped: queue_full (the collector is too slow) or not_exported (it did not accept a batch)";
    hsc_catalog_products Gauge [] "Products in the catalog";
    hsc_catalog_brands Gauge [] "Brands in the catalog";
    hsc_catalog_problems Gauge [] "Problems the last load of the catalog found";
    hsc_catalog_reloads_total Counter ["outcome" = "swapped" | "kept"] "Reloads of the catalog: swapped or kept";
}

/// Generates `docs/metrics.md` from the list.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Metrics\n\nMade from `monitoring/src/metric_list.rs` by `make docs`; edit that file, not this page. \
         `GET /metrics` serves them as Prometheus text, together with the `process_*` metrics (CPU, memory, \
         file descriptors, threads, start time) of the client library.\n\n\
         | metric | kind | labels | what it says |\n|---|---|---|---|\n",
    );
    for MetricInfo { name, kind, labels, help, .. } in METRICS {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| `{name}` | {kind} | {labels} | {help} |");
    }
    page
}
