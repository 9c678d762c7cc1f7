//! The number of typing errors between two words.
//!
//! An error is an extra letter, a missing one, a wrong one, or two transposed neighbours (optimal
//! string alignment, the restricted Damerau distance). [`edits`] is the plain form for two words, and the reference of
//! the tests. [`Typed`] is a Levenshtein automaton, which the walk over the trie steps once per node: all alignments of
//! the typed text with a string at once, one letter of the string per step. It has one bit per position of the typed
//! text and one row of bits per number of errors; a letter is then a handful of shifts, independent of the length (Wu
//! and Manber 1992, with transpositions as Hyyrö 2003 does).

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

/// Maximum number of errors.
const MOST_SLIPS: usize = 2;

/// Letters with a slot of their own in the table: ASCII, then Hebrew.
const ASCII: usize = 128;
const HEBREW: std::ops::RangeInclusive<char> = '\u{5d0}'..='\u{5ea}';

/// The typed text, prepared for comparison.
pub(crate) struct Typed<'t> {
    pub(crate) letters: &'t [char],
    most: usize,
    /// For each common letter its positions in the typed text.
    masks: [u64; ASCII + 27],
}

/// The state of all alignments. Bit `i` of `rows[s]`: the letters so far equal the first `i` typed
/// ones with `s` errors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    rows: [u64; MOST_SLIPS + 1],
    /// The rows one letter earlier, and the positions of that letter: a transposition takes two letters.
    earlier: [u64; MOST_SLIPS],
    last: u64,
}

impl State {
    /// Whether any alignment is left.
    pub(crate) fn is_alive(&self) -> bool {
        self.rows.iter().any(|&row| row != 0)
    }
}

impl<'t> Typed<'t> {
    /// Prepares the typed text, at most 32 letters, and sets the maximum number of errors (at most two).
    pub(crate) fn new(letters: &'t [char], most: u8) -> Typed<'t> {
        debug_assert!(letters.len() <= LONGEST && usize::from(most) <= MOST_SLIPS);
        let mut masks = [0; ASCII + 27];
        for (place, &letter) in letters.iter().enumerate() {
            if let Some(slot) = slot(letter) {
                masks[slot] |= 1 << place;
            }
        }
        Typed { letters, most: usize::from(most).min(MOST_SLIPS), masks }
    }

    /// The positions of a typed letter.
    pub(crate) fn mask(&self, letter: char) -> u64 {
        match slot(letter) {
            Some(slot) => self.masks[slot],
            None => self
                .letters
                .iter()
                .enumerate()
                .filter(|(_, typed)| **typed == letter)
                .fold(0, |mask, (place, _)| mask | 1 << place),
        }
    }

    /// Before the first letter.
    pub(crate) fn start(&self) -> State {
        let mut state = State::default();
        for edits in 0..=self.most {
            // This many leading typed letters may be superfluous.
            state.rows[edits] = self.within((2 << edits) - 1);
        }
        state
    }

    fn within(&self, row: u64) -> u64 {
        row & ((2 << self.letters.len()) - 1)
    }

    /// Advances by one letter of the string.
    pub(crate) fn step(&self, state: &State, letter: char) -> State {
        let mask = self.mask(letter);
        let mut next = State {
            rows: [0; MOST_SLIPS + 1],
            earlier: [state.rows[0], state.rows[1]],
            last: mask,
        };
        next.rows[0] = (state.rows[0] & mask) << 1;
        for edits in 1..=self.most {
            let fewer = state.rows[edits - 1];
            let right = (state.rows[edits] & mask) << 1;
            let forgotten = fewer;
            let wrong = fewer << 1;
            let too_many = next.rows[edits - 1] << 1;
            // Two letters ago the position was `i`; the previous letter was typed at `i + 1`, this one at `i`.
            let swapped = (state.earlier[edits - 1] & mask & (state.last >> 1)) << 2;
            next.rows[edits] = self.within(right | forgotten | wrong | too_many | swapped);
        }
        next
    }

    /// The smallest number of errors with which the letters so far equal the typed text.
    pub(crate) fn edits(&self, state: &State) -> Option<u8> {
        (0..=self.most)
            .find(|&edits| state.rows[edits] >> self.letters.len() & 1 == 1)
            .map(|edits| edits as u8)
    }

    /// The positions whose letters continue without an error, and whether errors are left so that
    /// any other letter may continue too.
    pub(crate) fn ways_on(&self, state: &State) -> (u64, bool) {
        let edits_left = state.rows[..self.most].iter().any(|&row| row != 0);
        let mut next = state.rows[self.most];
        if self.most > 0 {
            next |= state.earlier[self.most - 1] & (state.last >> 1);
        }
        (next & ((1 << self.letters.len()) - 1), edits_left)
    }
}

fn slot(letter: char) -> Option<usize> {
    if letter.is_ascii() {
        Some(letter as usize)
    } else if HEBREW.contains(&letter) {
        Some(ASCII + letter as usize - *HEBREW.start() as usize)
    } else {
        None
    }
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

    /// The errors by stepping over a whole word.
    fn stepped(typed: &[char], word: &[char], most: u8) -> u8 {
        let automaton = Typed::new(typed, most);
        let mut state = automaton.start();
        for &letter in word {
            state = automaton.step(&state, letter);
        }
        automaton.edits(&state).unwrap_or(most + 1)
    }

    #[test]
    fn the_automaton_agrees_with_the_plain_distance_for_all_short_words() {
        let alphabet = ['a', 'ב', 'ж'];
        let mut words: Vec<Vec<char>> = vec![vec![]];
        for at in 0.. {
            if words[at].len() == 4 {
                break;
            }
            for letter in alphabet {
                let mut longer = words[at].clone();
                longer.push(letter);
                words.push(longer);
            }
        }
        for typed in words.iter().filter(|typed| !typed.is_empty()) {
            for word in &words {
                for most in 0..=2 {
                    assert_eq!(
                        stepped(typed, word, most),
                        edits(typed, word, most).whole,
                        "{typed:?} {word:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_longest_words_fit() {
        let long = vec!['x'; LONGEST];
        assert_eq!(stepped(&long, &long, 2), 0);
        assert_eq!(stepped(&long, &long[1..], 2), 1);
    }
}
