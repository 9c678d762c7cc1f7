//! The typed text, folded and cut.

use super::variant::{Beside, variant};
use super::words::{Cut, Word, words};

/// Most letters of a query that are used. The longest real product name has about 120; longer pasted text adds no
/// information about the product, and the work of a search grows with it.
pub(crate) const MOST_LETTERS: usize = 120;

/// Most words of a query that are used, for the same reason.
const MOST_WORDS: usize = 24;

/// A part of the query.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Cost of the cut, in letters: for a join over a gap, or a cut that was not written.
    pub(crate) cost: f32,
}

/// A query: its letters without gaps, and the cut before each of them.
///
/// `td 17kv` and `TD-17KV` have the same letters and differ in their cuts only, which is the
/// purpose: a cut marks where a word of a product likely begins, never that one must.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) letters: Vec<char>,
    /// `cuts[i]` is the cut before letter `i`; one more for the end, a gap like the first.
    pub(crate) cuts: Vec<Cut>,
    /// The letters between two gaps.
    pub(crate) words: Vec<(usize, usize)>,
    /// Whether there is any joint or decimal point. Most queries have none, and skip that comparison.
    pub(crate) has_joints: bool,
}

impl Query {
    /// Parses the typed text; `None` when it has no letter.
    pub(crate) fn read(typed: &str) -> Option<Query> {
        let mut letters = Vec::with_capacity(32);
        let mut cuts = Vec::with_capacity(33);
        let mut spans = Vec::with_capacity(8);
        // A letter takes at most a few characters (marks, joints), so this much text is enough,
        // and a query of a megabyte costs no more than one of a page.
        let end = typed.char_indices().nth(1000).map_or(typed.len(), |(at, _)| at);
        words(&typed[..end], true, &mut Word::default(), |word| {
            if spans.len() == MOST_WORDS {
                return;
            }
            let room = MOST_LETTERS - letters.len();
            let take = word.letters.len().min(room);
            if take > 0 {
                spans.push((letters.len(), letters.len() + take));
                letters.extend_from_slice(&word.letters[..take]);
                cuts.extend_from_slice(&word.cuts[..take]);
            }
        });
        cuts.push(Cut::Gap);
        (!letters.is_empty()).then(|| Query::new(letters, cuts, spans))
    }

    fn new(letters: Vec<char>, cuts: Vec<Cut>, words: Vec<(usize, usize)>) -> Query {
        let has_joints = cuts.iter().any(|cut| matches!(cut, Cut::Joint | Cut::Point));
        Query { letters, cuts, words, has_joints }
    }

    /// The query with each word replaced by its variant; `None` if no word has one.
    pub(crate) fn varied(&self) -> Option<Query> {
        let is_number = |at: usize| self.letters.get(at).is_some_and(|letter| letter.is_numeric());
        let (mut letters, mut cuts, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let mut differs = false;
        for &(from, to) in &self.words {
            let word = Word {
                letters: self.letters[from..to].to_vec(),
                origins: vec![0; to - from],
                cuts: self.cuts[from..to].to_vec(),
            };
            let beside = Beside {
                after_number: from > 0 && is_number(from - 1),
                before_number: is_number(to),
            };
            let word = match variant(&word, beside) {
                Some(variant) => {
                    differs = true;
                    variant.word
                }
                None => word,
            };
            if !word.letters.is_empty() {
                let start = letters.len();
                words.push((start, start + word.letters.len()));
                letters.extend(word.letters);
                cuts.extend(word.cuts);
            }
        }
        cuts.push(Cut::Gap);
        (differs && !letters.is_empty()).then(|| Query::new(letters, cuts, words))
    }

    /// The position of the first decimal point in a part, in letters; 0 without one.
    pub(crate) fn point(&self, part: &Edge) -> u8 {
        let cuts = &self.cuts[part.from..part.to];
        cuts.iter().skip(1).position(|&cut| cut == Cut::Point).map_or(0, |at| at as u8 + 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// The letters of a part.
    pub(crate) fn typed(&self, part: &Edge) -> &[char] {
        &self.letters[part.from..part.to]
    }

    /// Whether a part by itself carries little information: a letter or two, or a number.
    pub(crate) fn is_short(&self, part: &Edge) -> bool {
        part.to - part.from <= 2 || self.typed(part).iter().all(|c| c.is_numeric())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_differs_in_the_cuts_only() {
        let of = |typed| Query::read(typed).unwrap();
        assert_eq!(of("td 17kv").letters, of("TD-17-KV").letters);
        assert_eq!(of("td 17").cuts, [Cut::Gap, Cut::None, Cut::Gap, Cut::None, Cut::Gap]);
        assert_eq!(of("td-17").cuts[2], Cut::Joint);
        assert_eq!(of("td17").cuts[2], Cut::Family);
        assert_eq!(of("a bc").words, [(0, 1), (1, 3)]);
    }

    #[test]
    fn a_query_is_varied_word_by_word() {
        let varied = |typed| {
            let varied = Query::read(typed).expect("letters").varied()?;
            assert_eq!(varied.cuts.len(), varied.len() + 1);
            let words = varied.words.iter().map(|&(from, to)| &varied.letters[from..to]);
            Some(words.map(|word| word.iter().collect::<String>()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(varied("САВ 500 router").as_deref(), Some("cab 500 router"));
        assert_eq!(varied("27 inch monitor").as_deref(), Some("27 monitor"));
        assert_eq!(varied("drill 18volt").as_deref(), Some("drill 18v"));
        assert_eq!(varied("in the monitor 27"), None);
        assert_eq!(varied("чайник"), None);
    }

    #[test]
    fn a_query_without_letters_is_none_and_a_long_one_is_cut() {
        assert!(Query::read(" -!? ").is_none());
        let long = Query::read(&"word ".repeat(1000)).unwrap();
        assert!(long.len() <= MOST_LETTERS && long.words.len() <= MOST_WORDS);
        assert_eq!(long.cuts.len(), long.len() + 1);
    }
}
