//! The number of typing errors between two words.
//!
//! An error is an extra letter, a missing one, a wrong one, or two transposed neighbours (optimal
//! string alignment, the restricted Damerau distance). The trie walks the same recurrence over
//! many words at once; this is the plain form for two words, and the reference of its tests.

/// Longest word compared, in letters.
pub(crate) const LONGEST: usize = 32;

/// The errors between the `typed` text and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edits {
    /// To the whole word.
    pub(crate) whole: u8,
    /// To the nearest prefix of the word.
    pub(crate) beginning: u8,
}

/// Counts errors up to `most`; more are reported as `most + 1`.
pub(crate) fn edits(typed: &[char], word: &[char], most: u8) -> Edits {
    let none = most + 1;
    let typed_len = typed.len();
    if typed_len > LONGEST {
        return Edits { whole: none, beginning: none };
    }
    // Three rows are enough: a transposition looks two rows back.
    let mut rows = [[0u8; LONGEST + 1]; 3];
    for (column, cell) in rows[0].iter_mut().enumerate().take(typed_len + 1) {
        *cell = column as u8;
    }
    let mut beginning = none;
    // A longer prefix exceeds `most` by its length alone.
    let reach = word.len().min(typed_len + usize::from(most));
    for row in 1..=reach {
        let (now, before, earlier) = (row % 3, (row + 2) % 3, (row + 1) % 3);
        rows[now][0] = row as u8;
        let mut least = rows[now][0];
        for column in 1..=typed_len {
            let wrong = u8::from(typed[column - 1] != word[row - 1]);
            let mut cell = (rows[before][column - 1] + wrong)
                .min(rows[before][column] + 1)
                .min(rows[now][column - 1] + 1);
            if row > 1
                && column > 1
                && typed[column - 1] == word[row - 2]
                && typed[column - 2] == word[row - 1]
            {
                cell = cell.min(rows[earlier][column - 2] + 1);
            }
            rows[now][column] = cell;
            least = least.min(cell);
        }
        beginning = beginning.min(rows[now][typed_len]);
        // No later cell can return below the bound, not even by a transposition: the cell it starts
        // from would have put a cell within the bound into this row.
        if least > most {
            return Edits { whole: none, beginning: beginning.min(none) };
        }
    }
    let whole = if reach == word.len() { rows[reach % 3][typed_len] } else { none };
    Edits { whole: whole.min(none), beginning: beginning.min(none) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &str, b: &str) -> Edits {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        edits(&a, &b, 2)
    }

    #[test]
    fn each_kind_of_error_counts_one() {
        assert_eq!(of("roland", "roland").whole, 0);
        assert_eq!(of("rolland", "roland").whole, 1);
        assert_eq!(of("rland", "roland").whole, 1);
        assert_eq!(of("rolamd", "roland").whole, 1);
        assert_eq!(of("rolnad", "roland").whole, 1);
        assert_eq!(of("orlnad", "roland").whole, 2);
        assert_eq!(of("oland", "roland").whole, 1);
        assert_eq!(of("yamaha", "roland").whole, 3);
    }

    #[test]
    fn the_beginning_of_a_word_is_compared_too() {
        assert_eq!(of("percus", "percussion"), Edits { whole: 3, beginning: 0 });
        assert_eq!(of("pecus", "percussion").beginning, 1);
        assert_eq!(of("prec", "percussion").beginning, 1);
    }
}
