//! Registers the metrics of the list, and declares groups of them.

use std::collections::HashMap;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use crate::metric_list::{Kind, METRICS, MetricInfo};

/// Buckets from a tenth of a millisecond to half a minute: a keystroke and a slow manual both fall inside.
const BUCKETS: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0, 30.0,
];

/// Declares groups of metrics: each field with its type and the name in the list; a field of one series of a metric
/// with labels also with its label values.
macro_rules! groups {
    ($($(#[$meta:meta])* $group:ident {
        $($field:ident: $kind:ty = $name:literal $([$($label:literal),*])?,)*
    })*) => {$(
        $(#[$meta])*
        pub struct $group { $($field: $kind,)* }

        impl $group {
            pub(crate) fn new(builder: &MetricsBuilder) -> Self {
                Self { $($field: builder.metric($name, &[$($($label),*)?]),)* }
            }
        }
    )*};
}
pub(crate) use groups;

/// Creates the metrics of the list and registers them.
pub(crate) struct MetricsBuilder {
    pub(crate) registry: Registry,
    counters: HashMap<&'static str, CounterFamily>,
    gauges: HashMap<&'static str, IntGaugeVec>,
    histograms: HashMap<&'static str, HistogramVec>,
}

/// The type of a field: all series of a metric, or the one series of its label values.
pub(crate) trait Metric {
    /// The metric with this name in the list.
    fn of(builder: &MetricsBuilder, name: &str, labels: &[&str]) -> Self;
}

/// A counter with labels, whose series exist before the first event: an alert on an increase needs the zero before it.
/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct CounterFamily {
    series: IntCounterVec,
    info: &'static MetricInfo,
}

impl MetricsBuilder {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let (mut counters, mut gauges, mut histograms) =
            (HashMap::new(), HashMap::new(), HashMap::new());
        let fits = "a test makes every metric of the list";
        for metric in METRICS {
            match metric.kind {
                Kind::Counter => {
                    let made =
                        IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)
                            .expect(fits);
                    registry.register(Box::new(made.clone())).expect(fits);
                    counters.insert(metric.name, CounterFamily::new(made, metric));
                }
                Kind::Gauge => {
                    let made = IntGaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)
                        .expect(fits);
                    registry.register(Box::new(made.clone())).expect(fits);
                    gauges.insert(metric.name, made);
                }
                Kind::Histogram => {
                    let options =
                        HistogramOpts::new(metric.name, metric.help).buckets(BUCKETS.to_vec());
                    let made = HistogramVec::new(options, metric.labels).expect(fits);
                    registry.register(Box::new(made.clone())).expect(fits);
                    histograms.insert(metric.name, made);
                }
            }
        }
        Self { registry, counters, gauges, histograms }
    }

    /// The metric with this name, in the type of a field.
    pub(crate) fn metric<M: Metric>(&self, name: &str, labels: &[&str]) -> M {
        M::of(self, name, labels)
    }
}

impl Metric for CounterFamily {
    fn of(builder: &MetricsBuilder, name: &str, _: &[&str]) -> Self {
        builder.counters.get(name).expect("a counter of the list").clone()
    }
}

impl Metric for IntGaugeVec {
    fn of(builder: &MetricsBuilder, name: &str, _: &[&str]) -> Self {
        builder.gauges.get(name).expect("a gauge of the list").clone()
    }
}

impl Metric for HistogramVec {
    fn of(builder: &MetricsBuilder, name: &str, _: &[&str]) -> Self {
        builder.histograms.get(name).expect("a histogram of the list").clone()
    }
}

impl Metric for IntCounter {
    fn of(builder: &MetricsBuilder, name: &str, labels: &[&str]) -> Self {
        builder.metric::<CounterFamily>(name, labels).with_label_values(labels)
    }
}

impl Metric for IntGauge {
    fn of(builder: &MetricsBuilder, name: &str, labels: &[&str]) -> Self {
        builder.metric::<IntGaugeVec>(name, labels).with_label_values(labels)
    }
}

impl Metric for Histogram {
    fn of(builder: &MetricsBuilder, name: &str, labels: &[&str]) -> Self {
        builder.metric::<HistogramVec>(name, labels).with_label_values(labels)
    }
}

impl CounterFamily {
    /// With a series, at zero, for every combination of closed sets of label values.
    fn new(series: IntCounterVec, info: &'static MetricInfo) -> Self {
        let family = Self { series, info };
        family.begin(&[]);
        family
    }

    /// Adds the series, at zero, of these values of labels that have no closed set.
    pub(crate) fn begin(&self, known: &[(&str, &'static str)]) {
        for values in self.info.combinations(known) {
            self.series.with_label_values(&values);
        }
    }

    /// The series of these label values.
    pub(crate) fn with_label_values(&self, values: &[&str]) -> IntCounter {
        let is_listed = |(value, set): (&&str, &&[&str])| set.is_empty() || set.contains(value);
        debug_assert!(
            values.iter().zip(self.info.values).all(is_listed),
            "{} lists no series {values:?}",
            self.info.name
        );
        self.series.with_label_values(values)
    }

    /// Counts an event with these label values.
    pub(crate) fn inc(&self, values: &[&str]) {
        self.with_label_values(values).inc();
    }
}

/// The value of a gauge for this number.
pub(crate) fn gauge_value(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
