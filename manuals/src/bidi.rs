//! Converts right-to-left text from visual order (as drawn, left to right) to logical order.

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};
use unicode_normalization::UnicodeNormalization as _;

/// The first right-to-left letter is in the Hebrew block; the class of a letter is looked up in a long table.
const FIRST_RTL: char = '\u{590}';

fn is_rtl_letter(letter: char) -> bool {
    letter >= FIRST_RTL && matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

/// True when most letters of the texts are right-to-left.
pub(super) fn is_rtl<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut rtl, mut ltr) = (0usize, 0usize);
    for letter in texts.flat_map(str::chars) {
        if letter.is_ascii() {
            ltr += usize::from(letter.is_ascii_alphabetic());
            continue;
        }
        match bidi_class(letter) {
            BidiClass::R | BidiClass::AL => rtl += 1,
            BidiClass::L => ltr += 1,
            _ => {}
        }
    }
    rtl > ltr
}

/// A text in logical order. `drawn` has its letters from left to right as they are on the
/// page; a text without a right-to-left letter is returned unchanged.
pub(super) fn logical(drawn: &str, page_is_rtl: bool) -> String {
    if !drawn.chars().any(is_rtl_letter) {
        return drawn.to_owned();
    }
    // Presentation forms become plain letters.
    let drawn: String = drawn
        .chars()
        .flat_map(|letter| match letter {
            '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
                // A ligature is decomposed in logical order, and the text is still in visual order.
                letter.to_string().nfkc().collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>()
            }
            other => vec![other],
        })
        .collect();
    // Some producers encode a bracket by its meaning, others by its shape.
    let drawn = if brackets_mean(&drawn) { drawn.chars().map(mirrored).collect() } else { drawn };
    let own = is_rtl(std::iter::once(drawn.as_str()));
    let level = if own || page_is_rtl { Level::rtl() } else { Level::ltr() };
    let info = BidiInfo::new(&drawn, Some(level));
    // The algorithm maps logical order to visual order, and back.
    let mut text = String::with_capacity(drawn.len());
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            if levels[run.start].is_rtl() {
                text.extend(drawn[run].chars().rev().map(mirrored));
            } else {
                text.push_str(&drawn[run]);
            }
        }
    }
    text
}

/// True when the leftmost bracket of a drawn text is a closing one: visually it always opens.
fn brackets_mean(drawn: &str) -> bool {
    drawn
        .chars()
        .find(|letter| "()[]{}".contains(*letter))
        .is_some_and(|first| ")]}".contains(first))
}

fn mirrored(letter: char) -> char {
    match letter {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        other => other,
    }
}
