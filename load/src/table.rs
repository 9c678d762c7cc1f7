//! The results for a terminal, and the progress lines.

use std::fmt::Write as _;

use strum::VariantNames as _;

use super::duration::show_micros;
use super::tally::{Count, Point, Summary, in_order};
use super::threshold::Verdict;

/// The progress line of one second: elapsed time, sockets, operations.
pub fn progress(point: &Point, of_s: f64) -> String {
    let mut line = format!("{:>4.0} s of {of_s:.0}  {:>6} open", point.at_s, point.open);
    for (operation, done) in in_order(&point.operations) {
        let p99 = show_micros(done.latency_us.p99);
        let _ = write!(line, "  {operation} {}/s p99 {p99}", done.count);
    }
    if point.lost > 0 {
        let _ = write!(line, "  {} lost", point.lost);
    }
    line
}

/// The final table: operations, counts that are not zero, reasons, verdicts.
pub fn table(summary: &Summary, verdicts: &[Verdict]) -> String {
    let mut out = format!(
        "{:<12} {:>9} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "", "count", "a second", "p50", "p90", "p95", "p99", "p99.9", "max"
    );
    for (operation, done) in in_order(&summary.operations) {
        let us = done.latency_us;
        let _ = write!(out, "{operation:<12} {:>9} {:>10.1}", done.count, done.rate);
        for micros in [us.p50, us.p90, us.p95, us.p99, us.p999, us.max] {
            let _ = write!(out, " {:>9}", show_micros(micros));
        }
        out.push('\n');
    }
    let counts = Count::VARIANTS.iter().filter_map(|name| {
        let count = *summary.counts.get(name)?;
        // Counts that must be known to be zero are always shown.
        (count > 0 || matches!(*name, "refused" | "dropped" | "errors"))
            .then(|| format!("{count} {name}"))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        out,
        "\n{:.1} s, at most {} open at once, {} read: {counts}",
        summary.seconds,
        summary.most_open,
        bytes(summary.bytes)
    );
    for (reason, count) in &summary.reasons {
        let _ = writeln!(out, "  {count} × {reason}");
    }
    for Verdict { fail_if, seen, failed } in verdicts {
        let word = if *failed { "FAILED" } else { "ok" };
        let _ = writeln!(out, "{word:<6} fail if {fail_if}: {seen}");
    }
    out
}

/// Bytes in a suitable unit.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tally::{Operation, Tally};

    #[test]
    fn the_table_shows_operations_and_zero_losses() {
        let mut tally = Tally::default();
        tally.opened();
        tally.took(Operation::Typing, Duration::from_micros(150));
        let summary = tally.summary(Duration::from_secs(2));
        let verdict =
            Verdict { fail_if: "typing.p99>1us".into(), seen: "150 µs".into(), failed: true };
        let table = table(&summary, &[verdict]);
        assert!(table.contains("typing               1        0.5    150 µs"), "{table}");
        assert!(table.contains("1 opened, 0 refused, 0 dropped, 0 errors"), "{table}");
        assert!(table.contains("FAILED fail if typing.p99>1us: 150 µs"), "{table}");
        assert!(!table.contains("ask"), "{table}");
    }

    #[test]
    fn the_progress_line_shows_losses() {
        let mut tally = Tally::default();
        tally.opened();
        tally.count(Count::Dropped);
        tally.took(Operation::Ask, Duration::from_millis(3));
        let line = progress(&tally.tick(Duration::from_secs(7)), 30.0);
        assert_eq!(line, "   7 s of 30       1 open  ask 1/s p99 3.00 ms  1 lost");
    }
}
