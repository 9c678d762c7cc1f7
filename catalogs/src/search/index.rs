//! The index: built once from all documents, immutable, read by any number of threads.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::document::{Document, Field};
use super::trie::{Term, Trie};
use super::variant::{Beside, variant};
use super::words::{Cut, Word, words};

/// Most indexed words of one field. Names have a dozen; an essay in a name field must not
/// inflate the index.
const MOST_WORDS: usize = 48;

/// Most indexed aliases of one document.
const MOST_ALIASES: usize = 16;

/// Prefixes with more documents than this have a list of the best of them, so that a single
/// letter costs no more than a word.
const CROWD: usize = 8192;

/// Length of such a list: a few times the number of scored candidates.
const CROWD_BEST: usize = 1024;

/// One string of one word of one document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) term: Term,
    /// The character of the field's text at which the string begins.
    pub(crate) start: u16,
    pub(crate) field: Field,
    /// The number of the word in its field.
    pub(crate) word: u8,
    /// The letter of the word at which the string begins.
    pub(crate) offset: u8,
    /// The letter of the word before which the string ends.
    pub(crate) end: u8,
    /// The letters of the word.
    pub(crate) word_len: u8,
    /// Whether the string begins where a word may begin: at the word's beginning, after a joint
    /// in it, or at a change of script. A change between letters and digits does not count.
    pub(crate) begins_word: bool,
    /// Whether there is a digit in the string.
    pub(crate) numeric: bool,
    /// The position of its first decimal point, in letters; 0 without one.
    pub(crate) point: u8,
    /// The positions of its joints, as in [`joints`].
    pub(crate) joints: u8,
}

/// The positions of joints between letters with these cuts: one bit per position, modulo
/// eight. Enough to prefer one of two products that are otherwise spelled alike.
pub(crate) fn joints(cuts: &[Cut]) -> u8 {
    let is_joint = |cut: &Cut| matches!(cut, Cut::Joint | Cut::Point);
    let places = cuts.iter().enumerate().skip(1).filter(|(_, cut)| is_joint(cut));
    places.fold(0, |joints, (at, _)| joints | 1 << (at % 8))
}

/// The search index. Build it once, share it between threads: a search takes
/// no lock and changes nothing.
///
/// ```
/// use hsc_catalogs::search::{Document, Index};
///
/// let index = Index::build([Document {
///     id: "acme-td17", name: "Acme TD-17KV Drum Kit", brand_id: "acme", brand: "Acme",
///     category: "Drums", model: Some("TD-17KV"), aliases: &[],
/// }]);
/// let hits = index.search("td 17", 5);
/// assert_eq!(hits[0].document, 0);
/// assert!(hits[0].confidence >= 50);
/// ```
#[derive(Debug)]
pub struct Index {
    pub(crate) trie: Trie,
    /// For each string its documents, by inner number, ascending.
    postings: Vec<u32>,
    posting_starts: Vec<u32>,
    /// For each document (inner number) its entries.
    entries: Vec<Entry>,
    entry_starts: Vec<u32>,
    /// For each document the number of letters of its name.
    pub(crate) name_letters: Vec<u16>,
    /// The build position of each document. Inner numbers are sorted by the length of the name,
    /// then by build order: among equal matches the plainest product comes first, and a truncated list
    /// loses the least relevant ones.
    pub(crate) outer: Vec<u32>,
    texts: Texts,
    /// The best documents of crowded prefixes, by the range of their strings.
    crowds: HashMap<(Term, Term), Box<[u32]>>,
}

/// Numbers distinct strings in order of appearance.
#[derive(Default)]
struct Interner {
    numbers: HashMap<Box<[char]>, u32, BuildHasherDefault<QuickHasher>>,
}

impl Interner {
    fn number(&mut self, letters: &[char]) -> u32 {
        if let Some(&number) = self.numbers.get(letters) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(letters.into(), number);
        number
    }
}

/// A fast hash for short strings of letters and for numbers (multiply and rotate). The standard hash resists
/// chosen keys; the keys here are the shop's own catalog and the numbers of its products.
#[derive(Default)]
pub(crate) struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// One document while the index is being built.
struct Draft {
    entries: Range<usize>,
    spans: Range<usize>,
    name_letters: u16,
}

impl Index {
    /// Builds the index. The order of the documents defines the numbers in [`Hit::document`](super::Hit).
    pub fn build<'a>(documents: impl IntoIterator<Item = Document<'a>>) -> Index {
        let mut interner = Interner::default();
        let mut entries = Vec::new();
        let mut texts = Texts::default();
        let mut drafts = Vec::new();
        let mut word = Word::default();
        for document in documents {
            let (first_entry, first_span) = (entries.len(), texts.noted());
            let aliases = document.aliases.iter().take(MOST_ALIASES);
            // From the best field to the worst: a string of a better field is not indexed again.
            let fields = std::iter::once((Field::Name, document.name))
                .chain(document.model.map(|model| (Field::Model, model)))
                .chain((0..).zip(aliases).map(|(number, alias)| (Field::Alias(number), &**alias)))
                .chain([
                    (Field::Brand, document.brand),
                    (Field::Category, document.category),
                    (Field::Id, document.id),
                    (Field::BrandId, document.brand_id),
                ]);
            let mut name_letters = 0;
            for (field, text) in fields {
                let letters =
                    read_field(text, field, first_entry, &mut word, &mut interner, &mut entries);
                match field {
                    Field::Name => {
                        name_letters = letters;
                        texts.add(field, text);
                    }
                    Field::Model | Field::Alias(_) | Field::Id => texts.add(field, text),
                    Field::Brand | Field::Category => texts.add_shared(field, text),
                    Field::BrandId => {}
                }
            }
            drafts.push(Draft {
                entries: first_entry..entries.len(),
                spans: first_span..texts.noted(),
                name_letters: name_letters.min(usize::from(u16::MAX)) as u16,
            });
        }
        assemble(interner, entries, texts, &drafts)
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.outer.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.outer.is_empty()
    }

    /// Memory of the index in bytes.
    pub fn memory_bytes(&self) -> usize {
        let crowds: usize =
            self.crowds.values().map(|best| best.len() * size_of::<u32>() + 48).sum();
        self.trie.memory_bytes()
            + self.postings.capacity() * size_of::<u32>()
            + self.posting_starts.capacity() * size_of::<u32>()
            + self.entries.capacity() * size_of::<Entry>()
            + self.entry_starts.capacity() * size_of::<u32>()
            + self.name_letters.capacity() * size_of::<u16>()
            + self.outer.capacity() * size_of::<u32>()
            + self.texts.memory_bytes()
            + crowds
    }

    /// The entries of a document, by its inner number.
    pub(crate) fn entries_of(&self, document: u32) -> &[Entry] {
        let document = document as usize;
        &self.entries
            [self.entry_starts[document] as usize..self.entry_starts[document + 1] as usize]
    }

    /// The original text of a field.
    pub(crate) fn text(&self, document: u32, field: Field) -> &str {
        self.texts.get(document as usize, field)
    }

    /// Number of documents of the strings in this range, with multiplicity.
    pub(crate) fn count(&self, terms: &Range<Term>) -> usize {
        (self.posting_starts[terms.end as usize] - self.posting_starts[terms.start as usize])
            as usize
    }

    /// The documents of the strings in this range: all, or the best of a crowded prefix.
    pub(crate) fn documents(&self, terms: &Range<Term>) -> &[u32] {
        if self.count(terms) > CROWD
            && let Some(best) = self.crowds.get(&(terms.start, terms.end))
        {
            return best;
        }
        &self.postings[self.posting_starts[terms.start as usize] as usize
            ..self.posting_starts[terms.end as usize] as usize]
    }
}

/// Indexes the strings of a text; returns its number of letters.
fn read_field(
    text: &str,
    field: Field,
    first_entry: usize,
    word: &mut Word,
    interner: &mut Interner,
    entries: &mut Vec<Entry>,
) -> usize {
    let (mut number, mut letters) = (0, 0);
    let mut after_number = false;
    // A dash in an id is used as a space.
    words(text, field != Field::Id, word, |word| {
        if number == MOST_WORDS {
            return;
        }
        letters += word.letters.len();
        let mut note = |word: &Word, len: usize, from: usize, to: usize, span: (u8, u8)| {
            let term = interner.number(&word.letters[from..to]);
            if entries[first_entry..].iter().any(|entry: &Entry| entry.term == term) {
                return;
            }
            let cuts = &word.cuts[from..to];
            let point = cuts.iter().skip(1).position(|&cut| cut == Cut::Point);
            entries.push(Entry {
                term,
                start: word.origins[from].min(u32::from(u16::MAX)) as u16,
                field,
                word: number as u8,
                offset: span.0,
                end: span.1,
                word_len: len as u8,
                begins_word: word.begins_word(from),
                numeric: word.letters[from..to].iter().any(|letter| letter.is_numeric()),
                point: point.map_or(0, |at| at as u8 + 1),
                joints: joints(cuts),
            });
        };
        let len = word.letters.len();
        word.strings(|from, to| note(word, len, from, to, (from as u8, to as u8)));
        // The next word may still begin with a digit; then the query is varied instead.
        let beside = Beside { after_number, before_number: false };
        if let Some(variant) = variant(word, beside).filter(|it| !it.word.letters.is_empty()) {
            let (varied, spans) = (&variant.word, &variant.spans);
            varied.strings(|from, to| {
                note(varied, len, from, to, (spans[from].0, spans[to - 1].1));
            });
        }
        after_number = word.letters.last().is_some_and(|letter| letter.is_numeric());
        number += 1;
    });
    letters
}

/// Sorts the drafts into the final order.
fn assemble(
    interner: Interner,
    mut drafted: Vec<Entry>,
    mut texts: Texts,
    drafts: &[Draft],
) -> Index {
    let mut strings: Vec<(Box<[char]>, u32)> = interner.numbers.into_iter().collect();
    strings.sort_unstable();
    let mut sorted = vec![0; strings.len()];
    let mut letters = Vec::with_capacity(strings.iter().map(|(string, _)| string.len()).sum());
    let mut starts = Vec::with_capacity(strings.len() + 1);
    starts.push(0);
    for (place, (string, number)) in strings.iter().enumerate() {
        sorted[*number as usize] = place as Term;
        letters.extend_from_slice(string);
        starts.push(letters.len() as u32);
    }
    drop(strings);
    let mut posting_starts = vec![0u32; sorted.len() + 1];
    for entry in &mut drafted {
        entry.term = sorted[entry.term as usize];
        posting_starts[entry.term as usize + 1] += 1;
    }
    for term in 1..posting_starts.len() {
        posting_starts[term] += posting_starts[term - 1];
    }

    let mut outer: Vec<u32> = (0..drafts.len() as u32).collect();
    outer.sort_by_key(|&document| drafts[document as usize].name_letters);
    let mut entries = Vec::with_capacity(drafted.len());
    let mut entry_starts = Vec::with_capacity(drafts.len() + 1);
    let mut postings = vec![0; drafted.len()];
    let mut next = posting_starts.clone();
    for (inner, &document) in outer.iter().enumerate() {
        let draft = &drafts[document as usize];
        entry_starts.push(entries.len() as u32);
        for &entry in &drafted[draft.entries.clone()] {
            entries.push(entry);
            let place = &mut next[entry.term as usize];
            postings[*place as usize] = inner as u32;
            *place += 1;
        }
    }
    entry_starts.push(entries.len() as u32);
    texts.reorder(outer.iter().map(|&document| drafts[document as usize].spans.clone()));

    let mut index = Index {
        trie: Trie::new(letters, starts),
        postings,
        posting_starts,
        entries,
        entry_starts,
        name_letters: outer.iter().map(|&d| drafts[d as usize].name_letters).collect(),
        outer,
        texts,
        crowds: HashMap::new(),
    };
    index.crowds = crowds(&index);
    index
}

/// The best documents of every crowded prefix.
fn crowds(index: &Index) -> HashMap<(Term, Term), Box<[u32]>> {
    let mut crowds = HashMap::new();
    index.trie.prefixes(|terms| {
        if index.count(&terms) <= CROWD {
            return false;
        }
        let mut best = index.documents(&terms).to_vec();
        // Twice as many, because a document may occur several times.
        let some = (CROWD_BEST * 2).min(best.len() - 1);
        best.select_nth_unstable(some);
        best.truncate(some);
        best.sort_unstable();
        best.dedup();
        best.truncate(CROWD_BEST);
        crowds.insert((terms.start, terms.end), best.into_boxed_slice());
        true
    });
    crowds
}

/// The original texts of all documents, concatenated: for marking matches.
#[derive(Debug, Default)]
struct Texts {
    bytes: String,
    /// For each document the ranges of its texts in `bytes`.
    spans: Vec<(Field, u32, u32)>,
    starts: Vec<u32>,
    /// Brands and categories, which many documents share.
    shared: HashMap<Box<str>, (u32, u32)>,
}

impl Texts {
    /// Adds a text of the current document.
    fn add(&mut self, field: Field, text: &str) {
        let from = self.bytes.len() as u32;
        self.bytes.push_str(text);
        self.spans.push((field, from, self.bytes.len() as u32));
    }

    /// The same for a text that other documents share.
    fn add_shared(&mut self, field: Field, text: &str) {
        match self.shared.get(text) {
            Some(&(from, to)) => self.spans.push((field, from, to)),
            None => {
                self.add(field, text);
                let (_, from, to) = self.spans[self.spans.len() - 1];
                self.shared.insert(text.into(), (from, to));
            }
        }
    }

    /// A text of a document, by its final position; may be empty.
    fn get(&self, document: usize, field: Field) -> &str {
        let spans = &self.spans[self.starts[document] as usize..self.starts[document + 1] as usize];
        spans
            .iter()
            .find(|span| span.0 == field)
            .map_or("", |&(_, from, to)| &self.bytes[from as usize..to as usize])
    }

    /// The position of the next text.
    fn noted(&self) -> usize {
        self.spans.len()
    }

    /// Reorders the documents, each given by its range.
    fn reorder(&mut self, documents: impl Iterator<Item = Range<usize>>) {
        let mut spans = Vec::with_capacity(self.spans.len());
        self.starts.clear();
        for noted in documents {
            self.starts.push(spans.len() as u32);
            spans.extend_from_slice(&self.spans[noted]);
        }
        self.starts.push(spans.len() as u32);
        self.spans = spans;
        self.shared = HashMap::new();
        self.bytes.shrink_to_fit();
    }

    fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
            + self.spans.capacity() * size_of::<(Field, u32, u32)>()
            + self.starts.capacity() * size_of::<u32>()
    }
}
