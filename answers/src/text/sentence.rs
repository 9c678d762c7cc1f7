//! Splits a paragraph into sentences.

/// Shortest sentence in bytes: a shorter one is an abbreviation with a point.
const SHORTEST_BYTES: usize = 12;

/// Words whose point does not end a sentence.
const ABBREVIATIONS: [&str; 16] = [
    "e.g.", "i.e.", "etc.", "fig.", "figs.", "no.", "vs.", "approx.", "cf.", "p.", "pp.", "min.",
    "max.", "sec.", "dr.", "resp.",
];

/// The sentences of `text`, trimmed and not empty; only spaces are dropped.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let wide = matches!(c, '。' | '！' | '？');
        let ends = wide
            || c == '\n' && text[end..].starts_with('\n')
            || matches!(c, '.' | '!' | '?') && ends_here(&text[start..end], &text[end..]);
        if ends && end - start >= SHORTEST_BYTES {
            push(&mut out, &text[start..end]);
            start = end;
        }
    }
    push(&mut out, &text[start..]);
    out
}

/// True when the point at the end of `before` ends a sentence that `after` follows.
fn ends_here(before: &str, after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        None => true,
        Some(c) if c.is_whitespace() => {
            let word = before.rsplit(char::is_whitespace).next().unwrap_or(before);
            let abbreviated =
                ABBREVIATIONS.contains(&word.trim_start_matches('(').to_lowercase().as_str());
            let goes_on = after.trim_start().chars().next().is_some_and(char::is_lowercase);
            !abbreviated && !goes_on
        }
        Some(_) => false,
    }
}

fn push<'a>(out: &mut Vec<&'a str>, piece: &'a str) {
    let piece = piece.trim();
    if !piece.is_empty() {
        out.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_point_and_not_at_an_abbreviation() {
        assert_eq!(
            sentences("Use a cable, e.g. Type C. Press the button (see fig. 3). Done!"),
            ["Use a cable, e.g. Type C.", "Press the button (see fig. 3).", "Done!"]
        );
    }

    #[test]
    fn versions_and_names_retain_their_points() {
        assert_eq!(
            sentences("Version 2.1 of read.table is new. It reads."),
            ["Version 2.1 of read.table is new.", "It reads."]
        );
    }

    proptest::proptest! {
        #[test]
        fn only_spaces_are_dropped(text in "\\PC{0,120}") {
            let joined: String = sentences(&text).concat().split_whitespace().collect();
            let all: String = text.split_whitespace().collect();
            proptest::prop_assert_eq!(joined, all);
        }
    }
}
