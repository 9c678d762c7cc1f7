//! The HTML report: one self-contained file without scripts, in light and dark; its charts are SVG.

use std::fmt::Write as _;

use strum::VariantNames as _;

use crate::duration::show_micros;
use crate::table::bytes;
use crate::tally::{Count, OperationSummary, Point, Summary, in_order};
use crate::threshold::Verdict;

/// Colours by name, once for light and once for dark. Everything else appears once.
const STYLE: &str = include_str!("report.css");
/// Width of the drawing; the page scales it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 220.0;
/// Space for the numbers at the left.
const LEFT: f64 = 64.0;
/// Space for the seconds below.
const BELOW: f64 = 26.0;
/// Space above, so that the highest line is not cut.
const ABOVE: f64 = 12.0;
/// Horizontal lines: enough to read a value, few enough to see the curve.
const GRID: u32 = 4;

/// The report of the run `name` against `urls`.
pub fn html(name: &str, urls: &[String], summary: &Summary, verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().any(|verdict| verdict.failed);
    let state = match (verdicts.is_empty(), failed) {
        (true, _) => "",
        (_, true) => r#"<span class="state bad">failed</span>"#,
        (_, false) => r#"<span class="state good">passed</span>"#,
    };
    let urls = urls.iter().map(|url| escaped(url)).collect::<Vec<_>>().join(", ");
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>hsc load: {0}</title><style>{STYLE}</style></head><body><main>\
         <header><h1>{0} {state}</h1><p>{urls} · {1:.1} s · hsc {2}</p></header>",
        escaped(name),
        summary.seconds,
        env!("CARGO_PKG_VERSION"),
    );
    page.push_str(&tiles(summary));
    page.push_str(&verdict_list(verdicts));
    page.push_str(&operations(summary));
    page.push_str(&charts(summary));
    page.push_str(&reasons(summary));
    page.push_str("</main></body></html>\n");
    page
}

fn tiles(summary: &Summary) -> String {
    let mut out = String::from("<ul class=\"tiles\">");
    let mut tile = |value: String, name: &str, class: &str| {
        let _ = write!(out, "<li class=\"{class}\"><b>{value}</b>{name}</li>");
    };
    tile(summary.most_open.to_string(), "most sockets at once", "");
    tile(bytes(summary.bytes), "read", "");
    for name in Count::VARIANTS.iter().copied() {
        let count = summary.counts.get(name).copied().unwrap_or(0);
        // Counts that must be known to be zero are always shown.
        if count > 0 || matches!(name, "dropped" | "errors") {
            let harmless = count == 0 || matches!(name, "opened" | "closed-slow" | "turned-away");
            tile(count.to_string(), name, if harmless { "" } else { "bad" });
        }
    }
    out.push_str("</ul>");
    out
}

fn verdict_list(verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    for Verdict { fail_if, seen, failed } in verdicts {
        let (class, word) = if *failed { ("bad", "failed") } else { ("good", "ok") };
        let _ = write!(
            out,
            "<li><span class=\"state {class}\">{word}</span> fail if <code>{}</code>: {}</li>",
            escaped(fail_if),
            escaped(seen)
        );
    }
    if out.is_empty() {
        out
    } else {
        format!("<h2>Thresholds</h2><ul class=\"verdicts\">{out}</ul>")
    }
}

fn operations(summary: &Summary) -> String {
    let mut out = String::from(
        "<h2>Latency</h2><div class=\"wide\"><table><thead><tr><th></th><th>count</th>\
         <th>a second</th><th>p50</th><th>p90</th><th>p95</th><th>p99</th><th>p99.9</th><th>max</th>\
         </tr></thead><tbody>",
    );
    for (operation, done) in in_order(&summary.operations) {
        let us = done.latency_us;
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{operation}</th><td>{}</td><td>{:.1}</td>",
            done.count, done.rate
        );
        for micros in [us.p50, us.p90, us.p95, us.p99, us.p999, us.max] {
            let _ = write!(out, "<td>{}</td>", show_micros(micros));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

fn charts(summary: &Summary) -> String {
    let seconds = summary.seconds;
    let mut out = String::from("<h2>Course</h2>");
    let mut figure = |title: &str, svg: String| {
        let _ = write!(out, "<figure><figcaption>{title}</figcaption>{svg}</figure>");
    };
    let over = |pick: &dyn Fn(&Point) -> Option<f64>| -> Vec<(f64, f64)> {
        summary.points.iter().filter_map(|point| Some((point.at_s, pick(point)?))).collect()
    };
    let open = over(&|point| Some(point.open as f64));
    let lost = over(&|point| Some(point.lost as f64));
    let sockets = [("open", open), ("refused or dropped, in all", lost)];
    figure("Sockets", lines(&sockets, seconds, number));
    for (operation, _) in in_order(&summary.operations) {
        let of = |pick: fn(&OperationSummary) -> u64| {
            over(&|point| point.operations.get(operation).map(|done| pick(done) as f64))
        };
        let latencies =
            [("p50", of(|done| done.latency_us.p50)), ("p99", of(|done| done.latency_us.p99))];
        let micros = |value: f64| show_micros(value as u64);
        figure(&format!("{operation}: latency"), lines(&latencies, seconds, micros));
        let rate = ("a second", of(|done| done.count));
        figure(&format!("{operation}: how many"), lines(&[rate], seconds, number));
    }
    out
}

fn reasons(summary: &Summary) -> String {
    let mut out = String::new();
    for (reason, count) in &summary.reasons {
        let _ = write!(out, "<li>{count} × {}</li>", escaped(reason));
    }
    if out.is_empty() { out } else { format!("<h2>Lost sockets</h2><ul>{out}</ul>") }
}

/// Formats a number of an axis.
fn number(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0}k", value / 1_000.0)
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One series of a chart: its name in the legend, and its seconds and values, in order.
type Series = (&'static str, Vec<(f64, f64)>);

/// Draws the series over `seconds`; `show` formats a value of the axis.
fn lines(series: &[Series], seconds: f64, show: impl Fn(f64) -> String) -> String {
    let values = series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
    let top = round_up(values.fold(0.0, f64::max));
    let seconds = seconds.max(1.0);
    let x = |at: f64| LEFT + (WIDTH - LEFT - 8.0) * (at / seconds).clamp(0.0, 1.0);
    let y = |value: f64| HEIGHT - BELOW - (HEIGHT - BELOW - ABOVE) * value / top;

    let mut svg = format!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">"#);
    for step in 0..=GRID {
        let value = top * f64::from(step) / f64::from(GRID);
        let (at, label) = (y(value), show(value));
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{LEFT} {at:.1}H{:.1}"/><text x="{:.1}" y="{:.1}" class="left">{label}</text>"#,
            WIDTH - 8.0,
            LEFT - 8.0,
            at + 4.0
        );
        let at_s = seconds * f64::from(step) / f64::from(GRID);
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" class="below">{at_s:.0} s</text>"#,
            x(at_s),
            HEIGHT - 6.0
        );
    }
    for (number, (_, points)) in series.iter().enumerate() {
        let mut path = String::new();
        for (at, (second, value)) in points.iter().enumerate() {
            let verb = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{verb}{:.1} {:.1}", x(*second), y(*value));
        }
        let _ = write!(svg, r#"<path class="line s{number}" d="{path}"/>"#);
        if let [(second, value)] = points.as_slice() {
            // A path of one point is invisible.
            let _ = write!(
                svg,
                r#"<circle class="dot s{number}" cx="{:.1}" cy="{:.1}" r="3"/>"#,
                x(*second),
                y(*value)
            );
        }
    }
    svg.push_str("</svg>");
    let names = series
        .iter()
        .enumerate()
        .map(|(number, (name, _))| format!(r#"<span class="key s{number}">{name}</span>"#));
    format!("{svg}<p class=\"legend\">{}</p>", names.collect::<String>())
}

/// The next of 1, 2, 4, 10, 20, 40 …: its quarters are round too.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let magnitude = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 10.0];
    steps.into_iter().map(|step| step * magnitude).find(|top| *top >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tally::{Operation, Tally};

    fn report(failed: bool) -> String {
        let mut tally = Tally::default();
        tally.opened();
        tally.took(Operation::Typing, Duration::from_micros(150));
        tally.tick(Duration::from_secs(1));
        tally.because("dropped: <script>".to_owned());
        let verdict = Verdict { fail_if: "typing.p99>15ms".into(), seen: "150 µs".into(), failed };
        let summary = tally.summary(Duration::from_secs(2));
        html("typing", &["ws://h/ws?a=\"b".into()], &summary, &[verdict])
    }

    #[test]
    fn the_report_is_one_file_without_scripts_or_external_addresses() {
        let page = report(false);
        for reaching_out in ["<script", "<link", "@import", "url(", " src=", " href="] {
            assert!(!page.contains(reaching_out), "{reaching_out}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
        assert!(page.contains("&lt;script&gt;") && page.contains("a=&quot;b"));
    }

    #[test]
    fn the_report_shows_measurements_and_verdicts() {
        assert!(report(false).contains(">passed<") && report(true).contains(">failed<"));
        let page = report(false);
        assert!(page.contains("<th scope=\"row\">typing</th><td>1</td>"), "{page}");
        assert!(page.contains("typing: latency") && page.contains("150 µs"));
        assert!(page.contains("fail if <code>typing.p99&gt;15ms</code>"));
        assert!(!page.contains("ask: latency"), "nobody asked");
    }

    #[test]
    fn the_axis_ends_at_a_round_number_at_or_above_the_highest_value() {
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (3.0, 4.0), (41.0, 100.0), (0.15, 0.2)] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value} gave {}", round_up(value));
        }
    }

    #[test]
    fn every_point_lies_within_the_drawing() {
        let points = vec![(0.0, 5.0), (1.0, 0.0), (99.0, 7.0)];
        let svg = lines(&[("a", points)], 2.0, |value| format!("{value}"));
        let path = svg.split("line s0\" d=\"").nth(1).and_then(|it| it.split('"').next());
        let numbers = path.expect("a line").replace(['M', 'L'], " ");
        let numbers: Vec<f64> =
            numbers.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        assert_eq!(numbers.len(), 6);
        for point in numbers.chunks(2) {
            assert!((0.0..=WIDTH).contains(&point[0]) && (0.0..=HEIGHT).contains(&point[1]));
        }
    }
}
