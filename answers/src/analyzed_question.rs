//! A question as the ranking reads it: its words, their weights, the kind of answer.

use hsc_catalogs::Scenario;

use super::index::{Index, TermId};
use super::language::{LANGUAGES, Words, distance};
use super::ranking_parts::{Part, RankingParts};
use super::turn::{Question, Turn, is_vague, topic};
use super::words::Word;

/// Factor for the weight of a question word such as `help`, which carries little information.
const ASKING: f32 = 0.3;
/// Factor for the weight of a word of the product's own name: the whole manual is about it.
const PRODUCT: f32 = 0.2;
/// Factor for the weight of a second reading (a joined compound, its parts).
const EXTRA: f32 = 0.5;
/// Factor for the weight of a word that the manual does not have in any reading: its subject is missing.
const ABSENT: f32 = 1.5;
/// Similarity of a word with one typing error, and with two or a wrong first letter.
const SLIP: (f32, f32) = (0.8, 0.6);
/// Similarity of a synonym.
const SYNONYM: f32 = 0.6;
/// Factor of that for a synonym of a misspelt word.
const SYNONYM_OF_SLIP: f32 = 0.7;
/// Weight of the synonyms of a phrase, relative to the mean weight of its words.
const PHRASE: f32 = 0.6;
/// Shortest word that may be a misspelling of another (shorter ones have too many neighbours), and the shortest one
/// with two errors.
const SLIP_FROM_CHARS: (usize, usize) = (4, 7);
/// Longest word that may be a misspelling of a common word.
const COMMON_SLIP_CHARS: usize = 6;
/// Minimum weight of a whole question.
const LEAST_WEIGHT: f32 = 0.01;
/// Factor for the weight of a word from the question before a follow-up, and before one that names a subject of the
/// manual itself: there `it` may be the product.
const BEFORE: (f32, f32) = (0.7, 0.35);
/// Weight of a word of the scenario: enough to break a tie, too little to change the subject.
const SCENARIO: f32 = 0.15;

/// The kind of answer that a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Instructions: steps.
    HowTo,
    /// A figure: rows of a table.
    Figure,
    /// The cause of a fault.
    Trouble,
    /// A description, or anything else.
    About,
}

/// One word of the question.
#[derive(Debug, Clone, Default)]
pub(super) struct AskedTerm {
    /// The manual's words it may stand for, with their similarity (1 is the same).
    pub readings: Vec<(TermId, f32)>,
    /// Its parts, if the manual writes it as separate words: all of them together match it.
    pub parts: Box<[TermId]>,
    /// Its weight.
    pub weight: f32,
    /// True when an answer should contain it: not for added words.
    pub needed: bool,
    /// True for a word that names a feature, a part or a property.
    pub topic: bool,
    /// True for a word of what is asked about, not of how it is asked (`explain`) and not of the product's name.
    pub subject: bool,
}

/// A question in the vocabulary of one manual.
#[derive(Debug)]
pub(super) struct AnalyzedQuestion {
    /// Its words that carry information.
    pub terms: Vec<AskedTerm>,
    /// All its words in order, by their numbers in the manual; `None` for a word that the manual does not have.
    pub sequence: Vec<Option<TermId>>,
    /// The kind of answer it asks for.
    pub kind: Kind,
}

impl AnalyzedQuestion {
    /// Analyses a question against a manual.
    pub(super) fn new(question: &Question, index: &Index, parts: RankingParts) -> Self {
        let words: Vec<Word> = index
            .reader
            .words(question.text)
            .into_iter()
            .map(|word| match parts.has(Part::Misspellings) {
                true => spelt_right(word, index),
                false => word,
            })
            .collect();
        let product = product_words(question, index);
        let tells = |word: &Word| {
            !word.common && !word.asking && !word.extra && !product.contains(&word.term)
        };
        let has_subject = words.iter().any(tells);
        let mut terms: Vec<AskedTerm> = Vec::new();
        let mut names_subject = false;
        for word in words.iter().filter(|word| !word.common) {
            let term = index.term(&word.term);
            if word.extra && term.is_none() {
                continue;
            }
            let mut share = 1.0;
            if has_subject && word.asking {
                share *= ASKING;
            }
            if has_subject && product.contains(&word.term) {
                share *= PRODUCT;
            }
            if word.extra {
                share *= EXTRA;
            }
            let readings = readings(word, term, index, parts);
            if terms.iter().any(|known| {
                !known.readings.is_empty() && known.readings.first() == readings.first()
            }) {
                continue;
            }
            if readings.is_empty() {
                share *= ABSENT;
            } else if tells(word) && !is_vague(&word.surface) {
                names_subject = true;
            }
            let weight = share * weight_of(&readings, index);
            let apart = term.map_or(&[][..], |term| index.parts(term)).into();
            let topic = is_topic(word, &readings, index);
            let subject = tells(word) || !has_subject && !word.extra;
            terms.push(AskedTerm { readings, parts: apart, weight, needed: true, topic, subject });
        }
        if parts.has(Part::Synonyms) {
            terms.extend(phrase_terms(&words, index));
        }
        terms.extend(terms_before(question, &terms, names_subject, index, parts));
        terms.extend(scenario_terms(question.scenario, index));
        let mut sequence = Vec::new();
        for word in words.iter().filter(|word| !word.extra) {
            let term = index.term(&word.term);
            match term.map(|term| index.parts(term)) {
                Some(parts) if !parts.is_empty() => {
                    sequence.extend(parts.iter().copied().map(Some))
                }
                _ => sequence.push(term),
            }
        }
        Self { terms, sequence, kind: Kind::of(question.text) }
    }

    /// Weight of all words that an answer should contain.
    pub(super) fn needed_weight(&self) -> f32 {
        self.terms.iter().filter(|term| term.needed).map(|term| term.weight).sum()
    }

    /// Approximate maximum score of a passage: never zero, so that a score can be a share of it. A question of
    /// common words only has just the synonyms of its phrases.
    pub(super) fn whole_weight(&self) -> f32 {
        let all: f32 = self.terms.iter().map(|term| term.weight).sum();
        self.needed_weight().max(all / 2.0).max(LEAST_WEIGHT)
    }

    /// The missing part of the question's topics, where `has` returns whether a word is present: 0 when each topic
    /// is present, 1 when one is absent in every reading.
    pub(super) fn topic_missing(&self, mut has: impl FnMut(TermId) -> bool) -> f32 {
        let missing = self.terms.iter().filter(|term| term.topic && term.needed).map(|term| {
            let there = term.readings.iter().filter(|(id, _)| has(*id)).map(|reading| reading.1);
            1.0 - there.fold(0.0, f32::max)
        });
        missing.fold(0.0, f32::max)
    }

    /// Weighted similarity of the best present reading of each word; 0 to 1. `has` returns whether a word is present.
    pub(super) fn covered(&self, mut has: impl FnMut(TermId) -> bool) -> f32 {
        let all = self.needed_weight();
        if all <= 0.0 {
            return 0.0;
        }
        let found: f32 = self
            .terms
            .iter()
            .filter(|term| term.needed)
            .map(|term| {
                let whole =
                    term.readings.iter().filter(|(id, _)| has(*id)).map(|reading| reading.1);
                let whole = whole.fold(0.0, f32::max);
                let apart = !term.parts.is_empty() && term.parts.iter().all(|part| has(*part));
                term.weight * if apart { 1.0 } else { whole }
            })
            .sum();
        found / all
    }
}

/// A word that is unknown to the manual and a misspelling of a common word, corrected.
fn spelt_right(word: Word, index: &Index) -> Word {
    let chars = word.surface.chars().count();
    if word.common
        || word.asking
        || word.extra
        || chars > COMMON_SLIP_CHARS
        || !word.surface.chars().all(char::is_alphabetic)
        || index.term(&word.term).is_some()
    {
        return word;
    }
    match index.language.misspelt_common(&word.surface) {
        Some(right) => index.reader.words(right).into_iter().next().unwrap_or(word),
        None => word,
    }
}

/// Weight of a word: its own, else that of the rarest word it may stand for.
fn weight_of(readings: &[(TermId, f32)], index: &Index) -> f32 {
    match readings {
        [] => index.weight(None),
        [(own, alike), ..] if *alike >= 1.0 => index.weight(Some(*own)),
        _ => readings.iter().map(|(id, _)| index.weight(Some(*id))).fold(0.0, f32::max),
    }
}

/// The manual's words that a word of the question may stand for, the most similar first.
fn readings(
    word: &Word,
    term: Option<TermId>,
    index: &Index,
    parts: RankingParts,
) -> Vec<(TermId, f32)> {
    let mut readings: Vec<(TermId, f32)> = term.map(|term| (term, 1.0)).into_iter().collect();
    let mut alike = SYNONYM;
    let mut means = word.term.clone();
    if readings.is_empty()
        && parts.has(Part::Misspellings)
        && let Some((right, id, likeness)) = misspelling(word, index)
    {
        readings.push((id, likeness));
        alike *= SYNONYM_OF_SLIP;
        means = index.reader.words(right).into_iter().next().map_or(means, |word| word.term);
    }
    if !parts.has(Part::Synonyms) {
        return readings;
    }
    let mut add = |of: &str, alike: f32| {
        for other in index.synonyms.of_word(of) {
            if let Some(id) =
                index.term(other).filter(|id| readings.iter().all(|known| known.0 != *id))
            {
                readings.push((id, alike));
            }
        }
    };
    add(&word.term, SYNONYM);
    if means != word.term {
        add(&means, alike);
    }
    readings
}

/// True for a topic, even if it is misspelt.
fn is_topic(word: &Word, readings: &[(TermId, f32)], index: &Index) -> bool {
    let spelt = |(term, alike): &(TermId, f32)| {
        *alike > SYNONYM && index.word(*term).is_some_and(|word| index.synonyms.is_topic(word))
    };
    index.synonyms.is_topic(&word.term) || readings.iter().any(spelt)
}

/// The manual's word that an unknown word is most probably a misspelling of.
fn misspelling<'a>(word: &Word, index: &'a Index) -> Option<(&'a str, TermId, f32)> {
    let chars = word.surface.chars().count();
    if chars < SLIP_FROM_CHARS.0 || !word.surface.chars().all(char::is_alphabetic) {
        return None;
    }
    let limit = if chars < SLIP_FROM_CHARS.1 { 1 } else { 2 };
    let first = word.surface.chars().next();
    let candidates =
        index.spellings().filter(|(other, _)| other.chars().count() >= SLIP_FROM_CHARS.0);
    let candidates = candidates.filter_map(|(other, spelling)| {
        let steps = distance(&word.surface, other, limit)?;
        // Half a step for a wrong first letter: people rarely mistype it.
        let steps = 2 * steps + usize::from(other.chars().next() != first);
        Some((steps, std::cmp::Reverse(spelling.times), other, spelling.term))
    });
    let (steps, _, other, term) = candidates.min()?;
    Some((other, term, if steps <= 2 { SLIP.0 } else { SLIP.1 }))
}

/// The words of the question before a follow-up: they define what `it` is. An answer to a follow-up that names a subject
/// itself need not have them: after "How heavy is it?" the visitor asks "how do I descale it".
fn terms_before(
    question: &Question,
    known: &[AskedTerm],
    names_subject: bool,
    index: &Index,
    parts: RankingParts,
) -> Vec<AskedTerm> {
    if Turn::of(question) == Turn::Question {
        return Vec::new();
    }
    let Some(topic) = topic(question) else { return Vec::new() };
    let before = Question { text: &topic.text, previous: &[], ..*question };
    let before = AnalyzedQuestion::new(&before, index, parts);
    let is_new = |term: &AskedTerm| known.iter().all(|own| own.readings != term.readings);
    let weight = if names_subject { BEFORE.1 } else { BEFORE.0 };
    let of_before = |term: AskedTerm| AskedTerm {
        weight: weight * term.weight,
        needed: term.needed && !names_subject,
        subject: false,
        ..term
    };
    before.terms.into_iter().filter(is_new).map(of_before).collect()
}

/// The synonyms of the question's phrases. Not needed in an answer: the question's own words cover them.
fn phrase_terms(words: &[Word], index: &Index) -> Vec<AskedTerm> {
    let question: Vec<String> =
        words.iter().filter(|word| !word.extra).map(|word| word.term.clone()).collect();
    let term = |meanings: &[String]| {
        let readings: Vec<(TermId, f32)> = meanings
            .iter()
            .filter_map(|word| index.term(word))
            .map(|term| (term, SYNONYM))
            .collect();
        let all: f32 = readings.iter().map(|(term, _)| index.weight(Some(*term))).sum();
        (!readings.is_empty()).then(|| AskedTerm {
            weight: PHRASE * all / readings.len() as f32,
            readings,
            ..AskedTerm::default()
        })
    };
    index.synonyms.of_phrases(&question).filter_map(term).collect()
}

fn product_words(question: &Question, index: &Index) -> Vec<String> {
    let product = question.product;
    let names = [
        &*product.name,
        &*product.brand_name,
        product.model.as_deref().unwrap_or_default(),
        &*product.category,
    ];
    names
        .iter()
        .flat_map(|name| index.reader.words(name))
        .filter(|word| !word.common)
        .map(|word| word.term)
        .collect()
}

fn scenario_terms(scenario: Scenario, index: &Index) -> Vec<AskedTerm> {
    let words = match scenario {
        Scenario::General => return Vec::new(),
        Scenario::Studio => "recording record studio DAW audio interface computer",
        Scenario::Live => "live stage performance performing PA mixer",
    };
    let ids = index.reader.words(words).into_iter().filter_map(|word| index.term(&word.term));
    ids.map(|id| AskedTerm { readings: vec![(id, 1.0)], weight: SCENARIO, ..AskedTerm::default() })
        .collect()
}

impl Kind {
    /// Detects the kind from the question's words, in the languages that have cues.
    fn of(text: &str) -> Self {
        let text = format!(" {} ", text.to_lowercase());
        let has = |cues: fn(&'static Words) -> &'static [&'static str]| {
            LANGUAGES.iter().flat_map(cues).any(|cue| text.contains(cue))
        };
        if has(|words| &words.trouble) {
            Self::Trouble
        } else if has(|words| &words.figure) {
            Self::Figure
        } else if has(|words| &words.how_to) {
            Self::HowTo
        } else {
            Self::About
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_detected_from_the_questions_words() {
        assert_eq!(Kind::of("How do I pair a phone?"), Kind::HowTo);
        assert_eq!(Kind::of("How much does it weigh?"), Kind::Figure);
        assert_eq!(Kind::of("Why is there no sound"), Kind::Trouble);
        assert_eq!(Kind::of("what is a kit"), Kind::About);
        assert_eq!(Kind::of("כמה שוקל המודול"), Kind::Figure);
        assert_eq!(Kind::of("איך מאפסים"), Kind::HowTo);
    }
}
