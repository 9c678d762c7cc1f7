//! Durations in human-readable form: `150us`, `15ms`, `30s`, `2m`.

use std::time::Duration;

/// Units and their length in microseconds; a name that ends with another one comes first.
const UNITS: [(&str, f64); 6] =
    [("us", 1.0), ("µs", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3600e6)];

/// Parses a duration with its unit.
///
/// # Errors
/// In one line. A number without a unit is ambiguous.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let bad = || format!("'{text}' is no duration; write 150us, 15ms, 30s, 2m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| bad())?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
    // A year is longer than any run, and keeps the sum below in range.
    if number * length > 366.0 * 86_400e6 {
        return Err(bad());
    }
    Ok(Duration::from_nanos((number * length * 1e3) as u64))
}

/// Microseconds with three significant digits and a suitable unit.
pub fn show_micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.2} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        1_000_000..60_000_000 => format!("{:.2} s", micros as f64 / 1e6),
        _ => format!("{:.1} min", micros as f64 / 60e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_unit() {
        for (text, micros) in [
            ("150us", 150),
            ("15ms", 15_000),
            ("0.5s", 500_000),
            ("2m", 120_000_000),
            ("1h", 3_600_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn an_invalid_duration_is_refused_with_examples() {
        for text in ["", "15", "ms", "15 parsecs", "1.2.3s", "-1s", "99999999h"] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains("write 150us"), "{error}");
        }
    }

    #[test]
    fn a_latency_is_shown_in_a_suitable_unit() {
        assert_eq!(show_micros(87), "87 µs");
        assert_eq!(show_micros(2_340), "2.34 ms");
        assert_eq!(show_micros(23_400), "23.4 ms");
        assert_eq!(show_micros(2_340_000), "2.34 s");
        assert_eq!(show_micros(90_000_000), "1.5 min");
    }
}
