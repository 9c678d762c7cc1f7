//! Scores products against the words of a text.

use std::collections::{HashMap, HashSet};

use super::super::distance::edits;
use super::index::{DescriptionIndex, Term, TermId, measures};
use super::language::{Concept, Vocabulary};
use super::token::{Token, is_hebrew, is_number, sound, stem, tokens, without_prefix};

/// Weights of a word's interpretations: as written, and less certain ones.
const WRITTEN: f32 = 1.0;
const WITHOUT_PREFIX: f32 = 0.9;
const CONCEPT: f32 = 1.0;
const ATTRIBUTE: f32 = 0.6;
const NARROWER: f32 = 0.7;
const NUMBER_WITHOUT_UNIT: f32 = 0.6;
const NUMBER_IN_MODEL: f32 = 0.9;
const HEARD: f32 = 0.75;
const HEARD_IN_OTHER_SCRIPT: f32 = 0.85;
const HEARD_THOUGH_KNOWN: f32 = 0.55;
const ONE_SLIP: f32 = 0.7;
const TWO_SLIPS: f32 = 0.5;
const BEGINNING: f32 = 0.6;

/// From this weight on a word counts as written in the product.
pub(super) const SURE: f32 = 0.85;

/// From this weight on it is spelled as in the product, not only pronounced so.
pub(super) const SPELLED: f32 = 0.9;

/// Factor for an accessory, if the text names no such kind.
const ACCESSORY: f32 = 0.6;

/// Factor for a product of another brand than the text names.
const OTHER_BRAND: f32 = 0.8;

/// Weight of an ordinary word in a question, relative to kinds, brands and model numbers.
const IN_QUESTION: f32 = 0.6;

/// Penalty for each word of the name that the text lacks.
const LENGTH: f32 = 0.015;

/// Factor for a product with a manual, to break ties.
const MANUAL: f32 = 1.004;

/// Weight of a word that is in no product, relative to the rarest word.
const UNKNOWN: f32 = 0.6;

/// Most words of a text that are used.
const MOST_UNITS: usize = 48;

/// Most products that are ranked.
const MOST_FITS: usize = 100;

/// An interpretation of a word.
#[derive(Debug, Clone, Copy)]
struct Alternative {
    term: TermId,
    /// How certain it is.
    weight: f32,
    /// Its information: the rarity of the word, or the kind.
    says: f32,
}

/// A word of the text and its interpretations.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// The first character in the text, and one past the last.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) stem: String,
    alternatives: Vec<Alternative>,
    pub(super) is_function: bool,
    pub(super) is_concept: bool,
    /// It is a property of products of many kinds.
    is_attribute: bool,
    pub(super) has_digit: bool,
    /// Only the unit of a measure: `inch`.
    is_unit: bool,
}

impl Unit {
    fn add(&mut self, term: TermId, weight: f32, says: f32) {
        match self.alternatives.iter_mut().find(|known| known.term == term) {
            Some(known) => known.weight = known.weight.max(weight),
            None => self.alternatives.push(Alternative { term, weight, says }),
        }
    }

    /// The information of a word of it: no more than that of its concept, in any language.
    fn says(&self, rarity: f32) -> f32 {
        let meant = self.alternatives.iter().map(|it| it.says).reduce(f32::max);
        meant.filter(|_| self.is_concept).map_or(rarity, |meant| meant.min(rarity))
    }

    /// The certainty of the best interpretation.
    pub(super) fn best(&self) -> f32 {
        self.alternatives.iter().map(|it| it.weight).fold(0.0, f32::max)
    }

    fn is_known(&self) -> bool {
        !self.alternatives.is_empty()
    }
}

/// A text as the words that carry information about a product.
#[derive(Debug)]
pub(super) struct Reading<'i> {
    pub(super) index: &'i DescriptionIndex,
    pub(super) units: Vec<Unit>,
    concepts: HashSet<Concept>,
    /// Whether it is a question.
    asks: bool,
    /// Brands that the text names.
    brands: Vec<TermId>,
}

/// The match of one word of the text in a product.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Match {
    /// Its information, and the possible maximum.
    pub(super) gain: f32,
    /// How certain the match is, 0 without a match.
    pub(super) weight: f32,
    pub(super) term: Option<TermId>,
}

/// The score of a product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Score {
    pub(super) document: u32,
    pub(super) score: f32,
    /// The share of the text's information that the product has.
    pub(super) coverage: f32,
}

impl<'i> Reading<'i> {
    pub(super) fn new(index: &'i DescriptionIndex, text: &str) -> Reading<'i> {
        let vocabulary = Vocabulary::shared();
        let tokens = split(index, tokens(text));
        let stems: Vec<String> = tokens.iter().map(|token| stem(&token.text)).collect();
        let mut units: Vec<Unit> = tokens
            .iter()
            .zip(&stems)
            .map(|(token, stem)| Unit {
                from: token.from,
                to: token.to,
                stem: stem.clone(),
                has_digit: token.text.chars().any(|c| c.is_ascii_digit()),
                ..Unit::default()
            })
            .collect();
        let asks = stems.iter().any(|stem| vocabulary.question_words.contains(stem));
        let mut reading = Reading {
            index,
            units: Vec::new(),
            concepts: HashSet::new(),
            asks,
            brands: Vec::new(),
        };
        reading.phrases(vocabulary, &stems, &mut units);
        reading.function_words(vocabulary, &stems, &mut units);
        for at in 0..units.len() {
            reading.word(vocabulary, &tokens, &stems, at, &mut units);
        }
        reading.joined(&tokens, &mut units);
        for unit in &mut units {
            if !unit.is_function && !unit.has_digit {
                reading.like(unit);
            }
        }
        for unit in units.iter().filter(|unit| !unit.is_function && !unit.is_concept) {
            let named = unit.alternatives.iter().filter(|it| it.weight >= SURE);
            reading.brands.extend(named.map(|it| it.term).filter(|&term| index.is_brand(term)));
        }
        reading.units = units;
        reading
    }

    /// Adds an interpretation with the information of its rarity.
    fn add(&self, unit: &mut Unit, term: TermId, weight: f32) {
        unit.add(term, weight, self.index.rarity(term));
    }

    /// Adds the concepts of words and phrases.
    fn phrases(&mut self, vocabulary: &Vocabulary, stems: &[String], units: &mut [Unit]) {
        let mut at = 0;
        while at < stems.len() {
            let Some(phrase) = vocabulary.phrase(stems, at) else {
                at += 1;
                continue;
            };
            let single = phrase.words == 1;
            if single && vocabulary.function_words.contains(&stems[at]) {
                at += 1;
                continue;
            }
            for &concept in &phrase.concepts {
                self.concepts.insert(concept);
                let narrower = vocabulary.narrower(concept).iter().map(|&it| (it, NARROWER));
                let named = self.index.term(&Term::Concept(concept));
                let most = named.map_or(f32::MAX, |term| self.index.rarity(term));
                let share = if vocabulary.attributes.contains(&concept) { ATTRIBUTE } else { 1.0 };
                for (concept, weight) in std::iter::once((concept, CONCEPT)).chain(narrower) {
                    if let Some(term) = self.index.term(&Term::Concept(concept)) {
                        let says = self.index.rarity(term).min(most) * share;
                        for unit in &mut units[at..at + phrase.words] {
                            unit.add(term, weight, says);
                            unit.is_concept = true;
                            unit.is_attribute = share < 1.0;
                        }
                    }
                }
            }
            at += phrase.words;
        }
    }

    fn function_words(&self, vocabulary: &Vocabulary, stems: &[String], units: &mut [Unit]) {
        for (unit, stem) in units.iter_mut().zip(stems) {
            let bare =
                without_prefix(stem).is_some_and(|bare| vocabulary.function_words.contains(bare));
            unit.is_function = !unit.is_concept
                && !unit.has_digit
                && (vocabulary.function_words.contains(stem) || bare || stem.chars().count() < 2);
        }
    }

    /// The interpretations of a word by itself, or with the unit that follows it.
    fn word(
        &self,
        vocabulary: &Vocabulary,
        tokens: &[Token],
        stems: &[String],
        at: usize,
        units: &mut [Unit],
    ) {
        let index = self.index;
        let mut is_measured = false;
        measures(tokens, stems, at, vocabulary, |measure| {
            is_measured = true;
            if let Some(term) = index.term(&Term::Measure(measure)) {
                self.add(&mut units[at], term, WRITTEN);
                if !tokens[at].inches && tokens[at].pieces.is_empty() && at + 1 < units.len() {
                    self.add(&mut units[at + 1], term, WRITTEN);
                }
            }
            if tokens[at].pieces.is_empty()
                && let Some(unit) = units.get_mut(at + 1)
                && !tokens[at].inches
            {
                unit.is_unit = true;
                unit.is_function = false;
            }
        });
        let number = vocabulary.number(&stems[at]).filter(|_| {
            let before = at.checked_sub(1).map(|before| &stems[before]);
            is_measured || before.is_some_and(|word| vocabulary.revisions.contains(word))
        });
        if let Some(number) = number {
            units[at].is_function = false;
            units[at].has_digit = true;
            if let Some(term) = index.term(&Term::Word(number.to_owned())) {
                let weight = if is_measured { NUMBER_WITHOUT_UNIT } else { SURE };
                self.add(&mut units[at], term, weight);
            }
        }
        if units[at].is_function {
            return;
        }
        let is_number = is_number(&tokens[at].text);
        if let Some(term) = index.term(&Term::Word(stems[at].clone())) {
            let weight = if is_measured && is_number { NUMBER_WITHOUT_UNIT } else { WRITTEN };
            let says = units[at].says(index.rarity(term));
            units[at].add(term, weight, says);
        } else if let Some(bare) = without_prefix(&stems[at])
            && let Some(term) = index.term(&Term::Word(bare.to_owned()))
        {
            let says = units[at].says(index.rarity(term));
            units[at].add(term, WITHOUT_PREFIX, says);
        }
        if is_measured
            && is_number
            && let Some(term) = index.term(&Term::Suffix(tokens[at].text.clone()))
        {
            self.add(&mut units[at], term, NUMBER_IN_MODEL);
        }
    }

    /// Words that the catalog writes as one.
    fn joined(&self, tokens: &[Token], units: &mut [Unit]) {
        for from in 0..tokens.len() {
            for to in from + 2..=tokens.len().min(from + 4) {
                let joined: String = tokens[from..to].iter().map(|token| &*token.text).collect();
                if joined.chars().count() < 3 {
                    continue;
                }
                let parts = &units[from..to];
                // Function words alone are no name: `onthe`.
                let says = parts.iter().any(|unit| !unit.is_function);
                // Adjacent known words carry no extra meaning; numbers do.
                let is_plain = parts
                    .iter()
                    .all(|unit| unit.is_function || (!unit.has_digit && unit.best() >= SPELLED));
                let digits = joined.chars().any(|c| c.is_ascii_digit());
                let term = self.index.term(&Term::Word(stem(&joined)));
                let exact = term.filter(|&term| {
                    (says || self.index.is_brand(term) || joined.len() > 6)
                        && (!is_plain || self.index.is_whole_word(term))
                });
                let may_match_by_sound = !digits
                    && exact.is_none()
                    && joined.chars().count() >= 5
                    && parts.iter().all(|unit| !unit.is_function);
                let by_sound = may_match_by_sound.then(|| self.by_sound(&joined, 2)).flatten();
                let Some((term, weight)) = exact.map(|it| (it, WRITTEN)).or(by_sound) else {
                    continue;
                };
                for unit in &mut units[from..to] {
                    self.add(unit, term, weight);
                    unit.is_function = false;
                }
            }
        }
    }

    /// The word with the same sound and the closest spelling.
    fn by_sound(&self, word: &str, most: u8) -> Option<(TermId, f32)> {
        let letters: Vec<char> = word.chars().collect();
        let key = sound(word);
        if key.len() < 2 || is_hebrew(word) {
            return None;
        }
        self.index
            .sounding(&key)
            .iter()
            .filter_map(|(term, known)| {
                let known: Vec<char> = known.chars().collect();
                let edits = edits(&letters, &known, most).whole;
                (edits <= most).then_some((edits, *term))
            })
            .min()
            .map(|(_, term)| (term, HEARD))
    }

    /// Words of products that the word may be a typo of.
    fn like(&self, unit: &mut Unit) {
        let word = unit.stem.clone();
        let letters: Vec<char> = word.chars().collect();
        let length = letters.len();
        if length < 3 || unit.is_unit {
            return;
        }
        let is_known = unit.best() >= SURE;
        if is_hebrew(&word) {
            if !is_known {
                self.heard_in_latin(unit, &word);
            }
        } else if !unit.is_concept {
            for (term, known) in self.index.sounding(&sound(&word)) {
                let known: Vec<char> = known.chars().collect();
                let most = if length < 6 { 1 } else { 2 };
                if edits(&letters, &known, most).whole <= most {
                    self.add(unit, *term, if is_known { HEARD_THOUGH_KNOWN } else { HEARD });
                }
            }
        }
        if is_known || unit.is_concept || length < 4 {
            return;
        }
        let most: u8 = if length < 7 { 1 } else { 2 };
        for other in length.saturating_sub(usize::from(most))..=length + 6 {
            for (term, known) in self.index.of_length(other) {
                let known: Vec<char> = known.chars().collect();
                if known.first() != letters.first() && known.get(1) != letters.get(1) {
                    continue;
                }
                if other <= length + usize::from(most) {
                    match edits(&letters, &known, most).whole {
                        1 => self.add(unit, *term, ONE_SLIP),
                        2 if most == 2 => self.add(unit, *term, TWO_SLIPS),
                        _ => {}
                    }
                }
                let same = letters.iter().zip(&known).take_while(|(a, b)| a == b).count();
                if same == length || (same >= 5 && same + 1 >= length) {
                    self.add(unit, *term, BEGINNING);
                }
            }
        }
    }

    /// Latin words that a Hebrew word may be the spelling of.
    fn heard_in_latin(&self, unit: &mut Unit, word: &str) {
        let spellings = std::iter::once(word).chain(without_prefix(word));
        for (at, spelling) in spellings.enumerate() {
            let key = sound(spelling);
            for (term, _) in self.index.sounding(&key) {
                // Two consonants match many words; a brand is the likely one.
                if key.len() >= 3 || (key.len() == 2 && self.index.is_brand(*term)) {
                    let weight = if at == 0 { HEARD_IN_OTHER_SCRIPT } else { HEARD };
                    self.add(unit, *term, weight);
                }
            }
        }
    }

    /// The words that are not function words, with their positions.
    pub(super) fn content(&self) -> impl Iterator<Item = (usize, &Unit)> {
        self.units.iter().enumerate().filter(|(_, unit)| !unit.is_function)
    }

    /// The share of the text's letters in words with at least this certainty. Numbers are the same in every
    /// layout and do not count.
    pub(super) fn known_share(&self, least: f32) -> f32 {
        let (mut known, mut all) = (0, 0);
        for unit in self.units.iter().filter(|unit| !is_number(&unit.stem)) {
            let letters = unit.stem.chars().count();
            all += letters;
            if unit.is_function || unit.best() >= least {
                known += letters;
            }
        }
        if all == 0 { 0.0 } else { known as f32 / all as f32 }
    }

    /// Whether a product explains every word except attributes, and no word is still being typed.
    pub(super) fn explains(&self, document: u32) -> bool {
        let matches = self.matches(document);
        let mut units = self.units.iter().zip(&matches);
        units.all(|(unit, found)| {
            let is_begun = unit.is_function && unit.stem.chars().count() < 2;
            !is_begun && (unit.is_function || unit.is_attribute || found.weight >= NARROWER)
        })
    }

    /// Whether a short word is in no product, so that the letter search found it by a typo at most.
    pub(super) fn has_strange_word(&self) -> bool {
        let is_short = |unit: &Unit| unit.stem.chars().count() <= 3 && !unit.has_digit;
        self.units.iter().any(|unit| !unit.is_function && !unit.is_known() && is_short(unit))
    }

    /// Whether few products have the word.
    pub(super) fn is_rare(&self, term: TermId) -> bool {
        self.index.postings(term).len() <= (self.index.len() / 50).max(3)
    }

    /// Whether the product is of a brand that the text names, or the text names none.
    pub(super) fn is_of_brand(&self, document: u32) -> bool {
        let has = |term: &TermId| {
            self.index.postings(*term).binary_search_by_key(&document, |posting| posting.0).is_ok()
        };
        self.brands.is_empty() || self.brands.iter().any(has)
    }

    /// Whether any word may be about a product.
    pub(super) fn says_something(&self) -> bool {
        self.units.iter().any(|unit| !unit.is_function && unit.is_known())
    }

    /// The best products. `similarity` is the input for a sentence encoder: a number from 0 to 1 for
    /// each product, added to the score of the words.
    pub(super) fn rank(&self, similarity: Option<&[f32]>) -> Vec<Score> {
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut most = 0.0;
        for unit in self.units.iter().filter(|unit| !unit.is_function).take(MOST_UNITS) {
            let mut gains: HashMap<u32, f32> = HashMap::new();
            let mut best: f32 = 0.0;
            for &Alternative { term, weight, says } in &unit.alternatives {
                let says = says * self.share(unit, term);
                best = best.max(says * weight);
                for &(document, held) in self.index.postings(term) {
                    let gain = says * weight * held;
                    let known = gains.entry(document).or_default();
                    *known = known.max(gain);
                }
            }
            most += if unit.is_known() { best } else { self.index.rarity_of(0) * UNKNOWN };
            for (document, gain) in gains {
                *scores.entry(document).or_default() += gain;
            }
        }
        if let Some(similarity) = similarity {
            for (document, &like) in similarity.iter().enumerate() {
                *scores.entry(document as u32).or_default() += like * most * SIMILARITY;
            }
        }
        let of_brands: HashSet<u32> = self
            .brands
            .iter()
            .flat_map(|&term| self.index.postings(term).iter().map(|posting| posting.0))
            .collect();
        let mut ranked: Vec<Score> = scores
            .into_iter()
            .map(|(document, gained)| {
                let about = self.index.about(document);
                let is_other = !about.accessories.is_empty()
                    && !about.accessories.iter().any(|kind| self.concepts.contains(kind));
                let mut score = gained / (1.0 + LENGTH * f32::from(about.words));
                score *= if is_other { ACCESSORY } else { 1.0 };
                let is_of_other = !of_brands.is_empty() && !of_brands.contains(&document);
                score *= if is_of_other { OTHER_BRAND } else { 1.0 };
                score *= if about.has_manual { MANUAL } else { 1.0 };
                Score { document, score, coverage: (gained / most.max(f32::EPSILON)).min(1.0) }
            })
            .collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.document.cmp(&b.document)));
        ranked.truncate(MOST_FITS);
        ranked
    }

    /// The weight of a word in a question, which may have words that are not about a product.
    fn share(&self, unit: &Unit, term: TermId) -> f32 {
        let is_plain = !unit.is_concept && !unit.has_digit && !self.index.is_brand(term);
        if self.asks && is_plain { IN_QUESTION } else { 1.0 }
    }

    /// The match of each word in a product.
    pub(super) fn matches(&self, document: u32) -> Vec<Match> {
        let of = |unit: &Unit| {
            let found =
                unit.alternatives.iter().filter_map(|&Alternative { term, weight, says }| {
                    let postings = self.index.postings(term);
                    let at = postings.binary_search_by_key(&document, |(it, _)| *it).ok()?;
                    let gain = says * self.share(unit, term) * weight * postings[at].1;
                    Some(Match { gain, weight, term: Some(term) })
                });
            found.max_by(|a, b| a.gain.total_cmp(&b.gain)).unwrap_or_default()
        };
        self.units.iter().map(of).collect()
    }
}

/// Weight of an encoder with similarity 1, as a share of all words.
const SIMILARITY: f32 = 0.5;

/// Splits a word that no product has into its parts.
fn split(index: &DescriptionIndex, tokens: Vec<Token>) -> Vec<Token> {
    let mut parts = Vec::with_capacity(tokens.len());
    for token in tokens {
        let stem = stem(&token.text);
        let is_known = Vocabulary::shared().knows(&stem) || index.term(&Term::Word(stem)).is_some();
        let is_measure = matches!(token.pieces.as_slice(), [number, _] if is_number(number));
        if is_known || is_measure || token.pieces.is_empty() {
            parts.push(token);
            continue;
        }
        let last = token.pieces.len() - 1;
        for (at, piece) in token.pieces.into_iter().enumerate() {
            let inches = token.inches && at == last;
            parts.push(Token { text: piece, pieces: Vec::new(), inches, ..token });
        }
    }
    parts
}
