//! Compares the list of metrics with dashboards, alerts and docs, in both directions.
//!
//! A dashboard that queries a missing metric shows an empty panel, which looks like a quiet system. So every
//! name, every label and every use of a counter or histogram in `grafana/` and `alerts/` is compared with
//! [`METRICS`] and with the real export of a server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hsc_monitoring::{Kind, METRICS, MetricInfo, Metrics, reference_markdown};
use serde_json::Value;

/// Labels that Prometheus itself adds to a sample, and the bound of a bucket.
const LABELS_OF_PROMETHEUS: &[&str] = &["job", "instance", "le"];
/// Labels of the series that the rules of the objectives record.
const LABELS_OF_RECORDINGS: &[&str] = &["slo", "source", "outcome", "kind"];

/// An expression, and its place for the message.
type Expression = (String, String);

fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a folder of this crate with this extension.
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

/// A rule of Prometheus: an alert with its heading in the runbook, or a recorded series.
struct Rule {
    name: String,
    is_alert: bool,
    expression: String,
    runbook: String,
    /// The labels that a recording rule adds, as written in the file.
    labels: String,
}

/// Every alert of every file.
fn alerts() -> Vec<Rule> {
    rules().into_iter().filter(|rule| rule.is_alert).collect()
}

/// Every recording rule of every file.
fn recordings() -> Vec<Rule> {
    rules().into_iter().filter(|rule| !rule.is_alert).collect()
}

/// Every rule of every file. The files have a uniform layout, so this reads lines and needs no YAML parser.
fn rules() -> Vec<Rule> {
    let mut found: Vec<Rule> = Vec::new();
    for path in files("alerts", "yml") {
        let text = read(&path);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let line = line.trim();
            let alert = line.strip_prefix("- alert: ");
            if let Some(name) = alert.or_else(|| line.strip_prefix("- record: ")) {
                found.push(Rule {
                    name: name.to_owned(),
                    is_alert: alert.is_some(),
                    expression: String::new(),
                    runbook: String::new(),
                    labels: String::new(),
                });
            } else if let Some(first) = line.strip_prefix("expr: ") {
                let rule = found.last_mut().expect("an expression follows the name of its rule");
                rule.expression = if first == "|" {
                    let mut block = Vec::new();
                    while let Some(next) = lines.next_if(|next| next.starts_with("          ")) {
                        block.push(next.trim());
                    }
                    block.join(" ")
                } else {
                    first.to_owned()
                };
            } else if let Some(labels) = line.strip_prefix("labels: ") {
                found.last_mut().expect("labels belong to a rule").labels = labels.to_owned();
            } else if let Some(page) = line.strip_prefix("runbook: ") {
                found.last_mut().expect("a runbook belongs to an alert").runbook = page.to_owned();
            }
        }
    }
    found
}

fn rule_expressions() -> Vec<Expression> {
    rules().into_iter().map(|rule| (format!("rule {}", rule.name), rule.expression)).collect()
}

/// The metrics of `hsc smoke --every`: name, and label. The server does not export them, so they are not in [`METRICS`].
fn probe_metrics() -> Vec<(String, String)> {
    let source = read(ours("../src/command/smoke/probe.rs"));
    let quoted = |text: &str| text.split('"').nth(1).map(str::to_owned);
    let found: Vec<(String, String)> = source
        .split("Opts::new(")
        .skip(1)
        .filter_map(|rest| Some((quoted(rest)?, quoted(rest.split_once("&[")?.1)?)))
        .collect();
    assert!(found.iter().any(|(name, _)| name == "hsc_smoke_success"), "{found:?}");
    found
}

/// The metrics in an expression, each with the start and the end of its name.
fn names(expression: &str) -> Vec<(usize, usize, &str)> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = expression[at..].find(in_name).map(|offset| at + offset) {
        let length = expression[start..].find(|c| !in_name(c)).unwrap_or(expression.len() - start);
        let name = &expression[start..start + length];
        if ["hsc_", "hsc:", "process_"].iter().any(|of_ours| name.starts_with(of_ours)) {
            found.push((start, start + length, name));
        }
        at = start + length;
    }
    found
}

/// The metric of the list for a name in an expression.
fn in_catalogue(name: &str) -> Option<&'static MetricInfo> {
    METRICS.iter().find(|metric| match metric.kind {
        Kind::Counter | Kind::Gauge => metric.name == name,
        // A histogram is never exported under its own name.
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(metric.name)),
    })
}

/// The process metrics that the client library exports.
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

/// The metrics that are exported in addition to the list.
struct Exported {
    process: BTreeSet<String>,
    probe: Vec<(String, String)>,
    recorded: BTreeSet<String>,
}

impl Exported {
    fn new() -> Self {
        let recorded = recordings().into_iter().map(|rule| rule.name).collect();
        Self { process: process_metrics(), probe: probe_metrics(), recorded }
    }
}

/// The errors of an expression.
fn faults(expression: &str, exported: &Exported) -> Vec<String> {
    let mut faults = Vec::new();
    let mut labels: BTreeSet<&str> = LABELS_OF_PROMETHEUS.iter().copied().collect();
    for (start, end, name) in names(expression) {
        if name.contains(':') {
            if !exported.recorded.contains(name) {
                faults.push(format!("no rule records {name}"));
            }
            labels.extend(LABELS_OF_RECORDINGS);
            for label in selected(&expression[end..]) {
                if !LABELS_OF_RECORDINGS.contains(&label) {
                    faults.push(format!("{name} has no label {label}"));
                }
            }
            continue;
        }
        let metric = in_catalogue(name);
        let of_probe: Vec<&str> = exported
            .probe
            .iter()
            .filter(|(exported, _)| exported == name)
            .map(|(_, label)| label.as_str())
            .collect();
        if metric.is_none() && of_probe.is_empty() && !exported.process.contains(name) {
            faults.push(format!("nobody exports {name}"));
            continue;
        }
        let own = metric.map_or(&of_probe[..], |metric| metric.labels);
        labels.extend(own);
        for label in selected(&expression[end..]) {
            if !own.contains(&label) && !LABELS_OF_PROMETHEUS.contains(&label) {
                faults.push(format!("{name} has no label {label}"));
            }
        }
        let grows = metric
            .map_or(name.ends_with("_total") && !of_probe.is_empty(), |it| it.kind != Kind::Gauge);
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
fn every_panel_and_every_rule_queries_exported_metrics() {
    let exported = Exported::new();
    let mut breaches = Vec::new();
    for (place, expression) in dashboard_expressions().into_iter().chain(rule_expressions()) {
        for fault in faults(&expression, &exported) {
            breaches.push(format!("{place}: {fault}"));
        }
    }
    assert!(breaches.is_empty(), "\n  {}\n", breaches.join("\n  "));
}

#[test]
fn every_metric_is_on_a_dashboard() {
    let shown: String =
        dashboard_expressions().into_iter().map(|(_, expression)| expression + " ").collect();
    let shown_names: BTreeSet<&str> = names(&shown)
        .into_iter()
        .filter_map(|(_, _, name)| in_catalogue(name))
        .map(|metric| metric.name)
        .collect();
    let hidden: Vec<&str> = METRICS
        .iter()
        .map(|metric| metric.name)
        .filter(|name| !shown_names.contains(name))
        .collect();
    assert!(hidden.is_empty(), "on no dashboard: {}", hidden.join(", "));
}

/// Suffixes that OpenMetrics reserves for the samples of a family.
const SAMPLE_SUFFIXES: &[&str] =
    &["_total", "_created", "_bucket", "_count", "_sum", "_info", "_gcount", "_gsum"];
/// Suffixes of units that are not the base unit: base units are seconds, bytes and ratios.
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

/// The name of a metric's family: for a counter, without `_total`.
fn family(name: &str, kind: Kind) -> &str {
    match kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Gauge | Kind::Histogram => name,
    }
}

/// The errors that OpenMetrics parsers report for these names and kinds.
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
        // Prometheus' own format has no type "info": a gauge of 1 with this suffix replaces it, as in client libraries.
        let is_info = |suffix: &str| *kind == Kind::Gauge && suffix == "_info";
        let ends = |suffix: &&&str| family.ends_with(**suffix) && !is_info(suffix);
        for suffix in SAMPLE_SUFFIXES.iter().filter(ends) {
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
fn an_invalid_metric_name_is_detected() {
    let wrong = |metrics: &[(&str, Kind)]| name_faults(metrics).len();
    assert_eq!(wrong(&[("a", Kind::Gauge), ("b_total", Kind::Counter)]), 0);
    assert_eq!(wrong(&[("a", Kind::Gauge), ("a_total", Kind::Counter)]), 1);
    assert_eq!(wrong(&[("a_wait_ms", Kind::Gauge)]), 1);
    assert_eq!(wrong(&[("a", Kind::Counter)]), 1);
    assert_eq!(wrong(&[("a_count", Kind::Gauge)]), 1);
    assert_eq!(wrong(&[("a_info", Kind::Gauge)]), 0);
    assert_eq!(wrong(&[("a_info_total", Kind::Counter)]), 1);
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
fn the_page_of_metrics_equals_the_generated_reference() {
    assert_eq!(
        read(ours("../docs/metrics.md")),
        reference_markdown(),
        "docs/metrics.md is stale: run `make docs`"
    );
}

/// The missing parts of a runbook section: what customers notice, a command to diagnose and a
/// command to fix, each with the expected output after a `#`.
fn entry_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.lines().any(|line| line.starts_with("Customers: ") && line.len() > 30) {
        faults.push("does not say what customers notice".to_owned());
    }
    for part in ["Diagnose:", "Fix:"] {
        let mut lines = text.lines().skip_while(|line| *line != part).skip(1);
        let block = lines.by_ref().skip_while(|line| line.is_empty());
        let commands: Vec<&str> = block.map_while(|line| line.strip_prefix("    ")).collect();
        let says_what_to_expect = |command: &&str| {
            command.split_once("   # ").is_some_and(|(run, expect)| {
                !run.trim().is_empty() && !run.starts_with('#') && expect.len() > 1
            })
        };
        if !commands.iter().any(says_what_to_expect) {
            faults.push(format!("has no command with what to expect under {part}"));
        }
    }
    faults
}

#[test]
fn every_alert_has_a_command_to_diagnose_and_one_to_fix() {
    let runbook = read(ours("../docs/operations/runbook.md"));
    let mut breaches = Vec::new();
    for alert in alerts() {
        let entry = runbook.split(&format!("\n### {}\n", alert.name)).nth(1).unwrap_or_default();
        let entry = entry.split("\n## ").next().and_then(|text| text.split("\n### ").next());
        for fault in entry_faults(entry.unwrap_or_default()) {
            breaches.push(format!("{} {fault}", alert.name));
        }
    }
    assert!(breaches.is_empty(), "\n  {}\n", breaches.join("\n  "));
}

#[test]
fn an_incomplete_entry_of_the_runbook_is_detected() {
    let whole = "Customers: the chat is down for all visitors.\n\nDiagnose:\n\n    a   # one\n\nFix:\n\n    b   # done\n";
    assert!(entry_faults("Customers: the chat is down for all visitors.").len() == 2);
    assert_eq!(entry_faults(whole), Vec::<String>::new());
    assert_eq!(entry_faults(&whole.replace("    b   # done", "Restart it.")).len(), 1);
    assert_eq!(entry_faults(&whole.replace("    a   # one", "    a")).len(), 1);
    assert_eq!(entry_faults(&whole.replace("Customers:", "It means:")).len(), 1);
}

#[test]
fn every_heading_of_the_runbook_is_an_alert() {
    let runbook = read(ours("../docs/operations/runbook.md"));
    let alerts: BTreeSet<String> = alerts().into_iter().map(|alert| alert.name).collect();
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let stale: Vec<&str> = headings.filter(|heading| !alerts.contains(*heading)).collect();
    assert!(stale.is_empty(), "no alert is called {}", stale.join(", "));
}

#[test]
fn every_alert_links_to_its_runbook_entry() {
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

/// The jobs of a configuration of Prometheus.
fn scraped_jobs(path: &str) -> BTreeSet<String> {
    let jobs = |line: &str| line.trim().strip_prefix("- job_name: ").map(str::to_owned);
    read(ours(path)).lines().filter_map(jobs).collect()
}

#[test]
fn every_rule_watches_a_job_that_is_scraped() {
    let jobs = scraped_jobs("prometheus/prometheus.yml");
    assert_eq!(jobs, ["hsc".to_owned(), "hsc-probe".to_owned()].into());
    assert_eq!(jobs, scraped_jobs("../docker/production/prometheus.yml"));
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    for rule in rules() {
        for (at, _) in rule.expression.match_indices('{') {
            let before = &rule.expression[..at];
            let name = &before[before.trim_end_matches(in_name).len()..];
            let selector = rule.expression[at..].split('}').next().expect("a selector ends");
            if name.contains(':') {
                continue;
            }
            let job = if name.starts_with("hsc_smoke_") { "hsc-probe" } else { "hsc" };
            let is_watched = match name {
                "up" => jobs.iter().any(|job| selector.contains(&format!("job=\"{job}\""))),
                _ => selector.contains(&format!("job=\"{job}\"")),
            };
            assert!(is_watched, "{} selects {name}{selector}}} of another job", rule.name);
        }
        let has_source = rule.expression.contains('{')
            || rule.expression.contains("hsc:")
            || rule.expression.starts_with("vector(");
        assert!(has_source, "{} selects nothing", rule.name);
    }
}

#[test]
fn an_invalid_expression_is_detected() {
    let exported = Exported::new();
    let wrong = |expression: &str| faults(expression, &exported);
    assert!(wrong("sum(rate(hsc_ws_refused_total{reason=\"full\"}[5m]))").is_empty());
    assert!(wrong("process_open_fds / process_max_fds").is_empty());
    assert_eq!(wrong("hsc_gone_total"), ["nobody exports hsc_gone_total"]);
    assert_eq!(wrong("hsc_prediction_seconds"), ["nobody exports hsc_prediction_seconds"]);
    assert_eq!(wrong("process_gone"), ["nobody exports process_gone"]);
    assert!(wrong("sum by (slo) (hsc:slo_bad:rate5m{slo=\"cache\"})").is_empty());
    assert_eq!(wrong("hsc:slo:gone"), ["no rule records hsc:slo:gone"]);
    assert_eq!(wrong("hsc:slo_bad:rate5m{job=\"hsc\"}"), ["hsc:slo_bad:rate5m has no label job"]);
    assert!(wrong("rate(hsc_smoke_runs_total{outcome=\"failed\"}[5m])").is_empty());
    assert_eq!(wrong("hsc_smoke_success{step=\"ask\"}"), ["hsc_smoke_success has no label step"]);
    assert_eq!(
        wrong("hsc_smoke_runs_total"),
        ["hsc_smoke_runs_total only grows: ask for its rate or increase"]
    );
    assert_eq!(wrong("hsc_ws_sessions{pod=\"a\"}"), ["hsc_ws_sessions has no label pod"]);
    assert_eq!(
        wrong("hsc_predictions_total > 1"),
        ["hsc_predictions_total only grows: ask for its rate or increase"]
    );
    assert_eq!(wrong("sum by (shop) (hsc_ws_sessions)"), ["none of its metrics has a label shop"]);
}

/// The cases of `promtool test rules`, which `make test-alerts` runs.
fn rule_cases() -> String {
    files("alerts/tests", "yml").into_iter().map(read).collect()
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    let cases = rule_cases();
    for alert in alerts() {
        for ending in ["fires", "is silent"] {
            let case = format!("- name: {} {ending}\n", alert.name);
            assert!(cases.contains(&case), "alerts/tests has no case {case}");
        }
    }
}

/// The value of a label in `{ a: b, c: d }`.
fn label_of<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let pairs = labels.trim_matches(['{', '}', ' ']).split(", ");
    pairs.filter_map(|pair| pair.split_once(": ")).find(|(key, _)| *key == name).map(|it| it.1)
}

#[test]
fn every_recording_rule_has_a_case_with_its_value() {
    let cases = rule_cases();
    let expressions: Vec<&str> =
        cases.lines().filter_map(|line| line.trim().strip_prefix("- expr: ")).collect();
    for rule in recordings() {
        let is_tested = expressions.iter().any(|expression| {
            let of_kind = |kind| {
                let slo = label_of(&rule.labels, "slo").expect("a kind belongs to an objective");
                expression.contains(&format!("kind=\"{kind}\""))
                    && expression.contains(&format!("slo=\"{slo}\""))
            };
            names(expression).iter().any(|(_, _, name)| *name == rule.name)
                && label_of(&rule.labels, "kind").is_none_or(of_kind)
        });
        assert!(is_tested, "alerts/tests has no value of {} {}", rule.name, rule.labels);
    }
}

#[test]
fn every_objective_has_a_budget_and_both_kinds_of_burn_alerts() {
    let with = |name: &str| -> BTreeSet<String> {
        let of_name = recordings().into_iter().filter(|rule| rule.name == name);
        of_name.filter_map(|rule| label_of(&rule.labels, "slo").map(str::to_owned)).collect()
    };
    let objectives = with("hsc:slo:budget");
    assert!(objectives.contains("availability"), "{objectives:?}");
    assert_eq!(objectives, with("hsc:slo_events:rate5m"));
    for objective in objectives {
        for speed in ["FastBurn", "SlowBurn"] {
            let is_watched = alerts().iter().any(|alert| {
                alert.name.ends_with(speed)
                    && alert
                        .expression
                        .split('"')
                        .any(|value| value.split('|').any(|name| name == objective))
            });
            assert!(is_watched, "no {speed} of {objective}");
        }
    }
}
