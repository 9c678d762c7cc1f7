//! Interprets a text in the first box: products, and a question about one of them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::super::document::Hit;
use super::super::index::Index;
use super::index::DescriptionIndex;
use super::language::Vocabulary;
use super::rank::{Match, Reading, SPELLED, SURE, Score};

/// Confidence from which a hit is a match.
const MATCH: u8 = 50;

/// A letter match of this confidence is kept, whatever the words suggest.
const CERTAIN: u8 = 97;

/// Confidence from which a product is opened without a selection.
const OPENS: u8 = 75;

/// Largest share of known words that a text typed in another layout may have as typed.
const FOREIGN: f32 = 0.5;

/// How much better a product must fit the words than the best one of the letters.
const BETTER: f32 = 1.12;

/// Products with scores within this ratio are equal matches.
const EQUAL: f32 = 0.92;

/// The interpretation of a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Understanding {
    /// The products, best first.
    pub hits: Vec<Hit>,
    /// The product that the text names, if that is certain enough.
    pub detected: Option<Detected>,
    /// The corrected text, if it was typed with another keyboard layout.
    pub corrected: Option<String>,
}

/// A product that a text names, and the rest of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// The product, by its number in the index.
    pub document: u32,
    /// Confidence, 0 to 100.
    pub confidence: u8,
    /// The text without the name of the product; empty if nothing is left.
    pub question: String,
}

/// Interprets a text once typing pauses. `similarity` may hold a number from 0 to 1 for each product, from a sentence
/// encoder; without it only words are used.
pub fn understand(
    index: &Index,
    descriptions: &DescriptionIndex,
    text: &str,
    limit: usize,
    similarity: Option<&[f32]>,
) -> Understanding {
    let text = text.trim();
    let has_manual = |document| descriptions.has_manual(document);
    let mut letters = manuals_first(index.search(text, limit), has_manual);
    let mut reading = Reading::new(descriptions, text);
    let mut corrected = None;
    let share = reading.known_share(SPELLED);
    if share < FOREIGN && letters.first().is_none_or(|hit| hit.confidence < MATCH) {
        for other in other_layouts(text) {
            let read = Reading::new(descriptions, &other);
            if read.says_something() && read.known_share(SURE) > share.max(FOREIGN) {
                letters = manuals_first(index.search(&other, limit), has_manual);
                reading = read;
                corrected = Some(other);
                break;
            }
        }
    }
    let text = corrected.as_deref().unwrap_or(text);
    let ranked = reading.rank(similarity);
    let words = text.split_whitespace().count();
    let mut understanding = combine(&reading, letters, &ranked, words, limit);
    understanding.detected = detect(&reading, &understanding.hits, &ranked, text);
    understanding.corrected = corrected;
    understanding
}

/// Moves a product with a manual before equal matches without one.
pub fn manuals_first(mut hits: Vec<Hit>, has_manual: impl Fn(u32) -> bool) -> Vec<Hit> {
    hits.sort_by(|a, b| {
        let by_manual = || has_manual(b.document).cmp(&has_manual(a.document));
        b.score.total_cmp(&a.score).then_with(by_manual)
    });
    hits
}

/// Merges the results of the letters and of the words.
fn combine(
    reading: &Reading<'_>,
    letters: Vec<Hit>,
    ranked: &[Score],
    words: usize,
    limit: usize,
) -> Understanding {
    let sure = letters.first().map_or(0, |hit| hit.confidence);
    let by_words = |ranked: &[Score]| -> Vec<Hit> {
        let confidence = ranked.first().map_or(0, |best| confidence(reading, best));
        let hit = |score: &Score| {
            let share = score.score / ranked[0].score.max(f32::EPSILON);
            let confidence = f32::from(confidence) * share;
            Hit {
                document: score.document,
                confidence: confidence.clamp(1.0, 100.0) as u8,
                score: score.score,
                matched: Vec::new(),
            }
        };
        ranked.iter().take(limit).map(hit).collect()
    };
    let is_first = match (letters.first(), ranked.first()) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(hit), Some(best)) => {
            let of_hit = ranked.iter().find(|score| score.document == hit.document);
            let is_better = of_hit.is_none_or(|of_hit| of_hit.score * BETTER < best.score);
            let content = reading.content().count();
            let has_kind = reading.units.iter().any(|unit| unit.is_concept);
            let says_more = has_kind || words >= 2;
            (hit.confidence < MATCH && says_more)
                || (hit.confidence < CERTAIN
                    && is_better
                    && has_kind
                    && (content >= 2 || hit.confidence < 60)
                    && reading.explains(best.document))
        }
    };
    let mut hits = if is_first { by_words(ranked) } else { letters.clone() };
    if sure < MATCH || is_first {
        let known: HashSet<u32> = hits.iter().map(|hit| hit.document).collect();
        let most = hits.first().map_or(100, |hit| hit.confidence);
        let rest = if is_first { letters } else { by_words(ranked) };
        hits.extend(rest.into_iter().filter(|hit| !known.contains(&hit.document)).map(
            |mut hit| {
                hit.confidence = hit.confidence.min(most);
                hit
            },
        ));
        hits.truncate(limit);
    }
    // In a search of letters an unknown word of two letters matches by a typo; in a sentence that is chance.
    if !is_first && words >= 2 && sure < CERTAIN && reading.has_strange_word() {
        hits.iter_mut().for_each(|hit| hit.confidence = hit.confidence.min(MATCH - 1));
    }
    Understanding { hits, ..Understanding::default() }
}

/// The evidence in a text that names a product and not only its kind.
struct Identity {
    /// Words with digits, and their letters.
    models: usize,
    longest_model: usize,
    names: usize,
    brands: usize,
    /// Whether the text has a word with digits that the product has not.
    lacks_model: bool,
}

fn is_identity(reading: &Reading<'_>, found: &Match, at: usize) -> Option<&'static str> {
    let unit = &reading.units[at];
    let term = found.term?;
    if unit.is_function || found.weight < 0.5 {
        return None;
    }
    if unit.has_digit {
        return Some("model");
    }
    if reading.index.is_brand(term) {
        return Some("brand");
    }
    (!unit.is_concept && reading.is_rare(term)).then_some("name")
}

fn identity(reading: &Reading<'_>, matches: &[Match]) -> Identity {
    let mut identity =
        Identity { models: 0, longest_model: 0, names: 0, brands: 0, lacks_model: false };
    for (at, found) in matches.iter().enumerate() {
        let unit = &reading.units[at];
        match is_identity(reading, found, at) {
            Some("model") if found.weight >= SURE => {
                identity.models += 1;
                identity.longest_model = identity
                    .longest_model
                    .max(found.term.map_or(0, |term| reading.index.letters(term)));
            }
            Some("brand") => identity.brands += 1,
            Some("name") => identity.names += 1,
            _ if unit.has_digit && found.term.is_none() => identity.lacks_model = true,
            _ => {}
        }
    }
    identity
}

/// Whether the text names the product, and not only its kind.
fn names_it(reading: &Reading<'_>, document: u32, identity: &Identity) -> bool {
    !identity.lacks_model
        && reading.is_of_brand(document)
        && match (identity.models, identity.names, identity.brands) {
            (0, names, brands) => names >= 2 || (names >= 1 && brands >= 1),
            (_, names, brands) => names + brands >= 1 || identity.longest_model >= 4,
        }
}

/// Whether the text is exactly a whole name or model number, and not only a kind or brand.
fn is_whole_name(reading: &Reading<'_>, matches: &[Match], confidence: u8) -> bool {
    let is_kind = reading.content().all(|(_, unit)| unit.is_concept);
    let is_brand = reading.units.len() == 1
        && reading.content().all(|(at, _)| is_identity(reading, &matches[at], at) == Some("brand"));
    confidence >= CERTAIN && !is_kind && !is_brand
}

/// The confidence that the text means this product.
fn confidence(reading: &Reading<'_>, best: &Score) -> u8 {
    let matches = reading.matches(best.document);
    let identity = identity(reading, &matches);
    if names_it(reading, best.document, &identity) {
        return (75.0 + 20.0 * best.coverage).min(95.0) as u8;
    }
    let least = if reading.content().count() > 1 { 0.5 } else { SURE };
    let is_whole = reading.content().all(|(at, _)| matches[at].weight >= least);
    let only_brand =
        reading.content().all(|(at, _)| is_identity(reading, &matches[at], at) == Some("brand"));
    let is_sentence = reading.units.iter().any(|unit| unit.is_function);
    if is_whole && !(only_brand && is_sentence) && !identity.lacks_model {
        return (50.0 + (best.coverage - 0.7) * 80.0).clamp(30.0, 74.0) as u8;
    }
    (best.coverage * 45.0).clamp(1.0, 45.0) as u8
}

/// The product that the text names, if no other fits as well.
fn detect(reading: &Reading<'_>, hits: &[Hit], ranked: &[Score], text: &str) -> Option<Detected> {
    let first = hits.first().filter(|hit| hit.confidence >= OPENS)?;
    let best = ranked.iter().find(|score| score.document == first.document)?;
    let matches = reading.matches(first.document);
    let identity = identity(reading, &matches);
    if !names_it(reading, first.document, &identity)
        && !is_whole_name(reading, &matches, first.confidence)
    {
        return None;
    }
    let equal = |score: &&Score| {
        score.document != first.document
            && score.score >= best.score * EQUAL
            // A product with a manual is preferred to its duplicate without one.
            && (reading.index.has_manual(score.document) || !reading.index.has_manual(first.document))
    };
    if ranked.iter().any(|score| equal(&score)) {
        return None;
    }
    Some(Detected {
        document: first.document,
        confidence: first.confidence,
        question: question(reading, &matches, text),
    })
}

/// The text without the words that name the product.
fn question(reading: &Reading<'_>, matches: &[Match], text: &str) -> String {
    let vocabulary = Vocabulary::shared();
    let units = &reading.units;
    let mut taken: Vec<bool> =
        (0..units.len()).map(|at| is_identity(reading, &matches[at], at).is_some()).collect();
    // Kinds next to the name belong to it: `the wa-87 microphone`.
    for _ in 0..2 {
        for at in 0..units.len() {
            let beside = (at > 0 && taken[at - 1]) || taken.get(at + 1) == Some(&true);
            if beside && units[at].is_concept && matches[at].term.is_some() {
                taken[at] = true;
            }
        }
    }
    for at in (0..units.len().saturating_sub(1)).rev() {
        if taken[at + 1] && !taken[at] && vocabulary.articles.contains(&units[at].stem) {
            taken[at] = true;
        }
    }
    let characters: Vec<char> = text.chars().collect();
    let mut rest = String::new();
    let mut from = 0;
    for (unit, _) in units.iter().zip(&taken).filter(|(_, taken)| **taken) {
        if unit.from >= from {
            rest.extend(&characters[from..unit.from]);
        }
        from = from.max(unit.to);
    }
    rest.extend(&characters[from..]);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let rest = words.join(" ");
    let untaken = || units.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(unit, _)| unit);
    // A single word next to the name is an unrecognised part of it.
    let says = untaken().any(|unit| vocabulary.question_words.contains(&unit.stem))
        || untaken().filter(|unit| !vocabulary.articles.contains(&unit.stem)).count() >= 2;
    if says { rest.trim_matches([' ', ',', '-', ':', ';']).to_owned() } else { String::new() }
}

/// The files of keyboard layouts, one per pair. A line has the letters of the two layouts on one key.
const LAYOUTS: [&str; 1] = [include_str!("layouts/he-en.txt")];

/// One direction of a pair of layouts: typed letter to intended letter.
type Keys = HashMap<char, char>;

fn layouts() -> &'static [Keys] {
    static READ: LazyLock<Vec<Keys>> = LazyLock::new(|| {
        let mut layouts = Vec::new();
        for file in LAYOUTS {
            let (mut there, mut back) = (Keys::new(), Keys::new());
            for line in file.lines().filter(|line| !line.starts_with("# ")) {
                let mut keys = line.split_whitespace().filter_map(|key| key.chars().next());
                if let (Some(one), Some(other)) = (keys.next(), keys.next()) {
                    there.insert(one, other);
                    back.insert(other, one);
                }
            }
            layouts.push(there);
            layouts.push(back);
        }
        layouts
    });
    &READ
}

/// The text in each other layout, if most of its letters are on that layout's keys.
fn other_layouts(typed: &str) -> impl Iterator<Item = String> {
    layouts().iter().filter_map(move |keys| {
        let (mut letters, mut moved, mut text) = (0, 0, String::with_capacity(typed.len()));
        for c in typed.chars() {
            let lower = c.to_lowercase().next().unwrap_or(c);
            letters += usize::from(c.is_alphabetic());
            match keys.get(&lower) {
                Some(&other) => {
                    moved += usize::from(c.is_alphabetic());
                    text.push(other);
                }
                None => text.push(c),
            }
        }
        (moved > 0 && moved == letters).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_keys_are_read_in_the_other_layout() {
        let read = |typed: &str| other_layouts(typed).collect::<Vec<_>>();
        assert_eq!(read("akuo"), ["שלום"]);
        assert_eq!(read("יקךךם 3ץ5"), ["hello 3.5"]);
        assert!(read("hello שלום").is_empty());
        assert!(read("123").is_empty());
    }
}
