//! Breaks spans into lines of a given width.

use crate::font::{Face, encode};
use crate::source::{Result, SourceError, Span, Style};

/// One line: runs of text, each with its offset from the left end.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    pub(crate) width: f32,
}

/// Text in one font.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) x: f32,
    pub(crate) face: Face,
    pub(crate) text: Vec<u8>,
}

/// The error for a character that the encoding lacks. The line numbers of the source are not available here, so
/// the error contains the words around it.
fn no_letter(letter: char, text: &str) -> SourceError {
    let near: String = text.chars().take(40).collect();
    SourceError {
        line: None,
        reason: format!(
            "'{letter}' has no place in the fonts of a PDF manual (near '{near}'); write it \
             otherwise, or set 'form: html'"
        ),
    }
}

/// Text as bytes of the encoding.
pub(crate) fn encoded(text: &str) -> Result<Vec<u8>> {
    text.chars().map(|letter| encode(letter).ok_or_else(|| no_letter(letter, text))).collect()
}

fn face_of(style: Style, bold: bool) -> Face {
    match style {
        Style::Plain if bold => Face::Bold,
        Style::Plain => Face::Regular,
        Style::Bold => Face::Bold,
        Style::Italic => Face::Italic,
        Style::Code => Face::Mono,
    }
}

/// A piece of a word in one font; no line is broken inside a word.
struct Part {
    face: Face,
    text: Vec<u8>,
    /// A space precedes it.
    spaced: bool,
}

/// Breaks spans greedily; a word wider than the line is split. `bold` sets plain text bold.
pub(crate) fn break_lines(spans: &[Span], width: f32, size: f32, bold: bool) -> Result<Vec<Line>> {
    let words = words(spans, bold)?;
    let mut lines = vec![Line::default()];
    for word in words {
        let natural: f32 = word.iter().map(|part| part.face.width(&part.text, size)).sum();
        let gap = space(&word, size);
        let line = lines.last().expect("there is a line at any time");
        if !line.runs.is_empty() && line.width + gap + natural > width {
            lines.push(Line::default());
        }
        for part in word {
            let pieces = cut(part, width, size);
            for (at, part) in pieces.into_iter().enumerate() {
                if at > 0 {
                    lines.push(Line::default());
                }
                push(lines.last_mut().expect("there is a line at any time"), part, size);
            }
        }
    }
    Ok(lines)
}

/// Width of the widest word, and of the whole text on one line: the minimum and the preferred width of
/// a table column.
pub(crate) fn widths(spans: &[Span], size: f32, bold: bool) -> Result<(f32, f32)> {
    let (mut widest, mut whole) = (0.0_f32, 0.0_f32);
    for word in words(spans, bold)? {
        let natural: f32 = word.iter().map(|part| part.face.width(&part.text, size)).sum();
        widest = widest.max(natural);
        whole += natural + if whole > 0.0 { space(&word, size) } else { 0.0 };
    }
    Ok((widest, whole))
}

fn space(word: &[Part], size: f32) -> f32 {
    word.first().map_or(0.0, |part| part.face.width(b" ", size))
}

fn words(spans: &[Span], bold: bool) -> Result<Vec<Vec<Part>>> {
    let mut words: Vec<Vec<Part>> = Vec::new();
    let mut spaced = true;
    for span in spans {
        let face = face_of(span.style, bold);
        for (at, text) in span.text.split(' ').enumerate() {
            spaced |= at > 0;
            if text.is_empty() {
                continue;
            }
            let part = Part { face, text: encoded(text)?, spaced };
            match words.last_mut() {
                Some(word) if !spaced => word.push(part),
                _ => words.push(vec![part]),
            }
            spaced = false;
        }
    }
    Ok(words)
}

fn cut(part: Part, width: f32, size: f32) -> Vec<Part> {
    if part.face.width(&part.text, size) <= width {
        return vec![part];
    }
    let mut pieces = vec![Part { face: part.face, text: Vec::new(), spaced: part.spaced }];
    for byte in part.text {
        let last = pieces.last_mut().expect("begun with one");
        last.text.push(byte);
        if last.text.len() > 1 && last.face.width(&last.text, size) > width {
            last.text.pop();
            pieces.push(Part { face: part.face, text: vec![byte], spaced: false });
        }
    }
    pieces
}

/// Adds a part; adjacent parts in one font become one run, so that text extraction sees whole lines.
fn push(line: &mut Line, part: Part, size: f32) {
    if let Some(run) = line.runs.last_mut() {
        // The space has the font of the text before it, so that the gap is not underlined.
        if part.spaced {
            run.text.push(b' ');
        }
        let is_same = run.face == part.face;
        if is_same {
            run.text.extend(&part.text);
        }
        line.width = run.x + run.face.width(&run.text, size);
        if is_same {
            return;
        }
    }
    let x = line.width;
    line.width += part.face.width(&part.text, size);
    line.runs.push(Run { x, face: part.face, text: part.text });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, style: Style) -> Span {
        Span { text: text.to_owned(), style }
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| {
            line.runs.iter().map(|run| String::from_utf8_lossy(&run.text).into_owned()).collect()
        };
        lines.iter().map(text).collect()
    }

    #[test]
    fn a_line_is_broken_at_a_space_and_never_wider_than_asked() {
        let spans = [
            span("Press and hold ", Style::Plain),
            span("SHIFT", Style::Bold),
            span(", then turn.", Style::Plain),
        ];
        let lines = break_lines(&spans, 70.0, 10.0, false).expect("Latin letters");
        assert_eq!(texts(&lines), ["Press and hold", "SHIFT, then", "turn."]);
        assert!(lines.iter().all(|line| line.width <= 70.0));
    }

    #[test]
    fn a_word_wider_than_the_line_is_cut() {
        let lines = break_lines(&[span("aaaaaaaaaa", Style::Code)], 30.0, 10.0, false)
            .expect("Latin letters");
        assert_eq!(texts(&lines), ["aaaaa", "aaaaa"]);
    }

    #[test]
    fn a_letter_outside_the_encoding_is_named() {
        let error =
            break_lines(&[span("שלום", Style::Plain)], 80.0, 10.0, false).expect_err("Hebrew");
        assert!(
            error.to_string().contains('ש') && error.to_string().contains("form: html"),
            "{error}"
        );
    }
}
