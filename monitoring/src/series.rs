//! The last minutes of a pod as chart series, computed from its own metrics.
//!
//! Owns      the ring of points, bounded, and the previous sample.
//! Never     reads a clock or a registry: a [`Sample`] is a parameter, so every rule is plain arithmetic.
//!
//! A counter becomes a rate, a histogram the percentiles of the observations between two samples, a gauge
//! stays as it is. A point without data (no sample, no observation) is null.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

/// The caches with a hit rate, by the label of their metrics.
pub(crate) const CACHES: [&str; 3] = ["manuals", "predictions", "answers"];

/// Name and unit of every series, in the order of a [`Point`].
const LINES: [(&str, &str); 13] = [
    ("sessions", "sessions"),
    ("agents", "agents"),
    ("keystrokes_per_second", "1/s"),
    ("answers_per_second", "1/s"),
    ("answer_first_words_p50_ms", "ms"),
    ("answer_first_words_p95_ms", "ms"),
    ("keystroke_p50_ms", "ms"),
    ("keystroke_p95_ms", "ms"),
    ("cache_hit_rate.manuals", "share"),
    ("cache_hit_rate.predictions", "share"),
    ("cache_hit_rate.answers", "share"),
    ("errors_per_second", "1/s"),
    ("memory_bytes", "bytes"),
];

/// The values of all series at one step.
type Point = [Option<f64>; LINES.len()];

/// The counters and gauges behind the series, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Open visitor sessions.
    pub sessions: f64,
    /// Agents with an open socket.
    pub agents: f64,
    /// Bytes of memory the process holds.
    pub memory_bytes: f64,
    /// Keystrokes since the start.
    pub keystrokes: f64,
    /// Answers completed since the start.
    pub answers: f64,
    /// Failures of the server since the start.
    pub errors: f64,
    /// Times to the first words of answers since the start.
    pub first_words: Buckets,
    /// Times to answer keystrokes since the start.
    pub keystroke: Buckets,
    /// Hits and misses of each cache since the start.
    pub caches: [(f64, f64); CACHES.len()],
}

/// A histogram: upper bounds in seconds, cumulative counts, and the total.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// Upper bounds, ascending, without the infinite one.
    pub bounds: Vec<f64>,
    /// Observations at or below each bound.
    pub cumulative: Vec<f64>,
    /// All observations.
    pub total: f64,
}

/// One series of a chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// E.g. `keystroke_p95_ms`.
    pub name: &'static str,
    /// `1/s`, `ms`, `bytes`, `share` or the counted thing.
    pub unit: &'static str,
    /// One value per step, the oldest first.
    pub points: Vec<Option<f64>>,
}

/// A ring of samples; the oldest is overwritten first.
#[derive(Debug)]
pub struct History {
    step: Duration,
    points: VecDeque<Point>,
    last: Option<(Duration, Sample)>,
}

impl History {
    /// An empty ring of `points` steps.
    pub fn new(step: Duration, points: usize) -> Self {
        Self { step, points: vec![[None; LINES.len()]; points].into(), last: None }
    }

    /// Adds a sample; `at` is the time since a fixed moment. Steps without a
    /// sample stay empty; increases of counters are spread over the elapsed time.
    pub fn push(&mut self, at: Duration, sample: Sample) {
        let (point, steps) = match &self.last {
            Some((before, last)) => {
                let took = at.saturating_sub(*before).as_secs_f64();
                (between(last, &sample, took), took / self.step.as_secs_f64().max(f64::EPSILON))
            }
            // Without a previous sample there are only gauges.
            None => (between(&sample, &sample, 0.0), 1.0),
        };
        // Rounded, since no timer is exact. After a longer gap than the ring, all points are empty.
        let missed = (steps.round() as usize).saturating_sub(1).min(self.points.len());
        for _ in 0..missed {
            self.keep([None; LINES.len()]);
        }
        self.keep(point);
        self.last = Some((at, sample));
    }

    /// Every series, with as many points as the ring holds.
    pub fn series(&self) -> Vec<Series> {
        let line = |(at, (name, unit)): (usize, (&'static str, &'static str))| Series {
            name,
            unit,
            points: self.points.iter().map(|point| point[at]).collect(),
        };
        LINES.into_iter().enumerate().map(line).collect()
    }

    /// The time between two points.
    pub fn step(&self) -> Duration {
        self.step
    }

    fn keep(&mut self, point: Point) {
        self.points.pop_front();
        self.points.push_back(point);
    }
}

fn between(before: &Sample, now: &Sample, seconds: f64) -> Point {
    let [manuals, predictions, answers] =
        std::array::from_fn(|at| share(before.caches[at], now.caches[at]));
    let first_words = now.first_words.since(&before.first_words);
    let keystroke = now.keystroke.since(&before.keystroke);
    let ms = |seconds: f64| seconds * 1_000.0;
    [
        Some(now.sessions),
        Some(now.agents),
        rate(before.keystrokes, now.keystrokes, seconds),
        rate(before.answers, now.answers, seconds),
        first_words.quantile(0.5).map(ms),
        first_words.quantile(0.95).map(ms),
        keystroke.quantile(0.5).map(ms),
        keystroke.quantile(0.95).map(ms),
        manuals,
        predictions,
        answers,
        rate(before.errors, now.errors, seconds),
        Some(now.memory_bytes),
    ]
}

/// The increase of a counter. A counter with a smaller value than before was reset, as in Prometheus' `rate`:
/// its value is the increase since then.
fn increase(before: f64, now: f64) -> f64 {
    if now < before { now } else { now - before }
}

/// The rate of a counter; `None` when no time has passed.
fn rate(before: f64, now: f64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| increase(before, now) / seconds)
}

/// The hit rate; `None` without lookups.
fn share(before: (f64, f64), now: (f64, f64)) -> Option<f64> {
    let (hits, misses) = (increase(before.0, now.0), increase(before.1, now.1));
    (hits + misses > 0.0).then(|| hits / (hits + misses))
}

impl Buckets {
    /// The observations since `before`. A histogram with a smaller count than before was reset.
    pub fn since(&self, before: &Self) -> Self {
        let began_again = before.bounds != self.bounds
            || self.total < before.total
            || self.cumulative.iter().zip(&before.cumulative).any(|(now, before)| now < before);
        if began_again {
            return self.clone();
        }
        let pairs = self.cumulative.iter().zip(&before.cumulative);
        Self {
            bounds: self.bounds.clone(),
            cumulative: pairs.map(|(now, before)| now - before).collect(),
            total: self.total - before.total,
        }
    }

    /// The quantile in seconds; `None` without observations.
    ///
    /// As `histogram_quantile` of Prometheus (`bucketQuantile` in promql/quantile.go): linear interpolation within a
    /// bucket, the first bucket begins at 0, and past the last bound the result is that bound.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let last = *self.bounds.last()?;
        if self.total <= 0.0 {
            return None;
        }
        let rank = share * self.total;
        let Some(at) = self.cumulative.iter().position(|count| *count >= rank) else {
            return Some(last);
        };
        let upper = self.bounds[at];
        let (lower, under) =
            if at == 0 { (0.0, 0.0) } else { (self.bounds[at - 1], self.cumulative[at - 1]) };
        let inside = self.cumulative[at] - under;
        Some(if inside > 0.0 { lower + (upper - lower) * (rank - under) / inside } else { upper })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(5);

    fn buckets(cumulative: [f64; 3], total: f64) -> Buckets {
        Buckets { bounds: vec![0.1, 0.5, 1.0], cumulative: cumulative.into(), total }
    }

    fn points(history: &History, name: &str) -> Vec<Option<f64>> {
        let found = history.series().into_iter().find(|line| line.name == name);
        found.expect("a line of this name").points
    }

    fn taken(samples: impl IntoIterator<Item = (u64, Sample)>) -> History {
        let mut history = History::new(STEP, 4);
        for (seconds, sample) in samples {
            history.push(Duration::from_secs(seconds), sample);
        }
        history
    }

    fn typed(keystrokes: f64) -> Sample {
        Sample { keystrokes, ..Sample::default() }
    }

    macro_rules! quantiles {
        ($($name:ident: $cumulative:expr, $total:expr, $share:expr => $expected:expr;)*) => {$(
            #[test]
            fn $name() {
                let found = buckets($cumulative, $total).quantile($share);
                let expected: Option<f64> = $expected;
                let close = match (found, expected) {
                    (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
                    (found, expected) => found == expected,
                };
                assert!(close, "{found:?} is not {expected:?}");
            }
        )*};
    }

    quantiles! {
        no_observations_have_no_percentile: [0.0, 0.0, 0.0], 0.0, 0.5 => None;
        the_first_bucket_begins_at_zero: [10.0, 10.0, 10.0], 10.0, 0.5 => Some(0.05);
        observations_are_interpolated_within_a_bucket: [4.0, 12.0, 12.0], 12.0, 0.5 => Some(0.2);
        the_end_of_a_bucket_is_its_upper_bound: [4.0, 8.0, 8.0], 8.0, 0.5 => Some(0.1);
        an_empty_bucket_is_skipped: [2.0, 2.0, 4.0], 4.0, 0.75 => Some(0.75);
        a_percentile_above_the_last_bound_is_that_bound: [0.0, 0.0, 0.0], 3.0, 0.95 => Some(1.0);
        a_percentile_partly_above_the_last_bound_is_that_bound: [1.0, 2.0, 3.0], 100.0, 0.5 => Some(1.0);
        the_maximum_is_the_bound_of_the_last_bucket_with_observations: [1.0, 4.0, 4.0], 4.0, 1.0 => Some(0.5);
        the_minimum_is_the_lower_bound_of_the_first_bucket: [2.0, 4.0, 4.0], 4.0, 0.0 => Some(0.0);
    }

    #[test]
    fn a_histogram_without_buckets_has_no_percentile() {
        assert_eq!(Buckets::default().quantile(0.5), None);
    }

    #[test]
    fn a_percentile_covers_the_observations_between_two_samples() {
        let slow_then_fast = [
            (0, Sample { keystroke: buckets([0.0, 0.0, 100.0], 100.0), ..Sample::default() }),
            (5, Sample { keystroke: buckets([10.0, 10.0, 110.0], 110.0), ..Sample::default() }),
        ];
        let history = taken(slow_then_fast);
        assert_eq!(points(&history, "keystroke_p50_ms")[3], Some(50.0));
    }

    #[test]
    fn a_histogram_that_was_reset_counts_from_zero() {
        let now = buckets([1.0, 2.0, 2.0], 2.0);
        assert_eq!(now.since(&buckets([5.0, 5.0, 5.0], 5.0)), now);
        assert_eq!(now.since(&buckets([2.0, 2.0, 2.0], 2.0)), now, "one bucket tells it");
        assert_eq!(now.since(&Buckets::default()), now, "other bounds are another histogram");
        assert_eq!(now.since(&buckets([1.0, 1.0, 1.0], 1.0)), buckets([0.0, 1.0, 1.0], 1.0));
    }

    #[test]
    fn a_counter_becomes_a_rate_over_the_elapsed_time() {
        let history = taken([(0, typed(0.0)), (5, typed(50.0)), (11, typed(56.0))]);
        let rates = points(&history, "keystrokes_per_second");
        assert_eq!(rates, [None, None, Some(10.0), Some(1.0)]);
    }

    #[test]
    fn a_counter_reset_gives_no_negative_rate() {
        let history = taken([(0, typed(1_000.0)), (5, typed(20.0))]);
        assert_eq!(points(&history, "keystrokes_per_second")[3], Some(4.0));
    }

    #[test]
    fn a_first_sample_has_gauges_and_no_rates() {
        let history = taken([(0, Sample { sessions: 7.0, answers: 3.0, ..Sample::default() })]);
        assert_eq!(points(&history, "sessions"), [None, None, None, Some(7.0)]);
        assert_eq!(points(&history, "answers_per_second"), [None; 4]);
    }

    #[test]
    fn steps_without_a_sample_are_empty_and_a_long_gap_clears_the_ring() {
        let history = taken([(0, typed(1.0)), (5, typed(6.0)), (16, typed(17.0))]);
        assert_eq!(points(&history, "keystrokes_per_second")[1..], [Some(1.0), None, Some(1.0)]);
        let slept = taken([(0, typed(1.0)), (5, typed(6.0)), (50_005, typed(6.0))]);
        assert_eq!(points(&slept, "keystrokes_per_second"), [None, None, None, Some(0.0)]);
    }

    #[test]
    fn two_samples_of_one_moment_have_no_rate() {
        let history = taken([(5, typed(1.0)), (5, typed(2.0))]);
        assert_eq!(points(&history, "keystrokes_per_second")[3], None);
    }

    #[test]
    fn a_hit_rate_needs_lookups() {
        let looked = |hits, misses| Sample {
            caches: [(hits, misses), (0.0, 0.0), (1.0, 1.0)],
            ..Sample::default()
        };
        let history = taken([(0, looked(1.0, 1.0)), (5, looked(4.0, 2.0))]);
        assert_eq!(points(&history, "cache_hit_rate.manuals")[3], Some(0.75));
        assert_eq!(points(&history, "cache_hit_rate.predictions")[3], None);
        assert_eq!(points(&history, "cache_hit_rate.answers")[3], None);
    }

    #[test]
    fn the_ring_is_bounded_and_the_newest_point_is_last() {
        let history =
            taken((0..10).map(|at| (at * 5, Sample { agents: at as f64, ..Sample::default() })));
        assert_eq!(points(&history, "agents"), [6.0, 7.0, 8.0, 9.0].map(Some));
    }

    #[test]
    fn every_cache_has_a_series() {
        for cache in CACHES {
            let name = format!("cache_hit_rate.{cache}");
            assert!(LINES.iter().any(|(line, _)| *line == name), "{name}");
        }
    }
}
