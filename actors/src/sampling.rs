//! Samples our own metrics every few seconds, for the charts of the page `/admin`.
//!
//! Owns      nothing: the ring outlives the worker.
//! Calls     no other actor; it reads counters.
//! Never     delays another part, keeps more than ten minutes.
//! On crash  loses the samples until its restart; those steps stay empty.

use std::sync::Arc;
use std::time::Duration;

use hsc_monitoring::{History, Metrics, Sample, Series};
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::mutex::Mutex;
use crate::supervision::{Care, ChildSpec, Life};
use hsc_conversation::{BoxError, now_ms};

/// Time between two samples: short enough to show a change soon, long enough that a rate is not noise.
const STEP: Duration = Duration::from_secs(5);
/// Number of points, ten minutes: enough to see recent events. Prometheus keeps the rest.
const POINTS: usize = 120;

/// The samples of the last minutes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RecentSamples {
    samples: Arc<Mutex<StoredSamples>>,
    began: Instant,
}

struct StoredSamples {
    history: History,
    newest_ms: u64,
}

/// The metrics of the last minutes, for charts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Charts {
    /// Time of the newest points.
    pub now_ms: u64,
    /// Time between two points.
    pub step_ms: u64,
    /// Every line, its points oldest first.
    pub series: Vec<Series>,
}

impl RecentSamples {
    pub(crate) fn new() -> Self {
        let samples = StoredSamples { history: History::new(STEP, POINTS), newest_ms: now_ms() };
        Self { samples: Arc::new(Mutex::new(samples)), began: Instant::now() }
    }

    /// All lines.
    pub(crate) fn charts(&self) -> Charts {
        let samples = self.samples.lock();
        Charts {
            now_ms: samples.newest_ms,
            step_ms: u64::try_from(samples.history.step().as_millis()).unwrap_or(u64::MAX),
            series: samples.history.series(),
        }
    }

    /// Adds a sample, this long after the start.
    fn take(&self, at: Duration, sample: Sample) {
        let mut samples = self.samples.lock();
        samples.history.push(at, sample);
        samples.newest_ms = now_ms();
    }
}

/// The worker, for the tree. `agents` returns the number of connected agents.
pub(crate) fn worker(
    recent: &RecentSamples,
    agents: impl Fn() -> usize + Clone + Send + Sync + 'static,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let (recent, counted) = (recent.clone(), Arc::clone(metrics));
    ChildSpec::worker("metrics.sampler", "metrics_sampler", care, metrics, move |life| {
        sample(recent.clone(), agents.clone(), Arc::clone(&counted), life)
    })
}

async fn sample(
    recent: RecentSamples,
    agents: impl Fn() -> usize,
    metrics: Arc<Metrics>,
    life: Life,
) -> Result<(), BoxError> {
    let mut ticks = interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut taken = 0_u64;
    loop {
        ticks.tick().await;
        recent.take(recent.began.elapsed(), metrics.sample(agents()));
        taken += 1;
        life.observe(json!({ "taken": taken, "step_ms": STEP.as_millis() as u64 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_of_samples_are_retained_and_a_gap_stays_empty() {
        let (recent, metrics) = (RecentSamples::new(), Metrics::new());
        recent.take(STEP, metrics.sample(1));
        metrics.sockets.received("typing");
        recent.take(STEP * 4, metrics.sample(2));
        let charts = recent.charts();
        assert_eq!(charts.step_ms, 5_000);
        let points = |name: &str| {
            let line = charts.series.iter().find(|line| line.name == name);
            line.expect("a line of this name").points.clone()
        };
        assert_eq!(points("agents").len(), 120);
        assert_eq!(points("agents")[116..], [Some(1.0), None, None, Some(2.0)]);
        let rate = points("keystrokes_per_second")[119].expect("a rate");
        assert!((rate - 1.0 / 15.0).abs() < 1e-9, "{rate}");
    }
}
