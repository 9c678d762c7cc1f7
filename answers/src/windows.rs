//! Cuts a manual into windows: the pieces of text that words and encoders compare with a question.
//!
//! A big window has about 120 words of one page, and is cut into small windows of about 45 words. A window
//! consists of whole blocks (a longer block is cut), and never crosses a page. An encoder reads a window below its
//! headings, since the text alone often does not contain its subject.
//!
//! The cut depends on the manual alone. Stored vectors of a manual are found by a fingerprint of the texts, so that
//! another cut needs no version.

use hsc_catalogs::{Manual, Passage};

/// Words of a big window: the input length at which an encoder works best.
const BIG_WORDS: usize = 120;
/// Words of a small window: one fact with its context.
const SMALL_WORDS: usize = 45;
/// Share of its words up to which a window takes another block.
const OVERFULL: f32 = 1.15;
/// Share of its words from which a window ends at a section's end.
const SECTION_END: f32 = 0.6;
/// Share of a small window up to which a block stays whole.
const LONG_BLOCK: f32 = 1.4;
/// Minimum words of a window: shorter text carries no information.
const FEWEST_WORDS: usize = 3;
/// Headings above a window that are read with it, the innermost ones.
const HEADINGS: usize = 3;

/// A piece of a manual's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Its page.
    pub page: u32,
    /// Its first block and its last one: the passage, as an index into `Manual::passages`, and the block in it.
    pub blocks: ((usize, usize), (usize, usize)),
    /// The big window it is a part of, `None` for a big window.
    pub parent: Option<usize>,
    /// The headings above its first block.
    pub heading: String,
    /// Its text, one line per block; a heading that begins inside is a line too.
    pub body: String,
}

/// The windows of a manual.
#[derive(Debug, Default)]
pub(super) struct Windows {
    pub big: Vec<Window>,
    pub small: Vec<Window>,
}

/// The encoder input of a manual: the texts of its windows, each below the product's name and its headings, the big
/// ones first; and the number of big ones.
pub(super) fn window_texts(product: &str, manual: &Manual) -> (Vec<String>, usize) {
    let Windows { big, small } = cut(manual);
    let text = |window: &Window| {
        let above = [product, window.heading.as_str()];
        let above: Vec<&str> = above.into_iter().filter(|part| !part.is_empty()).collect();
        if above.is_empty() {
            window.body.clone()
        } else {
            format!("{}\n{}", above.join(" > "), window.body)
        }
    };
    (big.iter().chain(&small).map(text).collect(), big.len())
}

/// A block, or a part of a long one.
struct Piece<'a> {
    /// The passage and the block in it.
    block: (usize, usize),
    of: &'a Passage,
    text: String,
    words: usize,
}

/// Cuts a manual. Pages of contents are left out.
pub(super) fn cut(manual: &Manual) -> Windows {
    let mut pieces = Vec::new();
    for (passage, of) in manual.passages.iter().enumerate().filter(|(_, of)| !of.contents) {
        for (at, block) in of.blocks.iter().enumerate() {
            let text = block.text().replace(" | ", " ");
            let words: Vec<&str> = text.split_whitespace().collect();
            let parts = if words.len() as f32 <= SMALL_WORDS as f32 * LONG_BLOCK {
                1
            } else {
                words.len().div_ceil(SMALL_WORDS)
            };
            let each = words.len().div_ceil(parts).max(1);
            pieces.extend(words.chunks(each).map(|part| Piece {
                block: (passage, at),
                of,
                text: part.join(" "),
                words: part.len(),
            }));
        }
    }
    let mut windows = Windows::default();
    for big in pack(&pieces, BIG_WORDS) {
        if big.iter().map(|piece| piece.words).sum::<usize>() < FEWEST_WORDS {
            continue;
        }
        let parent = windows.big.len();
        windows.big.push(window(big, None));
        windows.small.extend(pack(big, SMALL_WORDS).into_iter().map(|it| window(it, Some(parent))));
    }
    windows
}

/// Groups pieces into windows of about `words` words.
fn pack<'a, 'b>(pieces: &'b [Piece<'a>], words: usize) -> Vec<&'b [Piece<'a>]> {
    let (full, enough) = (words as f32 * OVERFULL, words as f32 * SECTION_END);
    let mut windows = Vec::new();
    let (mut from, mut has) = (0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        if at > from {
            let last = pieces[at - 1].of;
            let ends = last.page != piece.of.page
                || (has + piece.words) as f32 > full
                || last.headings != piece.of.headings && has as f32 >= enough;
            if ends {
                windows.push(&pieces[from..at]);
                (from, has) = (at, 0);
            }
        }
        has += piece.words;
    }
    if from < pieces.len() {
        windows.push(&pieces[from..]);
    }
    windows
}

fn window(pieces: &[Piece<'_>], parent: Option<usize>) -> Window {
    let (first, last) = (&pieces[0], &pieces[pieces.len() - 1]);
    let mut above = &first.of.headings;
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        if piece.of.headings != *above {
            above = &piece.of.headings;
            lines.extend(above.last().map(|heading| format!("{heading}:")));
        }
        lines.push(piece.text.clone());
    }
    let headings = &first.of.headings;
    Window {
        page: first.of.page,
        blocks: (first.block, last.block),
        parent,
        heading: headings[headings.len().saturating_sub(HEADINGS)..].join(" > "),
        body: lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{bound, manual, paragraph};
    use super::*;

    fn words(count: usize) -> String {
        (0..count).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_window_stays_on_its_page_and_small_ones_cover_the_big_one() {
        let manual = bound(vec![
            (&["Setup"], vec![paragraph(&words(100)), paragraph(&words(100))]),
            (&["Care"], vec![paragraph(&words(30))]),
        ]);
        let Windows { big, small } = cut(&manual);
        assert_eq!(big.iter().map(|it| it.page).collect::<Vec<_>>(), [1, 1, 2]);
        for (at, window) in big.iter().enumerate() {
            let parts = small.iter().filter(|it| it.parent == Some(at));
            let together: Vec<&str> = parts.map(|it| it.body.as_str()).collect();
            assert_eq!(together.join("\n"), window.body);
        }
        assert!(small.iter().all(|it| it.body.split_whitespace().count() <= 63));
    }

    #[test]
    fn an_encoder_reads_a_window_below_its_product_and_headings() {
        let (texts, big) = window_texts("DM-5", &manual());
        assert!(texts[0].starts_with("DM-5 > Wireless > Pairing a phone\nThe module plays music"));
        assert!(0 < big && big < texts.len());
        assert!(texts.iter().all(|text| !text.contains("Warranty 7")), "contents are left out");
    }
}
