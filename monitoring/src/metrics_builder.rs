//! Registers the metrics of the list, and declares groups of them.

use std::collections::HashMap;

use prometheus::core::Collector;
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
/// with labels also with its label values. `fn(labels)` before a counter declares a method of the same name, which
/// counts an event with these label values.
macro_rules! groups {
    ($($(#[$meta:meta])* $group:ident {
        $(
            $($(#[$doc:meta])+ fn($($label:ident),+))?
            $field:ident: $kind:ty = $name:literal $([$($value:literal),*])?,
        )*
    })*) => {$(
        $(#[$meta])*
        pub struct $group { $($field: $kind,)* }

        impl $group {
            pub(crate) fn new(builder: &MetricsBuilder) -> Self {
                Self { $($field: builder.metric($name, &[$($($value),*)?]),)* }
            }

            $($(
                $(#[$doc])+
                pub fn $field(&self, $($label: &'static str),+) {
                    self.$field.inc(&[$($label),+]);
                }
            )?)*
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
        for metric in METRICS {
            let (name, labels) = (metric.name, metric.labels);
            let options = Opts::new(name, metric.help);
            match metric.kind {
                Kind::Counter => {
                    let made = registered(&registry, IntCounterVec::new(options, labels));
                    counters.insert(name, CounterFamily::new(made, metric));
                }
                Kind::Gauge => {
                    let made = registered(&registry, IntGaugeVec::new(options, labels));
                    gauges.insert(name, made);
                }
                Kind::Histogram => {
                    let options = HistogramOpts::from(options).buckets(BUCKETS.to_vec());
                    let made = registered(&registry, HistogramVec::new(options, labels));
                    histograms.insert(name, made);
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

/// The metric, in the registry.
fn registered<M: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<M>,
) -> M {
    let fits = "a test makes every metric of the list";
    let metric = made.expect(fits);
    registry.register(Box::new(metric.clone())).expect(fits);
    metric
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
