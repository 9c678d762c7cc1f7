//! Splits text: into sentences, and into normalised words, with folded letters, without endings, compounds opened and
//! joined.
//!
//! `Resetting`, `reset` and `RESET` are one word. `auto-multiple-choice` is its three parts and also
//! the word `automultiplechoice`; `TableStyle` is one word and also its two parts: a customer may type
//! either form. `plot()` is the word `plot`. `12V` is its number and its unit, and also the word `12v`.

use rust_stemmers::Stemmer;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::figures::quantity;
use super::language::{Language, is_hebrew_letter};

/// Shortest word that is stemmed: `gas` and `bus` keep their s.
const STEM_FROM_CHARS: usize = 4;
/// Letters of a Hebrew root: prefixes are removed until this many letters are left.
const HEBREW_ROOT_CHARS: usize = 3;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its normalised form.
    pub term: String,
    /// The whole word without case and accents, for spelling comparison.
    pub surface: String,
    /// True for a second reading of other words: a joined compound, or its parts.
    pub extra: bool,
    /// Number of preceding words that a compound joins; 0 if it is not a compound.
    pub joins: usize,
    /// True for a word that occurs in every text.
    pub common: bool,
    /// True for a question word.
    pub asking: bool,
}

/// Reads the words of texts in one language.
pub(crate) struct WordReader {
    language: Language,
    stemmer: Option<Stemmer>,
}

impl WordReader {
    /// For texts in `language`.
    pub(crate) fn new(language: Language) -> Self {
        Self { language, stemmer: language.stemmer().map(Stemmer::create) }
    }

    /// The words of `text`, in order.
    pub(crate) fn words(&self, text: &str) -> Vec<Word> {
        let mut words = Vec::with_capacity(text.len() / 5);
        self.read(text, |word, _| words.push(word));
        words
    }

    /// Calls `push` with each word and its position in `text`.
    pub(crate) fn read(&self, text: &str, mut push: impl FnMut(Word, usize)) {
        let mut chars = text.char_indices().peekable();
        while let Some(&(start, c)) = chars.peek() {
            if is_ideograph(c) {
                let run = take_while(text, start, is_ideograph);
                ideographs(run, |term| push(bare(term), start));
                skip_to(&mut chars, start + run.len());
            } else if c.is_alphanumeric() {
                let run = compound(&text[start..]);
                self.compound(run, start, &mut push);
                skip_to(&mut chars, start + run.len());
            } else if c == '.' && text[start..].starts_with("...") || c == '…' {
                // Three dots are a name in some manuals (an argument of R, a menu entry that opens a dialogue).
                push(bare("...".to_owned()), start);
                skip_to(
                    &mut chars,
                    start + take_while(text, start, |c| c == '.' || c == '…').len(),
                );
            } else {
                chars.next();
            }
        }
    }

    fn compound(&self, run: &str, start: usize, push: &mut impl FnMut(Word, usize)) {
        if quantity(run).is_some() {
            return self.simple(run, start, push);
        }
        let mut parts = run.split(is_joint).filter(|part| !part.is_empty());
        let (first, more) = (parts.next(), parts.next().is_some());
        if more && !run.chars().all(|c| c.is_numeric() || c == '.') {
            for part in run.split(is_joint).filter(|part| !part.is_empty()) {
                self.simple(part, start, push);
            }
            let joined: String = run.split(is_joint).collect();
            let joins = run.split(is_joint).filter(|part| !part.is_empty()).count();
            push(Word { joins, ..self.word(&joined, true) }, start);
        } else if more {
            push(self.word(run, false), start);
        } else if let Some(first) = first {
            self.simple(first, start, push);
        }
    }

    /// A run without joints, and the parts of a name `WrittenLikeThis` or of a quantity.
    fn simple(&self, run: &str, start: usize, push: &mut impl FnMut(Word, usize)) {
        if let Some((number, unit)) = quantity(run) {
            push(self.word(number, false), start);
            push(self.word(unit, false), start);
            push(Word { joins: 2, ..self.word(run, true) }, start);
            return;
        }
        // An apostrophe ends the word; a rest of one or two letters ('s, 't, 're) is grammar.
        for piece in run.split(['\'', '’']).enumerate().filter(|(at, p)| *at == 0 || p.len() > 2)
        {
            push(self.word(piece.1, false), start);
        }
        let mut humps = humps(run).peekable();
        if humps.peek().is_some_and(|hump| hump.len() < run.len()) {
            for hump in humps.filter(|hump| hump.chars().count() > 2) {
                push(self.word(hump, true), start);
            }
        }
    }

    fn word(&self, raw: &str, extra: bool) -> Word {
        let folded = fold(raw);
        let common = self.language.is_common(&folded);
        let asking = self.language.is_asking(&folded);
        let term = if common { folded.clone() } else { self.stem(folded.clone()) };
        Word { term, surface: folded, extra, joins: 0, common, asking }
    }

    fn stem(&self, folded: String) -> String {
        if folded.starts_with(is_hebrew_letter) {
            return hebrew_root(&folded);
        }
        if folded.len() < STEM_FROM_CHARS || folded.bytes().any(|byte| byte.is_ascii_digit()) {
            return folded;
        }
        match &self.stemmer {
            Some(stemmer) => stemmer.stem(&folded).into_owned(),
            None => folded,
        }
    }
}

/// A word without stemming.
fn bare(term: String) -> Word {
    let surface = term.clone();
    Word { term, surface, extra: false, joins: 0, common: false, asking: false }
}

/// Lower case without marks. Letters whose mark makes another letter (й, が) keep it.
pub(super) fn fold(raw: &str) -> String {
    if raw.is_ascii() {
        return raw.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if matches!(c, '\u{400}'..='\u{52f}' | '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}') {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
        }
    }
    out
}

/// Approximates the root of a Hebrew word. Hebrew puts articles, prepositions and verb forms before
/// the root, endings after it and vowels (ו, י) into it: מקליטים, הקלטה and להקליט are all קלט.
fn hebrew_root(word: &str) -> String {
    let letters: Vec<char> = word.chars().map(without_final_form).collect();
    let mut root = &letters[..];
    while let ['ב' | 'ה' | 'ו' | 'ל' | 'מ', rest @ ..] = root
        && rest.len() >= HEBREW_ROOT_CHARS
    {
        root = rest;
    }
    for ending in [&['י', 'מ'][..], &['ו', 'ת'], &['י', 'ה'], &['ה'], &['ת'], &['י']] {
        if let Some(rest) = root.strip_suffix(ending)
            && rest.len() >= HEBREW_ROOT_CHARS
        {
            root = rest;
            break;
        }
    }
    let bare: String = root
        .iter()
        .enumerate()
        .filter(|(at, c)| *at == 0 || !matches!(c, 'ו' | 'י'))
        .map(|(_, c)| *c)
        .collect();
    if bare.chars().count() < 2 { root.iter().collect() } else { bare }
}

/// Five Hebrew letters have a different form at the end of a word.
fn without_final_form(c: char) -> char {
    match c {
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        other => other,
    }
}

/// The run of letters, digits and joints at the start of `text`.
fn compound(text: &str) -> &str {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_word =
            chars.peek().is_some_and(|(_, next)| next.is_alphanumeric() && !is_ideograph(*next));
        if c.is_alphanumeric() && !is_ideograph(c)
            || is_combining_mark(c)
            || (is_joint(c) || matches!(c, '\'' | '’')) && next_is_word
        {
            end = at + c.len_utf8();
        } else {
            break;
        }
    }
    &text[..end]
}

/// A character inside a word that is written in one or apart: `TD-17`, `read.table`, `pgf/tikz`.
fn is_joint(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{5be}')
}

/// Scripts without spaces.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Overlapping pairs: in a script without spaces two neighbours are the smallest unit of meaning.
fn ideographs(run: &str, mut push: impl FnMut(String)) {
    let letters: Vec<char> = run.chars().collect();
    if let [only] = letters[..] {
        push(only.to_string());
    }
    for pair in letters.windows(2) {
        push(pair.iter().collect());
    }
}

/// The parts of a name with inner capitals (`TableStyle`).
fn humps(run: &str) -> impl Iterator<Item = &str> {
    let mut rest = run;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut before_small = false;
        let end = rest
            .char_indices()
            .find(|&(at, c)| {
                let cut = at > 0 && before_small && c.is_uppercase();
                before_small = c.is_lowercase();
                cut
            })
            .map_or(rest.len(), |(at, _)| at);
        let (hump, tail) = rest.split_at(end);
        rest = tail;
        Some(hump)
    })
}

fn take_while(text: &str, start: usize, keep: impl Fn(char) -> bool) -> &str {
    let rest = &text[start..];
    &rest[..rest.find(|c| !keep(c)).unwrap_or(rest.len())]
}

fn skip_to(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>, end: usize) {
    while chars.next_if(|&(at, _)| at < end).is_some() {}
}

/// Shortest sentence in bytes: a shorter one is an abbreviation with a point.
const SHORTEST_BYTES: usize = 12;

/// Words whose point does not end a sentence.
const ABBREVIATIONS: [&str; 16] = [
    "e.g.", "i.e.", "etc.", "fig.", "figs.", "no.", "vs.", "approx.", "cf.", "p.", "pp.", "min.",
    "max.", "sec.", "dr.", "resp.",
];

/// The sentences of `text`, trimmed and not empty; only spaces are dropped.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let wide = matches!(c, '。' | '！' | '？');
        let ends = wide
            || c == '\n' && text[end..].starts_with('\n')
            || matches!(c, '.' | '!' | '?') && ends_here(&text[start..end], &text[end..]);
        if ends && end - start >= SHORTEST_BYTES {
            push(&mut out, &text[start..end]);
            start = end;
        }
    }
    push(&mut out, &text[start..]);
    out
}

/// True when the point at the end of `before` ends a sentence that `after` follows.
fn ends_here(before: &str, after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        None => true,
        Some(c) if c.is_whitespace() => {
            let word = before.rsplit(char::is_whitespace).next().unwrap_or(before);
            let abbreviated =
                ABBREVIATIONS.contains(&word.trim_start_matches('(').to_lowercase().as_str());
            let goes_on = after.trim_start().chars().next().is_some_and(char::is_lowercase);
            !abbreviated && !goes_on
        }
        Some(_) => false,
    }
}

fn push<'a>(out: &mut Vec<&'a str>, piece: &'a str) {
    let piece = piece.trim();
    if !piece.is_empty() {
        out.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        WordReader::new(Language::English).words(text).into_iter().map(|word| word.term).collect()
    }

    #[test]
    fn endings_case_and_accents_do_not_matter() {
        assert_eq!(terms("Resetting RESETS"), ["reset", "reset"]);
        assert_eq!(terms("Café ﬁle"), ["cafe", "file"]);
    }

    #[test]
    fn a_call_is_the_name_of_its_function() {
        assert_eq!(terms("plot()"), ["plot"]);
        assert_eq!(terms("docIf(self, cond)"), ["docif", "doc", "self", "cond"]);
    }

    #[test]
    fn compounds_are_their_parts_and_one_word() {
        assert_eq!(terms("built-in"), ["built", "in", "builtin"]);
        assert_eq!(terms("TD-17"), ["td", "17", "td17"]);
        assert_eq!(terms("TableStyle"), ["tablestyl", "tabl", "style"]);
        assert_eq!(terms("2.4GHz"), ["2.4", "ghz", "2.4ghz"]);
        assert_eq!(terms("10-20mm"), ["10", "20", "mm", "20mm", "1020mm"]);
    }

    #[test]
    fn numbers_with_points_stay_whole_and_grammar_is_removed() {
        assert_eq!(terms("11.6 Bar"), ["11.6", "bar"]);
        assert_eq!(terms("the user's"), ["the", "user"]);
        assert_eq!(terms("the ... argument"), ["the", "...", "argument"]);
    }

    #[test]
    fn scripts_without_spaces_are_read_in_pairs() {
        assert_eq!(terms("電源を"), ["電源", "源を"]);
    }

    #[test]
    fn hebrew_words_of_one_root_are_one_word() {
        let reader = WordReader::new(Language::Hebrew);
        let same = |text: &str| {
            let mut terms: Vec<_> = reader.words(text).into_iter().map(|word| word.term).collect();
            terms.dedup();
            assert_eq!(terms.len(), 1, "{terms:?}");
        };
        same("הסוללה סוללה סוללות");
        same("מקליטים הקלטה להקליט");
        same("מרכיבים הרכבת");
        same("מהמודול המודול מודול");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
            for language in [Language::English, Language::Hebrew, Language::Russian] {
                WordReader::new(language).words(&text);
            }
        }
    }

    #[test]
    fn a_sentence_ends_at_its_point_and_not_at_an_abbreviation() {
        assert_eq!(
            sentences("Use a cable, e.g. Type C. Press the button (see fig. 3). Done!"),
            ["Use a cable, e.g. Type C.", "Press the button (see fig. 3).", "Done!"]
        );
    }

    #[test]
    fn versions_and_names_retain_their_points() {
        assert_eq!(
            sentences("Version 2.1 of read.table is new. It reads."),
            ["Version 2.1 of read.table is new.", "It reads."]
        );
    }

    proptest::proptest! {
        #[test]
        fn only_spaces_are_dropped(text in "\\PC{0,120}") {
            let joined: String = sentences(&text).concat().split_whitespace().collect();
            let all: String = text.split_whitespace().collect();
            proptest::prop_assert_eq!(joined, all);
        }
    }
}
