//! A counter with labels, whose series exist before the first event: an alert on an increase needs the zero before it.

use prometheus::{IntCounter, IntCounterVec};

use crate::metric_list::MetricInfo;

/// The series of one counter. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CounterFamily {
    series: IntCounterVec,
    info: &'static MetricInfo,
}

impl CounterFamily {
    /// With a series, at zero, for every combination of closed sets of label values.
    pub(crate) fn new(series: IntCounterVec, info: &'static MetricInfo) -> Self {
        let family = Self { series, info };
        family.begin(&[]);
        family
    }

    /// Adds the series, at zero, of these values of labels that have no closed set.
    pub(crate) fn begin(&self, known: &[(&str, &'static str)]) {
        for values in self.info.combinations_with(known) {
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
}
