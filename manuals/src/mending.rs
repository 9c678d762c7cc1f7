//! Repairs text: ligatures, invisible characters, words broken at a line's end.

use std::collections::HashSet;

/// A text with ligatures resolved, every kind of space as one plain space, and no invisible characters.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            'ﬀ' => clean.push_str("ff"),
            'ﬁ' => clean.push_str("fi"),
            'ﬂ' => clean.push_str("fl"),
            'ﬃ' => clean.push_str("ffi"),
            'ﬄ' => clean.push_str("ffl"),
            'ﬅ' | 'ﬆ' => clean.push_str("st"),
            // Soft hyphens and joiners are instructions to a typesetter.
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'
            | '\u{feff}' => {}
            // A glyph without a meaning in Unicode: the private use area, or a failed mapping.
            '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => space(&mut clean),
            letter if letter.is_whitespace() || letter.is_control() => space(&mut clean),
            letter => clean.push(letter),
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

fn space(text: &mut String) {
    if !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
}

/// The words of a document, to distinguish a broken word from a hyphenated one.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: HashSet<String>,
    /// True when the previous line ended in a hyphen.
    is_broken: bool,
}

impl Words {
    /// Adds the words of the next line. The two halves of a broken word are not words.
    pub(super) fn learn(&mut self, text: &str) {
        let breaks = text.trim_end().ends_with(['-', '‐']);
        let mut words: Vec<&str> = text.split_whitespace().collect();
        if breaks {
            words.pop();
        }
        let begins_broken = std::mem::replace(&mut self.is_broken, breaks);
        for word in words.into_iter().skip(usize::from(begins_broken)) {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            if word.len() > 3 {
                self.known.insert(word.to_lowercase());
            }
        }
    }

    /// Appends the next line to a text. A hyphen at the end is removed if it only breaks the word; it stays
    /// if the document writes the word with it elsewhere, and before a capital or a number.
    pub(super) fn join(&self, text: &mut String, next: &str) {
        let broken = text.strip_suffix(['-', '‐']).filter(|head| {
            head.ends_with(char::is_alphanumeric) && next.starts_with(char::is_alphanumeric)
        });
        let Some(head) = broken else {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(next);
            return;
        };
        let first = head.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let second = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if LEFT_HANGING.contains(&second) {
            text.push(' ');
        } else if head.ends_with(char::is_alphabetic) && self.is_one_word(first, second) {
            text.truncate(head.len());
        }
        text.push_str(next);
    }

    /// True when the halves are one word broken at the end of a line. A word in capitals may be a code
    /// (`TD-KV`), so it has to be a known word.
    fn is_one_word(&self, first: &str, second: &str) -> bool {
        let (head, tail) = (first.to_lowercase(), second.to_lowercase());
        if second.starts_with(char::is_lowercase) {
            return self.breaks(&head, &tail);
        }
        let is_capitals =
            |half: &str| half.chars().count() > 1 && half.chars().all(char::is_uppercase);
        is_capitals(first) && is_capitals(second) && self.known.contains(&(head + &tail))
    }

    /// True when a hyphen between these halves only breaks the line: that is far
    /// more common than a hyphen that happens to end a line, unless the document shows otherwise.
    fn breaks(&self, first: &str, second: &str) -> bool {
        self.known.contains(&format!("{first}{second}"))
            || !(self.known.contains(&format!("{first}-{second}"))
                || self.known.contains(first) && self.known.contains(second))
    }
}

/// Words before which a hyphen stays: `left- and right-hand`.
const LEFT_HANGING: &[&str] = &["and", "or", "to", "und", "oder", "et", "ou", "y", "o"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_are_resolved_and_spaces_are_one() {
        assert_eq!(clean("  eﬃcient\u{a0} \u{ad}ﬁlter\u{200b}s "), "efficient filters");
    }

    fn joined(known: &str, head: &str, next: &str) -> String {
        let mut words = Words::default();
        words.learn(known);
        let mut text = head.to_owned();
        words.join(&mut text, next);
        text
    }

    #[test]
    fn a_word_broken_at_the_end_of_a_line_is_joined() {
        assert_eq!(joined("", "the extrac-", "tion works"), "the extraction works");
    }

    #[test]
    fn a_word_that_the_document_hyphenates_retains_its_hyphen() {
        assert_eq!(joined("a two-way switch", "the two-", "way switch"), "the two-way switch");
    }

    #[test]
    fn two_known_halves_retain_their_hyphen_unless_the_whole_word_is_known() {
        assert_eq!(joined("high quality", "of high-", "quality"), "of high-quality");
        assert_eq!(joined("base line baseline", "the base-", "line"), "the baseline");
    }

    #[test]
    fn a_known_word_in_capitals_is_joined() {
        assert_eq!(joined("Parameters", "TRACK PARAME-", "TERS page"), "TRACK PARAMETERS page");
    }

    #[test]
    fn the_halves_of_a_broken_word_are_not_words() {
        let mut words = Words::default();
        for line in ["It can be stopped prema-", "turely by pressing TRACK.", "Press TRACK."] {
            words.learn(line);
        }
        let mut text = "It can be stopped prema-".to_owned();
        words.join(&mut text, "turely by pressing TRACK.");
        assert_eq!(text, "It can be stopped prematurely by pressing TRACK.");
        assert!(words.known.contains("press") && words.known.contains("pressing"));
    }

    #[test]
    fn a_hyphen_before_a_capital_or_a_number_stays_without_a_space() {
        assert_eq!(joined("", "model TD-", "17"), "model TD-17");
        assert_eq!(joined("", "model TD-", "KV"), "model TD-KV");
    }

    #[test]
    fn a_suspended_hyphen_and_a_dash_retain_their_space() {
        assert_eq!(joined("", "left-", "and right-hand"), "left- and right-hand");
        assert_eq!(joined("", "the pad -", "not the rim"), "the pad - not the rim");
    }
}
