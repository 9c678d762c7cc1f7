//! Samples the metrics for the charts.

use prometheus::proto::{Metric, MetricFamily};

use crate::metrics::Metrics;
use crate::process::resident_bytes;
use crate::series::{Buckets, CACHES, Sample};

impl Metrics {
    /// The current values behind the charts; `agents` are those connected to this pod.
    ///
    /// An error is a failure of the server: a request answered with 500 or above, a socket closed because its
    /// session failed (1011), a restarted actor, a lost answer.
    pub fn sample(&self, agents: usize) -> Sample {
        let families = self.gather();
        let family = |name: &str| Family(families.iter().find(|family| family.name() == name));
        let failed = family("hsc_http_requests_total").counted(|metric| {
            label(metric, "status")
                .and_then(|it| it.parse::<u16>().ok())
                .is_some_and(|it| it >= 500)
        });
        let closed = family("hsc_ws_closed_total").counted(|metric| is(metric, "code", "1011"));
        let restarted = family("hsc_actor_restarts_total").counted(|_| true);
        let lost = family("hsc_answers_lost_total").counted(|_| true);
        let (hits, misses) = (family("hsc_cache_hits_total"), family("hsc_cache_misses_total"));
        Sample {
            sessions: family("hsc_ws_sessions").gauge(),
            agents: agents as f64,
            memory_bytes: resident_bytes() as f64,
            keystrokes: family("hsc_ws_received_total")
                .counted(|metric| is(metric, "type", "typing")),
            answers: family("hsc_answers_total").counted(|_| true),
            errors: failed + closed + restarted + lost,
            first_words: family("hsc_answer_first_chunk_seconds").buckets(),
            keystroke: family("hsc_prediction_seconds").buckets(),
            caches: CACHES.map(|cache| {
                // L1 only: a lookup in Redis is still a wait.
                let own = |metric: &Metric| is(metric, "cache", cache) && is(metric, "layer", "l1");
                (hits.counted(own), misses.counted(own))
            }),
        }
    }
}

/// The metrics of one name; `None` when nothing was counted yet.
struct Family<'a>(Option<&'a MetricFamily>);

impl Family<'_> {
    fn all(&self) -> &[Metric] {
        self.0.map_or(&[], MetricFamily::get_metric)
    }

    /// The sum of the counters that match a rule.
    fn counted(&self, rule: impl Fn(&Metric) -> bool) -> f64 {
        let those = self.all().iter().filter(|metric| rule(metric));
        those.map(|metric| metric.get_counter().get_value()).sum()
    }

    fn gauge(&self) -> f64 {
        self.all().iter().map(|metric| metric.get_gauge().get_value()).sum()
    }

    /// The histogram of a metric without labels.
    fn buckets(&self) -> Buckets {
        let Some(metric) = self.all().first() else { return Buckets::default() };
        let histogram = metric.get_histogram();
        let finite =
            histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
        let (bounds, cumulative) =
            finite.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count() as f64)).unzip();
        Buckets { bounds, cumulative, total: histogram.get_sample_count() as f64 }
    }
}

fn label<'a>(metric: &'a Metric, name: &str) -> Option<&'a str> {
    metric.get_label().iter().find(|label| label.name() == name).map(|label| label.value())
}

fn is(metric: &Metric, name: &str, value: &str) -> bool {
    label(metric, name) == Some(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sample_contains_the_counted_values() {
        let metrics = Metrics::new();
        let nothing = metrics.sample(0);
        assert_eq!((nothing.keystrokes, nothing.answers, nothing.errors), (0.0, 0.0, 0.0));
        metrics.sockets.opened();
        metrics.sockets.received("typing");
        metrics.sockets.received("query");
        metrics.sockets.closed(1011);
        metrics.sockets.closed(1012);
        metrics.http.answered("GET", "/health", 200, Duration::ZERO);
        metrics.http.answered("GET", "/health", 503, Duration::ZERO);
        metrics.answers.done("extractive", "answered", Duration::from_secs(1));
        metrics.answers.done("extractive", "unknown", Duration::from_secs(1));
        metrics.answers.lost("panicked");
        metrics.answers.first_chunk(Duration::from_millis(300));
        metrics.predictions.answered(Duration::from_micros(80));
        let cache = metrics.caches.meter("manuals");
        cache.hit();
        cache.missed();
        cache.l2_hit();
        let sample = metrics.sample(2);
        assert_eq!((sample.sessions, sample.agents), (1.0, 2.0));
        assert_eq!((sample.keystrokes, sample.answers, sample.errors), (1.0, 2.0, 3.0));
        assert_eq!(sample.caches, [(1.0, 1.0), (0.0, 0.0), (0.0, 0.0)]);
        assert_eq!(sample.first_words.total, 1.0);
        let slow = sample.first_words.quantile(1.0).expect("one was observed");
        assert!((0.25..=0.5).contains(&slow), "{slow}");
        let fast = sample.keystroke.quantile(1.0).expect("one was observed");
        assert!((0.000_05..=0.000_1).contains(&fast), "{fast}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_that_of_this_process() {
        assert!(Metrics::new().sample(0).memory_bytes > 100_000.0);
    }
}
