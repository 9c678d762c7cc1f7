//! The counters of a run: a histogram for each operation, counts, and a point per second; and its results, the source
//! of the table, the JSON and the verdicts.
//!
//! Latencies are measured from the time an operation was due, not from the time the harness started
//! it: a stall of the server counts for every operation that was due meanwhile (the alternative is
//! called coordinated omission, and hides exactly the stalls).

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use strum::VariantNames as _;

/// Largest latency of a histogram, in microseconds: ten minutes, past every time limit.
const LONGEST_US: u64 = 600_000_000;
/// Three significant digits: an error of a thousandth, and 150 KB per histogram.
const DIGITS: u8 = 3;
/// Most chart points: an hour of seconds. Later seconds count in the totals only.
const MOST_POINTS: usize = 3_600;

/// An operation with a latency. The names of its variants are those in thresholds, tables and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Operation {
    /// From the due time of a visitor to the open socket.
    Connect,
    /// From `hello` to `welcome`.
    Hello,
    /// From a keystroke to its prediction.
    Typing,
    /// From a question to the first words of its answer.
    FirstChunk,
    /// From a question to the end of its answer.
    Ask,
    /// From the loss of a socket to the resumed conversation.
    Resume,
}

/// An event without a latency. The names of its variants are those in thresholds, tables and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Count {
    /// Sockets that were opened.
    Opened,
    /// Sockets that could not be opened.
    Refused,
    /// Sockets that the server closed, or that broke, before the visitor left.
    Dropped,
    /// Sockets that a draining server asked to reconnect elsewhere.
    Moved,
    /// Slow readers that the server closed, as documented.
    ClosedSlow,
    /// Messages of type `error`.
    Errors,
    /// Operations without a reply in time.
    Timeouts,
    /// Keystrokes that a busy server skipped for a newer one.
    PassedOver,
    /// Conversations that could not be resumed, according to the server.
    NotRecovered,
    /// Durable messages that are missing or duplicated, by their offsets.
    Gaps,
    /// Visitors who did not start because of `--max-users`.
    TurnedAway,
}

/// The results of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Duration.
    pub seconds: f64,
    /// Number of events, by the names of [`Count`].
    pub counts: BTreeMap<&'static str, u64>,
    /// Why sockets were refused or lost, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// Most concurrently open sockets.
    pub most_open: u64,
    /// Bytes of the received frames.
    pub bytes: u64,
    /// Latencies, by the names of [`Operation`]; only operations that occurred.
    pub operations: BTreeMap<&'static str, OperationSummary>,
    /// The course of the run, one point per second.
    pub points: Vec<Point>,
}

/// The operations that occurred, in the order of [`Operation`].
pub(crate) fn in_order<'a>(
    operations: &'a BTreeMap<&'static str, OperationSummary>,
) -> impl Iterator<Item = (&'static str, &'a OperationSummary)> {
    Operation::VARIANTS.iter().filter_map(|name| Some((*name, operations.get(name)?)))
}

/// The results of one operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationSummary {
    /// Number of completions.
    pub count: u64,
    /// Completions per second.
    pub rate: f64,
    /// Latencies in microseconds.
    pub latency_us: Latency,
}

/// A distribution of latencies, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// Arithmetic mean in microseconds.
    pub mean: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// Maximum in microseconds.
    pub max: u64,
}

/// One second of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Its end, from the start of the run.
    pub at_s: f64,
    /// Sockets open at the end of the second.
    pub open: u64,
    /// Sockets refused or lost since the start.
    pub lost: u64,
    /// Operations completed in it.
    pub operations: BTreeMap<&'static str, OperationSummary>,
}

/// The counters of one run.
pub struct Tally {
    whole: [Histogram<u64>; Operation::VARIANTS.len()],
    second: [Histogram<u64>; Operation::VARIANTS.len()],
    counts: [u64; Count::VARIANTS.len()],
    closes: BTreeMap<String, u64>,
    open: u64,
    most_open: u64,
    bytes: u64,
    points: Vec<Point>,
}

impl Default for Tally {
    fn default() -> Self {
        let histogram = |_| {
            Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the bounds are constants")
        };
        Self {
            whole: std::array::from_fn(histogram),
            second: std::array::from_fn(histogram),
            counts: [0; Count::VARIANTS.len()],
            closes: BTreeMap::new(),
            open: 0,
            most_open: 0,
            bytes: 0,
            points: Vec::new(),
        }
    }
}

impl Tally {
    /// Records the latency of an operation.
    pub fn took(&mut self, operation: Operation, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        self.whole[operation as usize].saturating_record(micros);
        self.second[operation as usize].saturating_record(micros);
    }

    /// Adds one to a count.
    pub fn count(&mut self, what: Count) {
        self.counts[what as usize] += 1;
    }

    /// A socket was opened.
    pub fn opened(&mut self) {
        self.count(Count::Opened);
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
    }

    /// A socket was closed.
    pub fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Records why a socket was refused or lost: a close code, or an error of the system.
    pub fn because(&mut self, reason: String) {
        *self.closes.entry(reason).or_default() += 1;
    }

    /// A frame of this size was read.
    pub fn read(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Ends a second and returns its point.
    pub fn tick(&mut self, at: Duration) -> Point {
        let point = Point {
            at_s: at.as_secs_f64(),
            open: self.open,
            operations: self.summaries(&self.second, Duration::from_secs(1)),
            lost: self.counts[Count::Refused as usize] + self.counts[Count::Dropped as usize],
        };
        self.second.iter_mut().for_each(Histogram::reset);
        if self.points.len() < MOST_POINTS {
            self.points.push(point.clone());
        }
        point
    }

    /// The results at the end.
    pub fn summary(&self, took: Duration) -> Summary {
        let counts = Count::VARIANTS.iter().copied().zip(self.counts);
        Summary {
            seconds: took.as_secs_f64(),
            counts: counts.collect(),
            reasons: self.closes.clone(),
            most_open: self.most_open,
            bytes: self.bytes,
            operations: self.summaries(&self.whole, took),
            points: self.points.clone(),
        }
    }

    fn summaries(
        &self,
        histograms: &[Histogram<u64>],
        took: Duration,
    ) -> BTreeMap<&'static str, OperationSummary> {
        let done = Operation::VARIANTS.iter().zip(histograms).filter(|(_, all)| !all.is_empty());
        done.map(|(operation, all)| {
            let at = |share: f64| all.value_at_quantile(share);
            let latency = Latency {
                mean: all.mean() as u64,
                p50: at(0.5),
                p90: at(0.9),
                p95: at(0.95),
                p99: at(0.99),
                p999: at(0.999),
                max: all.max(),
            };
            let rate = all.len() as f64 / took.as_secs_f64().max(f64::EPSILON);
            (*operation, OperationSummary { count: all.len(), rate, latency_us: latency })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_thousandth_of_the_recorded_values() {
        let mut tally = Tally::default();
        for micros in 1..=10_000 {
            tally.took(Operation::Typing, Duration::from_micros(micros));
        }
        let summary = tally.summary(Duration::from_secs(10));
        let typing = &summary.operations["typing"];
        assert_eq!((typing.count, typing.rate), (10_000, 1_000.0));
        for (seen, exact) in [
            (typing.latency_us.p50, 5_000.0),
            (typing.latency_us.p99, 9_900.0),
            (typing.latency_us.max, 10_000.0),
        ] {
            assert!((seen as f64 / exact - 1.0).abs() < 0.001, "{seen} for {exact}");
        }
        assert!(!summary.operations.contains_key("ask"), "nobody asked");
    }

    #[test]
    fn a_latency_above_the_limit_is_recorded_at_the_limit() {
        let mut tally = Tally::default();
        tally.took(Operation::Ask, Duration::from_secs(86_400));
        let longest = tally.summary(Duration::from_secs(1)).operations["ask"].latency_us.max;
        assert!(longest >= LONGEST_US);
    }

    #[test]
    fn each_second_starts_at_zero_and_the_run_does_not() {
        let mut tally = Tally::default();
        tally.opened();
        tally.took(Operation::Typing, Duration::from_micros(70));
        assert_eq!(tally.tick(Duration::from_secs(1)).operations["typing"].count, 1);
        tally.closed();
        let second = tally.tick(Duration::from_secs(2));
        assert!(second.operations.is_empty());
        assert_eq!(second.open, 0);
        let summary = tally.summary(Duration::from_secs(2));
        assert_eq!((summary.operations["typing"].count, summary.points.len()), (1, 2));
        assert_eq!((summary.most_open, summary.counts["opened"]), (1, 1));
    }
}
