//! The characters of a product's texts that the query explains.

use super::document::{Field, Matched};
use super::fold::{Kind, fold, kind};
use super::index::Index;
use super::way::Step;

/// The ranges to mark, sorted; ranges of one field do not touch.
pub(crate) fn marks(index: &Index, document: u32, path: &[Step]) -> Vec<Matched> {
    let mut marks: Vec<(Matched, &str)> = path
        .iter()
        .filter_map(|step| {
            let field: Field = step.entry.field.field()?;
            let text = index.text(document, step.entry.field);
            let start = u32::from(step.entry.start);
            let end = end_of(text, start, u32::from(step.marked));
            (end > start).then_some((Matched { field, start, end }, text))
        })
        .collect();
    marks.sort_unstable();
    marks.dedup_by(|(next, text), (last, _)| {
        let touches = next.field == last.field
            && (next.start <= last.end || only_joints(text, last.end, next.start));
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    marks.into_iter().map(|(mark, _)| mark).collect()
}

/// Whether only joints are between two positions: `td 17` marks `TD-17` as one range.
fn only_joints(text: &str, from: u32, to: u32) -> bool {
    let mut between = text.chars().skip(from as usize).take(to.saturating_sub(from) as usize);
    between.all(|c| matches!(kind(c), Kind::Joint | Kind::Nothing))
}

/// The character after the `letters` folded letters that begin at character `start`. Marks of
/// the last letter (niqqud) are included.
fn end_of(text: &str, start: u32, letters: u32) -> u32 {
    let (mut seen, mut end) = (0, start);
    for (number, c) in text.chars().enumerate().skip(start as usize) {
        match kind(c) {
            Kind::Text if seen < letters => {
                fold(c, |_| seen += 1);
                end = number as u32 + 1;
            }
            Kind::Nothing if end == number as u32 => end += 1,
            _ if seen >= letters => break,
            _ => {}
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_counts_letters_and_spans_joints() {
        assert_eq!(end_of("TD-17KV", 0, 4), 5);
        assert_eq!(end_of("TD-17KV", 3, 2), 5);
        assert_eq!(end_of("a b", 0, 1), 1);
    }

    #[test]
    fn a_range_takes_the_marks_of_its_last_letter() {
        assert_eq!(end_of("שִׁיר", 0, 1), 3);
        assert_eq!(end_of("ﬁne", 0, 2), 1);
        assert_eq!(end_of("ab", 0, 9), 2);
    }
}
