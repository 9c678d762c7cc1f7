//! The inverted index of a manual: the words of each passage, with counts and positions.
//!
//! Built once per manual and read by every question. It stores numbers instead of the
//! manual's text, and no reference to the manual, so that an evicted manual is freed.
//! Pages of contents are left out: they mention every subject and answer nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hsc_catalogs::{Block, Heading, Manual, Passage, Suggestion};

use super::encoder::ManualTexts;
use super::figures::has_figure;
use super::language::Language;
use super::synonyms::{Synonyms, Thesaurus};
use super::windows::{self, Window, Windows};
use super::words::{Word, WordReader};

/// Number of a word in an [`Index`].
pub(super) type TermId = u32;

/// The occurrences of a word in a unit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Posting {
    /// Number of the unit.
    pub unit: u32,
    /// Occurrences in the unit's own heading.
    pub heading: u16,
    /// Occurrences in the headings above that.
    pub path: u16,
    /// Occurrences in its text.
    pub body: u16,
    /// Occurrences in row labels: the first cell of a row.
    pub label: u16,
}

/// Number of a language in an [`Index`].
pub(super) type LanguageId = usize;

/// Share of the text of a manual's commonest language from which another one counts as a translation of the manual,
/// not as a page of safety notes only.
const TRANSLATION: f32 = 0.3;

/// Share of the same below which a language is most probably misdetected: a list of names looks like any.
const MISTAKEN: f32 = 0.04;

/// A passage as numbers.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its index in `Manual::passages`.
    pub passage: usize,
    /// The language it is written in, if it is known.
    pub language: Option<LanguageId>,
    /// Its page.
    pub page: u32,
    /// Number of its section: consecutive passages under the same headings.
    pub section: u32,
    /// The words of its own heading in order, common ones included.
    pub heading: Box<[TermId]>,
    /// The headings directly above it, outermost first: a chapter and its first section.
    /// Empty further down in a section.
    pub openings: Vec<Box<[TermId]>>,
    /// The labels of its rows.
    pub labels: Vec<Label>,
    /// The words of its text in order, common ones included.
    pub body: Box<[TermId]>,
}

/// The label of a row: its first cell.
#[derive(Debug)]
pub(super) struct Label {
    /// Its words.
    pub words: Box<[TermId]>,
    /// True if the rest of the row has a figure.
    pub of_figure: bool,
}

/// A small window as numbers.
#[derive(Debug)]
pub(super) struct Span {
    /// The first and the last unit whose text it contains.
    pub units: (usize, usize),
    /// Its first block in the first of them, and its last one in the last.
    pub blocks: (usize, usize),
    /// The big window it is a part of.
    pub parent: usize,
    /// Number of its words, with those of its headings.
    pub words: f32,
}

/// The occurrences of a word in the text of a small window.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpanPosting {
    /// Number of the small window.
    pub span: u32,
    /// Occurrences in its text.
    pub times: u16,
}

/// A list for each word of the manual; empty for most.
#[derive(Debug)]
pub(super) struct ByTerm<T>(Vec<Vec<T>>);

impl<T> ByTerm<T> {
    /// The list of a word.
    pub(super) fn of(&self, term: TermId) -> &[T] {
        self.0.get(term as usize).map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, term: TermId, item: T) {
        let at = term as usize;
        if self.0.len() <= at {
            self.0.resize_with(at + 1, Vec::new);
        }
        self.0[at].push(item);
    }
}

impl<T> Default for ByTerm<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The windows of a manual as numbers.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// The small windows, in manual order.
    pub small: Vec<Span>,
    /// Number of words of each big window, with those of its headings.
    pub big_words: Vec<f32>,
    /// The occurrences of each word in the text of small windows.
    pub in_text: ByTerm<SpanPosting>,
    /// The small windows whose headings contain each word.
    pub above_small: ByTerm<u32>,
    /// The big windows whose headings contain each word.
    pub above_big: ByTerm<u32>,
}

/// A spelling of a word in the manual.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling {
    /// Its number.
    pub term: TermId,
    /// Number of occurrences.
    pub times: u32,
}

/// The words of one manual and their occurrences.
pub struct Index {
    /// Reads words in the manual's language.
    pub(super) reader: WordReader,
    /// The language of most of the manual.
    pub(super) language: Language,
    /// Synonyms in that language.
    pub(super) synonyms: Arc<Synonyms>,
    spellings: HashMap<String, Spelling>,
    /// The manual's windows.
    pub(super) spans: Spans,
    texts: OnceLock<Arc<ManualTexts>>,
    confirmed: Mutex<HashMap<String, bool>>,
    terms: HashMap<String, TermId>,
    words: Vec<Box<str>>,
    common: Vec<bool>,
    compounds: HashMap<TermId, Box<[TermId]>>,
    postings: Vec<Vec<Posting>>,
    /// The passages, without those of pages of contents.
    pub(super) units: Vec<Unit>,
    /// Code of each language in the manual, and its number of characters.
    pub(super) languages: Vec<(String, usize)>,
    /// Number of the last page.
    pub(super) pages: u32,
    /// Words of an average passage.
    pub(super) average_body: f32,
}

impl Index {
    /// Indexes the whole manual, with the built-in synonyms.
    #[cfg(test)]
    pub(super) fn of(manual: &Manual) -> Self {
        Self::with(manual, &Thesaurus::built_in())
    }

    /// Indexes the whole manual.
    pub fn with(manual: &Manual, thesaurus: &Thesaurus) -> Self {
        let language = Language::of(
            manual
                .passages
                .iter()
                .filter(|p| !p.contents)
                .flat_map(|p| p.blocks.iter().map(|b| b.text())),
        );
        let mut index = Self {
            reader: WordReader::new(language),
            language,
            synonyms: thesaurus.of(language),
            pages: manual.pages.last().map_or(0, |page| page.number),
            ..Self::empty()
        };
        let mut section = 0;
        let mut above: Option<&Passage> = None;
        for (at, passage) in manual.passages.iter().enumerate() {
            let known = above.map_or(&[][..], |above| &above.headings);
            if passage.opens_section || known != passage.headings {
                section += 1;
            }
            if !passage.contents {
                index.add(at, passage, section);
                index.open(passage, known);
            }
            above = Some(passage);
        }
        for heading in &manual.outline {
            index.put_up(heading);
        }
        index.forget_mistaken_languages();
        let words: usize = index.units.iter().map(|unit| unit.body.len()).sum();
        index.average_body = (words as f32 / index.units.len().max(1) as f32).max(1.0);
        index.read_windows(windows::cut(manual));
        index
    }

    /// The index of a manual without words.
    pub fn empty() -> Self {
        Self {
            reader: WordReader::new(Language::English),
            language: Language::English,
            synonyms: Arc::default(),
            spellings: HashMap::new(),
            spans: Spans::default(),
            texts: OnceLock::new(),
            confirmed: Mutex::default(),
            terms: HashMap::new(),
            words: Vec::new(),
            common: Vec::new(),
            compounds: HashMap::new(),
            postings: Vec::new(),
            units: Vec::new(),
            languages: Vec::new(),
            pages: 0,
            average_body: 1.0,
        }
    }

    fn add(&mut self, at: usize, passage: &Passage, section: u32) {
        let unit =
            u32::try_from(self.units.len()).expect("a manual has fewer than four billion passages");
        let (own, above) = match passage.headings.split_last() {
            Some((own, above)) => (own.as_str(), above),
            None => ("", &[][..]),
        };
        let mut counts: HashMap<TermId, Posting> = HashMap::new();
        let mut count = |term: TermId, add: fn(&mut Posting)| {
            add(counts.entry(term).or_insert(Posting { unit, ..Posting::default() }));
        };
        let mut heading = Vec::new();
        self.read(own, |term, word| {
            if !word.extra {
                heading.push(term);
            }
            count(term, |posting| posting.heading = posting.heading.saturating_add(1));
        });
        for text in above {
            self.read(text, |term, _| {
                count(term, |posting| posting.path = posting.path.saturating_add(1))
            });
        }
        let (mut body, mut labels) = (Vec::new(), Vec::new());
        for block in &passage.blocks {
            if let Block::Row(row) = block {
                let (label, bare) = row_label(row);
                let of_figure = row.split_once(" | ").is_some_and(|(_, rest)| has_figure(rest));
                let mut words = Vec::new();
                self.read(label, |term, word| {
                    if !word.extra {
                        words.push(term);
                    }
                    count(term, |posting| posting.label = posting.label.saturating_add(1));
                });
                labels.push(Label { words: words.into(), of_figure });
                labels.extend(bare.map(|bare| Label { words: self.sequence(bare), of_figure }));
            }
            self.read(block.text(), |term, word| {
                if !word.extra {
                    body.push(term);
                }
                count(term, |posting| posting.body = posting.body.saturating_add(1));
            });
        }
        for (term, posting) in counts {
            self.postings[term as usize].push(posting);
        }
        let language = passage.language.as_ref().map(|code| {
            let chars: usize = passage.blocks.iter().map(|block| block.text().len()).sum();
            let known = self.languages.iter().position(|(own, _)| own == code);
            let id = known.unwrap_or_else(|| {
                self.languages.push((code.clone(), 0));
                self.languages.len() - 1
            });
            self.languages[id].1 += chars;
            id
        });
        self.units.push(Unit {
            passage: at,
            language,
            page: passage.page,
            section,
            heading: heading.into(),
            openings: Vec::new(),
            labels,
            body: body.into(),
        });
    }

    /// Records which headings of the last added passage are new.
    fn open(&mut self, passage: &Passage, known: &[String]) {
        let shared = known.iter().zip(&passage.headings).take_while(|(a, b)| a == b).count();
        let own = passage.headings.len().saturating_sub(1);
        // The same heading twice in a row is two sections: then the passage's own heading opens again.
        let first = if passage.opens_section { shared.min(own) } else { shared };
        let openings: Vec<_> =
            passage.headings[first..].iter().map(|text| self.sequence(text)).collect();
        if let Some(unit) = self.units.last_mut() {
            unit.openings = openings;
        }
    }

    /// Assigns a heading of the document's own outline, which the pages did not
    /// show as a heading, to the passage with its words, else to the first of its page.
    fn put_up(&mut self, heading: &Heading) {
        let words = self.sequence(&heading.text);
        let from = self.units.partition_point(|unit| unit.page < heading.page);
        let near = self.units[from..].iter().take_while(|unit| unit.page <= heading.page + 1);
        // The page may print a number before it, or more text after it.
        let shows = |known: &[TermId]| known.windows(words.len()).any(|part| *part == *words);
        if words.is_empty()
            || near.clone().flat_map(|unit| &unit.openings).any(|known| shows(known))
        {
            return;
        }
        let at = from + near.clone().position(|unit| shows(&unit.body)).unwrap_or(0);
        if let Some(unit) = self.units.get_mut(at) {
            unit.openings.push(words);
        }
    }

    /// Indexes the windows, after the passages.
    fn read_windows(&mut self, windows: Windows) {
        let unit_of: HashMap<usize, usize> =
            self.units.iter().enumerate().map(|(unit, it)| (it.passage, unit)).collect();
        let mut spans = Spans::default();
        for (number, window) in (0..).zip(&windows.big) {
            let (words, above) = self.read_window(window, |_| ());
            spans.big_words.push(words);
            for term in above {
                spans.above_big.push(term, number);
            }
        }
        for (number, window) in (0_u32..).zip(&windows.small) {
            let mut times: HashMap<TermId, u16> = HashMap::new();
            let (words, above) = self.read_window(window, |term| {
                let times = times.entry(term).or_default();
                *times = times.saturating_add(1);
            });
            let unit = |passage: usize| unit_of.get(&passage).copied().unwrap_or(0);
            let (first, last) = window.blocks;
            spans.small.push(Span {
                units: (unit(first.0), unit(last.0)),
                blocks: (first.1, last.1),
                parent: window.parent.unwrap_or(0),
                words,
            });
            for term in above {
                spans.above_small.push(term, number);
            }
            for (term, times) in times {
                spans.in_text.push(term, SpanPosting { span: number, times });
            }
        }
        self.spans = spans;
    }

    /// Calls `push` with each word of a window's text; returns the number of its words, and of those of its headings.
    fn read_window(
        &mut self,
        window: &Window,
        mut push: impl FnMut(TermId),
    ) -> (f32, HashSet<TermId>) {
        let (mut words, mut above) = (0_usize, HashSet::new());
        self.read(&window.heading, |term, word| {
            words += usize::from(!word.extra);
            above.insert(term);
        });
        self.read(&window.body, |term, word| {
            words += usize::from(!word.extra);
            push(term);
        });
        (words as f32, above)
    }

    fn sequence(&mut self, text: &str) -> Box<[TermId]> {
        let mut words = Vec::new();
        self.read(text, |term, word| {
            if !word.extra {
                words.push(term);
            }
        });
        words.into()
    }

    fn read(&mut self, text: &str, mut push: impl FnMut(TermId, &Word)) {
        let Self { reader, terms, postings, common, compounds, spellings, words, .. } = self;
        let mut parts: Vec<TermId> = Vec::new();
        reader.read(text, |word, _| {
            let term = match terms.get(&word.term) {
                Some(&term) => term,
                None => {
                    let term = TermId::try_from(postings.len())
                        .expect("a manual has fewer than four billion words");
                    terms.insert(word.term.clone(), term);
                    words.push(word.term.as_str().into());
                    postings.push(Vec::new());
                    common.push(word.common);
                    term
                }
            };
            if !word.common && word.surface.chars().all(char::is_alphabetic) {
                match spellings.get_mut(&word.surface) {
                    Some(known) => known.times += 1,
                    None => {
                        spellings.insert(word.surface.clone(), Spelling { term, times: 1 });
                    }
                }
            }
            if word.joins > 0 {
                let from = parts.len().saturating_sub(word.joins);
                compounds.entry(term).or_insert_with(|| parts[from..].into());
            } else if !word.extra {
                parts.push(term);
            }
            push(term, &word);
        });
    }

    /// The number of a word, if the manual has it.
    pub(super) fn term(&self, word: &str) -> Option<TermId> {
        self.terms.get(word).copied()
    }

    /// The word with this number.
    pub(super) fn word(&self, term: TermId) -> Option<&str> {
        self.words.get(term as usize).map(|word| &**word)
    }

    /// Every word of the manual as it is spelt there, without case and accents.
    pub(super) fn spellings(&self) -> impl Iterator<Item = (&str, Spelling)> {
        self.spellings.iter().map(|(word, &spelling)| (word.as_str(), spelling))
    }

    fn forget_mistaken_languages(&mut self) {
        let most = self.languages.iter().map(|(_, chars)| *chars).max().unwrap_or(0) as f32;
        let languages = &self.languages;
        let is_sure = |id: &LanguageId| languages[*id].1 as f32 >= MISTAKEN * most;
        for unit in &mut self.units {
            unit.language = unit.language.filter(is_sure);
        }
    }

    /// Code of the language of the first of these units with a known language; else of the language
    /// of most of the manual.
    pub(super) fn language_of(&self, units: impl IntoIterator<Item = usize>) -> &str {
        let known = units.into_iter().find_map(|unit| self.units[unit].language);
        known.map_or(self.language.code(), |id| &self.languages[id].0)
    }

    /// The first of these languages (ISO 639-1) in which the whole manual is written or translated.
    pub(super) fn translation<'a>(
        &self,
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Option<LanguageId> {
        let most = self.languages.iter().map(|(_, chars)| *chars).max()? as f32;
        let is_whole = |chars: usize| chars as f32 >= TRANSLATION * most;
        codes.into_iter().find_map(|code| {
            self.languages.iter().position(|(own, chars)| own == code && is_whole(*chars))
        })
    }

    /// The encoder input of the manual: its windows below the name of the product of the first request. Another
    /// product with the same manual shares the vectors.
    pub fn texts(&self, product: &str, manual: &Manual) -> &Arc<ManualTexts> {
        self.texts.get_or_init(|| {
            let (texts, big) = windows::window_texts(product, manual);
            Arc::new(ManualTexts::new(&manual.source.location, texts, big))
        })
    }

    /// Whether the manual answers each suggestion. `confirms` computes it for new ones.
    pub(super) fn confirmed(
        &self,
        suggestions: &[Suggestion],
        confirms: impl Fn(&Suggestion) -> bool,
    ) -> Vec<bool> {
        let known = || self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        let confirmed = |suggestion: &Suggestion| {
            let found = known().get(&suggestion.text).copied();
            found.unwrap_or_else(|| {
                let found = confirms(suggestion);
                known().insert(suggestion.text.clone(), found);
                found
            })
        };
        suggestions.iter().map(confirmed).collect()
    }

    /// The occurrences of a word.
    pub(super) fn postings(&self, term: TermId) -> &[Posting] {
        &self.postings[term as usize]
    }

    /// True for a word that occurs in every text.
    pub(super) fn is_common(&self, term: TermId) -> bool {
        self.common[term as usize]
    }

    /// The parts of a word that the manual also writes separately (`wi-fi`); empty for others.
    pub(super) fn parts(&self, term: TermId) -> &[TermId] {
        self.compounds.get(&term).map_or(&[], |parts| parts)
    }

    /// Number of words at the beginning of a heading that are its section's number: `3.2`, `C.1`, `A 4`.
    pub(super) fn section_number(&self, heading: &[TermId]) -> usize {
        let text = |at: usize| heading.get(at).map_or("", |term| &*self.words[*term as usize]);
        let is_letter =
            |text: &str| text.chars().count() == 1 && text.chars().all(char::is_alphabetic);
        let is_digits = |text: &str| {
            text.starts_with(char::is_numeric) && text.chars().all(|c| c.is_numeric() || c == '.')
        };
        let (first, second) = (text(0), text(1));
        let letter = first.chars().next().map_or(0, char::len_utf8);
        let (label, rest) = first.split_at(letter);
        if is_digits(first) || is_letter(label) && is_digits(rest.trim_start_matches('.')) {
            1
        } else if is_letter(first) && is_digits(second) {
            2
        } else {
            0
        }
    }

    /// Inverse document frequency of a word: large when few passages have it, largest when none has.
    pub(super) fn weight(&self, term: Option<TermId>) -> f32 {
        let have = term.map_or(0, |term| self.postings(term).len()) as f32;
        let all = self.units.len() as f32;
        ((all - have + 0.5) / (have + 0.5)).ln_1p()
    }
}

/// The first cell of a row: what the row is about. Also without the explanation in brackets at its end: `Size (w x h)`.
pub(super) fn row_label(row: &str) -> (&str, Option<&str>) {
    let label = row.split(" | ").next().unwrap_or_default();
    let bare = label.strip_suffix(')').and_then(|rest| Some(rest.rsplit_once(" (")?.0));
    (label, bare)
}
