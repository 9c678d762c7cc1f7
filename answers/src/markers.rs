//! The markers in an answer: `[MANUAL: page 12]`, `[SUGGESTION: …]`, `[PRO TIP: …]`.
//!
//! Models write them in several ways (`[MANUAL: pages 3, 4]`, `[Manual p. 3-5]`, with lenticular
//! brackets, with the word for page in another language, with a section beside the page); all of them
//! are parsed, one of them is written. The words for pages are data: `page_words.json`.

use std::sync::LazyLock;

use serde::Deserialize;

/// A parsed marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    /// Pages of the manual.
    Manual(Vec<u32>),
    /// An accessory's name.
    Suggestion(String),
    /// A field note.
    Tip(String),
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Words.
    Text(&'a str),
    /// A marker.
    Marker(Marker),
}

/// The beginnings of a marker, in lower case.
const NAMES: [&str; 4] = ["manual:", "manual ", "suggestion:", "pro tip:"];
/// The opening characters of a marker.
pub(super) const OPENING: [char; 2] = ['[', '【'];
const CLOSING: [char; 2] = [']', '】'];
/// The words of a marker about pages, in lower case, in the languages of manuals and their readers.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"), deny_unknown_fields)]
pub(super) struct PageWords {
    /// Words for a page.
    pub page: Vec<&'static str>,
    /// Those of them that follow their number.
    behind: Vec<&'static str>,
    /// Words for other parts of a manual. They matter only in a marker without a word for a page; there a number
    /// after any other first word is a page.
    divisions: Vec<&'static str>,
    /// Words that join two page numbers; also those of a range.
    joining: Vec<&'static str>,
    /// Words between the first and the last page of a range.
    ranges: Vec<&'static str>,
}

pub(super) static PAGE_WORDS: LazyLock<PageWords> = LazyLock::new(|| {
    serde_json::from_str(include_str!("page_words.json")).expect("each test of a marker reads it")
});

/// Most pages of one marker. A range over half a manual cites nothing.
const MOST_PAGES: usize = 12;
/// Longest marker, in bytes: a longer one is text with a stray bracket.
pub(super) const LONGEST_MARKER: usize = 1_200;

/// Splits an answer into words and markers.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(open) = rest[from..].find(OPENING).map(|at| at + from) {
        let width = rest[open..].chars().next().map_or(1, char::len_utf8);
        let inside = &rest[open + width..];
        let marker = inside
            .find(closing(rest[open..].chars().next()))
            .filter(|end| *end <= LONGEST_MARKER)
            .and_then(|end| Some((read(&inside[..end])?, end)));
        match marker {
            Some((marker, end)) => {
                if open > 0 {
                    out.push(Part::Text(&rest[..open]));
                }
                out.push(Part::Marker(marker));
                // The closing bracket is as wide as the opening one.
                rest = &inside[end + width..];
                from = 0;
            }
            None => from = open + width,
        }
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

/// True when `tail`, which begins with an unclosed bracket, may still become a marker.
pub(super) fn may_become_marker(tail: &str) -> bool {
    if tail.len() > LONGEST_MARKER || tail.contains(closing(tail.chars().next())) {
        return false;
    }
    let inside = tail.strip_prefix(OPENING).unwrap_or(tail).trim_start().to_lowercase();
    NAMES.iter().any(|name| name.starts_with(&inside) || inside.starts_with(name))
}

/// The bracket that closes what `opening` opens.
fn closing(opening: Option<char>) -> char {
    let at = OPENING.iter().position(|known| Some(*known) == opening);
    CLOSING[at.unwrap_or_default()]
}

/// The marker between two brackets, if it is one.
fn read(inside: &str) -> Option<Marker> {
    let inside = inside.trim();
    let Some((name, value)) = inside.split_once(':') else {
        // Without its colon it is a marker only if it names a page: `[Manual page 3]`.
        let (name, value) = inside.split_at_checked("manual ".len())?;
        let names_a_page = name.eq_ignore_ascii_case("manual ")
            && match tokens(value).first() {
                Some(Token::Word(word)) => PAGE_WORDS.page.contains(&word.as_str()),
                first => matches!(first, Some(Token::Number(_))),
            };
        let pages = if names_a_page { page_numbers(value) } else { Vec::new() };
        return (!pages.is_empty()).then_some(Marker::Manual(pages));
    };
    let value = value.trim();
    match name.trim().to_lowercase().as_str() {
        "manual" => Some(Marker::Manual(page_numbers(value))),
        "suggestion" if !value.is_empty() => Some(Marker::Suggestion(value.to_owned())),
        "pro tip" if !value.is_empty() => Some(Marker::Tip(value.to_owned())),
        _ => None,
    }
}

/// A word, number or sign in a marker about pages.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// In small letters.
    Word(String),
    /// A whole number; `None` if it is too large for a page.
    Number(Option<u32>),
    /// `15.7`: the number of a section.
    Decimal,
    Dash,
    /// A comma, `&`, `/` or the like, which joins two numbers.
    Join,
}

/// The page numbers in `pages 3, 4`, `p. 3-5`, `page 38, section 15.7`. Empty for a marker without a page.
///
/// A number is a page if the nearest word before it is one for a page, or if a page precedes
/// it with only signs and joining words between them. `38ページ` has its word after it.
fn page_numbers(value: &str) -> Vec<u32> {
    let tokens = tokens(value);
    let word = |token: &Token| match token {
        Token::Word(word) => Some(word.clone()),
        _ => None,
    };
    let is_page_word = |word: &str| PAGE_WORDS.page.contains(&word);
    let words: Vec<String> = tokens.iter().filter_map(word).collect();
    // In a language that is not in the list: the first word, if it has no other meaning.
    let foreign = match words.first() {
        Some(first) if !words.iter().any(|word| is_page_word(word)) => {
            Some(first).filter(|first| !PAGE_WORDS.divisions.contains(&first.as_str()))
        }
        _ => None,
    };
    let mut pages: Vec<u32> = Vec::new();
    // True when a number would be a page.
    let mut expected = !matches!(tokens.first(), Some(Token::Word(_)));
    let mut range_from: Option<u32> = None;
    for (at, token) in tokens.iter().enumerate() {
        let follows = tokens
            .get(at + 1)
            .and_then(word)
            .is_some_and(|word| PAGE_WORDS.behind.contains(&word.as_str()));
        match token {
            Token::Word(word) if is_page_word(word) || Some(word) == foreign => expected = true,
            Token::Word(word) if PAGE_WORDS.joining.contains(&word.as_str()) => {
                range_from = None;
            }
            Token::Word(word) if PAGE_WORDS.ranges.contains(&word.as_str()) => {
                range_from = pages.last().map(|last| last + 1).filter(|_| expected);
            }
            Token::Number(Some(page)) if expected || follows => {
                let from = range_from.take().filter(|from| from <= page).unwrap_or(*page);
                pages.extend((from..=*page).take(MOST_PAGES));
                expected = true;
            }
            // Not after a word: the Hebrew for `and 9` is written with a dash.
            Token::Dash if at > 0 && matches!(tokens[at - 1], Token::Number(_)) => {
                range_from = pages.last().map(|last| last + 1).filter(|_| expected);
            }
            Token::Dash => {}
            Token::Join => range_from = None,
            Token::Word(_) | Token::Number(_) | Token::Decimal => {
                (expected, range_from) = (false, None);
            }
        }
    }
    pages.dedup();
    pages.truncate(MOST_PAGES);
    pages
}

/// The value of a digit, including Arabic, Persian and full-width digits.
fn digit(c: char) -> Option<u32> {
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];
    zeros
        .iter()
        .find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10))
}

fn tokens(value: &str) -> Vec<Token> {
    let chars: Vec<char> = value.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let from = at;
        if digit(c).is_some() {
            let mut decimal = false;
            // `15.7` and `2.1.3` are one number; the point that ends a sentence is not part of it.
            while let Some(&c) = chars.get(at) {
                let next = chars.get(at + 1).copied().and_then(digit);
                if digit(c).is_none() && !(c == '.' && next.is_some()) {
                    break;
                }
                decimal |= c == '.';
                at += 1;
            }
            let digits = chars[from..at].iter().filter_map(|c| digit(*c));
            let number = digits
                .into_iter()
                .try_fold(0_u32, |number, digit| number.checked_mul(10)?.checked_add(digit));
            out.push(if decimal { Token::Decimal } else { Token::Number(number) });
        } else if c.is_alphabetic() {
            while chars.get(at).is_some_and(|c| c.is_alphabetic() || *c == '\'') {
                at += 1;
            }
            out.push(Token::Word(chars[from..at].iter().collect::<String>().to_lowercase()));
        } else {
            at += 1;
            match c {
                '-' | '–' | '—' | '‐' | '‑' | '−' | '~' | '〜' | '־' => {
                    out.push(Token::Dash)
                }
                '§' => out.push(Token::Word(c.to_string())),
                c if c.is_whitespace() || matches!(c, '.' | '#') => {}
                _ => out.push(Token::Join),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(text: &str) -> Vec<u32> {
        match &parts(text)[..] {
            [Part::Marker(Marker::Manual(pages))] => pages.clone(),
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn pages_are_parsed_in_every_form_that_models_write() {
        assert_eq!(pages("[MANUAL: page 12]"), [12]);
        assert_eq!(pages("[MANUAL: pages 3, 4]"), [3, 4]);
        assert_eq!(pages("[MANUAL: pages 3 and 4]"), [3, 4]);
        assert_eq!(pages("[MANUAL: p. 3-5]"), [3, 4, 5]);
        assert_eq!(pages("[manual: 3 – 5, page 9]"), [3, 4, 5, 9]);
        assert_eq!(pages("[MANUAL: see above]"), [] as [u32; 0]);
        assert_eq!(pages("[MANUAL: 38]"), [38]);
        assert_eq!(pages("[MANUAL: pp. 3–5 and 9]"), [3, 4, 5, 9]);
        assert_eq!(pages("[Manual page 3]"), [3]);
        assert_eq!(pages("【MANUAL: page 3】"), [3]);
        assert_eq!(pages("[MANUAL: pages 3 to 5]"), [3, 4, 5]);
    }

    #[test]
    fn the_word_for_a_page_may_be_in_any_language() {
        assert_eq!(pages("[MANUAL: Seite 38]"), [38]);
        assert_eq!(pages("[MANUAL: Seiten 3 und 4]"), [3, 4]);
        assert_eq!(pages("[MANUAL: עמוד 38]"), [38]);
        assert_eq!(pages("[MANUAL: עמודים 3 ו-9]"), [3, 9]);
        assert_eq!(pages("[MANUAL: pages 3 à 5]"), [3, 4, 5]);
        assert_eq!(pages("[MANUAL: 38ページ]"), [38]);
        assert_eq!(pages("[MANUAL: صفحة ٣٨]"), [38]);
        assert_eq!(pages("[MANUAL: trang 38]"), [38]);
    }

    #[test]
    fn a_number_of_something_else_is_not_a_page() {
        assert_eq!(pages("[MANUAL: page 38, section 15.7]"), [38]);
        assert_eq!(pages("[MANUAL: page 38, section 15]"), [38]);
        assert_eq!(pages("[MANUAL: section 15.7, page 38]"), [38]);
        assert_eq!(pages("[MANUAL: chapter 4, pages 37-38]"), [37, 38]);
        assert_eq!(pages("[MANUAL: page 38 (step 2)]"), [38]);
        assert_eq!(pages("[MANUAL: page 38, §15]"), [38]);
        assert_eq!(pages("[MANUAL: page 38, fig. 3 and 4]"), [38]);
        assert_eq!(pages("[MANUAL: page 38 of 120 pages]"), [38]);
        assert_eq!(pages("[MANUAL: page 38, 15.7]"), [38]);
        assert_eq!(pages("[MANUAL: Seite 38, Abschnitt 15.7 und 16]"), [38]);
        assert_eq!(pages("[MANUAL: trang 38, mục 15]"), [38]);
        assert_eq!(pages("[MANUAL: section 15]"), [] as [u32; 0]);
        assert_eq!(pages("[MANUAL: 15.7]"), [] as [u32; 0]);
        assert_eq!(pages("[MANUAL: page 99999999999]"), [] as [u32; 0]);
    }

    #[test]
    fn other_brackets_stay_text() {
        for text in
            ["a [b] c", "[Manual of 3 pages]", "[MANUAL]", "[x](y)", "[ open", "array[1:3]", "[[["]
        {
            assert_eq!(parts(text), [Part::Text(text)]);
        }
    }

    #[test]
    fn text_and_markers_remain_in_order() {
        assert_eq!(
            parts("a [MANUAL: page 1]b[PRO TIP: c]"),
            [
                Part::Text("a "),
                Part::Marker(Marker::Manual(vec![1])),
                Part::Text("b"),
                Part::Marker(Marker::Tip("c".to_owned())),
            ]
        );
    }

    #[test]
    fn a_tail_is_buffered_only_while_it_may_become_a_marker() {
        for tail in
            ["[", "[MAN", "[MANUAL: pa", "[pro t", "[SUGGESTION: a b", "【MANUAL", "[manual p"]
        {
            assert!(may_become_marker(tail), "{tail}");
        }
        for tail in ["[b", "[MANUEL", "[MANUAL: page 3]", "[1"] {
            assert!(!may_become_marker(tail), "{tail}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_text_parts_are_no_longer_than_the_text(text in "[\\[\\]A-Za-z:0-9 -]{0,60}") {
            let texts: usize = parts(&text).iter().map(|part| match part { Part::Text(text) => text.len(), Part::Marker(_) => 0 }).sum();
            proptest::prop_assert!(texts <= text.len());
        }
    }
}
