//! Approximate search: one walk over the trie, which follows
//! every branch as long as the [automaton](super::automaton) allows it.

use std::ops::Range;

use super::automaton::{State, Typed};
use super::distance::LONGEST;
use super::trie::{Term, Trie};

/// Nodes that one approximate search may visit: it bounds the time whatever the number of
/// products. One error takes some hundred nodes, two would take tens of thousands; the
/// likeliest branches come first, so the bound drops two errors at the beginning of a word.
const MOST_NODES: u32 = 2_500;

/// Strings that equal the typed text with some errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Near {
    pub(crate) terms: Range<Term>,
    /// Number of errors.
    pub(crate) edits: u8,
    /// Whether a prefix of them is near, or the whole.
    pub(crate) beginning: bool,
}

impl Trie {
    /// All strings with at most `most` errors from `typed`; with `beginnings`, also those with a near
    /// prefix. Returns at once when no match is possible.
    pub(crate) fn near(&self, typed: &[char], most: u8, beginnings: bool) -> Vec<Near> {
        if typed.is_empty() || typed.len() > LONGEST {
            return Vec::new();
        }
        let typed = Typed::new(typed, most);
        let start = typed.start();
        let mut search =
            NearSearch { trie: self, typed, beginnings, nodes_left: MOST_NODES, found: Vec::new() };
        search.below(0, 0..self.len() as Term, &start, 0);
        search.found
    }
}

/// One walk over all strings near the typed text.
struct NearSearch<'t> {
    trie: &'t Trie,
    typed: Typed<'t>,
    beginnings: bool,
    nodes_left: u32,
    found: Vec<Near>,
}

impl NearSearch<'_> {
    /// Visits the nodes below a node with the given `state`.
    fn below(&mut self, node: u32, terms: Range<Term>, state: &State, depth: u32) {
        let trie = self.trie;
        let node = trie.nodes[node as usize];
        let children = node.children..node.children + node.child_count;
        let (mut next, edits_left) = self.typed.ways_on(state);
        if edits_left {
            // The branch without an error first, then the others.
            let straight = self
                .typed
                .letters
                .get(depth as usize)
                .and_then(|&letter| trie.child(&children, letter));
            if let Some(child) = straight {
                self.child(child, &children, terms.end, state, depth);
            }
            for child in children.clone() {
                if Some(child) != straight {
                    self.child(child, &children, terms.end, state, depth);
                }
            }
        } else {
            // No error is left: only the letters that continue an alignment are visited.
            let mut gone = 0u64;
            while next != 0 {
                let at = next.trailing_zeros();
                next &= next - 1;
                let letter = self.typed.letters[at as usize];
                if gone & self.typed.mask(letter) == 0
                    && let Some(child) = trie.child(&children, letter)
                {
                    self.child(child, &children, terms.end, state, depth);
                }
                gone |= 1 << at;
            }
        }
    }

    /// Visits one child and the nodes below it.
    fn child(
        &mut self,
        child: u32,
        siblings: &Range<u32>,
        terms_end: Term,
        state: &State,
        depth: u32,
    ) {
        if self.nodes_left == 0 {
            return;
        }
        self.nodes_left -= 1;
        let trie = self.trie;
        let node = &trie.nodes[child as usize];
        let state = self.typed.step(state, node.letter);
        if !state.is_alive() {
            return;
        }
        let end =
            if child + 1 < siblings.end { trie.nodes[child as usize + 1].first } else { terms_end };
        let below = node.first..end;
        self.take(&state, depth + 1, &below);
        if below.len() == 1 {
            self.tail(below.start, state, depth + 1);
        } else {
            self.below(child, below, &state, depth + 1);
        }
    }

    /// Follows the only remaining string.
    fn tail(&mut self, term: Term, mut state: State, depth: u32) {
        let letters = self.trie.letters_of(term);
        for (at, &letter) in letters.iter().enumerate().skip(depth as usize) {
            state = self.typed.step(&state, letter);
            if !state.is_alive() {
                return;
            }
            self.take(&state, at as u32 + 1, &(term..term + 1));
        }
    }

    /// Records a match at a node.
    fn take(&mut self, state: &State, depth: u32, below: &Range<Term>) {
        let Some(edits) = self.typed.edits(state) else { return };
        if self.trie.len_of(below.start) == depth {
            let terms = below.start..below.start + 1;
            self.found.push(Near { terms, edits, beginning: false });
        }
        if self.beginnings {
            self.found.push(Near { terms: below.clone(), edits, beginning: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::distance::edits;
    use super::super::trie::tests::{WORDS, trie};
    use super::*;

    #[test]
    fn the_walk_over_all_words_agrees_with_the_distance_to_each() {
        let trie = trie(WORDS);
        for typed in [
            "rolnad",
            "tf17",
            "perl",
            "aroland",
            "גיטה",
            "ba",
            "prcussion",
            "td",
            "oland",
            "xyz",
            "percusion",
        ] {
            let typed: Vec<char> = typed.chars().collect();
            for most in 1..=2 {
                let near = trie.near(&typed, most, true);
                for term in 0..trie.len() as Term {
                    let expected = edits(&typed, trie.letters_of(term), most);
                    let best = |beginning| {
                        near.iter()
                            .filter(|n| n.terms.contains(&term) && n.beginning == beginning)
                            .map(|n| n.edits)
                            .min()
                            .unwrap_or(most + 1)
                    };
                    assert_eq!(
                        best(false),
                        expected.whole,
                        "{typed:?} {:?}",
                        trie.letters_of(term)
                    );
                    assert_eq!(
                        best(true),
                        expected.beginning.min(most + 1),
                        "{typed:?} {:?}",
                        trie.letters_of(term)
                    );
                }
            }
        }
    }
}
