//! The words, concepts and measures of all products, as an inverted index.

use std::collections::{HashMap, HashSet};

use super::super::document::Document;
use super::language::{Concept, Vocabulary};
use super::token::{Token, is_hebrew, is_number, sound, stem, tokens};

/// Most products that are indexed by words. A shop has fewer; a synthetic catalog of a million, as in load tests,
/// would take gigabytes, and its products are found by their letters alone.
const MOST_PRODUCTS: usize = 200_000;

/// Weights of fields; the name has 1. A category is how a shop groups products, not always what a product is.
const BRAND: f32 = 0.9;
const ALIAS: f32 = 0.95;
const ID: f32 = 0.6;
const CATEGORY: f32 = 0.35;
const CATEGORY_CONCEPT: f32 = 0.6;
const DESCRIPTION: f32 = 0.35;

/// Weight of a part of a model number, and of joined words, relative to the whole word.
const PART: f32 = 0.85;

/// Weight of a word that is a part of a longer phrase: the `bass` of a bass drum.
const IN_PHRASE: f32 = 0.4;

/// Weight of the last two digits of a longer number as a number of their own: many model numbers end in a size.
const SUFFIX: f32 = 0.45;

/// Longest word that is made of parts, in letters.
const LONGEST_JOIN: usize = 20;

/// A product and its data beyond the names.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// Names and ids of the product.
    pub document: Document<'a>,
    /// The catalog's description; may be empty.
    pub description: &'a str,
    /// Whether it has a manual: between equal matches such a product comes first.
    pub has_manual: bool,
}

/// Number of a term.
pub(super) type TermId = u32;

/// An index term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// A stemmed word, or joined words.
    Word(String),
    Concept(Concept),
    /// A number and its unit, as `12 inch`.
    Measure(String),
    /// The last two digits of a longer number.
    Suffix(String),
}

/// The indexed data of one product.
#[derive(Debug, Default)]
pub(super) struct About {
    /// Number of words of its name.
    pub(super) words: u16,
    /// Its kinds that are accessories of other products.
    pub(super) accessories: Vec<Concept>,
    pub(super) has_manual: bool,
}

/// The products by their words. Build it once per catalog; reading it takes no lock.
///
/// The numbers of products are those of the [`Index`](super::super::Index) over the same documents.
#[derive(Debug, Default)]
pub struct DescriptionIndex {
    terms: HashMap<Term, TermId>,
    postings: Vec<Vec<(u32, f32)>>,
    /// Words of names and brands that are not numbers, by sound and by length.
    sounds: HashMap<String, Vec<(TermId, Box<str>)>>,
    by_length: Vec<Vec<(TermId, Box<str>)>>,
    brands: HashSet<TermId>,
    /// For each term the number of letters of its word, 0 if it is not a word.
    letters: Vec<u8>,
    about: Vec<About>,
}

/// A text of a product during indexing.
struct Field<'a> {
    text: &'a str,
    word: f32,
    concept: f32,
    /// Whether its words may match by sound, with typos and joined.
    is_name: bool,
}

impl DescriptionIndex {
    /// Indexes all products, in the order of the letter index.
    pub fn build<'a>(products: impl IntoIterator<Item = Described<'a>>) -> DescriptionIndex {
        let vocabulary = Vocabulary::shared();
        let mut index = DescriptionIndex::default();
        let mut by_sound = HashSet::new();
        for (number, product) in products.into_iter().take(MOST_PRODUCTS).enumerate() {
            let number = number as u32;
            let document = product.document;
            let mut found: HashMap<Term, f32> = HashMap::new();
            let mut about = About { has_manual: product.has_manual, ..About::default() };
            let name = |text, word| Field { text, word, concept: word, is_name: true };
            let mut fields = vec![name(document.name, 1.0)];
            fields.extend(document.model.map(|model| name(model, 1.0)));
            fields.extend(document.aliases.iter().map(|alias| name(alias, ALIAS)));
            fields.push(name(document.brand, BRAND));
            let other = |text, word, concept| Field { text, word, concept, is_name: false };
            fields.push(other(document.category, CATEGORY, CATEGORY_CONCEPT));
            fields.push(other(product.description, DESCRIPTION, DESCRIPTION));
            for (at, field) in fields.iter().enumerate() {
                let words = read(field, vocabulary, &mut found, &mut about);
                if at == 0 {
                    about.words = words.len().min(usize::from(u16::MAX)) as u16;
                }
                if field.is_name {
                    by_sound.extend(words.into_iter().filter(|word| is_matched_by_sound(word)));
                }
            }
            for token in tokens(document.id).iter().filter(|token| !token.pieces.is_empty()) {
                note(&mut found, Term::Word(token.text.clone()), ID);
            }
            for (term, weight) in found {
                let term = index.number(term);
                index.postings[term as usize].push((number, weight));
            }
            for token in tokens(document.brand) {
                let term = index.number(Term::Word(stem(&token.text)));
                index.brands.insert(term);
            }
            index.about.push(about);
        }
        let mut by_sound: Vec<String> = by_sound.into_iter().collect();
        by_sound.sort_unstable();
        for word in by_sound {
            let Some(&term) = index.terms.get(&Term::Word(word.clone())) else { continue };
            if !is_hebrew(&word) {
                index.sounds.entry(sound(&word)).or_default().push((term, word.clone().into()));
            }
            let length = word.chars().count();
            if index.by_length.len() <= length {
                index.by_length.resize(length + 1, Vec::new());
            }
            index.by_length[length].push((term, word.into_boxed_str()));
        }
        // Most terms have one or two products, and nothing is added any more.
        index.postings.iter_mut().for_each(Vec::shrink_to_fit);
        index.postings.shrink_to_fit();
        index.letters.shrink_to_fit();
        index.about.shrink_to_fit();
        index.terms.shrink_to_fit();
        index
    }

    /// Number of products.
    pub fn len(&self) -> usize {
        self.about.len()
    }

    /// Whether there is no product.
    pub fn is_empty(&self) -> bool {
        self.about.is_empty()
    }

    /// The indexed data of a product.
    pub(super) fn about(&self, document: u32) -> &About {
        &self.about[document as usize]
    }

    /// Whether a product has a manual.
    pub(super) fn has_manual(&self, document: u32) -> bool {
        self.about.get(document as usize).is_some_and(|about| about.has_manual)
    }

    fn number(&mut self, term: Term) -> TermId {
        let next = self.postings.len() as TermId;
        let letters = match &term {
            Term::Word(word) => word.chars().count(),
            _ => 0,
        };
        let number = *self.terms.entry(term).or_insert(next);
        if number == next {
            self.letters.push(letters.min(usize::from(u8::MAX)) as u8);
            self.postings.push(Vec::new());
        }
        number
    }

    pub(super) fn term(&self, term: &Term) -> Option<TermId> {
        self.terms.get(term).copied().filter(|&term| !self.postings[term as usize].is_empty())
    }

    pub(super) fn postings(&self, term: TermId) -> &[(u32, f32)] {
        &self.postings[term as usize]
    }

    /// Inverse document frequency of a term: the fewer products have it, the larger.
    pub(super) fn rarity(&self, term: TermId) -> f32 {
        self.rarity_of(self.postings[term as usize].len())
    }

    /// Inverse document frequency for this number of products.
    pub(super) fn rarity_of(&self, products: usize) -> f32 {
        let (all, some) = (self.about.len() as f32, products as f32);
        (1.0 + (all - some + 0.5).max(0.0) / (some + 0.5)).ln()
    }

    /// Whether some product has the word by itself, and not only as a part or as two words.
    pub(super) fn is_whole_word(&self, term: TermId) -> bool {
        self.postings[term as usize].iter().any(|&(_, held)| held >= BRAND)
    }

    /// Whether the word is part of a brand's name.
    pub(super) fn is_brand(&self, term: TermId) -> bool {
        self.brands.contains(&term)
    }

    /// The number of letters of a term's word, 0 if it is not a word.
    pub(super) fn letters(&self, term: TermId) -> usize {
        usize::from(self.letters[term as usize])
    }

    /// Words with this sound.
    pub(super) fn sounding(&self, key: &str) -> &[(TermId, Box<str>)] {
        self.sounds.get(key).map_or(&[], Vec::as_slice)
    }

    /// Words of this length.
    pub(super) fn of_length(&self, length: usize) -> &[(TermId, Box<str>)] {
        self.by_length.get(length).map_or(&[], Vec::as_slice)
    }
}

fn is_matched_by_sound(word: &str) -> bool {
    word.chars().count() >= 3 && !word.chars().any(|c| c.is_numeric())
}

fn note(found: &mut HashMap<Term, f32>, term: Term, weight: f32) {
    let known = found.entry(term).or_default();
    *known = known.max(weight);
}

/// Indexes a text; returns its stemmed words.
fn read(
    field: &Field<'_>,
    vocabulary: &Vocabulary,
    found: &mut HashMap<Term, f32>,
    about: &mut About,
) -> Vec<String> {
    let tokens = tokens(field.text);
    let stems: Vec<String> = tokens.iter().map(|token| stem(&token.text)).collect();
    let mut consumed = vec![false; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        let Some(phrase) = vocabulary.phrase(&stems, at) else {
            at += 1;
            continue;
        };
        for &concept in &phrase.concepts {
            note(found, Term::Concept(concept), field.concept);
            if field.is_name && vocabulary.accessories.contains(&concept) {
                about.accessories.push(concept);
            }
        }
        if phrase.words > 1 {
            consumed[at..at + phrase.words].fill(true);
        }
        at += phrase.words;
    }
    for (at, token) in tokens.iter().enumerate() {
        let weight = if consumed[at] { field.word * IN_PHRASE } else { field.word };
        note(found, Term::Word(stems[at].clone()), weight);
        measures(&tokens, &stems, at, vocabulary, |measure| {
            note(found, Term::Measure(measure), field.word);
        });
        if field.is_name {
            parts(token, field.word, found);
            joins(&tokens, at, field.word, found);
        }
    }
    stems
}

/// The measures that begin at a word: `14"`, `14 inch`, `88-key`.
pub(super) fn measures(
    tokens: &[Token],
    stems: &[String],
    at: usize,
    vocabulary: &Vocabulary,
    mut found: impl FnMut(String),
) {
    let token = &tokens[at];
    let number = vocabulary.number(&stems[at]).unwrap_or(&token.text);
    if is_number(number) {
        if token.inches {
            found(measure(number, "inch"));
        } else if let Some(unit) = stems.get(at + 1).and_then(|stem| vocabulary.unit(stem)) {
            found(measure(number, unit));
        }
    } else if let [number, unit] = token.pieces.as_slice()
        && is_number(number)
        && let Some(unit) = vocabulary.unit(&stem(unit))
    {
        found(measure(number, unit));
    }
}

fn measure(number: &str, unit: &str) -> String {
    format!("{number} {unit}")
}

/// Indexes the parts of a word, each run of adjacent parts as one term.
fn parts(token: &Token, weight: f32, found: &mut HashMap<Term, f32>) {
    let pieces = &token.pieces;
    for from in 0..pieces.len() {
        for to in from + 1..=pieces.len() {
            let part = pieces[from..to].concat();
            let is_whole = to - from == pieces.len();
            let is_letter = part.chars().count() == 1 && !is_number(&part);
            if !is_whole && !is_letter && part.chars().count() <= LONGEST_JOIN {
                note(found, Term::Word(stem(&part)), weight * PART);
            }
        }
    }
    let all = if pieces.is_empty() { std::slice::from_ref(&token.text) } else { pieces.as_slice() };
    for digits in all.iter().filter(|piece| piece.len() >= 3) {
        if digits.chars().all(|c| c.is_ascii_digit()) {
            let suffix = digits[digits.len() - 2..].to_owned();
            note(found, Term::Suffix(suffix), weight * SUFFIX);
        }
    }
}

/// Indexes a word joined with the following ones: `Road Show` is also typed `roadshow`.
fn joins(tokens: &[Token], at: usize, weight: f32, found: &mut HashMap<Term, f32>) {
    let mut joined = tokens[at].text.clone();
    for next in tokens.iter().skip(at + 1).take(2) {
        if let Some(first) = next.pieces.first() {
            let part = format!("{joined}{first}");
            if part.chars().count() <= LONGEST_JOIN {
                note(found, Term::Word(part), weight * PART);
            }
        }
        joined.push_str(&next.text);
        if joined.chars().count() > LONGEST_JOIN {
            break;
        }
        note(found, Term::Word(joined.clone()), weight * PART);
    }
}
