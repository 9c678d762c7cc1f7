//! Ranks the passages for a question.
//!
//! A passage's score is the sum of these parts, each explained at its constant, as a share of the maximum
//! for the question:
//!
//! 1. **Words** (BM25F): each word of the question that the passage has, more for a rare word, more
//!    in a heading than in the text, less for each repetition.
//! 2. **Page**: the same over the whole page, because an answer often spans adjacent passages.
//! 3. **Heading**: how similar the section's heading and the question are. Sections are named
//!    for what people look for, so a heading with all of the question and nothing else wins.
//! 4. **Label**: a row of a table whose first cell is what the question asks for.
//! 5. **Nearness**: words that are adjacent in the question and in the passage.
//! 6. **Windows**: the words in the best stretch of 45 words, and in the 120 words around it. The length of a passage
//!    depends on its section; an answer is a short stretch.
//! 7. **Meaning**: the encoders' similarity of that stretch and the question, if there are vectors.

use super::analyzed_question::{AnalyzedQuestion, Kind};
use super::index::{Index, Label, LanguageId, Posting, TermId, Unit};
use super::ranking_parts::{Part, RankingParts};

/// Weight of a word in the section's own heading, against 1 in the text.
const HEADING: f32 = 4.0;
/// Weight of a word in a heading further up.
const PATH: f32 = 1.2;
/// Weight of a word in a row label, in addition to its occurrence in the text.
const LABEL: f32 = 1.0;
/// BM25's k1: after a few repetitions more of them add nothing.
const SATURATION: f32 = 1.2;
/// BM25's b: the penalty of long passages. Low, because passages have similar lengths.
const LENGTH: f32 = 0.4;
/// Share of the page's own score that its passages get: of words alone, and where there are vectors, which find the
/// neighbours of an answer better than words do.
const PAGE: (f32, f32) = (0.35, 0.15);
/// Share of the score of the best small window, and of the big one around it.
const WINDOWS: (f32, f32) = (1.0, 0.5);
/// BM25's k1 and b in windows, which have similar lengths.
const WINDOW_SATURATION: f32 = 1.2;
const WINDOW_LENGTH: f32 = 0.4;
/// Worth of a heading that is the question, in units of the question's whole weight: of words alone, and where
/// there are vectors.
const NAMED: (f32, f32) = (1.6, 2.2);
/// The power of the likeness of heading and question. Where there are vectors a heading counts that is nearly the
/// question; one that shares a word with it says less than the passage's meaning.
const NAMED_POWER: (f32, f32) = (2.0, 4.0);
/// Share of that for a passage further down in the section: the answer is usually at its beginning.
const FURTHER_DOWN: f32 = 0.55;
/// Worth of a row whose label is the question, in the same units, and of one with a figure where a figure is asked for.
/// Less than a heading's: a label is short, and the same word may label a lamp and a figure.
const LABELLED: (f32, f32) = (0.6, 1.2);
/// Weight of a common word in a heading: `the` tells little, yet `in mathematics` is not `mathematics`.
const COMMON: f32 = 0.3;
/// Value of two adjacent words that are adjacent in the text too, in units of their weight.
const NEIGHBOURS: f32 = 0.25;
/// Words between two neighbours that still count as adjacent (`reset the factory settings`).
const WINDOW: usize = 3;
/// Bonus of a passage of the form that the question asks for (steps for how, rows for a figure).
const FORM: f32 = 0.12;
/// Passages for which nearness, the expensive part, is computed; lower ones never rise to the top.
const CLOSE_LOOK: usize = 48;

// The weights are fitted on customers' questions about real manuals (`docs/performance.md`).
/// Weight of a multilingual encoder, on big windows: it distinguishes subjects, not sentences.
const MULTILINGUAL: f32 = 4.0;
/// Weight of an English encoder on small windows, and on the big ones around them.
const ENGLISH: (f32, f32) = (1.0, 0.5);

/// A passage and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Number of the unit.
    pub unit: usize,
    /// Its best small window.
    pub span: Option<usize>,
    /// Its score as a share of the question's whole weight; higher is better.
    pub score: f32,
    /// Similarity of the question and a heading that opens there, 0 to 1.
    pub named: f32,
    /// Similarity of the question and the heading above it.
    pub under: f32,
}

/// The forms of a passage in the manual.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    /// It has numbered steps.
    pub steps: bool,
    /// It has rows of a table.
    pub rows: bool,
    /// It is in a section about faults.
    pub faults: bool,
}

/// The similarity of each window to the question for one encoder: the cosines, big windows first.
pub struct Nearness {
    /// True for a multilingual encoder.
    pub multilingual: bool,
    /// The cosines of the windows it reads, big ones first; a multilingual encoder reads only those.
    pub cosines: Vec<f32>,
}

/// The semantic score of each small window: cosines compare the windows of one manual, and the score is the difference
/// to the manual's mean.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    /// By small window.
    pub spans: Vec<f32>,
    /// The English encoder's cosine of each small window, if it read the question.
    pub english: Option<Vec<f32>>,
    /// By small window: the multilingual encoder's cosine of the big window around it.
    pub multilingual: Option<Vec<f32>>,
}

/// The passages that have any word of the question or its meaning, best first, at most `limit`. `meaning` is the
/// semantic score of each small window, if there are vectors. With a `language`, passages in others are left out.
pub(super) fn rank(
    index: &Index,
    question: &AnalyzedQuestion,
    meaning: Option<&[f32]>,
    language: Option<LanguageId>,
    form: impl Fn(&Unit) -> Form,
    limit: usize,
    parts: RankingParts,
) -> Vec<Hit> {
    let units = &index.units;
    let mut words = vec![0.0_f32; units.len()];
    let mut pages = vec![0.0_f32; index.pages as usize + 1];
    for term in &question.terms {
        let mut on_page: Vec<(u32, f32)> = Vec::new();
        for (posting, alike) in best_readings(index, &term.readings) {
            let unit = &units[posting.unit as usize];
            let times = alike * weighed(&posting, unit, index);
            words[posting.unit as usize] += term.weight * times / (times + SATURATION);
            match on_page.last_mut() {
                Some((page, sum)) if *page == unit.page => *sum += times,
                _ => on_page.push((unit.page, times)),
            }
        }
        for (page, times) in on_page {
            if let Some(score) = pages.get_mut(page as usize) {
                *score += term.weight * times / (times + 2.0 * SATURATION);
            }
        }
    }
    let with_vectors = |(without, with): (f32, f32)| if meaning.is_some() { with } else { without };
    let whole = question.whole_weight();
    let best_spans = best_spans(index, question, whole, meaning, parts);
    let is_read = |unit: &usize| {
        language.is_none() || units[*unit].language.is_none() || units[*unit].language == language
    };
    let labelled = |unit: &Unit| {
        let figure = question.kind == Kind::Figure
            && names_row(index, question, unit, |label| label.of_figure);
        if figure {
            LABELLED.1
        } else if names_row(index, question, unit, |_| true) {
            LABELLED.0
        } else {
            0.0
        }
    };
    let mut hits: Vec<Hit> = (0..units.len())
        .filter(is_read)
        .filter(|&unit| {
            words[unit] > 0.0
                || best_spans[unit].is_some_and(|(_, score)| score > 0.0)
                || !units[unit].openings.is_empty() && pages[units[unit].page as usize] > 0.0
        })
        .map(|unit| {
            let at = &units[unit];
            let (opening, under) = named(index, question, at);
            let power = with_vectors(NAMED_POWER);
            let place = opening.powf(power).max(FURTHER_DOWN * under.powf(power));
            let page = pages.get(at.page as usize).copied().unwrap_or(0.0);
            let (span, window) = best_spans[unit].unzip();
            Hit {
                unit,
                span,
                score: (words[unit] + parts.weight(Part::Pages, with_vectors(PAGE)) * page) / whole
                    + parts.weight(Part::Headings, with_vectors(NAMED)) * place
                    + parts.weight(Part::Headings, labelled(at))
                    + window.unwrap_or(0.0),
                named: opening.max(under),
                under,
            }
        })
        .collect();
    best_first(&mut hits);
    hits.truncate(CLOSE_LOOK.max(limit));
    for hit in &mut hits {
        let unit = &units[hit.unit];
        hit.score +=
            parts.weight(Part::Neighbors, NEIGHBOURS) * nearness(index, question, unit) / whole;
        let form = form(unit);
        let fits = match question.kind {
            Kind::HowTo => form.steps,
            Kind::Figure => form.rows,
            Kind::Trouble => form.faults,
            Kind::About => false,
        };
        if fits {
            hit.score += parts.weight(Part::Form, FORM);
        }
    }
    best_first(&mut hits);
    hits.truncate(limit);
    hits
}

/// The best small window of each unit, with its score.
fn best_spans(
    index: &Index,
    question: &AnalyzedQuestion,
    whole: f32,
    meaning: Option<&[f32]>,
    parts: RankingParts,
) -> Vec<Option<(usize, f32)>> {
    let mut best: Vec<Option<(usize, f32)>> = vec![None; index.units.len()];
    let (small, big) = window_words(index, question);
    for (at, span) in index.spans.small.iter().enumerate() {
        let words =
            parts.weight(Part::Windows, WINDOWS.0 * small[at] + WINDOWS.1 * big[span.parent]);
        let words = words / whole;
        let score = words + meaning.and_then(|of| of.get(at)).copied().unwrap_or(0.0);
        for unit in span.units.0..=span.units.1 {
            if let Some(best) = best.get_mut(unit)
                && best.is_none_or(|(_, known)| score > known)
            {
                *best = Some((at, score));
            }
        }
    }
    best
}

/// The word scores of each small window and each big one.
fn window_words(index: &Index, question: &AnalyzedQuestion) -> (Vec<f32>, Vec<f32>) {
    let spans = &index.spans;
    let mut small = WindowScores::new(spans.small.iter().map(|span| span.words).collect());
    let mut big = WindowScores::new(spans.big_words.clone());
    for term in &question.terms {
        for &(reading, alike) in &term.readings {
            for posting in spans.in_text.of(reading) {
                let (span, times) = (posting.span as usize, f32::from(posting.times));
                small.count(span, times);
                big.count(spans.small[span].parent, times);
            }
            // A heading counts once in the big window, through a list of its own.
            for &span in spans.above_small.of(reading) {
                small.count(span as usize, 1.0);
            }
            for &window in spans.above_big.of(reading) {
                big.count(window as usize, 1.0);
            }
            small.end_reading(alike);
            big.end_reading(alike);
        }
        small.end_word(term.weight);
        big.end_word(term.weight);
    }
    (small.scores, big.scores)
}

/// The word scores of the windows of one size, while the words of a question are counted.
struct WindowScores {
    /// Number of words of each window, and their mean.
    words: Vec<f32>,
    mean: f32,
    /// Occurrences of the present reading in each window, and the windows that have any.
    times: Vec<f32>,
    touched: Vec<usize>,
    /// The windows that have the present word, once for each of its readings.
    found: Vec<(usize, f32)>,
    scores: Vec<f32>,
}

impl WindowScores {
    fn new(words: Vec<f32>) -> Self {
        Self {
            mean: mean(&words).max(1.0),
            times: vec![0.0; words.len()],
            touched: Vec::new(),
            found: Vec::new(),
            scores: vec![0.0; words.len()],
            words,
        }
    }

    fn count(&mut self, window: usize, times: f32) {
        if self.times[window] == 0.0 {
            self.touched.push(window);
        }
        self.times[window] += times;
    }

    fn end_reading(&mut self, alike: f32) {
        for window in self.touched.drain(..) {
            let times = std::mem::take(&mut self.times[window]);
            let length = 1.0 - WINDOW_LENGTH + WINDOW_LENGTH * self.words[window] / self.mean;
            self.found.push((window, alike * (times / (times + WINDOW_SATURATION * length))));
        }
    }

    /// Adds to each window the best reading of the word.
    fn end_word(&mut self, weight: f32) {
        self.found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        self.found.dedup_by_key(|(window, _)| *window);
        for (window, score) in self.found.drain(..) {
            self.scores[window] += weight * score;
        }
    }
}

fn best_first(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.unit.cmp(&b.unit)));
}

/// Each passage that has the word in some reading, once, in order, with the most similar reading.
fn best_readings(index: &Index, readings: &[(TermId, f32)]) -> Vec<(Posting, f32)> {
    if let [(only, alike)] = readings {
        return index.postings(*only).iter().map(|posting| (*posting, *alike)).collect();
    }
    let mut all: Vec<_> = readings
        .iter()
        .flat_map(|&(term, alike)| {
            index.postings(term).iter().map(move |posting| (*posting, alike))
        })
        .collect();
    all.sort_by(|a, b| a.0.unit.cmp(&b.0.unit).then(b.1.total_cmp(&a.1)));
    all.dedup_by_key(|(posting, _)| posting.unit);
    all
}

/// Weighted number of occurrences of a word in a passage.
fn weighed(posting: &Posting, unit: &Unit, index: &Index) -> f32 {
    let longer = unit.body.len() as f32 / index.average_body;
    let body = f32::from(posting.body) / (1.0 - LENGTH + LENGTH * longer);
    // A repetition in one heading does not count.
    HEADING * f32::from(posting.heading.min(1))
        + PATH * f32::from(posting.path.min(1))
        + LABEL * f32::from(posting.label.min(1))
        + body
}

/// Similarity of the question and a heading that opens here, and of the question and the heading above.
fn named(index: &Index, question: &AnalyzedQuestion, unit: &Unit) -> (f32, f32) {
    let opening =
        unit.openings.iter().map(|heading| alike(index, question, heading)).fold(0.0, f32::max);
    (opening, alike(index, question, &unit.heading))
}

/// Similarity of the question and a heading: both must have the same words, 0 to 1.
fn alike(index: &Index, question: &AnalyzedQuestion, heading: &[TermId]) -> f32 {
    let of_question = question.covered(|term| heading.contains(&term));
    if of_question <= 0.0 {
        return 0.0;
    }
    let mut shared = 0.0;
    let mut all = 0.0;
    let number = index.section_number(heading);
    for (at, &term) in heading.iter().enumerate() {
        // A section's number is rare and not asked for; a question that contains it still matches.
        let bare = index.is_common(term) || at < number;
        let weight = if bare { COMMON } else { index.weight(Some(term)) };
        let asked_for = is_asked_for(question, term);
        all += weight;
        shared += if asked_for { weight } else { 0.0 };
    }
    let of_heading = if all > 0.0 { shared / all } else { 0.0 };
    2.0 * of_question * of_heading / (of_question + of_heading)
}

/// True if the question names a heading above this unit or a row in it.
pub(super) fn is_title(index: &Index, question: &AnalyzedQuestion, unit: &Unit) -> bool {
    let mut headings = unit.openings.iter().chain(std::iter::once(&unit.heading));
    headings.any(|heading| {
        let words = &heading[index.section_number(heading)..];
        is_name(index, question, words)
    }) || names_row(index, question, unit, |_| true)
}

/// True if the question names one of these rows of the unit. Who asks how to do something looks for steps.
fn names_row(
    index: &Index,
    question: &AnalyzedQuestion,
    unit: &Unit,
    is_of_these: impl Fn(&Label) -> bool,
) -> bool {
    let mut labels = unit.labels.iter().filter(|label| is_of_these(label));
    question.kind != Kind::HowTo && labels.any(|label| is_name(index, question, &label.words))
}

/// True if the question names this heading or label: apart from how it is asked, both have the same words.
pub(super) fn is_name(index: &Index, question: &AnalyzedQuestion, name: &[TermId]) -> bool {
    let mut subject = question.terms.iter().filter(|term| term.subject).peekable();
    let is_named = !name.is_empty()
        && subject.peek().is_some()
        && subject.all(|term| {
            let apart = !term.parts.is_empty() && term.parts.iter().all(|part| name.contains(part));
            apart || term.readings.iter().any(|(id, _)| name.contains(id))
        });
    is_named && name.iter().all(|term| index.is_common(*term) || is_asked_for(question, *term))
}

fn is_asked_for(question: &AnalyzedQuestion, id: TermId) -> bool {
    question.sequence.contains(&Some(id))
        || question
            .terms
            .iter()
            .any(|term| term.needed && term.readings.iter().any(|reading| reading.0 == id))
}

/// Weight of the question's adjacent words that are adjacent in the heading or the text too.
fn nearness(index: &Index, question: &AnalyzedQuestion, unit: &Unit) -> f32 {
    let telling: Vec<TermId> = question
        .sequence
        .iter()
        .flatten()
        .copied()
        .filter(|term| !index.is_common(*term))
        .collect();
    telling
        .windows(2)
        .filter(|pair| pair[0] != pair[1])
        .filter(|pair| are_near(&unit.heading, pair) || are_near(&unit.body, pair))
        .map(|pair| index.weight(Some(pair[0])).min(index.weight(Some(pair[1]))))
        .sum()
}

fn are_near(words: &[TermId], pair: &[TermId]) -> bool {
    words
        .iter()
        .enumerate()
        .filter(|(_, word)| **word == pair[0])
        .any(|(at, _)| words[at + 1..words.len().min(at + 1 + WINDOW)].contains(&pair[1]))
}

impl Meaning {
    /// Combines the encoders. An English encoder does not read a question in another language. `None` if no
    /// encoder reads the question, or if the numbers of vectors and windows differ.
    pub(super) fn of(index: &Index, all: &[Nearness], english: bool) -> Option<Self> {
        let spans = &index.spans;
        let (big, small) = (spans.big_words.len(), spans.small.len());
        let mut meaning = Self { spans: vec![0.0; small], ..Self::default() };
        let mut read = false;
        for Nearness { multilingual, cosines } in all {
            let windows = if *multilingual { big } else { big + small };
            if cosines.len() != windows || !multilingual && !english {
                continue;
            }
            read = true;
            let (of_big, of_small) = cosines.split_at(big);
            let (big_mean, small_mean) = (mean(of_big), mean(of_small));
            for (at, span) in spans.small.iter().enumerate() {
                let around = of_big[span.parent] - big_mean;
                meaning.spans[at] += if *multilingual {
                    MULTILINGUAL * around
                } else {
                    ENGLISH.0 * (of_small[at] - small_mean) + ENGLISH.1 * around
                };
            }
            if *multilingual {
                let around = spans.small.iter().map(|span| of_big[span.parent]);
                meaning.multilingual = Some(around.collect());
            } else {
                meaning.english = Some(of_small.to_vec());
            }
        }
        read.then_some(meaning)
    }
}

fn mean(of: &[f32]) -> f32 {
    of.iter().sum::<f32>() / of.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{bound, manual, paragraph, question, row};

    /// Whether the question names the heading.
    fn names(text: &str, heading: &'static str) -> bool {
        let headings: &'static [&'static str] = Box::leak(Box::new([heading]));
        let manual = bound(vec![
            (headings, vec![paragraph("Some words that no question has.")]),
            (&["Another chapter"], vec![paragraph("The editor, the example, the lamp, the mode.")]),
        ]);
        let index = Index::of(&manual);
        let question = AnalyzedQuestion::new(&question(text), &index, RankingParts::ALL);
        is_title(&index, &question, &index.units[0])
    }

    #[test]
    fn a_question_that_names_a_heading_and_nothing_else_is_its_title() {
        for (text, heading) in [
            ("what is preliminaries", "C.1 Preliminaries"),
            ("explain example 1", "Example 1"),
            ("help with the lamp modes please", "3.2 Lamp modes"),
            ("lamp modes", "A 4 The modes of the lamp"),
        ] {
            assert!(names(text, heading), "{text} / {heading}");
        }
        for (text, heading) in [
            ("how do I replace the lamp", "Lamp"),
            ("what is the lamp", "Lamp modes"),
            ("explain example 2", "Example 1"),
            ("what is this", "C.1 Preliminaries"),
        ] {
            assert!(!names(text, heading), "{text} / {heading}");
        }
    }

    #[test]
    fn a_question_that_names_a_row_is_its_title_unless_it_asks_for_steps() {
        let rows = [
            "Property | Value",
            "Weight | 1.2 kg",
            "Noise at 1 m | 41 dB(A)",
            "Size (w x d x h) | 310 x 390 x 385 mm",
            "Reset | rear",
        ];
        let manual = bound(vec![(&["Technical data"], rows.map(row).into())]);
        let index = Index::of(&manual);
        let is_titled = |text: &str| {
            let question = AnalyzedQuestion::new(&question(text), &index, RankingParts::ALL);
            is_title(&index, &question, &index.units[0])
        };
        for text in [
            "how heavy is it",
            "weight",
            "what does it weigh?",
            "what is the noise at 1 m",
            "how big is it?",
            "dimensions",
        ] {
            assert!(is_titled(text), "{text}");
        }
        for text in [
            "how do I reset it",
            "noise of the fan",
            "weight of the stand",
            "is it heavy duty",
            "size of the stand",
        ] {
            assert!(!is_titled(text), "{text}");
        }
    }

    fn near(index: &Index, multilingual: bool, window: usize) -> Nearness {
        let small = if multilingual { 0 } else { index.spans.small.len() };
        let windows = index.spans.big_words.len() + small;
        let cosines = (0..windows).map(|at| if at == window { 0.9 } else { 0.1 }).collect();
        Nearness { multilingual, cosines }
    }

    #[test]
    fn a_nearer_window_scores_higher_and_an_english_encoder_reads_english_only() {
        let index = Index::of(&manual());
        let big = index.spans.big_words.len();
        let best = |meaning: &Meaning| {
            (0..meaning.spans.len()).max_by(|a, b| meaning.spans[*a].total_cmp(&meaning.spans[*b]))
        };
        let english = Meaning::of(&index, &[near(&index, false, big + 2)], true).expect("read");
        assert_eq!(best(&english), Some(2));
        assert!(english.english.is_some());
        assert_eq!(Meaning::of(&index, &[near(&index, false, big + 2)], false), None);
        let parent = index.spans.small[2].parent;
        let many = Meaning::of(&index, &[near(&index, true, parent)], false).expect("read");
        assert_eq!(best(&many).map(|at| index.spans.small[at].parent), Some(parent));
    }

    #[test]
    fn vectors_of_other_windows_are_not_used() {
        let index = Index::of(&manual());
        let other = Nearness { multilingual: true, cosines: vec![0.5; 3] };
        assert_eq!(Meaning::of(&index, &[other], true), None);
    }
}
