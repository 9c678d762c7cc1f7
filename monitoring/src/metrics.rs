//! All metrics of a server, in a registry of their own.

use std::sync::Arc;

use prometheus::{Encoder as _, IntGaugeVec, Registry, TextEncoder};

use crate::groups::{
    Actors, Answers, Archives, Bridge, Caches, Catalogs, Connections, Conversations, Desk,
    DeskStanding, Encoder, Http, Manuals, Pods, Predictions, Sockets, UploadMetrics, Webhooks,
};
use crate::metrics_builder::MetricsBuilder;
use crate::traces::Traces;

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

impl Metrics {
    /// All metrics at zero, in a registry of their own, with the process metrics.
    pub fn new() -> Arc<Self> {
        let builder = MetricsBuilder::new();
        builder
            .registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("process_* is nobody else's name");
        let metrics = Self {
            connections: Connections::new(&builder),
            http: Http::new(&builder),
            sockets: Sockets::new(&builder),
            predictions: Predictions::new(&builder),
            manuals: Manuals::new(&builder),
            encoder: Encoder::new(&builder),
            answers: Answers::new(&builder),
            conversations: Conversations::new(&builder),
            caches: Caches::new(&builder),
            pods: Pods::new(&builder),
            actors: Actors::new(&builder),
            bridge: Bridge::new(&builder),
            archive: Archives::new(&builder),
            desk: Desk::new(&builder),
            uploads: UploadMetrics::new(&builder),
            webhooks: Webhooks::new(&builder),
            catalog: Catalogs::new(&builder),
            traces: Traces::new(&builder),
            build: builder.metric("hsc_build_info", &[]),
            registry: builder.registry,
        };
        // The gauges of the desk exist, at zero, before the first look.
        metrics.desk.standing(DeskStanding::default());
        Arc::new(metrics)
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
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.gather(), &mut text)
            .expect("writing to memory does not fail");
        String::from_utf8(text).expect("names and labels are UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
            let combinations = metric.combinations(&[]);
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
            let combinations = metric.combinations(&known);
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
