//! The results of a run: the source of the table, the JSON and the verdicts.

use std::collections::BTreeMap;

use serde::Serialize;

/// The results of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Duration.
    pub seconds: f64,
    /// Number of events, by the names of [`Count`](super::Count).
    pub counts: BTreeMap<&'static str, u64>,
    /// Why sockets were refused or lost, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// Most concurrently open sockets.
    pub most_open: u64,
    /// Bytes of the received frames.
    pub bytes: u64,
    /// Latencies, by the names of [`Operation`](super::Operation); only operations that occurred.
    pub operations: BTreeMap<&'static str, OperationSummary>,
    /// The course of the run, one point per second.
    pub points: Vec<Point>,
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
