//! Equivalent spellings of a word: look-alike letters, numbers, units.
//!
//! A product is indexed as it is written and, if a word has a variant, by the variant as well. A query
//! is searched as it is typed first; only if nothing fits well is its variant searched. So a word that
//! is meant as written never loses to one that only looks like it. The names of units are data: `units.json`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::fold::{family, latin_look_alike};
use super::words::{Cut, Word};

/// The context of a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// The previous word ends with a digit: `60` before `watt`.
    pub(crate) after_number: bool,
    /// The next word begins with a digit: `500` after `CAB`.
    pub(crate) before_number: bool,
}

/// A variant of a word.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The variant. Empty for a word without information: `inch`, which most write as a sign.
    pub(crate) word: Word,
    /// For each letter its range of letters in the word: the first, and one past the last.
    pub(crate) spans: Vec<(u8, u8)>,
}

/// The variant of a word, if it has one.
pub(crate) fn variant(word: &Word, beside: Beside) -> Option<Variant> {
    let has_digit = word.letters.iter().any(|letter| letter.is_numeric());
    let is_ascii = word.letters.iter().all(char::is_ascii);
    // Most words have neither a digit nor a look-alike; they cost one check per letter.
    if !has_digit && is_ascii && !beside.after_number {
        return None;
    }
    let mut variant = Variant {
        word: word.clone(),
        spans: (0..word.letters.len()).map(|at| (at as u8, at as u8 + 1)).collect(),
    };
    if !is_ascii {
        variant.look_alikes(has_digit || beside.before_number || beside.after_number);
    }
    variant.trailing_zeros();
    variant.unit(beside.after_number);
    (variant.word.letters != word.letters).then_some(variant)
}

impl Variant {
    /// Letters of a model number that look like Latin capitals become those: `САВ-500` in Cyrillic
    /// is `CAB-500`. Only if a number is in or next to the word, or if the word mixes scripts;
    /// other words are words of their language.
    fn look_alikes(&mut self, has_number: bool) {
        let letters = &self.word.letters;
        let mixes = letters.iter().any(char::is_ascii_lowercase)
            && letters.iter().any(|letter| latin_look_alike(*letter).is_some());
        if has_number || mixes {
            for letter in &mut self.word.letters {
                *letter = latin_look_alike(*letter).unwrap_or(*letter);
            }
        }
    }

    /// `5.0` is `5`.
    fn trailing_zeros(&mut self) {
        let letters = &self.word.letters;
        let Some(point) = self.word.cuts.iter().position(|&cut| cut == Cut::Point) else { return };
        let zeros = letters[point..].iter().take_while(|&&letter| letter == '0').count();
        let end = point + zeros;
        if zeros == 0 || letters.get(end).is_some_and(|letter| letter.is_numeric()) {
            return;
        }
        self.spans[point - 1].1 = end as u8;
        self.remove(point, end);
    }

    /// `18volt` is `18v`, and `watt` after a number is `w`.
    fn unit(&mut self, after_number: bool) {
        let letters = &self.word.letters;
        let last_digit = letters.iter().rposition(|letter| letter.is_numeric());
        let from = match last_digit {
            Some(at) => at + 1,
            None if after_number => 0,
            None => return,
        };
        let end = letters.len();
        if end - from < 2
            || end - from > LONGEST_UNIT
            || !letters[from..].iter().all(char::is_ascii)
        {
            return;
        }
        let name: String = letters[from..].iter().collect();
        let Some(symbol) = symbol(&name) else { return };
        let (origin, cut) = (self.word.origins[from], self.word.cuts[from]);
        let span = (self.spans[from].0, self.spans[end - 1].1);
        self.remove(from, end);
        for (at, letter) in symbol.chars().enumerate() {
            self.word.letters.push(letter);
            self.word.origins.push(origin);
            self.word.cuts.push(if at == 0 { cut } else { Cut::None });
            self.spans.push(span);
        }
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.word.letters.drain(from..to);
        self.word.origins.drain(from..to);
        self.word.cuts.drain(from..to);
        self.spans.drain(from..to);
        // Where the separator is gone, the word is cut as its letters require.
        if let (Some(before), Some(after)) = (from.checked_sub(1), self.word.letters.get(from))
            && self.word.cuts[from] == Cut::None
            && family(self.word.letters[before]) != family(*after)
        {
            self.word.cuts[from] = Cut::Family;
        }
    }
}

/// Longest name of a unit, in letters: `kilogrammes`, `centimetres`, `millimeters`, with a margin.
const LONGEST_UNIT: usize = 14;

/// The names of units and their symbols, singular and folded.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"), deny_unknown_fields)]
struct Units {
    /// Units of the SI, and those that are used with its prefixes.
    units: Vec<(&'static str, &'static str)>,
    /// Prefixes of the SI.
    prefixes: Vec<(&'static str, &'static str)>,
    /// Units without prefixes. An inch is written as a sign (`″`), which is not a letter.
    others: Vec<(&'static str, &'static str)>,
}

static UNITS: LazyLock<Units> = LazyLock::new(|| {
    serde_json::from_str(include_str!("units.json")).expect("the tests of units read the file")
});

/// The symbol of a unit by its name.
fn symbol(name: &str) -> Option<String> {
    if let Some((_, symbol)) = UNITS.others.iter().find(|(other, _)| *other == name) {
        return Some((*symbol).to_owned());
    }
    let unit = |name: &str| {
        let is = |unit: &str| name == unit || name.strip_suffix('s') == Some(unit);
        UNITS.units.iter().find(|(unit, _)| is(unit)).map(|(_, symbol)| *symbol)
    };
    if let Some(symbol) = unit(name) {
        return Some(symbol.to_owned());
    }
    UNITS.prefixes.iter().find_map(|(prefix, sign)| {
        let symbol = unit(name.strip_prefix(prefix)?)?;
        Some(format!("{sign}{symbol}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn of(text: &str, beside: Beside) -> Option<(String, Vec<(u8, u8)>)> {
        let mut found = None;
        words(text, true, &mut Word::default(), |word| {
            found = variant(word, beside)
                .map(|variant| (variant.word.letters.iter().collect(), variant.spans));
        });
        found
    }

    fn letters(text: &str) -> Option<String> {
        of(text, Beside::default()).map(|(letters, _)| letters)
    }

    #[test]
    fn look_alikes_become_latin_only_in_model_numbers() {
        assert_eq!(letters("САВ-500").as_deref(), Some("cab500"));
        assert_eq!(letters("CАB").as_deref(), Some("cab"), "a Cyrillic letter between Latin ones");
        assert_eq!(letters("ΑΧ2").as_deref(), Some("ax2"));
        assert_eq!(letters("ЧС17").as_deref(), Some("чc17"));
        assert_eq!(letters("сова"), None);
        assert_eq!(letters("φούρνος"), None);
        let before_number = Beside { before_number: true, ..Beside::default() };
        assert_eq!(of("САВ", before_number).map(|it| it.0).as_deref(), Some("cab"));
    }

    #[test]
    fn trailing_zeros_after_the_point_are_ignored() {
        assert_eq!(letters("5.0Ah").as_deref(), Some("5ah"));
        assert_eq!(of("2.00", Beside::default()), Some(("2".to_owned(), vec![(0, 3)])));
        assert_eq!(letters("1.05"), None);
        assert_eq!(letters("1.50"), None);
        assert_eq!(letters("100"), None);
    }

    #[test]
    fn a_unit_becomes_its_symbol_after_a_number_only() {
        let after_number = Beside { after_number: true, ..Beside::default() };
        assert_eq!(
            of("18volt", Beside::default()),
            Some(("18v".to_owned(), vec![(0, 1), (1, 2), (2, 6)]))
        );
        for (name, symbol) in [
            ("watts", "w"),
            ("kilohertz", "khz"),
            ("centimetres", "cm"),
            ("Ohm", "ω"),
            ("inch", ""),
            ("kilogram", "kg"),
            ("milliamps", "ma"),
        ] {
            assert_eq!(of(name, after_number).map(|it| it.0).as_deref(), Some(symbol), "{name}");
            assert_eq!(letters(name), None, "{name}");
        }
        assert_eq!(of("kit", after_number), None);
    }
}
