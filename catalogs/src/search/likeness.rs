//! The similarity of a part of the query and a string of a product.

use super::document::Field;
use super::index::Entry;
use super::query::{Edge, Query};
use super::way::Step;
use super::words::Cut;

/// The comparison of a part of the query with a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Likeness {
    typed: usize,
    len: usize,
    edits: u8,
    /// The part is a prefix of the string.
    beginning: bool,
    /// The part ends the query: it may still be incomplete.
    at_end: bool,
    /// Both begin with the same letter.
    same_first: bool,
    /// The string has all typed digits, in order.
    digits_kept: bool,
    /// The errors are of the likelier kinds.
    likely: bool,
    /// The decimal point is where it was typed: `1.5` is not `15`.
    same_number: bool,
}

impl Likeness {
    /// Compares the part `edge` of the query with the string of `entry`, whose letters are
    /// `letters`; the number of errors between them is known already.
    pub(crate) fn new(
        query: &Query,
        edge: &Edge,
        entry: &Entry,
        letters: &[char],
        edits: u8,
        beginning: bool,
    ) -> Likeness {
        let (mut same_first, mut digits_kept, mut likely) = (true, true, true);
        if edits > 0 {
            let typed = query.typed(edge);
            same_first = typed[0] == letters[0];
            let is_digit = |letter: &&char| letter.is_numeric();
            digits_kept = is_within(typed.iter().filter(is_digit), letters.iter().filter(is_digit));
            likely = forgotten_or_swapped(typed, letters, edits, beginning);
        }
        Likeness {
            same_number: edits > 0 || has_same_point(query, edge, entry),
            typed: edge.to - edge.from,
            len: usize::from(entry.end - entry.offset),
            edits,
            beginning,
            at_end: edge.to == query.len(),
            same_first,
            digits_kept,
            likely,
        }
    }

    /// The step that maps the part `edge` to the string of `entry`.
    pub(crate) fn step(self, edge: usize, entry: Entry) -> Step {
        let marked = if self.beginning { self.typed.min(self.len) } else { self.len } as u8;
        let taken = if self.beginning { marked.saturating_sub(self.edits) } else { marked };
        Step { edge, entry, quality: self.quality(&entry), marked, taken }
    }

    /// How well the part fits the string, 0 to 1.
    fn quality(self, entry: &Entry) -> f32 {
        let mut quality: f32 = match entry.field {
            Field::Name | Field::Model => 1.0,
            Field::Brand => 0.98,
            // The numbers in an id are the shop's, not the maker's.
            Field::Id | Field::BrandId if entry.numeric && entry.word_len < 3 => 0.85,
            Field::Id | Field::BrandId => 0.95,
            Field::Category => 0.92,
            Field::Alias(_) => 0.99,
        };
        if !entry.begins_word {
            quality -= if entry.numeric { 0.07 } else { 0.25 };
        } else if entry.offset > 0 {
            quality -= 0.02;
        } else if entry.end < entry.word_len {
            quality -= 0.01;
        }
        let typed = self.typed as f32;
        if self.beginning {
            let remaining = 1.0 - (typed / self.len as f32).min(1.0);
            quality -= if self.at_end {
                0.03 + 0.05 * remaining
            } else {
                0.04 + 0.06 * remaining + 0.4 / typed
            };
        }
        if !self.same_number {
            quality -= 0.15;
        }
        if self.edits > 0 {
            quality -= f32::from(self.edits) * (0.06 + 0.9 / (typed + 1.0));
            if !self.same_first {
                quality -= 0.08;
            }
            // Another number is another product.
            if !self.digits_kept {
                quality -= 0.06;
            }
            if !self.likely {
                quality -= 0.02;
            }
            // An incomplete word with an error: two guesses at once.
            if self.beginning {
                quality -= 0.05;
            }
        }
        quality.max(0.0)
    }
}

/// Whether a part of the query has its decimal point where the string has it, as far as the part goes. A gap or
/// another joint in its place is an alternative spelling; without a separator it is another number.
fn has_same_point(query: &Query, edge: &Edge, entry: &Entry) -> bool {
    if entry.point == 0 && !query.has_joints {
        return true;
    }
    let (typed, len) = (query.point(edge), edge.to - edge.from);
    match usize::from(entry.point) {
        at if at == usize::from(typed) => true,
        at if at > 0 && at < len => typed == 0 && query.cuts[edge.from + at] >= Cut::Joint,
        _ => typed == 0,
    }
}

/// Whether letters were only omitted or transposed. There is one way to omit a letter or to transpose
/// two, but as many ways to type a wrong or an extra one as there are keys: of two words at the same
/// distance, the one explained by the former is much likelier.
fn forgotten_or_swapped(typed: &[char], letters: &[char], edits: u8, beginning: bool) -> bool {
    let with_forgotten = typed.len() + usize::from(edits);
    let whole = if beginning { &letters[..letters.len().min(with_forgotten)] } else { letters };
    if whole.len() == with_forgotten && is_within(typed.iter(), whole.iter()) {
        return true;
    }
    let whole = if beginning { &letters[..letters.len().min(typed.len())] } else { letters };
    let wrong = typed.iter().zip(whole).filter(|(typed, letter)| typed != letter).count();
    whole.len() == typed.len() && wrong == 2 * usize::from(edits)
}

/// Whether all of `some` occur in `all`, in order.
fn is_within<'a>(
    some: impl Iterator<Item = &'a char>,
    mut all: impl Iterator<Item = &'a char>,
) -> bool {
    let mut some = some;
    some.all(|one| all.any(|other| other == one))
}
