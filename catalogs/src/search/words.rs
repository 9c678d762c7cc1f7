//! Splits a text into words.
//!
//! A [`Word`] is the text between two gaps, without its joints: `RCC-5-2R28` is `rcc52r28`,
//! with the positions of its joints and changes of family. From these the index takes
//! every string by which the word may be found (see [`Word::strings`]).

use super::fold::{Kind, begins_unspaced, family, fold, kind};

/// Longest word in letters. A longer one continues as the next word; no product number is as long, and
/// the index stays small when a name contains an address.
pub(crate) const LONGEST_WORD: usize = 32;

/// How strongly a text is cut before a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Inside a run of letters of one family.
    None,
    /// The family changes: `td|17`. Also between the letters of a script without spaces.
    Family,
    /// There was a joint: `td-17`.
    Joint,
    /// There was a decimal point or comma: `1.5`. The rest is a part of the same number.
    Point,
    /// There was a gap.
    Gap,
}

/// One word of a text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Word {
    /// The folded letters, joints left out.
    pub(crate) letters: Vec<char>,
    /// For each letter, its character in the original text.
    pub(crate) origins: Vec<u32>,
    /// For each letter, the cut before it.
    pub(crate) cuts: Vec<Cut>,
}

impl Word {
    fn push(&mut self, letter: char, origin: u32, joint: Option<Cut>) {
        let cut = match (self.letters.last(), joint) {
            (None, _) => Cut::Gap,
            (Some(_), Some(joint)) => joint,
            (Some(&before), None) if family(before) != family(letter) => Cut::Family,
            (Some(&before), None) if begins_unspaced(before, letter) => Cut::Family,
            (Some(_), None) => Cut::None,
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
            Cut::None | Cut::Point => false,
        }
    }

    /// The strings by which the word is found, as ranges of its letters: the whole word, the rest
    /// after every cut (`17kv` of `TD-17KV`; with prefix search every part of
    /// a model number is found this way), and the parts between its joints (`wall` of `wall-mount`).
    pub(crate) fn strings(&self, mut each: impl FnMut(usize, usize)) {
        let end = self.letters.len();
        each(0, end);
        let mut part = 0;
        for at in 1..end {
            match self.cuts[at] {
                Cut::None | Cut::Gap => {}
                Cut::Family => each(at, end),
                Cut::Joint | Cut::Point => {
                    each(part, at);
                    each(at, end);
                    part = at;
                }
            }
        }
    }
}

/// Calls `each` with the words of `text` in order. With `joined` false a joint separates words as a gap
/// does: so in ids, where a dash is used as a space.
pub(crate) fn words(text: &str, joined: bool, word: &mut Word, mut each: impl FnMut(&Word)) {
    word.clear();
    let mut joint = None;
    for (origin, (at, c)) in text.char_indices().enumerate() {
        // Between two digits a comma equals a point.
        if matches!(c, '.' | ',') && joined && joint.is_none() {
            joint = number_joint(word, &text[at..]);
            if joint.is_some() {
                continue;
            }
        }
        match kind(c) {
            Kind::Text => {
                let first = word.letters.len();
                fold(c, |letter| {
                    let joint = joint.filter(|_| word.letters.len() == first);
                    word.push(letter, origin as u32, joint);
                });
                joint = None;
                if word.letters.len() >= LONGEST_WORD {
                    each(word);
                    word.clear();
                }
            }
            Kind::Joint if joined => joint = Some(Cut::Joint),
            Kind::Joint | Kind::Gap => {
                joint = None;
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

/// The role of a point or a comma at the beginning of `text` for the number before it, if there is one:
/// a comma before exactly three digits separates thousands (`1,000`).
fn number_joint(word: &Word, text: &str) -> Option<Cut> {
    if !word.letters.last().is_some_and(char::is_ascii_digit) {
        return None;
    }
    let digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).take(4).count();
    match (text.as_bytes()[0], digits) {
        (_, 0) => None,
        (b',', 3) => Some(Cut::Joint),
        _ => Some(Cut::Point),
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
    fn a_joint_joins_and_a_gap_separates_words() {
        assert_eq!(of("Roland TD-17KV (V-Drums)"), ["roland", "td17kv", "vdrums"]);
        assert_eq!(of("D'Addario 6.5\" x 14"), ["daddario", "65", "x", "14"]);
        assert_eq!(of("תיק לגיטרה/בס"), ["תיק", "לגיטרהבס"]);
        assert_eq!(of(" -- "), Vec::<String>::new());
    }

    #[test]
    fn a_point_or_comma_in_a_number_is_distinguished_from_a_joint() {
        let cuts = |text| {
            let mut cuts = Vec::new();
            words(text, true, &mut Word::default(), |word| cuts.extend(word.cuts.clone()));
            cuts
        };
        assert_eq!(cuts("1.5"), [Cut::Gap, Cut::Point]);
        assert_eq!(cuts("1,5"), cuts("1.5"));
        assert_eq!(cuts("1,000")[1], Cut::Joint);
        assert_eq!(cuts("1-5"), [Cut::Gap, Cut::Joint]);
        assert_eq!(of("12V, 5A."), ["12v", "5a"]);
        assert_eq!(cuts("v.5")[1], Cut::Joint);
    }

    #[test]
    fn a_word_of_a_script_without_spaces_is_found_from_each_of_its_letters_on() {
        assert_eq!(strings("路由器"), ["路由器", "由器", "器"]);
        assert_eq!(strings("전기").len(), 2, "syllables, not their parts");
    }

    #[test]
    fn an_id_is_split_at_its_dashes() {
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
    fn letters_have_the_offset_of_their_origin() {
        let mut origins = Vec::new();
        words("a TD-1", true, &mut Word::default(), |w| origins.push(w.origins.clone()));
        assert_eq!(origins, [vec![0], vec![2, 3, 5]]);
    }

    #[test]
    fn an_overlong_word_is_cut() {
        let long = "x".repeat(100);
        assert!(of(&long).iter().all(|w| w.len() <= LONGEST_WORD));
        assert_eq!(of(&long).concat(), long);
    }
}
