//! The words of a text, their positions, their stems and their sound.

use super::super::fold::{Kind, family, fold, kind};

/// Most words of a text that are read. A description may be an essay.
const MOST_TOKENS: usize = 256;

/// Letters of the longest word.
const LONGEST: usize = 40;

/// A word of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Token {
    /// Its letters, folded, without joints; a decimal point stays.
    pub(super) text: String,
    /// Its parts between joints and between letters and digits, if there are several.
    pub(super) pieces: Vec<String>,
    /// The first character in the text.
    pub(super) from: usize,
    /// One past the last character.
    pub(super) to: usize,
    /// An inch sign follows it.
    pub(super) inches: bool,
}

/// Whether a word is a number, with or without a decimal point.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// The words of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut token = Token::default();
    let mut piece = String::new();
    let mut characters = text.chars().enumerate().peekable();
    while let Some((at, c)) = characters.next() {
        if found.len() == MOST_TOKENS {
            break;
        }
        let next = characters.peek().map(|&(_, next)| next);
        let ends_in_digit = piece.ends_with(|last: char| last.is_ascii_digit());
        let is_sign = matches!(c, '"' | '״' | '″' | '”') && ends_in_digit;
        match kind(c) {
            _ if is_sign => {
                token.inches = true;
                finish(&mut token, &mut piece, &mut found);
            }
            Kind::Text => {
                if token.text.is_empty() {
                    token.from = at;
                }
                fold(c, |letter| {
                    let changes =
                        piece.chars().next_back().is_some_and(|l| family_of(l) != family(letter));
                    if changes {
                        token.pieces.push(std::mem::take(&mut piece));
                    }
                    piece.push(letter);
                    token.text.push(letter);
                });
                token.to = at + 1;
                if token.text.chars().count() >= LONGEST {
                    finish(&mut token, &mut piece, &mut found);
                }
            }
            Kind::Joint | Kind::Gap
                if matches!(c, '.' | ',')
                    && ends_in_digit
                    && next.is_some_and(|next| next.is_ascii_digit()) =>
            {
                piece.push('.');
                token.text.push('.');
            }
            Kind::Joint => {
                if !piece.is_empty() {
                    token.pieces.push(std::mem::take(&mut piece));
                }
            }
            Kind::Gap => finish(&mut token, &mut piece, &mut found),
            Kind::Nothing => {}
        }
    }
    finish(&mut token, &mut piece, &mut found);
    found
}

/// A decimal point belongs to its number.
fn family_of(letter: char) -> u8 {
    if letter == '.' { family('0') } else { family(letter) }
}

fn finish(token: &mut Token, piece: &mut String, found: &mut Vec<Token>) {
    let mut token = std::mem::take(token);
    if !piece.is_empty() {
        token.pieces.push(std::mem::take(piece));
    }
    if token.pieces.len() < 2 {
        token.pieces.clear();
    }
    if !token.text.is_empty() {
        found.push(token);
    }
}

/// Whether a word is Hebrew.
pub(super) fn is_hebrew(word: &str) -> bool {
    word.chars().next().is_some_and(|c| matches!(c, 'א'..='ת'))
}

/// A word without its plural ending and, in Hebrew, its gender ending.
pub(super) fn stem(word: &str) -> String {
    let length = word.chars().count();
    if word.chars().any(|c| c.is_numeric()) || length < 3 {
        return word.to_owned();
    }
    if is_hebrew(word) {
        let endings: [(&str, usize); 4] = [("ימ", 4), ("ות", 4), ("ה", 3), ("ת", 3)];
        let ending = endings.iter().find(|(end, least)| length > *least && word.ends_with(end));
        let bare = ending.map_or(word, |(end, _)| word.strip_suffix(end).unwrap_or(word));
        // `אולפניים` is written with one yod or two.
        return bare
            .strip_suffix('י')
            .filter(|bare| bare.chars().count() > 3)
            .unwrap_or(bare)
            .to_owned();
    }
    let keeps = ["ss", "us", "is", "as", "os"];
    if length > 3 && word.ends_with('s') && !keeps.iter().any(|end| word.ends_with(end)) {
        for end in ["sses", "shes", "ches", "xes"] {
            if word.ends_with(end) {
                return word[..word.len() - 2].to_owned();
            }
        }
        if let Some(bare) = word.strip_suffix("ies").filter(|bare| bare.len() > 2) {
            return format!("{bare}y");
        }
        return word[..word.len() - 1].to_owned();
    }
    word.to_owned()
}

/// A Hebrew word without its prefix letter (`לגיטרה`, `המיקרופון`).
pub(super) fn without_prefix(word: &str) -> Option<&str> {
    let mut letters = word.chars();
    let first = letters.next()?;
    let rest = letters.as_str();
    (matches!(first, 'ה' | 'ו' | 'ב' | 'ל' | 'מ' | 'ש' | 'כ') && rest.chars().count() >= 2)
        .then_some(rest)
}

/// The consonants of a folded word, by their sound: the same key for `phantom` and `fantom`, and for a name and its
/// Hebrew spelling.
///
/// Vowels are left out, because Hebrew does not write them and listeners confuse them; letters with the same sound
/// share one letter. The key only selects candidates, which are compared further or get less weight.
pub(super) fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let mut key = String::new();
    let mut at = 0;
    while at < letters.len() {
        let (sound, taken) = sound_at(&letters, at);
        for c in sound.chars() {
            if !key.ends_with(c) {
                key.push(c);
            }
        }
        at += taken;
    }
    key
}

fn sound_at(letters: &[char], at: usize) -> (&'static str, usize) {
    let next = letters.get(at + 1).copied();
    match (letters[at], next) {
        ('p', Some('h')) => ("p", 2),
        ('t', Some('h')) => ("t", 2),
        ('c', Some('h')) | ('c', Some('k')) => ("k", 2),
        ('s', Some('h')) => ("s", 2),
        ('d', Some('j')) => ("g", 2),
        ('c', Some('e' | 'i' | 'y')) => ("s", 1),
        ('x', _) if at == 0 => ("s", 1),
        ('x', _) => ("ks", 1),
        ('b' | 'v', _) | ('ב', _) => ("b", 1),
        ('w', _) if at == 0 => ("b", 1),
        ('ו', Some('ו')) => ("b", 2),
        ('ו', _) if at == 0 => ("b", 1),
        ('p' | 'f' | 'פ', _) => ("p", 1),
        ('k' | 'c' | 'q' | 'ק' | 'כ' | 'ח', _) => ("k", 1),
        ('s' | 'z' | 'ס' | 'ש' | 'צ' | 'ז', _) => ("s", 1),
        ('t' | 'ט' | 'ת', _) => ("t", 1),
        ('d' | 'ד', _) => ("d", 1),
        ('g' | 'j' | 'ג', _) => ("g", 1),
        ('l' | 'ל', _) => ("l", 1),
        ('m' | 'מ', _) => ("m", 1),
        ('n' | 'נ', _) => ("n", 1),
        ('r' | 'ר', _) => ("r", 1),
        _ => ("", 1),
    }
}
