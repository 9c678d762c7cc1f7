//! Registers the metrics of the list.

use std::collections::HashMap;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::counter_family::CounterFamily;
use crate::metric_list::{Kind, METRICS};

/// Buckets from a tenth of a millisecond to half a minute: a keystroke and a slow manual both fall inside.
const BUCKETS: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0, 30.0,
];

/// Creates the metrics of the list and registers them.
pub(crate) struct MetricsBuilder {
    pub(crate) registry: Registry,
    counters: HashMap<&'static str, CounterFamily>,
    gauges: HashMap<&'static str, IntGaugeVec>,
    histograms: HashMap<&'static str, HistogramVec>,
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

    pub(crate) fn counter(&self, name: &str) -> CounterFamily {
        self.counters.get(name).expect("a counter of the list").clone()
    }

    pub(crate) fn gauge(&self, name: &str) -> IntGaugeVec {
        self.gauges.get(name).expect("a gauge of the list").clone()
    }

    pub(crate) fn histogram(&self, name: &str) -> HistogramVec {
        self.histograms.get(name).expect("a histogram of the list").clone()
    }
}

/// The label values of a metric without labels.
pub(crate) const NONE: &[&str] = &[];
