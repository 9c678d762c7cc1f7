//! `hsc load`: runs a load test against a server and reports latencies.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use hsc_load::{
    Arrival, Mix, Pace, Plan, Scenario, Schedule, Summary, Threshold, Verdict, Words,
    allow_sockets, html, parse_duration, run as run_load, table,
};

use crate::outbound::OutboundTls;

/// Arguments of `hsc load`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario to run.
    #[arg(value_enum, default_value = "typing", conflicts_with = "mix")]
    scenario: Scenario,
    /// Mix of visitors, a TOML file (docs/load-testing.md).
    #[arg(long, value_name = "FILE.toml")]
    mix: Option<PathBuf>,
    /// Address of a server; repeat it to use several in turn.
    #[arg(long = "url", value_name = "URL", default_value = "ws://127.0.0.1:8000/ws")]
    urls: Vec<String>,
    /// PEM file of certificate authorities that a wss server may have, besides the well-known ones.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Local source address of the sockets; repeat it to use several in turn. One address has
    /// about 28,000 sockets to one server.
    #[arg(long = "source", value_name = "IP")]
    sources: Vec<IpAddr>,
    /// Closed model: number of concurrent visitors.
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "rate")]
    users: usize,
    /// Open model: visitors that arrive per second, however slow the server is.
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,
    /// Open model: time that a visitor stays.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    stay: Duration,
    /// Maximum number of concurrent visitors.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_users: usize,
    /// Duration of the test.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    duration: Duration,
    /// Ramp-up time to the full number of visitors, or to the full rate.
    #[arg(long, default_value = "0s", value_parser = parse_duration)]
    ramp: Duration,
    /// Time between keystrokes; 0s sends the next when the server has answered.
    #[arg(long, default_value = "150ms", value_parser = parse_duration)]
    key: Duration,
    /// Think time after a name was typed or an answer was read.
    #[arg(long, default_value = "2s", value_parser = parse_duration)]
    think: Duration,
    /// Time between reconnect storms.
    #[arg(long, default_value = "10s", value_parser = parse_duration)]
    storm_every: Duration,
    /// Time between frames that a slow reader reads.
    #[arg(long, default_value = "1s", value_parser = parse_duration)]
    read_every: Duration,
    /// Time after which a request counts as timed out.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// File of product names to type, one per line; default: a sample from the server.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// File of questions to ask, one per line; default: general questions.
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,
    /// Product to ask about; repeat it for several; default: a sample from the server.
    #[arg(long = "product", value_name = "ID")]
    products: Vec<String>,
    /// Request full predictions, as clients of protocol part 1 get them.
    #[arg(long)]
    full: bool,
    /// Seed of the random numbers; the same seed gives the same visitors.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Exit with status 1 if this holds at the end, e.g. typing.p99>15ms, dropped>0, typing.rate<1000.
    #[arg(long = "fail-if", value_name = "CONDITION")]
    fail_if: Vec<Threshold>,
    /// File for the results, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// File for the report with charts, as HTML.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print no progress on standard error.
    #[arg(long)]
    quiet: bool,
}

/// The contents of `--json`.
#[derive(Serialize)]
struct Output<'a> {
    name: &'a str,
    urls: &'a [String],
    #[serde(flatten)]
    summary: &'a Summary,
    verdicts: &'a [Verdict],
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let plan = args.plan()?;
    let (name, urls) = (plan.mix.name(), plan.urls.clone());
    let sockets = match plan.schedule.arrival {
        Arrival::Closed { users } => users.min(plan.max_users),
        // The number of concurrent visitors of this rate and stay; further ones are turned away.
        Arrival::Open { per_second } => {
            plan.max_users.min((per_second * plan.stay.as_secs_f64()).ceil() as usize)
        }
    };
    allow_sockets(sockets).map_err(|error| anyhow!(error))?;
    // One thread: the harness should not contend with itself, and one thread can saturate a pod.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    let summary = runtime.block_on(run_load(plan, interrupted)).map_err(|error| anyhow!(error))?;
    let verdicts: Vec<Verdict> = args.fail_if.iter().map(|it| it.judge(&summary)).collect();
    print!("{}", table(&summary, &verdicts));
    if let Some(path) = &args.json {
        let output = Output { name: &name, urls: &urls, summary: &summary, verdicts: &verdicts };
        write(path, &serde_json::to_string_pretty(&output)?)?;
    }
    if let Some(path) = &args.report {
        write(path, &html(&name, &urls, &summary, &verdicts))?;
    }
    let failed = verdicts.iter().any(|verdict| verdict.failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Args {
    fn plan(&self) -> anyhow::Result<Plan> {
        let pace = Pace {
            key: self.key,
            think: self.think,
            storm_every: self.storm_every,
            read_every: self.read_every,
        };
        let mix = match &self.mix {
            None => Mix::of(self.scenario, pace),
            Some(path) => Mix::parse(&read(path)?, pace)
                .map_err(|error| anyhow!("{}: {error}", path.display()))?,
        };
        let arrival = match self.rate {
            Some(per_second) => Arrival::Open { per_second },
            None => Arrival::Closed { users: self.users },
        };
        let lines = |path: &Option<PathBuf>| match path {
            None => Ok(Vec::new()),
            Some(path) => match Words::lines(&read(path)?) {
                lines if lines.is_empty() => Err(anyhow!("{} has no line", path.display())),
                lines => Ok(lines),
            },
        };
        let words = Words {
            queries: lines(&self.queries)?,
            products: self.products.clone(),
            questions: lines(&self.questions)?,
        };
        Ok(Plan {
            urls: self.urls.clone(),
            tls: Arc::new(OutboundTls::new(&path_of(self.ca_file.as_deref()))?.config()),
            sources: self.sources.clone(),
            schedule: Schedule { arrival, ramp: self.ramp, duration: self.duration },
            mix,
            words,
            max_users: self.max_users,
            stay: self.stay,
            timeout: self.timeout,
            compact: !self.full,
            seed: self.seed,
            progress: !self.quiet,
        })
    }
}

/// The path as the settings write it; empty for none.
fn path_of(file: Option<&Path>) -> String {
    file.map(|file| file.display().to_string()).unwrap_or_default()
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| format!("'{text}' is no rate; write visitors a second, as 50 or 0.5"))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
