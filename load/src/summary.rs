//! A run in numbers: what the table shows, the JSON holds and thresholds judge.

use std::collections::BTreeMap;

use serde::Serialize;

/// A run in numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// How long it took.
    pub seconds: f64,
    /// What happened how often, by the words of [`Count`](super::Count).
    pub counts: BTreeMap<&'static str, u64>,
    /// Why sockets were refused or lost, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// Most sockets open at once.
    pub most_open: u64,
    /// Bytes of the frames that were read.
    pub bytes: u64,
    /// What was waited for, by the words of [`Operation`](super::Operation); only what was done at all.
    pub operations: BTreeMap<&'static str, OperationSummary>,
    /// The course of it, a point a second.
    pub points: Vec<Point>,
}

/// One operation in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationSummary {
    /// How often it was done.
    pub count: u64,
    /// How often a second.
    pub rate: f64,
    /// How long it took, in microseconds.
    pub latency_us: Latency,
}

/// A distribution of latencies, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// Arithmetic mean in microseconds.
    pub mean: u64,
    /// Half took no longer.
    pub p50: u64,
    /// Nine of ten took no longer.
    pub p90: u64,
    /// 95 of 100 took no longer.
    pub p95: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
    /// 999 of 1,000 took no longer.
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
    /// What was done in it.
    pub operations: BTreeMap<&'static str, OperationSummary>,
}
