//! Failure conditions of a run: `--fail-if 'typing.p99>15ms'`.
//!
//! A threshold states what fails the run. It is evaluated once, at the end, over the whole run.

use std::str::FromStr;

use strum::VariantNames as _;

use super::duration::{parse_duration, show_micros};
use super::tally::{Count, Operation, Summary};

/// Measures of an operation that are times.
const TIMES: [&str; 7] = ["p50", "p90", "p95", "p99", "p999", "max", "mean"];
/// Measures of an operation that are plain numbers.
const NUMBERS: [&str; 2] = ["count", "rate"];
/// Comparisons, the longer ones first: `>` is a prefix of `>=`.
const COMPARISONS: [&str; 4] = [">=", "<=", ">", "<"];

/// One condition that fails a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    text: String,
    subject: Subject,
    comparison: &'static str,
    /// Microseconds for a time, else the number.
    limit: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Subject {
    Count(&'static str),
    Time { operation: &'static str, measure: &'static str },
    Number { operation: &'static str, measure: &'static str },
}

/// The result of a threshold.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verdict {
    /// The condition as written.
    pub fail_if: String,
    /// The measured value, for display.
    pub seen: String,
    /// True when the condition holds.
    pub failed: bool,
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = COMPARISONS.iter().find_map(|sign| Some((*sign, text.split_once(sign)?)));
        let Some((comparison, (name, limit))) = found else {
            return Err("no comparison; write for example typing.p99>15ms or dropped>0".to_owned());
        };
        let subject = Subject::parse(name.trim())?;
        let limit = limit.trim();
        let limit = match &subject {
            Subject::Time { .. } => parse_duration(limit)?.as_secs_f64() * 1e6,
            _ => limit
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .ok_or_else(|| format!("'{limit}' is no number, and {} is one", name.trim()))?,
        };
        Ok(Self { text: text.trim().to_owned(), subject, comparison, limit })
    }
}

impl Subject {
    fn parse(name: &str) -> Result<Self, String> {
        let Some((operation, measure)) = name.split_once('.') else {
            return known(Count::VARIANTS, name).map(Self::Count).ok_or_else(|| {
                format!(
                    "'{name}' is no count; counts are {}, and an operation needs a measure, as in typing.p99",
                    Count::VARIANTS.join(", ")
                )
            });
        };
        let operation = known(Operation::VARIANTS, operation).ok_or_else(|| {
            let all = Operation::VARIANTS.join(", ");
            format!("no operation '{operation}'; operations are {all}")
        })?;
        // Also accepts the dot in `p99.9`, which splits nothing here.
        let measure = if measure == "p99.9" { "p999" } else { measure };
        if let Some(measure) = known(&TIMES, measure) {
            return Ok(Self::Time { operation, measure });
        }
        if let Some(measure) = known(&NUMBERS, measure) {
            return Ok(Self::Number { operation, measure });
        }
        Err(format!(
            "no measure '{measure}'; measures are {}, {}",
            TIMES.join(", "),
            NUMBERS.join(", ")
        ))
    }

    /// The measured value, also for display; `None` when nothing was measured.
    fn measure(&self, summary: &Summary) -> Option<(f64, String)> {
        let operation = |name: &str| summary.operations.get(name);
        match self {
            Self::Count(name) => {
                let count = summary.counts.get(name).copied().unwrap_or(0);
                Some((count as f64, count.to_string()))
            }
            Self::Time { operation: name, measure } => {
                let latency = operation(name)?.latency_us;
                let micros = match *measure {
                    "p50" => latency.p50,
                    "p90" => latency.p90,
                    "p95" => latency.p95,
                    "p99" => latency.p99,
                    "p999" => latency.p999,
                    "mean" => latency.mean,
                    _ => latency.max,
                };
                Some((micros as f64, show_micros(micros)))
            }
            Self::Number { operation: name, measure: "count" } => {
                let count = operation(name).map_or(0, |it| it.count);
                Some((count as f64, count.to_string()))
            }
            Self::Number { operation: name, .. } => {
                let rate = operation(name).map_or(0.0, |it| it.rate);
                Some((rate, format!("{rate:.1}/s")))
            }
        }
    }
}

fn known(names: &'static [&'static str], name: &str) -> Option<&'static str> {
    names.iter().copied().find(|known| *known == name)
}

impl Threshold {
    /// Evaluates the threshold. A time that was never measured fails: a run without operations proves nothing.
    pub fn judge(&self, summary: &Summary) -> Verdict {
        let (failed, seen) = match self.subject.measure(summary) {
            None => (true, "nothing was measured".to_owned()),
            Some((value, seen)) => {
                let holds = match self.comparison {
                    ">" => value > self.limit,
                    ">=" => value >= self.limit,
                    "<" => value < self.limit,
                    _ => value <= self.limit,
                };
                (holds, seen)
            }
        };
        Verdict { fail_if: self.text.clone(), seen, failed }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tally::Tally;

    fn run() -> Summary {
        let mut tally = Tally::default();
        for _ in 0..100 {
            tally.took(Operation::Typing, Duration::from_millis(10));
        }
        tally.count(Count::Dropped);
        tally.summary(Duration::from_secs(10))
    }

    fn judged(text: &str) -> Verdict {
        text.parse::<Threshold>().expect(text).judge(&run())
    }

    #[test]
    fn a_threshold_fails_the_run_when_its_condition_is_true() {
        for (text, failed) in [
            ("typing.p99>15ms", false),
            ("typing.p99>5ms", true),
            ("typing.p99.9 >= 1s", false),
            ("typing.max<1s", true),
            ("typing.rate<10", false),
            ("typing.rate<10.5", true),
            ("typing.count<=100", true),
            ("dropped>0", true),
            ("dropped>1", false),
            ("errors>0", false),
            ("ask.count<1", true),
        ] {
            assert_eq!(judged(text).failed, failed, "{text}: {}", judged(text).seen);
        }
    }

    #[test]
    fn a_time_that_was_never_measured_fails() {
        let verdict = judged("ask.p99>1h");
        assert!(verdict.failed);
        assert_eq!(verdict.seen, "nothing was measured");
    }

    #[test]
    fn an_invalid_threshold_is_refused_with_the_valid_forms() {
        for (text, says) in [
            ("typing.p99", "typing.p99>15ms"),
            ("typing.p98>1ms", "measures are p50, p90"),
            ("typo.p99>1ms", "operations are connect, hello, typing"),
            ("drops>0", "counts are opened, refused, dropped"),
            ("typing>1ms", "an operation needs a measure"),
            ("typing.p99>15", "write 150us"),
            ("dropped>many", "'many' is no number"),
            ("dropped>NaN", "is no number"),
            ("", "no comparison"),
        ] {
            let error = text.parse::<Threshold>().expect_err(text);
            assert!(error.contains(says) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
