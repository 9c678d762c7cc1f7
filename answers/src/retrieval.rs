//! The passages for a question, and the confidence that they answer it.
//!
//! The confidence is the share of answers at that confidence that are right: an answer is right when one of the up to
//! three pages it cites answers the question. It is a logistic function of a few features of the ranking. Its
//! coefficients are fitted on customers' questions about real manuals; the table in `docs/performance.md` is made by
//! leaving whole manuals out of the fit. To fit them again, run `hsc answer-eval` with
//! `RUST_LOG=hsc::answers=trace`: the server logs [`Features`].

use hsc_catalogs::{Block, Manual, Passage, language_of};

use super::analyzed_question::AnalyzedQuestion;
use super::index::{Index, LanguageId, TermId, Unit};
use super::language::Language;
use super::rank::{Form, Hit, Meaning, Nearness, is_title, rank};
use super::ranking_parts::{Part, RankingParts};
use super::turn::Question;

/// Share of the best score of all from which the best passage in the visitor's language is preferred.
const SAME_LANGUAGE: f32 = 0.6;
/// Minimum number of ranked passages: each of three pages may have many of the best ones.
const HITS: usize = 24;
/// The coefficients of words alone: of no feature, and of each feature.
const WORDS: (f32, [f32; 3]) = (0.25, [1.16, 3.17, -3.06]);
/// Share of the question from which a page says enough, and the coefficient of what is missing to that: without
/// vectors only words tell that a question is about something else altogether.
const ENOUGH: (f32, f32) = (0.2, -25.0);
/// With vectors and a question in another language than English: of no feature, of the score's logarithm, of the
/// multilingual encoder's cosine beyond [`UNRELATED`], and of what is missing. Few such questions are known: the first
/// is set so that no answerable one of them is silent, and the last is that of questions in English.
const OTHER_LANGUAGE: (f32, f32, f32, f32) = (1.9, 1.0, 12.0, -2.9);
/// With vectors and a question in English: of no feature, of the score's logarithm, of the square of what is missing (a
/// synonym is nearly the word itself), and of the English encoder's cosine. Fitted with questions about other things
/// altogether, weighed 0.15 each; the first is 0.09 lower than the fit, so that questions about a part that the product
/// lacks stay below 0.5. The margin, the multilingual encoder's cosine, the cosine's distance from the mean, the number
/// of words and the ranks of the best page for each encoder were no better with whole manuals left out of the fit.
const ENGLISH: (f32, f32, f32, f32) = (-2.0, 2.192, -5.271, 8.801);
/// The multilingual encoder's cosine of unrelated texts.
const UNRELATED: f32 = 0.8;
/// The score is counted within these bounds.
const SCORES: (f32, f32) = (0.05, 5.0);

/// Parameters of an answer, from the settings.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Most passages that are used.
    pub max_passages: usize,
    /// Confidence below which there is no answer.
    pub min_confidence: f32,
    /// Confidence from which the manual answers; below it, likely passages are shown.
    pub answer_confidence: f32,
    /// The enabled parts of the ranking.
    pub parts: RankingParts,
}

/// The features of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features {
    /// Score of the best passage, as a share of the maximum for the question.
    pub score: f32,
    /// Its margin to the best passage of another page.
    pub margin: f32,
    /// The part of the question's topics that the best page lacks, 0 to 1.
    pub missing: f32,
    /// The share of the question that the best page covers, 0 to 1; 1 for a question in another language than the
    /// manual's, few of whose words can occur there.
    pub covered: f32,
    /// The English encoder's cosine of the best small window; `None` without vectors, or for a question
    /// in another language.
    pub english: Option<f32>,
    /// The multilingual encoder's cosine of the big window around it; `None` without vectors.
    pub multilingual: Option<f32>,
    /// True if the question names a heading above the best passage.
    pub titled: bool,
}

/// The ranked passages for a question.
pub(super) struct Retrieved {
    /// The question in the manual's vocabulary.
    pub analyzed: AnalyzedQuestion,
    /// The passages, best first.
    pub hits: Vec<Hit>,
    /// Confidence that they answer, 0 to 1.
    pub sure: f32,
    /// The ranking features behind it.
    pub features: Option<Features>,
}

/// Ranks the passages for a question. `near` is the similarity of each window for each encoder, if there are vectors.
pub(super) fn look(
    question: &Question,
    manual: &Manual,
    index: &Index,
    near: &[Nearness],
    measure: Measure,
) -> Retrieved {
    let analyzed = AnalyzedQuestion::new(question, index, measure.parts);
    let english = is_english(question.text);
    let near = if measure.parts.has(Part::Encoders) { near } else { &[] };
    let meaning = Meaning::of(index, near, english);
    let form = |unit: &Unit| form(&manual.passages[unit.passage]);
    let spans = meaning.as_ref().map(|it| &*it.spans);
    let count = measure.max_passages.max(HITS);
    let ranked = |language| rank(index, &analyzed, spans, language, form, count, measure.parts);
    let mut hits = ranked(reading_language(question, index));
    let all = if index.languages.len() > 1 { ranked(None) } else { Vec::new() };
    let score = |hits: &[Hit]| hits.first().map_or(0.0, |hit| hit.score);
    if score(&hits) < SAME_LANGUAGE * score(&all) {
        hits = all;
    }
    let is_own_language = Language::of([question.text]) == index.language;
    let features = features(index, &analyzed, &hits, meaning.as_ref(), is_own_language);
    let sure = features.map_or(0.0, Features::confidence);
    Retrieved { analyzed, hits, sure, features }
}

/// The language in which a manual with several is read for a question: that of the question, else the visitor's, else
/// English. A question of names only has no language of its own; with a visitor's language that the manual lacks, it is
/// asked of every part.
fn reading_language(question: &Question, index: &Index) -> Option<LanguageId> {
    let of_question = Language::recognized([question.text]).map(Language::code);
    let of_visitor = question.locale.map(language_of);
    let is_english = of_question.is_some() || question.locale.is_none();
    let english = is_english.then(|| Language::English.code());
    index.translation(of_question.into_iter().chain(of_visitor.as_deref()).chain(english))
}

/// The forms of a passage.
fn form(passage: &Passage) -> Form {
    Form {
        steps: passage.blocks.iter().any(|block| matches!(block, Block::Step(_))),
        rows: passage.blocks.iter().any(|block| matches!(block, Block::Row(_))),
        faults: passage.headings.iter().any(|heading| names_faults(heading)),
    }
}

/// Words in the headings of sections about faults.
const FAULTS: [&str; 9] =
    ["troubleshoot", "fault", "problem", "error", "wrong", "remed", "symptom", "תקל", "dépannage"];

fn names_faults(heading: &str) -> bool {
    let heading = heading.to_lowercase();
    FAULTS.iter().any(|word| heading.contains(word))
}

/// True for a question that an English encoder can read.
fn is_english(text: &str) -> bool {
    let latin = |c: char| !c.is_alphabetic() || c < '\u{250}';
    text.chars().all(latin) && Language::of([text]) == Language::English
}

/// The features of a ranking, best hit first. `None` without a hit.
pub(super) fn features(
    index: &Index,
    question: &AnalyzedQuestion,
    hits: &[Hit],
    meaning: Option<&Meaning>,
    is_own_language: bool,
) -> Option<Features> {
    let best = hits.first()?;
    let page = |hit: &Hit| index.units[hit.unit].page;
    let other = hits.iter().find(|hit| page(hit) != page(best)).map_or(0.0, |hit| hit.score);
    let on_page = |at: usize| index.units[at].page == page(best);
    let at_best = |of: Option<&Vec<f32>>| {
        of.map(|of| best.span.and_then(|span| of.get(span)).copied().unwrap_or(0.0))
    };
    let covered =
        |question: &AnalyzedQuestion| question.covered(|term| stands_in(index, term, on_page));
    Some(Features {
        covered: if is_own_language { covered(question) } else { 1.0 },
        english: at_best(meaning.and_then(|it| it.english.as_ref())),
        multilingual: at_best(meaning.and_then(|it| it.multilingual.as_ref())),
        titled: is_title(index, question, &index.units[best.unit]),
        score: best.score,
        margin: best.score - other,
        missing: question.topic_missing(|term| stands_in(index, term, on_page)),
    })
}

impl Features {
    /// The share of answers with these features that are right, 0 to 1.
    pub(super) fn confidence(self) -> f32 {
        let score = self.score.clamp(SCORES.0, SCORES.1).ln();
        let related = self.multilingual.map(|cosine| cosine - UNRELATED);
        let by_words = || {
            let (none, [score, margin, missing]) = WORDS;
            let enough = ENOUGH.1 * (ENOUGH.0 - self.covered).max(0.0);
            none + enough + score * self.score + margin * self.margin + missing * self.missing
        };
        let sum = match (self.english, related) {
            (None, None) => by_words(),
            (None, Some(related)) => {
                let (none, of_score, of_related, missing) = OTHER_LANGUAGE;
                none + of_score * score + of_related * related + missing * self.missing
            }
            (Some(cosine), _) => {
                let (none, of_score, missing, english) = ENGLISH;
                none + of_score * score + missing * self.missing.powi(2) + english * cosine
            }
        };
        // The title of a section is a name, whose meaning an encoder may not know: `Preliminaries`, `Example 1`.
        let sum = if self.titled { sum.max(by_words()) } else { sum };
        1.0 / (1.0 + (-sum).exp())
    }
}

fn stands_in(index: &Index, term: TermId, place: impl Fn(usize) -> bool) -> bool {
    index.postings(term).iter().any(|posting| place(posting.unit as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confidence_grows_with_score_and_margin_and_drops_with_a_missing_topic() {
        let middling = Features { score: 0.8, margin: 0.2, covered: 0.5, ..Features::default() };
        let sure = middling.confidence();
        assert!(Features { score: 1.6, ..middling }.confidence() > sure);
        assert!(Features { margin: 0.6, ..middling }.confidence() > sure);
        assert!(Features { missing: 1.0, ..middling }.confidence() < sure);
        assert!(Features { covered: 0.05, ..middling }.confidence() < sure);
        let near = |cosine| Features { english: Some(cosine), ..middling }.confidence();
        assert!(near(0.7) > near(0.2));
        let other = |cosine| Features { multilingual: Some(cosine), ..middling }.confidence();
        assert!(other(0.9) > other(0.75));
        // The encoders do not know the title; the words do.
        let far = Features { english: Some(0.1), multilingual: Some(0.8), ..middling };
        assert!(Features { titled: true, ..far }.confidence() >= middling.confidence());
        assert!(far.confidence() < middling.confidence());
        // The name of a missing topic is often the same in every language: bluetooth, USB, MIDI.
        for near in [
            Features { english: Some(0.5), ..middling },
            Features { multilingual: Some(0.8), ..middling },
        ] {
            assert!(Features { missing: 1.0, ..near }.confidence() < near.confidence());
        }
    }
}
