//! The markers inside an answer: `[MANUAL: page 12]`, `[SUGGESTION: …]`, `[PRO TIP: …]`.
//!
//! Models write them in more ways than one (`[MANUAL: pages 3, 4]`, `[MANUAL: p. 3-5]`); all of them
//! are read, one of them is written.

/// A marker, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    /// Pages of the manual.
    Manual(Vec<u32>),
    /// An accessory's name.
    Suggestion(String),
    /// A field note.
    Tip(String),
}

/// A stretch of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Words.
    Text(&'a str),
    /// A marker.
    Marker(Marker),
}

/// The words a marker may begin with, as they are compared (small letters).
const NAMES: [&str; 3] = ["manual:", "suggestion:", "pro tip:"];
/// Most pages one marker may name. A range over half a manual cites nothing.
const MOST_PAGES: usize = 12;
/// Longest a marker may be, in bytes: what is longer is text with a stray bracket.
pub(super) const LONGEST_MARKER: usize = 1_200;

/// Cuts an answer into words and markers.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(open) = rest[from..].find('[').map(|at| at + from) {
        let inside = &rest[open + 1..];
        let marker = inside
            .find(']')
            .filter(|end| *end <= LONGEST_MARKER)
            .and_then(|end| Some((read(&inside[..end])?, end)));
        match marker {
            Some((marker, end)) => {
                if open > 0 {
                    out.push(Part::Text(&rest[..open]));
                }
                out.push(Part::Marker(marker));
                rest = &inside[end + 1..];
                from = 0;
            }
            None => from = open + 1,
        }
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

/// True when `tail`, which begins with a bracket that is not closed yet, may still become a marker.
pub(super) fn may_become_marker(tail: &str) -> bool {
    if tail.len() > LONGEST_MARKER || tail.contains(']') {
        return false;
    }
    let inside = tail.strip_prefix('[').unwrap_or(tail).trim_start().to_lowercase();
    NAMES.iter().any(|name| name.starts_with(&inside) || inside.starts_with(name))
}

/// The marker between two brackets, where it is one.
fn read(inside: &str) -> Option<Marker> {
    let (name, value) = inside.split_once(':')?;
    let value = value.trim();
    match name.trim().to_lowercase().as_str() {
        "manual" => Some(Marker::Manual(page_numbers(value))),
        "suggestion" if !value.is_empty() => Some(Marker::Suggestion(value.to_owned())),
        "pro tip" if !value.is_empty() => Some(Marker::Tip(value.to_owned())),
        _ => None,
    }
}

/// The page numbers in `pages 3, 4`, `p. 3-5`, `page 7`. None for a marker that names no page.
fn page_numbers(value: &str) -> Vec<u32> {
    let mut pages: Vec<u32> = Vec::new();
    let mut range_from: Option<u32> = None;
    let mut digits = String::new();
    for c in value.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if let Ok(page) = std::mem::take(&mut digits).parse::<u32>() {
            let from = range_from.take().filter(|from| *from <= page).unwrap_or(page);
            pages.extend((from..=page).take(MOST_PAGES));
        }
        if matches!(c, '-' | '–' | '—') {
            range_from = pages.last().map(|last| last + 1);
        } else if !c.is_whitespace() {
            range_from = None;
        }
    }
    pages.dedup();
    pages.truncate(MOST_PAGES);
    pages
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
    fn pages_are_read_in_every_way_models_write_them() {
        assert_eq!(pages("[MANUAL: page 12]"), [12]);
        assert_eq!(pages("[MANUAL: pages 3, 4]"), [3, 4]);
        assert_eq!(pages("[MANUAL: pages 3 and 4]"), [3, 4]);
        assert_eq!(pages("[MANUAL: p. 3-5]"), [3, 4, 5]);
        assert_eq!(pages("[manual: 3 – 5, page 9]"), [3, 4, 5, 9]);
        assert_eq!(pages("[MANUAL: see above]"), [] as [u32; 0]);
    }

    #[test]
    fn what_is_no_marker_stays_text() {
        for text in ["a [b] c", "[MANUAL page 3]", "[x](y)", "[ open", "array[1:3]", "[[["] {
            assert_eq!(parts(text), [Part::Text(text)]);
        }
    }

    #[test]
    fn words_and_markers_keep_their_order() {
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
    fn a_tail_is_held_back_only_while_it_may_become_a_marker() {
        for tail in ["[", "[MAN", "[MANUAL: pa", "[pro t", "[SUGGESTION: a b"] {
            assert!(may_become_marker(tail), "{tail}");
        }
        for tail in ["[b", "[MANUEL", "[MANUAL: page 3]", "[1"] {
            assert!(!may_become_marker(tail), "{tail}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost(text in "[\\[\\]A-Za-z:0-9 -]{0,60}") {
            let texts: usize = parts(&text).iter().map(|part| match part { Part::Text(text) => text.len(), Part::Marker(_) => 0 }).sum();
            proptest::prop_assert!(texts <= text.len());
        }
    }
}
