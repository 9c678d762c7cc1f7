//! Checks a model's words while they are streamed: only pages of the prompt may be cited.
//!
//! A marker may arrive in pieces (`[MAN`, `UAL: page 3`, `]`), so text after a bracket is held back
//! while it may still become one. A citation of another page is removed; an accessory that is
//! not one of the product's is reduced to its name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::markers::{Marker, OPENING, Part, may_become_marker, parts};

/// The prefix of a model's output when the manual does not answer.
const UNKNOWN: &str = "[UNKNOWN]";

/// Checks a stream of words.
#[derive(Debug)]
pub(super) struct Checker {
    held: String,
    given: BTreeSet<u32>,
    accessories: Vec<String>,
    /// The cited pages, in order, each once.
    pub cited: Vec<u32>,
    /// Number of removed markers.
    pub struck: usize,
    /// True when the model reported that the manual does not answer.
    pub unknown: bool,
}

impl Checker {
    /// For an answer that may cite the pages `given` and name the `accessories`.
    pub(super) fn new(given: impl IntoIterator<Item = u32>, accessories: Vec<String>) -> Self {
        Self {
            held: String::new(),
            given: given.into_iter().collect(),
            accessories,
            cited: Vec::new(),
            struck: 0,
            unknown: false,
        }
    }

    /// Discards the text so far: it was not part of the answer.
    pub(super) fn restart(&mut self) {
        self.held.clear();
        self.cited.clear();
        self.struck = 0;
        self.unknown = false;
    }

    /// Adds the next words and returns those that may be shown.
    pub(super) fn push(&mut self, words: &str) -> String {
        self.held.push_str(words);
        let held = std::mem::take(&mut self.held);
        // Everything after the first bracket that may still become a marker is held back.
        let open = held.char_indices().filter(|(_, c)| OPENING.contains(c)).map(|(at, _)| at);
        let wait = open.into_iter().find(|&at| may_continue(&held[at..])).unwrap_or(held.len());
        // A space is held too: it is removed together with the marker after it.
        let wait = held[..wait].trim_end_matches(' ').len();
        self.held = held[wait..].to_owned();
        self.check(&held[..wait])
    }

    /// The rest, at the end of the stream.
    pub(super) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.check(&held)
    }

    fn check(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let text = if text.contains(UNKNOWN) {
            self.unknown = true;
            &text.replace(UNKNOWN, "")
        } else {
            text
        };
        for part in parts(text) {
            match part {
                Part::Text(words) => out.push_str(words),
                Part::Marker(Marker::Manual(pages)) => self.cite(&pages, &mut out),
                Part::Marker(Marker::Suggestion(name)) => self.suggest(&name, &mut out),
                Part::Marker(Marker::Tip(words)) => {
                    let _ = write!(out, "[PRO TIP: {words}]");
                }
            }
        }
        out
    }

    fn cite(&mut self, pages: &[u32], out: &mut String) {
        let seen: Vec<u32> =
            pages.iter().copied().filter(|page| self.given.contains(page)).collect();
        if seen.len() < pages.len() || pages.is_empty() {
            self.struck += 1;
        }
        if seen.is_empty() {
            out.truncate(out.trim_end_matches(' ').len());
        }
        for (at, page) in seen.into_iter().enumerate() {
            let _ = write!(out, "{}[MANUAL: page {page}]", if at == 0 { "" } else { " " });
            if !self.cited.contains(&page) {
                self.cited.push(page);
            }
        }
    }

    fn suggest(&mut self, name: &str, out: &mut String) {
        match self.accessories.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => _ = write!(out, "[SUGGESTION: {known}]"),
            None => {
                self.struck += 1;
                out.push_str(name);
            }
        }
    }
}

fn may_continue(tail: &str) -> bool {
    may_become_marker(tail) || tail.len() < UNKNOWN.len() && UNKNOWN.starts_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(words: &[&str]) -> (String, Checker) {
        let mut checker = Checker::new([3, 4, 5], vec!["Stand S-1".to_owned()]);
        let mut out: String = words.iter().map(|words| checker.push(words)).collect();
        out += &checker.finish();
        (out, checker)
    }

    #[test]
    fn a_given_page_stays_and_another_is_removed() {
        let (text, checker) = checked(&["Yes [MANUAL: page 3]. No [MANUAL: page 99]."]);
        assert_eq!(text, "Yes [MANUAL: page 3]. No.");
        assert_eq!((checker.cited, checker.struck), (vec![3], 1));
    }

    #[test]
    fn a_marker_in_pieces_is_one_marker() {
        let (text, checker) =
            checked(&["Yes [", "MAN", "UAL: pa", "ge 9", "9", "] and [MANUAL:", " page 4]"]);
        assert_eq!(text, "Yes and [MANUAL: page 4]");
        assert_eq!(checker.cited, [4]);
    }

    #[test]
    fn several_pages_in_one_marker_are_checked_one_by_one() {
        assert_eq!(checked(&["x [MANUAL: pages 3, 4]"]).0, "x [MANUAL: page 3] [MANUAL: page 4]");
        assert_eq!(checked(&["x 【MANUAL: page", " 3】"]).0, "x [MANUAL: page 3]");
        assert_eq!(checked(&["x [MANUAL: p. 4-7]"]).0, "x [MANUAL: page 4] [MANUAL: page 5]");
    }

    #[test]
    fn an_accessory_of_another_product_is_reduced_to_its_name() {
        assert_eq!(checked(&["a [SUGGESTION: stand s-1] b"]).0, "a [SUGGESTION: Stand S-1] b");
        assert_eq!(checked(&["a [SUGGESTION: Gold watch] b"]).0, "a Gold watch b");
    }

    #[test]
    fn the_unknown_marker_is_removed_from_the_text() {
        let (text, checker) = checked(&["[UNK", "NOWN] The manual does not say."]);
        assert_eq!(text.trim(), "The manual does not say.");
        assert!(checker.unknown);
    }

    #[test]
    fn text_with_brackets_is_not_buffered() {
        let mut checker = Checker::new([], Vec::new());
        assert_eq!(checker.push("x[1] and [b"), "x[1] and [b");
    }

    proptest::proptest! {
        #[test]
        fn no_other_page_passes_the_check_for_any_chunking(
            text in "[\\[\\]【】MANUALmanual:page 0-9,.-]{0,60}",
            cuts in proptest::collection::vec(0_usize..60, 0..6),
        ) {
            let text = format!("{text}[MANUAL: page 12] [MANUAL: pages 3, 77]");
            let mut checker = Checker::new([3], Vec::new());
            let mut cuts: Vec<usize> =
                cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
            cuts.sort_unstable();
            let mut from = 0;
            let mut out = String::new();
            for cut in cuts {
                out += &checker.push(&text[from..cut]);
                from = cut;
            }
            out += &checker.push(&text[from..]);
            out += &checker.finish();
            for part in parts(&out) {
                if let Part::Marker(Marker::Manual(pages)) = part {
                    proptest::prop_assert!(pages.iter().all(|page| *page == 3), "{out}");
                }
            }
        }
    }
}
