//! Folding of letters for comparison.
//!
//! Texts of products and queries are folded alike, so that `Córdoba`, `CORDOBA` and `cordoba`
//! are one word. A letter is decomposed (NFKD), loses its marks (accents, niqqud), becomes lower
//! case, and a Hebrew final form becomes the ordinary letter, because a word that is still being
//! typed ends in the ordinary one. Letters that Unicode does not decompose although people type their base
//! letter instead (`ß`, `ł`, `ø`) are in `base_letters.txt`; a few letters with two forms are in a table.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The role of a character in the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of a word.
    Text,
    /// Inside a word that may also be written without it (`TD-17`, `D'Addario`, `6.5`).
    Joint,
    /// Ends a word.
    Gap,
    /// Ignored: accents, niqqud, direction marks.
    Nothing,
}

/// The role of `c`.
pub(crate) fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '\u{5d0}'..='\u{5ea}' => Kind::Text,
        // The Arabic tatweel, which only stretches a word.
        '\u{640}' => Kind::Nothing,
        '-'
        | '.'
        | '\''
        | '/'
        | '’'
        | '`'
        | '´'
        | '״'
        | '׳'
        | '־'
        | '*'
        | '#'
        | '·'
        | '•'
        | '\u{2010}'..='\u{2015}' => Kind::Joint,
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => Kind::Nothing,
        c if c.is_ascii() => Kind::Gap,
        c if is_combining_mark(c) => Kind::Nothing,
        c if c.is_alphanumeric() => Kind::Text,
        c if c.nfkd().any(char::is_alphanumeric) => Kind::Text,
        _ => Kind::Gap,
    }
}

/// Calls `push` with the letters that `c` is compared as: usually one, none for a mark.
pub(crate) fn fold(c: char, mut push: impl FnMut(char)) {
    match c {
        'a'..='z' | '0'..='9' => push(c),
        'A'..='Z' => push(c.to_ascii_lowercase()),
        '\u{5d0}'..='\u{5ea}' => push(without_final_form(c)),
        c if c.is_ascii() => {}
        c => {
            for letter in c.nfkd().flat_map(char::to_lowercase).nfkd() {
                if letter.is_alphanumeric() && !is_combining_mark(letter) {
                    match base_letters(letter) {
                        Some(letters) => letters.chars().for_each(&mut push),
                        None => push(one_form(letter)),
                    }
                }
            }
        }
    }
}

/// Letters without a decomposition in Unicode, and what people type for them: the letter without its stroke,
/// hook, bar or descender, the two letters of a ligature, the letter in its other form. Sorted.
static BASE_LETTERS: LazyLock<Vec<(char, &str)>> = LazyLock::new(|| {
    let pair = |line: &'static str| {
        let (letter, base) = line.split_once(' ')?;
        Some((letter.parse().ok()?, base))
    };
    let lines = include_str!("base_letters.txt").lines().filter(|line| !line.starts_with("# "));
    lines.filter_map(pair).collect()
});

fn base_letters(c: char) -> Option<&'static str> {
    let at = BASE_LETTERS.binary_search_by_key(&c, |(letter, _)| *letter).ok()?;
    Some(BASE_LETTERS[at].1)
}

/// The canonical form of a letter or a digit with several forms.
fn one_form(c: char) -> char {
    match c {
        // Hiragana as Katakana: both write the same syllables.
        'ぁ'..='ゖ' => char::from_u32(c as u32 + ('ァ' as u32 - 'ぁ' as u32)).unwrap_or(c),
        c if c.is_numeric() => ascii_digit(c).unwrap_or(c),
        c => without_final_form(c),
    }
}

/// The zeros of the decimal digits of other scripts (general category Nd). The nine digits follow each.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
];

fn ascii_digit(c: char) -> Option<char> {
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&(c as u32)))?;
    char::from_digit(c as u32 - zero, 10)
}

/// The Latin letter with the same capital shape as a folded Cyrillic or Greek letter. A wrong keyboard
/// layout or copied text brings such letters into model numbers.
pub(crate) fn latin_look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' => 'c',
        'е' | 'ε' => 'e',
        'н' | 'һ' | 'η' => 'h',
        'і' | 'ӏ' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'ν' => 'n',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'ѵ' => 'v',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' | 'υ' => 'y',
        'ζ' => 'z',
        _ => return None,
    })
}

/// Whether a word may begin before this letter because its script has no spaces: Chinese and
/// Japanese, Thai, Lao, Khmer, Burmese, and Korean, whose compounds have none. Never inside a syllable.
pub(crate) fn begins_unspaced(before: char, letter: char) -> bool {
    if u32::from(letter) < 0xe00 {
        return false;
    }
    let is_unspaced = |c: char| {
        matches!(u32::from(c),
            0xe00..=0xeff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff | 0x2e80..=0x2fdf
            | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff
            | 0xa960..=0xa97f | 0xd7b0..=0xd7ff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
    };
    // Vowels and final consonants of Hangul; the sign that lengthens or repeats the previous one.
    let continues =
        matches!(u32::from(letter), 0x1160..=0x11ff | 0xd7b0..=0xd7ff | 0x3005 | 0x30fc);
    !continues && is_unspaced(before) && is_unspaced(letter)
}

fn without_final_form(c: char) -> char {
    match c {
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        other => other,
    }
}

/// The family of a folded letter. Where it changes inside a word (`td|17`, `גיטרה|esp`), people
/// write a space, a dash or nothing, so a cut there costs nothing.
pub(crate) fn family(c: char) -> u8 {
    match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '\u{590}'..='\u{5ff}' => 2,
        c if c.is_numeric() => 0,
        '\u{c0}'..='\u{24f}' => 1,
        '\u{370}'..='\u{3ff}' => 3,
        '\u{400}'..='\u{52f}' => 4,
        '\u{600}'..='\u{6ff}' => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| fold(c, |f| out.push(f)));
        out
    }

    #[test]
    fn case_accents_and_width_do_not_matter() {
        assert_eq!(folded("Córdoba"), "cordoba");
        assert_eq!(folded("CO\u{301}RDOBA"), "cordoba");
        assert_eq!(folded("ＴＤ１７"), "td17");
        assert_eq!(folded("İstanbul"), "istanbul");
        assert_eq!(folded("ﬁne"), "fine");
    }

    #[test]
    fn letters_that_unicode_does_not_decompose_are_their_base_letters() {
        assert!(BASE_LETTERS.is_sorted_by_key(|(letter, _)| *letter), "it is searched by halves");
        assert_eq!(folded("Straße STRAẞE"), "strassestrasse");
        assert_eq!(folded("Łódź"), "lodz");
        assert_eq!(folded("Işık ISIK"), "isikisik");
        assert_eq!(folded("Øresund Đorđe Ægir Œuvre Þór"), "oresunddordeaegiroeuvrethor");
        assert_eq!(folded("ΦΟΥΡΝΟΣ φούρνος"), "φουρνοσφουρνοσ");
        assert_eq!(folded("Ґрунт ёлка"), "грунтелка");
        assert_eq!(folded("مكنسة مکنسه"), "مكنسهمكنسه");
        assert_eq!(BASE_LETTERS.len(), 78);
        for (letter, base) in &*BASE_LETTERS {
            assert_eq!(folded(base), *base, "{letter}: what it is folded to is folded");
        }
    }

    #[test]
    fn syllables_and_digits_have_one_form() {
        assert_eq!(folded("けとる"), folded("ｹﾄﾙ"));
        assert_eq!(folded("٨٨ ۸۸ ८८ ８８"), "88888888");
    }

    #[test]
    fn a_word_may_begin_anywhere_in_a_script_without_spaces_but_not_in_a_syllable() {
        assert!(
            begins_unspaced('路', '由') && begins_unspaced('気', 'ケ') && begins_unspaced('พ', 'ด')
        );
        let syllable: String = folded("밥");
        let letters: Vec<char> = syllable.chars().collect();
        assert!(
            begins_unspaced(letters[2], letters[0]) && !begins_unspaced(letters[0], letters[1])
        );
        assert!(
            !begins_unspaced('a', 'b')
                && !begins_unspaced('ж', 'ш')
                && !begins_unspaced('タ', 'ー')
        );
    }

    #[test]
    fn hebrew_loses_niqqud_and_final_forms() {
        assert_eq!(folded("תֻּפִּים"), "תופימ".replace('ו', ""));
        assert_eq!(folded("תופים"), folded("תופימ"));
        assert_eq!(folded("ך ם ן ף ץ"), "כמנפצ");
    }

    #[test]
    fn marks_are_ignored_dashes_are_joints_and_spaces_are_gaps() {
        assert_eq!(kind('\u{5bc}'), Kind::Nothing);
        assert_eq!(kind('\u{200f}'), Kind::Nothing);
        assert_eq!(kind('-'), Kind::Joint);
        assert_eq!(kind('–'), Kind::Joint);
        assert_eq!(kind('_'), Kind::Gap);
        assert_eq!(kind(' '), Kind::Gap);
        assert_eq!(kind('\u{a0}'), Kind::Gap);
        assert_eq!(kind('½'), Kind::Text);
        assert_eq!(kind('ж'), Kind::Text);
    }

    #[test]
    fn digits_latin_and_hebrew_are_different_families() {
        assert_ne!(family('d'), family('1'));
        assert_ne!(family('d'), family('ג'));
        assert_eq!(family('a'), family('z'));
    }
}
