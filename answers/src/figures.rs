//! Figures: numbers that state a quantity, and the units of measurement written behind them.

use super::language;
use super::markers::PAGE_WORDS;

/// Units of measurement and their multiples, folded. One letter that is more often something else behind a number is
/// not one (`4x`, `3c`).
const UNITS: &[&str] = &[
    "v", "mv", "kv", "vac", "vdc", "a", "ma", "ah", "mah", "w", "mw", "kw", "wh", "kwh", "va",
    "ohm", "ohms", "hz", "khz", "mhz", "ghz", "k", "db", "dba", "dbm", "dbu", "dbv", "dbfs", "mm",
    "cm", "m", "km", "in", "inch", "ft", "g", "kg", "mg", "lb", "lbs", "oz", "l", "ml", "bit",
    "bits", "kb", "mb", "gb", "tb", "kbps", "mbps", "gbps", "s", "sec", "ms", "min", "h", "hr",
    "hrs", "bpm", "fps", "dpi", "px", "bar", "psi", "pa", "kpa", "nm", "rpm", "lm", "lx", "ω",
    "kω", "mω", "µa", "μa", "µf", "μf", "µm", "μm", "µs", "μs",
];

/// The number and the unit of `12V` or `2.4GHz`, which are also written apart.
pub(super) fn quantity(run: &str) -> Option<(&str, &str)> {
    let end = run.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = run.split_at(end);
    let is_quantity = number.starts_with(|c: char| c.is_ascii_digit())
        && !number.ends_with('.')
        && UNITS.contains(&unit.to_lowercase().as_str());
    is_quantity.then_some((number, unit))
}

/// True for a text with a number that is not the number of a step, of a page or of a quoted section.
pub(super) fn has_figure(text: &str) -> bool {
    let start = text.trim_start();
    let number = start.trim_start_matches(|c: char| c.is_ascii_digit());
    let text = if number.starts_with(['.', ')']) { number } else { start };
    let is_quote = |c: char| matches!(c, '“' | '”' | '„' | '"' | '«' | '»');
    let mut is_after_page = false;
    text.split(is_quote).step_by(2).flat_map(str::split_whitespace).any(|word| {
        let has_digit = word.contains(|c: char| c.is_ascii_digit());
        let bare: String =
            word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        if language::is_number(&bare) {
            return true;
        }
        let is_page = PAGE_WORDS.page.contains(&bare.as_str()) && !bare.is_empty();
        let is_figure = has_digit && !is_page && !is_after_page;
        is_after_page = is_page;
        is_figure
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_steps_pages_and_sections_are_not_figures() {
        for text in
            ["up to 64 patterns", "3 hours", "1. Wait for 5 minutes.", "9 V", "12.5kg", "two years"]
        {
            assert!(has_figure(text), "{text}");
        }
        for text in ["1. Press it.", "see “9.6 MENU” on page 38", "(p. 14)", "Seite 4", "none"]
        {
            assert!(!has_figure(text), "{text}");
        }
    }

    #[test]
    fn a_number_with_a_unit_is_a_quantity() {
        assert_eq!(quantity("12V"), Some(("12", "V")));
        assert_eq!(quantity("2.4GHz"), Some(("2.4", "GHz")));
        // The sign of the ohm and the Greek letter, the sign of micro and the Greek letter.
        for unit in ["\u{2126}", "\u{3a9}", "k\u{3a9}", "\u{b5}s", "\u{3bc}s"] {
            assert_eq!(quantity(&format!("600{unit}")), Some(("600", unit)));
        }
        for other in ["12", "V12", "4x", "3D", "1st", "12.V", "1.2.x", "5°"] {
            assert_eq!(quantity(other), None, "{other}");
        }
    }
}
