//! Walks the list of metrics against whatever speaks of them: dashboard, alerts, docs, and back.
//!
//! A dashboard that asks for a metric nobody exports shows an empty panel, and an empty panel looks
//! like a quiet night. So every name, every label and every use of a counter or histogram in
//! `grafana/` and `alerts/` is compared with [`METRICS`] and with what a server really exports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hsc_monitoring::{Kind, METRICS, MetricInfo, Metrics, reference_markdown};
use serde_json::Value;

/// Labels that Prometheus itself puts on a sample, and the bound of a bucket.
const LABELS_OF_PROMETHEUS: &[&str] = &["job", "instance", "le"];

/// Where an expression stands, for the message, and the expression.
type Expression = (String, String);

fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of this crate with an ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(ours(folder))
        .expect("the folder lies beside this crate's sources")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has files");
    paths
}

/// Every expression of every panel.
fn dashboard_expressions() -> Vec<Expression> {
    let mut found = Vec::new();
    for path in files("grafana", "json") {
        let dashboard: Value = serde_json::from_str(&read(&path)).expect("a dashboard is JSON");
        for panel in dashboard["panels"].as_array().expect("a dashboard has panels") {
            let title = panel["title"].as_str().expect("a panel has a title");
            for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
                let expression = target["expr"].as_str().expect("a target has an expression");
                found.push((format!("panel '{title}'"), expression.to_owned()));
            }
        }
    }
    found
}

/// The alerts: name, expression, and the page that says what to do.
struct Alert {
    name: String,
    expression: String,
    runbook: String,
}

/// Every alert of every file. The files are ours and plain, so a line tells all there is to know.
fn alerts() -> Vec<Alert> {
    let mut found: Vec<Alert> = Vec::new();
    for path in files("alerts", "yml") {
        let text = read(&path);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix("- alert: ") {
                found.push(Alert {
                    name: name.to_owned(),
                    expression: String::new(),
                    runbook: String::new(),
                });
            } else if let Some(first) = line.strip_prefix("expr: ") {
                let alert = found.last_mut().expect("an expression follows its alert's name");
                alert.expression = if first == "|" {
                    let mut block = Vec::new();
                    while let Some(next) = lines.next_if(|next| next.starts_with("          ")) {
                        block.push(next.trim());
                    }
                    block.join(" ")
                } else {
                    first.to_owned()
                };
            } else if let Some(page) = line.strip_prefix("runbook: ") {
                found.last_mut().expect("a runbook belongs to an alert").runbook = page.to_owned();
            }
        }
    }
    found
}

fn alert_expressions() -> Vec<Expression> {
    alerts().into_iter().map(|alert| (format!("alert {}", alert.name), alert.expression)).collect()
}

/// The metrics an expression names, each with where its name begins and ends.
fn names(expression: &str) -> Vec<(usize, usize, &str)> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = expression[at..].find(in_name).map(|offset| at + offset) {
        let length = expression[start..].find(|c| !in_name(c)).unwrap_or(expression.len() - start);
        let name = &expression[start..start + length];
        if name.starts_with("hsc_") || name.starts_with("process_") {
            found.push((start, start + length, name));
        }
        at = start + length;
    }
    found
}

/// The metric of the list that a name in an expression asks for.
fn in_catalogue(name: &str) -> Option<&'static MetricInfo> {
    METRICS.iter().find(|metric| match metric.kind {
        Kind::Counter | Kind::Gauge => metric.name == name,
        // A histogram is never exported under its own name.
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(metric.name)),
    })
}

/// What the client library exports of the process.
fn process_metrics() -> BTreeSet<String> {
    Metrics::new()
        .render()
        .lines()
        .filter(|line| line.starts_with("process_"))
        .filter_map(|line| line.split([' ', '{']).next().map(str::to_owned))
        .collect()
}

/// The labels that a selector `{a="b",c=~"d"}` names; none when there is no selector.
fn selected(after_name: &str) -> Vec<&str> {
    let Some(inside) = after_name.strip_prefix('{').and_then(|rest| rest.split('}').next()) else {
        return Vec::new();
    };
    inside
        .split(',')
        .map(|pair| pair.split(['=', '!']).next().unwrap_or(pair).trim())
        .filter(|label| !label.is_empty())
        .collect()
}

/// What is wrong with an expression.
fn faults(expression: &str, process: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut labels: BTreeSet<&str> = LABELS_OF_PROMETHEUS.iter().copied().collect();
    for (start, end, name) in names(expression) {
        let metric = in_catalogue(name);
        if metric.is_none() && !process.contains(name) {
            faults.push(format!("nobody exports {name}"));
            continue;
        }
        let own = metric.map_or(&[][..], |metric| metric.labels);
        labels.extend(own);
        for label in selected(&expression[end..]) {
            if !own.contains(&label) && !LABELS_OF_PROMETHEUS.contains(&label) {
                faults.push(format!("{name} has no label {label}"));
            }
        }
        let grows = metric.is_some_and(|metric| metric.kind != Kind::Gauge);
        let differentiated =
            ["rate(", "increase("].iter().any(|by| expression[..start].ends_with(by));
        if grows && !differentiated {
            faults.push(format!("{name} only grows: ask for its rate or increase"));
        }
    }
    for group in expression.split("by (").skip(1) {
        for label in group.split(')').next().unwrap_or(group).split(',').map(str::trim) {
            if !labels.contains(label) {
                faults.push(format!("none of its metrics has a label {label}"));
            }
        }
    }
    faults
}

#[test]
fn every_panel_and_every_alert_asks_for_what_is_exported() {
    let process = process_metrics();
    let mut breaches = Vec::new();
    for (place, expression) in dashboard_expressions().into_iter().chain(alert_expressions()) {
        for fault in faults(&expression, &process) {
            breaches.push(format!("{place}: {fault}"));
        }
    }
    assert!(breaches.is_empty(), "\n  {}\n", breaches.join("\n  "));
}

#[test]
fn every_metric_is_on_a_dashboard() {
    let shown: String =
        dashboard_expressions().into_iter().map(|(_, expression)| expression + " ").collect();
    let asked: BTreeSet<&str> = names(&shown)
        .into_iter()
        .filter_map(|(_, _, name)| in_catalogue(name))
        .map(|metric| metric.name)
        .collect();
    let hidden: Vec<&str> =
        METRICS.iter().map(|metric| metric.name).filter(|name| !asked.contains(name)).collect();
    assert!(hidden.is_empty(), "on no dashboard: {}", hidden.join(", "));
}

/// Endings that OpenMetrics keeps for the samples of a family.
const SAMPLE_SUFFIXES: &[&str] =
    &["_total", "_created", "_bucket", "_count", "_sum", "_info", "_gcount", "_gsum"];
/// Endings that name a unit which is not the base unit: seconds, bytes and ratios are.
const DERIVED_UNITS: &[&str] = &[
    "_ms",
    "_us",
    "_ns",
    "_milliseconds",
    "_microseconds",
    "_minutes",
    "_hours",
    "_days",
    "_kb",
    "_mb",
    "_kib",
    "_mib",
    "_percent",
];

/// The name of a metric's family: that of a counter is without its `_total`.
fn family(name: &str, kind: Kind) -> &str {
    match kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Gauge | Kind::Histogram => name,
    }
}

/// What readers of OpenMetrics refuse about these names and kinds.
fn name_faults(metrics: &[(&str, Kind)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut families = BTreeSet::new();
    for (name, kind) in metrics {
        let family = family(name, *kind);
        if !families.insert(family) {
            faults.push(format!("two metrics are of the family {family}"));
        }
        if (*kind == Kind::Counter) != name.ends_with("_total") {
            faults.push(format!("{name}: counters end in _total, and nothing else does"));
        }
        if *kind == Kind::Histogram && !family.ends_with("_seconds") && !family.ends_with("_bytes")
        {
            faults.push(format!("{name}: a histogram ends in its unit"));
        }
        if let Some(unit) = DERIVED_UNITS.iter().find(|unit| family.ends_with(**unit)) {
            faults.push(format!("{name}: {unit} is not a base unit"));
        }
        for suffix in SAMPLE_SUFFIXES.iter().filter(|suffix| family.ends_with(**suffix)) {
            faults.push(format!("{name}: {suffix} names a sample, not a family"));
        }
    }
    faults
}

#[test]
fn every_name_is_a_family_of_its_own_with_base_units() {
    let metrics: Vec<(&str, Kind)> = METRICS.iter().map(|it| (it.name, it.kind)).collect();
    let faults = name_faults(&metrics);
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

#[test]
fn a_wrong_name_is_seen() {
    let wrong = |metrics: &[(&str, Kind)]| name_faults(metrics).len();
    assert_eq!(wrong(&[("a", Kind::Gauge), ("b_total", Kind::Counter)]), 0);
    assert_eq!(wrong(&[("a", Kind::Gauge), ("a_total", Kind::Counter)]), 1);
    assert_eq!(wrong(&[("a_wait_ms", Kind::Gauge)]), 1);
    assert_eq!(wrong(&[("a", Kind::Counter)]), 1);
    assert_eq!(wrong(&[("a_count", Kind::Gauge)]), 1);
    assert_eq!(wrong(&[("a", Kind::Histogram)]), 1);
}

#[test]
fn every_exported_family_has_one_kind() {
    let page = Metrics::new().render();
    let mut families = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a name and its kind");
        let kind = if kind == "counter" { Kind::Counter } else { Kind::Gauge };
        assert!(families.insert(family(name, kind).to_owned()), "{name} is exported twice");
    }
    assert!(families.contains("process_cpu_seconds"), "{families:?}");
}

#[test]
fn the_page_of_metrics_is_what_the_list_says() {
    assert_eq!(
        read(ours("../docs/metrics.md")),
        reference_markdown(),
        "docs/metrics.md is stale: run `make docs`"
    );
}

#[test]
fn every_alert_says_what_to_do() {
    let runbook = read(ours("../docs/operations/runbook.md"));
    for alert in alerts() {
        let heading = alert.name.to_lowercase();
        assert_eq!(
            alert.runbook,
            format!("docs/operations/runbook.md#{heading}"),
            "{}",
            alert.name
        );
        assert!(
            runbook.lines().any(|line| line.trim_start_matches('#').trim() == alert.name),
            "docs/operations/runbook.md has no heading {}",
            alert.name
        );
    }
}

#[test]
fn every_alert_watches_the_job_that_is_scraped() {
    let scraped = read(ours("prometheus/prometheus.yml"));
    let job = scraped
        .split_once("job_name: ")
        .and_then(|(_, rest)| rest.lines().next())
        .expect("prometheus.yml names a job");
    for alert in alerts() {
        let selectors = alert.expression.matches('{').count();
        let of_the_job = alert.expression.matches(&format!("job=\"{job}\"")).count();
        assert!(selectors > 0, "{} selects nothing", alert.name);
        assert_eq!(selectors, of_the_job, "{} watches another job", alert.name);
    }
}

#[test]
fn a_wrong_expression_is_seen() {
    let process = process_metrics();
    let wrong = |expression: &str| faults(expression, &process);
    assert!(wrong("sum(rate(hsc_ws_refused_total{reason=\"full\"}[5m]))").is_empty());
    assert!(wrong("process_open_fds / process_max_fds").is_empty());
    assert_eq!(wrong("hsc_gone_total"), ["nobody exports hsc_gone_total"]);
    assert_eq!(wrong("hsc_prediction_seconds"), ["nobody exports hsc_prediction_seconds"]);
    assert_eq!(wrong("process_gone"), ["nobody exports process_gone"]);
    assert_eq!(wrong("hsc_ws_sessions{pod=\"a\"}"), ["hsc_ws_sessions has no label pod"]);
    assert_eq!(
        wrong("hsc_predictions_total > 1"),
        ["hsc_predictions_total only grows: ask for its rate or increase"]
    );
    assert_eq!(wrong("sum by (shop) (hsc_ws_sessions)"), ["none of its metrics has a label shop"]);
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    // `make test-alerts` runs them.
    let cases = std::fs::read_to_string(ours("alerts/tests/hsc.yml")).expect("the cases are there");
    for alert in alerts() {
        for ending in ["fires", "is silent"] {
            let case = format!("- name: {} {ending}\n", alert.name);
            assert!(cases.contains(&case), "alerts/tests/hsc.yml has no case {case}");
        }
    }
}
