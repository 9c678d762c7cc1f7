//! Detects the language of a text, knows its common words and stemmer, and compares spellings.
//!
//! A language is detected by its commonest words: they are in every paragraph of a manual, and
//! the same list is needed to skip words without information.

use rust_stemmers::Algorithm;
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
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Portuguese => "pt",
            Self::Dutch => "nl",
            Self::Russian => "ru",
            Self::Hebrew => "he",
        }
    }

    /// The common word or question word with one typing error to `word`. Not used for a word that the manual has.
    pub(crate) fn misspelt_common(self, word: &str) -> Option<&'static str> {
        let mut all = self.common().iter().chain(self.asking());
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
        self.common().contains(&word)
    }

    /// True for a question word, which an answering manual need not contain.
    pub(crate) fn is_asking(self, word: &str) -> bool {
        self.asking().contains(&word)
    }

    fn common(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could",
                "did", "do", "does", "doing", "for", "from", "had", "has", "have", "how", "i",
                "if", "in", "into", "is", "it", "its", "may", "me", "my", "no", "not", "of", "on",
                "or", "our", "shall", "should", "so", "some", "than", "that", "the", "their",
                "them", "then", "there", "these", "they", "this", "those", "to", "was", "we",
                "were", "what", "when", "where", "which", "while", "who", "why", "will", "with",
                "would", "you", "your",
            ],
            Self::French => &[
                "a", "au", "aux", "avec", "ce", "ces", "cette", "comment", "dans", "de", "des",
                "du", "elle", "en", "est", "et", "il", "je", "la", "le", "les", "leur", "l", "d",
                "ma", "mais", "mes", "mon", "ne", "nous", "on", "ou", "où", "par", "pas", "pour",
                "que", "quel", "quelle", "qui", "se", "ses", "si", "son", "sont", "sur", "un",
                "une", "vos", "votre", "vous",
            ],
            Self::German => &[
                "als", "am", "an", "auf", "aus", "bei", "das", "dem", "den", "der", "des", "die",
                "du", "ein", "eine", "einem", "einen", "einer", "er", "es", "für", "fur", "hat",
                "ich", "ihr", "im", "in", "ist", "kann", "man", "mein", "meine", "mit", "nach",
                "nicht", "oder", "sich", "sie", "sind", "so", "um", "und", "von", "vor", "was",
                "wenn", "wie", "wird", "wo", "zu", "zum", "zur",
            ],
            Self::Spanish => &[
                "a", "al", "como", "cómo", "con", "cual", "cuál", "de", "del", "donde", "dónde",
                "el", "en", "es", "esta", "este", "la", "las", "lo", "los", "mi", "no", "o",
                "para", "pero", "por", "que", "qué", "se", "si", "son", "su", "sus", "un", "una",
                "y", "yo",
            ],
            Self::Italian => &[
                "a", "al", "alla", "che", "come", "con", "cosa", "da", "dal", "dei", "del",
                "della", "delle", "di", "dove", "e", "è", "gli", "i", "il", "in", "la", "le", "lo",
                "mio", "nel", "nella", "non", "o", "per", "quale", "se", "si", "sono", "su", "un",
                "una",
            ],
            Self::Portuguese => &[
                "a", "ao", "as", "com", "como", "da", "das", "de", "do", "dos", "e", "é", "em",
                "eu", "meu", "minha", "na", "no", "não", "o", "onde", "os", "ou", "para", "por",
                "qual", "que", "se", "sem", "seu", "sua", "um", "uma", "você",
            ],
            Self::Dutch => &[
                "aan", "als", "bij", "dat", "de", "die", "dit", "een", "en", "er", "het", "hoe",
                "ik", "in", "is", "je", "kan", "maar", "met", "mijn", "naar", "niet", "of", "om",
                "op", "te", "uit", "uw", "van", "voor", "waar", "wat", "worden", "wordt", "zijn",
            ],
            Self::Russian => &[
                "а",
                "без",
                "в",
                "вы",
                "где",
                "для",
                "до",
                "если",
                "и",
                "из",
                "или",
                "к",
                "как",
                "какой",
                "мне",
                "мой",
                "на",
                "не",
                "но",
                "о",
                "от",
                "по",
                "при",
                "с",
                "то",
                "у",
                "что",
                "это",
                "я",
            ],
            Self::Hebrew => &[
                "אז", "איזה", "איך", "אין", "אל", "אם", "אני", "את", "אתה", "גם", "האם", "הוא",
                "היא", "הזה", "הזאת", "זה", "זו", "יש", "כדי", "כי", "כיצד", "כמה", "כן", "לא",
                "לי", "מה", "מי", "מתי", "על", "עם", "פה", "של", "שלי", "היכן", "איפה", "או", "עד",
            ],
        }
    }

    fn asking(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                "about",
                "any",
                "describe",
                "explain",
                "find",
                "get",
                "give",
                "happen",
                "happens",
                "help",
                "information",
                "know",
                "learn",
                "let",
                "like",
                "look",
                "make",
                "manual",
                "many",
                "mean",
                "means",
                "much",
                "need",
                "please",
                "possible",
                "read",
                "say",
                "says",
                "show",
                "tell",
                "thing",
                "try",
                "trying",
                "use",
                "used",
                "using",
                "want",
                "way",
                "work",
                "works",
            ],
            Self::French => &[
                "aide",
                "aider",
                "dire",
                "expliquer",
                "expliquez",
                "faire",
                "faut",
                "peut",
                "peux",
                "puis",
                "utiliser",
                "veux",
                "voudrais",
            ],
            Self::German => &[
                "bitte",
                "benutze",
                "benutzen",
                "erklären",
                "erklaren",
                "hilfe",
                "kannst",
                "mache",
                "machen",
                "muss",
                "möchte",
                "mochte",
                "verwende",
                "verwenden",
                "will",
            ],
            Self::Spanish => &[
                "ayuda", "explicar", "favor", "hacer", "hago", "necesito", "puede", "puedo",
                "quiero", "usar", "uso", "utilizar",
            ],
            Self::Italian => {
                &["aiuto", "devo", "fare", "favore", "posso", "spiega", "usare", "uso", "voglio"]
            }
            Self::Portuguese => &[
                "ajuda", "explicar", "favor", "fazer", "faço", "posso", "preciso", "quero", "usar",
            ],
            Self::Dutch => &[
                "alstublieft",
                "gebruik",
                "gebruiken",
                "graag",
                "help",
                "hulp",
                "leg",
                "moet",
                "wil",
            ],
            Self::Russian => &[
                "использовать",
                "могу",
                "можно",
                "нужно",
                "объясните",
                "помогите",
                "пожалуйста",
                "хочу",
            ],
            Self::Hebrew => &[
                "אפשר",
                "בבקשה",
                "הסבר",
                "להסביר",
                "להשתמש",
                "לעשות",
                "מדריך",
                "משתמשים",
                "עושים",
                "עזרה",
                "צריך",
                "רוצה",
                "תסביר",
            ],
        }
    }
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
