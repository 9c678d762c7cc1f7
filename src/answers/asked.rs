//! A question as the ranking reads it: its words, how much each tells, what kind of answer it wants.

use hsc_actors::ports::Question;
use hsc_actors::protocol::Scenario;

use super::index::{Index, TermId};
use super::synonyms;
use super::text::Word;

/// Share of its weight that a word people ask with keeps: `help` tells little in `help with fonts`.
const ASKING: f32 = 0.15;
/// Share of its weight that a word of the product's own name keeps: the whole manual is about it.
const PRODUCT: f32 = 0.2;
/// Share of its weight that a second reading (a compound in one, its parts) has.
const EXTRA: f32 = 0.5;
/// How much more a word tells that the manual does not have in any reading: what it names is not
/// what the manual is about.
const ABSENT: f32 = 1.5;
/// Likeness of a word that differs by one slip.
const SLIP: f32 = 0.8;
/// Likeness of a word that means about the same.
const SYNONYM: f32 = 0.6;
/// Shortest word that is read as a slip of another: shorter ones have too many neighbours.
const SLIP_FROM_CHARS: usize = 5;
/// Weight of a word that the scenario adds: enough to break a tie, too little to change the subject.
const SCENARIO: f32 = 0.15;

/// What kind of answer a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// How to do something: steps.
    HowTo,
    /// A figure: rows of a table.
    Figure,
    /// Why something does not work.
    Trouble,
    /// What something is, or anything else.
    About,
}

/// One word of the question.
#[derive(Debug, Clone)]
pub(super) struct AskedTerm {
    /// The manual's words it may stand for, with how alike they are (1 is the same).
    pub readings: Vec<(TermId, f32)>,
    /// The words it is made of where the manual writes it apart: all of them are it.
    pub parts: Box<[TermId]>,
    /// How much it tells.
    pub weight: f32,
    /// True when an answer should contain it: not for what we added ourselves.
    pub needed: bool,
}

/// A question in the words of one manual.
#[derive(Debug)]
pub(super) struct Asked {
    /// Its words, those that tell something.
    pub terms: Vec<AskedTerm>,
    /// All its words in order as the manual numbers them, `None` for one it does not have.
    pub sequence: Vec<Option<TermId>>,
    /// The kind of answer it wants.
    pub kind: Kind,
}

impl Asked {
    /// Reads a question against a manual.
    pub(super) fn new(question: &Question, index: &Index) -> Self {
        let words = index.reader().words(&question.text);
        let product = product_words(question, index);
        let tells = |word: &Word| {
            !word.common && !word.asking && !word.extra && !product.contains(&word.term)
        };
        let has_subject = words.iter().any(tells);
        let mut terms: Vec<AskedTerm> = Vec::new();
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
            let readings = readings(word, term, index);
            if terms.iter().any(|known| {
                !known.readings.is_empty() && known.readings.first() == readings.first()
            }) {
                continue;
            }
            if readings.is_empty() {
                share *= ABSENT;
            }
            let weight = share * index.weight(readings.first().map(|reading| reading.0));
            let parts = term.map_or(&[][..], |term| index.parts(term)).into();
            terms.push(AskedTerm { readings, parts, weight, needed: true });
        }
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
        Self { terms, sequence, kind: Kind::of(&question.text) }
    }

    /// Weight of everything an answer should contain.
    pub(super) fn needed_weight(&self) -> f32 {
        self.terms.iter().filter(|term| term.needed).map(|term| term.weight).sum()
    }

    /// How alike the best reading of each word is that `has` says is there, weighed; 0 to 1.
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

/// The manual's words that a word of the question may stand for, the most alike first.
fn readings(word: &Word, term: Option<TermId>, index: &Index) -> Vec<(TermId, f32)> {
    let mut readings: Vec<(TermId, f32)> = term.map(|term| (term, 1.0)).into_iter().collect();
    if readings.is_empty()
        && word.term.chars().count() >= SLIP_FROM_CHARS
        && word.term.chars().all(char::is_alphabetic)
    {
        let mut slips: Vec<_> = index
            .terms()
            .filter(|(other, id)| !index.is_common(*id) && is_one_slip(&word.term, other))
            .map(|(_, id)| (id, SLIP))
            .collect();
        slips.sort_by_key(|slip| (std::cmp::Reverse(index.postings(slip.0).len()), slip.0));
        slips.truncate(1);
        readings.extend(slips);
    }
    for other in synonyms::of(&word.term) {
        for other in index.reader().words(other).iter().filter(|other| !other.common) {
            if let Some(id) =
                index.term(&other.term).filter(|id| readings.iter().all(|known| known.0 != *id))
            {
                readings.push((id, SYNONYM));
            }
        }
    }
    readings
}

fn product_words(question: &Question, index: &Index) -> Vec<String> {
    let product = &question.product;
    let names = [
        &*product.name,
        &*product.brand_name,
        product.model.as_deref().unwrap_or_default(),
        &*product.category,
    ];
    names
        .iter()
        .flat_map(|name| index.reader().words(name))
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
    let ids = index.reader().words(words).into_iter().filter_map(|word| index.term(&word.term));
    ids.map(|id| AskedTerm {
        readings: vec![(id, 1.0)],
        parts: Box::default(),
        weight: SCENARIO,
        needed: false,
    })
    .collect()
}

/// True when one letter is missing, too many, another, or swapped with its neighbour.
fn is_one_slip(a: &str, b: &str) -> bool {
    if a.len().abs_diff(b.len()) > 4 {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let back = back.min(a.len() - front).min(b.len() - front);
    let (a, b) = (&a[front..a.len() - back], &b[front..b.len() - back]);
    matches!((a, b), ([_], [_]) | ([], [_]) | ([_], []))
        || matches!((a, b), ([x, y], [u, v]) if x == v && y == u)
}

impl Kind {
    /// Reads the kind off the question's own words, in the languages the fixed phrases are in.
    fn of(text: &str) -> Self {
        let text = format!(" {} ", text.to_lowercase());
        let has = |cues: &[&str]| cues.iter().any(|cue| text.contains(cue));
        if has(TROUBLE) {
            Self::Trouble
        } else if has(FIGURE) {
            Self::Figure
        } else if has(HOW_TO) {
            Self::HowTo
        } else {
            Self::About
        }
    }
}

/// Cues of a question about a fault.
const TROUBLE: &[&str] = &[
    " why ",
    "won't",
    "wont ",
    "doesn't",
    "does not",
    " not work",
    "isn't",
    " no sound",
    " error",
    "problem",
    "trouble",
    " stuck",
    " fails",
    "failed",
    " broken",
    " can't",
    " cannot",
    "למה",
    "מדוע",
    "לא עובד",
    "תקלה",
    "שגיאה",
    "בעיה",
];

/// Cues of a question for a figure.
const FIGURE: &[&str] = &[
    " how many",
    " how much",
    " how long",
    " how heavy",
    " how big",
    " how large",
    " how far",
    " how high",
    " how loud",
    "weigh",
    "dimension",
    " size",
    "voltage",
    " watt",
    "power consumption",
    "impedance",
    "frequency response",
    "specification",
    " specs",
    " spec ",
    "maximum",
    " max ",
    "minimum",
    "temperature",
    "capacity",
    "resolution",
    "sample rate",
    " range",
    " polyphony",
    "battery life",
    "polarity",
    " current ",
    "כמה",
    "משקל",
    "מידות",
    "מתח",
    "מפרט",
    "הספק",
];

/// Cues of a question for steps.
const HOW_TO: &[&str] = &[
    " how do ",
    " how can ",
    " how to ",
    " how should ",
    " how would ",
    " steps ",
    " procedure",
    " set up ",
    " setup ",
    " install ",
    " connect ",
    " change ",
    " replace ",
    " reset ",
    " turn on",
    " turn off",
    "איך",
    "כיצד",
    "להתקין",
    "לחבר",
    "לאפס",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_off_the_questions_words() {
        assert_eq!(Kind::of("How do I pair a phone?"), Kind::HowTo);
        assert_eq!(Kind::of("How much does it weigh?"), Kind::Figure);
        assert_eq!(Kind::of("Why is there no sound"), Kind::Trouble);
        assert_eq!(Kind::of("what is a kit"), Kind::About);
        assert_eq!(Kind::of("כמה שוקל המודול"), Kind::Figure);
        assert_eq!(Kind::of("איך מאפסים"), Kind::HowTo);
    }

    #[test]
    fn one_slip_is_one_letter_or_one_swap() {
        for (a, b) in
            [("invalid", "inavlid"), ("batery", "battery"), ("pedall", "pedal"), ("tempo", "tampo")]
        {
            assert!(is_one_slip(a, b), "{a} {b}");
        }
        for (a, b) in [("pedal", "pedal"), ("pedal", "petals"), ("invalid", "inavild")] {
            assert!(!is_one_slip(a, b), "{a} {b}");
        }
    }
}
