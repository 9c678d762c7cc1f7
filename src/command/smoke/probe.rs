//! `hsc smoke --every`: the smoke test as a black-box probe, with its results as metrics.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use super::checks::{self, CheckResult, Outcome, Target};

/// The metrics of the probe. Each label exists from the start.
struct ProbeMetrics {
    registry: Registry,
    success: IntGaugeVec,
    duration: GaugeVec,
    runs: IntCounterVec,
}

impl ProbeMetrics {
    fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let success = IntGaugeVec::new(
            Opts::new("hsc_smoke_success", "1 if the last run of the check passed, else 0"),
            &["check"],
        )?;
        let duration = GaugeVec::new(
            Opts::new("hsc_smoke_duration_seconds", "Duration of the last run of the check"),
            &["check"],
        )?;
        let runs = IntCounterVec::new(
            Opts::new("hsc_smoke_runs_total", "Runs of the whole smoke test, by outcome"),
            &["outcome"],
        )?;
        registry.register(Box::new(success.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(runs.clone()))?;
        for outcome in ["passed", "failed"] {
            runs.with_label_values(&[outcome]);
        }
        Ok(Self { registry, success, duration, runs })
    }

    fn record(&self, results: &[CheckResult]) {
        for result in results {
            let passed = i64::from(result.outcome == Outcome::Passed);
            self.success.with_label_values(&[result.check]).set(passed);
            let seconds = Duration::from_millis(result.milliseconds).as_secs_f64();
            self.duration.with_label_values(&[result.check]).set(seconds);
        }
        let passed = results.iter().all(|result| result.outcome == Outcome::Passed);
        let outcome = if passed { "passed" } else { "failed" };
        self.runs.with_label_values(&[outcome]).inc();
    }

    fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect("metrics are text")
    }
}

async fn shown(metrics: web::Data<ProbeMetrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body(metrics.render())
}

/// Repeats the checks until the process is stopped.
pub(super) async fn run(
    target: Target,
    every: Duration,
    listen: SocketAddr,
) -> anyhow::Result<ExitCode> {
    let metrics = web::Data::new(ProbeMetrics::new()?);
    let shared = metrics.clone();
    let server = HttpServer::new(move || {
        App::new().app_data(shared.clone()).route("/metrics", web::get().to(shown))
    })
    .workers(1)
    .bind(listen)
    .with_context(|| format!("cannot listen on {listen}"))?
    .run();
    let repeat = async {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let results = checks::run(&target).await;
            for failed in results.iter().filter(|it| it.outcome == Outcome::Failed) {
                eprintln!("{} failed: {}", failed.check, failed.detail);
            }
            metrics.record(&results);
        }
    };
    // The server ends on SIGINT and SIGTERM.
    tokio::select! {
        ended = server => ended.context("the listener failed")?,
        () = repeat => {}
    }
    Ok(ExitCode::SUCCESS)
}
