//! A line chart in SVG: a few series over the time of a run.

use std::fmt::Write as _;

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

/// One series of a chart.
pub(super) struct Series {
    /// Its name in the legend.
    pub(super) name: String,
    /// Seconds and values, in order.
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws the series over `seconds`; `show` formats a value of the axis.
pub(super) fn lines(series: &[Series], seconds: f64, show: impl Fn(f64) -> String) -> String {
    let values = series.iter().flat_map(|series| series.points.iter().map(|(_, value)| *value));
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
    for (number, series) in series.iter().enumerate() {
        let mut path = String::new();
        for (at, (second, value)) in series.points.iter().enumerate() {
            let verb = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{verb}{:.1} {:.1}", x(*second), y(*value));
        }
        let _ = write!(svg, r#"<path class="line s{number}" d="{path}"/>"#);
        if let [(second, value)] = series.points.as_slice() {
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
        .map(|(number, series)| format!(r#"<span class="key s{number}">{}</span>"#, series.name));
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
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_at_or_above_the_highest_value() {
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (3.0, 4.0), (41.0, 100.0), (0.15, 0.2)] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value} gave {}", round_up(value));
        }
    }

    #[test]
    fn every_point_lies_within_the_drawing() {
        let points = vec![(0.0, 5.0), (1.0, 0.0), (99.0, 7.0)];
        let svg = lines(&[Series { name: "a".into(), points }], 2.0, |value| format!("{value}"));
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
