//! Detects the language of a text, knows its common words and stemmer, and compares spellings.
//!
//! A language is detected by its commonest words: they are in every paragraph of a manual, and
//! the same list is needed to skip words without information. The words are data, one file per language in
//! `languages/`. Another language is another file, its line in [`FILES`] and its variant of [`Language`].

use std::sync::LazyLock;

use rust_stemmers::Algorithm;
use serde::Deserialize;
use strum::VariantArray as _;

/// A language with a list of common words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray)]
pub(crate) enum Language {
    English,
    French,
    German,
    Spanish,
    Italian,
    Portuguese,
    Dutch,
    Russian,
    Hebrew,
}

/// The file of each language, in the order of [`Language`].
const FILES: [(&str, &str); Language::VARIANTS.len()] = [
    ("en", include_str!("languages/en.json")),
    ("fr", include_str!("languages/fr.json")),
    ("de", include_str!("languages/de.json")),
    ("es", include_str!("languages/es.json")),
    ("it", include_str!("languages/it.json")),
    ("pt", include_str!("languages/pt.json")),
    ("nl", include_str!("languages/nl.json")),
    ("ru", include_str!("languages/ru.json")),
    ("he", include_str!("languages/he.json")),
];

/// The words of a language, in lower case.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"), deny_unknown_fields)]
pub(crate) struct Words {
    /// Words that occur in every text and so distinguish none.
    common: Vec<&'static str>,
    /// Question words, which an answering manual need not contain.
    asking: Vec<&'static str>,
    /// Numbers that manuals write as words. `One` and the like occur in every sentence.
    #[serde(default)]
    numbers: Vec<&'static str>,
    /// Cues of a question about a fault. A space in a cue is the end of a word.
    #[serde(default)]
    pub(crate) trouble: Vec<&'static str>,
    /// Cues of a question for a figure.
    #[serde(default)]
    pub(crate) figure: Vec<&'static str>,
    /// Cues of a question for steps.
    #[serde(default)]
    pub(crate) how_to: Vec<&'static str>,
}

/// The words of each language, in the order of [`Language`].
pub(crate) static LANGUAGES: LazyLock<[Words; Language::VARIANTS.len()]> = LazyLock::new(|| {
    FILES.map(|(_, file)| serde_json::from_str(file).expect("a test reads every file of this list"))
});

/// Characters of a text that are used for detection: some pages, enough for certainty.
const SAMPLE_CHARS: usize = 20_000;

/// Shortest common word that a misspelling is corrected to: shorter ones have too many neighbours.
const COMMON_SLIP_FROM_CHARS: usize = 3;

impl Language {
    /// The language whose common words are most frequent in `texts`; English by default.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::recognized(texts).unwrap_or(Self::English)
    }

    /// The language whose common words are most frequent in `texts`; `None` without a common word.
    pub(crate) fn recognized<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut counts = [0_usize; Self::VARIANTS.len()];
        let mut remaining = SAMPLE_CHARS;
        for text in texts {
            for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
                let word = word.to_lowercase();
                for (count, language) in counts.iter_mut().zip(Self::VARIANTS) {
                    *count += usize::from(language.is_common(&word));
                }
            }
            remaining = remaining.saturating_sub(text.len());
            if remaining == 0 {
                break;
            }
        }
        let best = (0..counts.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
        (counts[best] > 0).then(|| Self::VARIANTS[best])
    }

    /// Its ISO 639-1 code.
    pub(crate) fn code(self) -> &'static str {
        FILES[self as usize].0
    }

    fn words(self) -> &'static Words {
        &LANGUAGES[self as usize]
    }

    /// The common word or question word with one typing error to `word`. Not used for a word that the manual has.
    pub(crate) fn misspelt_common(self, word: &str) -> Option<&'static str> {
        let Words { common, asking, .. } = self.words();
        let mut all = common.iter().chain(asking);
        let first = word.chars().next();
        all.find(|known| {
            known.chars().count() >= COMMON_SLIP_FROM_CHARS
                && known.chars().next() == first
                && distance(word, known, 1).is_some()
        })
        .copied()
    }

    /// Its stemmer; `None` for a language with prefixes.
    pub(crate) fn stemmer(self) -> Option<Algorithm> {
        Some(match self {
            Self::English => Algorithm::English,
            Self::French => Algorithm::French,
            Self::German => Algorithm::German,
            Self::Spanish => Algorithm::Spanish,
            Self::Italian => Algorithm::Italian,
            Self::Portuguese => Algorithm::Portuguese,
            Self::Dutch => Algorithm::Dutch,
            Self::Russian => Algorithm::Russian,
            Self::Hebrew => return None,
        })
    }

    /// True for a word that occurs in every text and so distinguishes none.
    pub(crate) fn is_common(self, word: &str) -> bool {
        self.words().common.contains(&word)
    }

    /// True for a question word, which an answering manual need not contain.
    pub(crate) fn is_asking(self, word: &str) -> bool {
        self.words().asking.contains(&word)
    }
}

/// True for a number of any language that is written as a word.
pub(crate) fn is_number(word: &str) -> bool {
    LANGUAGES.iter().any(|words| words.numbers.contains(&word))
}

/// True for a letter of the Hebrew alphabet, without marks.
pub(crate) fn is_hebrew_letter(letter: char) -> bool {
    ('\u{5d0}'..='\u{5ea}').contains(&letter)
}

/// Steps from `a` to `b`, where a step inserts, drops or replaces a letter or swaps two neighbours (restricted
/// Damerau-Levenshtein distance); `None` when there are more than `limit`.
pub(crate) fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, &cb) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(ca != cb);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && a[i - 1] == cb {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        if row.iter().all(|steps| *steps > limit) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|steps| *steps <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_detected_by_its_common_words() {
        assert_eq!(
            Language::of(["How do I reset the module to the factory settings?"]),
            Language::English
        );
        assert_eq!(
            Language::of(["Comment réinitialiser le module avec les réglages de la pédale"]),
            Language::French
        );
        assert_eq!(
            Language::of(["Wie kann ich das Gerät mit dem Rechner verbinden"]),
            Language::German
        );
        assert_eq!(Language::of(["איך מכוונים את המודול של התופים"]), Language::Hebrew);
    }

    #[test]
    fn every_language_has_its_own_words() {
        for (language, own) in [
            (Language::English, "the"),
            (Language::French, "votre"),
            (Language::German, "und"),
            (Language::Spanish, "cuál"),
            (Language::Italian, "della"),
            (Language::Portuguese, "você"),
            (Language::Dutch, "het"),
            (Language::Russian, "это"),
            (Language::Hebrew, "של"),
        ] {
            assert!(language.is_common(own), "{language:?}");
            assert!(!language.words().asking.is_empty(), "{language:?}");
        }
    }

    #[test]
    fn a_text_without_common_words_counts_as_english() {
        assert_eq!(Language::of(["", "TD-17 MIDI USB"]), Language::English);
    }

    #[test]
    fn a_letter_dropped_added_replaced_or_swapped_is_one_step() {
        for (a, b) in
            [("invalid", "inavlid"), ("batery", "battery"), ("pedall", "pedal"), ("tempo", "tampo")]
        {
            assert_eq!(distance(a, b, 2), Some(1), "{a} {b}");
        }
        assert_eq!(distance("pedal", "pedal", 2), Some(0));
        assert_eq!(distance("paterns", "patterns", 1), Some(1));
        assert_eq!(distance("versoins", "version", 2), Some(2));
        assert_eq!(distance("pedal", "metals", 1), None);
        assert_eq!(distance("", "ab", 1), None);
    }

    proptest::proptest! {
        #[test]
        fn the_distance_is_symmetric(a in "[a-d]{0,7}", b in "[a-d]{0,7}") {
            proptest::prop_assert_eq!(distance(&a, &b, 3), distance(&b, &a, 3));
        }
    }
}
