//! A text as words.
//!
//! A [`Word`] is what stands between two gaps, its joints taken out: `RCC-5-2R28` is `rcc52r28`,
//! and it remembers where its joints and its changes of family were. From these the index takes
//! every string by which the word may be found (see [`Word::strings`]).

use super::fold::{Kind, family, fold, kind};

/// Longest word in letters. What is longer goes on as the next word; no product number is, and
/// the index stays small when somebody puts an address into a name.
pub(crate) const LONGEST_WORD: usize = 32;

/// How strongly a text is cut before a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Inside a run of letters of one family.
    None,
    /// The family changes: `td|17`.
    Family,
    /// There was a joint: `td-17`.
    Joint,
    /// There was a gap.
    Gap,
}

/// One word of a text.
#[derive(Debug, Default)]
pub(crate) struct Word {
    /// The folded letters, joints left out.
    pub(crate) letters: Vec<char>,
    /// For each letter, which character of the original text it came from.
    pub(crate) origins: Vec<u32>,
    /// For each letter, how the word is cut before it.
    pub(crate) cuts: Vec<Cut>,
}

impl Word {
    fn push(&mut self, letter: char, origin: u32, joint: bool) {
        let cut = match self.letters.last() {
            None => Cut::Gap,
            Some(_) if joint => Cut::Joint,
            Some(&before) if family(before) != family(letter) => Cut::Family,
            Some(_) => Cut::None,
        };
        self.letters.push(letter);
        self.origins.push(origin);
        self.cuts.push(cut);
    }

    fn clear(&mut self) {
        self.letters.clear();
        self.origins.clear();
        self.cuts.clear();
    }

    /// Whether a word by itself may begin at this letter.
    pub(crate) fn begins_word(&self, at: usize) -> bool {
        match self.cuts[at] {
            Cut::Gap | Cut::Joint => true,
            Cut::Family => !self.letters[at - 1].is_numeric() && !self.letters[at].is_numeric(),
            Cut::None => false,
        }
    }

    /// The strings the word is found by, as ranges of its letters: the whole word, what is left
    /// of it from every cut on (`17kv` of `TD-17KV`; with prefix search that makes every part of
    /// a model number findable), and the parts between its joints (`wall` of `wall-mount`).
    pub(crate) fn strings(&self, mut each: impl FnMut(usize, usize)) {
        let end = self.letters.len();
        each(0, end);
        let mut part = 0;
        for at in 1..end {
            match self.cuts[at] {
                Cut::None | Cut::Gap => {}
                Cut::Family => each(at, end),
                Cut::Joint => {
                    each(part, at);
                    each(at, end);
                    part = at;
                }
            }
        }
    }
}

/// Hands `each` the words of `text` in order. With `joined` false a joint parts words as a gap
/// does: so in ids, where a dash is what a space is elsewhere.
pub(crate) fn words(text: &str, joined: bool, word: &mut Word, mut each: impl FnMut(&Word)) {
    word.clear();
    let mut joint = false;
    for (origin, c) in text.chars().enumerate() {
        match kind(c) {
            Kind::Text => {
                let first = word.letters.len();
                fold(c, |letter| {
                    let joint = joint && word.letters.len() == first;
                    word.push(letter, origin as u32, joint);
                });
                joint = false;
                if word.letters.len() >= LONGEST_WORD {
                    each(word);
                    word.clear();
                }
            }
            Kind::Joint if joined => joint = true,
            Kind::Joint | Kind::Gap => {
                joint = false;
                if !word.letters.is_empty() {
                    each(word);
                    word.clear();
                }
            }
            Kind::Nothing => {}
        }
    }
    if !word.letters.is_empty() {
        each(word);
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        words(text, true, &mut Word::default(), |w| {
            out.push(w.letters.iter().collect());
        });
        out
    }

    fn strings(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        words(text, true, &mut Word::default(), |w| {
            w.strings(|from, to| out.push(w.letters[from..to].iter().collect()));
        });
        out
    }

    #[test]
    fn a_joint_glues_and_a_gap_parts() {
        assert_eq!(of("Roland TD-17KV (V-Drums)"), ["roland", "td17kv", "vdrums"]);
        assert_eq!(of("D'Addario 6.5\" x 14"), ["daddario", "65", "x", "14"]);
        assert_eq!(of("תיק לגיטרה/בס"), ["תיק", "לגיטרהבס"]);
        assert_eq!(of(" -- "), Vec::<String>::new());
    }

    #[test]
    fn an_id_is_parted_at_its_dashes() {
        let mut out = Vec::new();
        words("roland_87-lx705", false, &mut Word::default(), |w| {
            out.push(w.letters.iter().collect::<String>());
        });
        assert_eq!(out, ["roland", "87", "lx705"]);
    }

    #[test]
    fn a_model_number_is_found_by_each_of_its_parts() {
        assert_eq!(strings("TD-17KV"), ["td17kv", "td", "17kv", "kv"]);
        assert_eq!(strings("wall-mount"), ["wallmount", "wall", "mount"]);
        assert_eq!(strings("piano"), ["piano"]);
    }

    #[test]
    fn letters_remember_where_they_came_from() {
        let mut origins = Vec::new();
        words("a TD-1", true, &mut Word::default(), |w| origins.push(w.origins.clone()));
        assert_eq!(origins, [vec![0], vec![2, 3, 5]]);
    }

    #[test]
    fn a_word_without_end_is_cut() {
        let long = "x".repeat(100);
        assert!(of(&long).iter().all(|w| w.len() <= LONGEST_WORD));
        assert_eq!(of(&long).concat(), long);
    }
}
