//! Letters as the search compares them.
//!
//! Both a product's texts and a query pass through here, so that `Córdoba`, `CORDOBA` and `cordoba`
//! are one word. A letter is decomposed (NFKD), loses its marks (accents, niqqud), becomes lower
//! case, and a Hebrew final form becomes the ordinary letter, because a word that is still being
//! typed ends in the ordinary one.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character of a text is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of a word.
    Text,
    /// Stands inside a word that may also be written in one (`TD-17`, `D'Addario`, `6.5`).
    Joint,
    /// Ends a word.
    Gap,
    /// Is not there: accents, niqqud, direction marks.
    Nothing,
}

/// Says what `c` is to the search.
pub(crate) fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '\u{5d0}'..='\u{5ea}' => Kind::Text,
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

/// Hands `push` the letters that `c` is compared as: usually one, none for a mark.
pub(crate) fn fold(c: char, mut push: impl FnMut(char)) {
    match c {
        'a'..='z' | '0'..='9' => push(c),
        'A'..='Z' => push(c.to_ascii_lowercase()),
        '\u{5d0}'..='\u{5ea}' => push(without_final_form(c)),
        c if c.is_ascii() => {}
        c => {
            for letter in c.nfkd().flat_map(char::to_lowercase).nfkd() {
                if letter.is_alphanumeric() && !is_combining_mark(letter) {
                    push(without_final_form(letter));
                }
            }
        }
    }
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
/// write a space, a dash or nothing, so the search may cut there at no cost.
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
    fn hebrew_loses_niqqud_and_final_forms() {
        assert_eq!(folded("תֻּפִּים"), "תופימ".replace('ו', ""));
        assert_eq!(folded("תופים"), folded("תופימ"));
        assert_eq!(folded("ך ם ן ף ץ"), "כמנפצ");
    }

    #[test]
    fn marks_are_nothing_dashes_join_and_spaces_part() {
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
