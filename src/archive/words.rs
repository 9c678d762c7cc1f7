//! The words of the search index, and the parsing of a search.
//!
//! Both databases get the same words, split and folded here, so that both find the same: a model name
//! like `TD-17KVX2` is `td` and `17kvx2` in both, whatever their own tokenizers would do.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::database::Kind;

/// Longest word that is indexed, in characters: longer ones are addresses and noise.
const LONGEST_WORD: usize = 64;
/// Longest text that is indexed, in bytes: a database limits its own index to a megabyte.
const MOST_TEXT: usize = 200_000;
/// Most words of a search. Each costs an index lookup.
const MOST_WORDS: usize = 8;

/// The words of a text, folded (case, accents, Hebrew points), separated by one space.
pub(super) fn searchable(text: &str) -> String {
    let mut words = String::new();
    let end = text.floor_char_boundary(MOST_TEXT);
    let folded: String = text[..end].nfkd().filter(|c| !is_combining_mark(*c)).collect();
    for word in folded.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(LONGEST_WORD));
    }
    words
}

/// For each word of a search the index query of this database; the last word may be a prefix.
pub(super) fn patterns(search: &str, kind: Kind) -> Vec<String> {
    let words = searchable(search);
    let mut words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    words.truncate(MOST_WORDS);
    let last = words.len().saturating_sub(1);
    let pattern = |(at, word): (usize, &&str)| match (kind, at == last) {
        // A word holds letters and digits only, so it contains no quote.
        (Kind::Sqlite, false) => format!("\"{word}\""),
        (Kind::Sqlite, true) => format!("\"{word}\"*"),
        (Kind::Postgres, false) => format!("'{word}'"),
        (Kind::Postgres, true) => format!("'{word}':*"),
    };
    words.iter().enumerate().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_its_folded_words() {
        assert_eq!(searchable("My TD-17KVX2 won't écho!"), "my td 17kvx2 won t echo");
        assert_eq!(searchable("שָׁלוֹם, עולם"), "שלום עולם");
        assert_eq!(searchable("  … \n"), "");
    }

    #[test]
    fn a_search_cannot_leave_its_quotes() {
        assert_eq!(patterns("a\" OR 'b", Kind::Sqlite), ["\"a\"", "\"or\"", "\"b\"*"]);
        assert_eq!(patterns("a' | \\b", Kind::Postgres), ["'a'", "'b':*"]);
        assert!(patterns("***", Kind::Sqlite).is_empty());
    }
}
