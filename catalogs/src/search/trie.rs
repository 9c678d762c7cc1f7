//! All strings of the index, sorted, as a trie.
//!
//! The strings are sorted, so all with the same prefix are adjacent, and the strings below a node are
//! a range of numbers: a prefix costs as little as a word. A branch with one string has no
//! further nodes but is compared with the string itself, which keeps the trie about as small
//! as the list. Immutable once built.
//!
//! Approximate search is one walk over the trie, which follows every branch as long as the automaton ([`Typed`])
//! allows it.

use std::ops::Range;

use super::distance::{LONGEST, State, Typed};

/// A string of the index: its position in the sorted list.
pub(crate) type Term = u32;

/// A letter on the path to some strings.
#[derive(Debug, Clone, Copy)]
struct Node {
    letter: char,
    /// The first string at or below this node; the last one is before the next sibling's first.
    first: Term,
    first_child: u32,
    child_count: u32,
}

impl Node {
    /// The numbers of its children.
    fn children(&self) -> Range<u32> {
        self.first_child..self.first_child + self.child_count
    }
}

/// The sorted strings and the trie over them.
#[derive(Debug)]
pub(crate) struct Trie {
    letters: Vec<char>,
    /// The start of each string in `letters`, and the end of the last one.
    starts: Vec<u32>,
    nodes: Vec<Node>,
}

/// The position in the trie after some letters.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    node: u32,
    depth: u32,
    /// All strings that begin with these letters.
    pub(crate) below: Range<Term>,
}

impl Trie {
    /// Builds the trie. `letters` and `starts` hold strings that are sorted, distinct and not empty.
    pub(crate) fn new(letters: Vec<char>, starts: Vec<u32>) -> Trie {
        let count = starts.len() as u32 - 1;
        let mut trie = Trie { letters, starts, nodes: Vec::new() };
        trie.nodes.push(Node { letter: '\0', first: 0, first_child: 0, child_count: 0 });
        // Breadth first, so that the children of a node are adjacent.
        let mut open = std::collections::VecDeque::from([(0u32, 0..count, 0u32)]);
        while let Some((node, terms, depth)) = open.pop_front() {
            if depth > 0 && terms.len() == 1 {
                continue;
            }
            let first_child = trie.nodes.len() as u32;
            let mut at = terms.start;
            if at < terms.end && trie.len_of(at) == depth {
                at += 1;
            }
            while at < terms.end {
                let letter = trie.letter(at, depth);
                let same = trie.run(at, terms.end, depth, letter);
                let child = trie.nodes.len() as u32;
                trie.nodes.push(Node { letter, first: at, first_child: 0, child_count: 0 });
                open.push_back((child, at..same, depth + 1));
                at = same;
            }
            let end = trie.nodes.len() as u32;
            let node = &mut trie.nodes[node as usize];
            node.first_child = first_child;
            node.child_count = end - first_child;
        }
        trie.nodes.shrink_to_fit();
        trie
    }

    /// The end of the strings from `from` on that have `letter` at `depth`.
    fn run(&self, from: Term, end: Term, depth: u32, letter: char) -> Term {
        let (mut low, mut step) = (from, 1);
        while low + step < end && self.letter(low + step, depth) == letter {
            low += step;
            step *= 2;
        }
        let (mut yes, mut no) = (low, end.min(low + step));
        while no - yes > 1 {
            let middle = yes + (no - yes) / 2;
            if self.letter(middle, depth) == letter { yes = middle } else { no = middle }
        }
        no
    }

    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The letters of a string.
    pub(crate) fn letters_of(&self, term: Term) -> &[char] {
        &self.letters[self.starts[term as usize] as usize..self.starts[term as usize + 1] as usize]
    }

    /// The length of a string in letters.
    pub(crate) fn len_of(&self, term: Term) -> u32 {
        self.starts[term as usize + 1] - self.starts[term as usize]
    }

    fn letter(&self, term: Term, depth: u32) -> char {
        self.letters[(self.starts[term as usize] + depth) as usize]
    }

    /// The start of a walk.
    pub(crate) fn root(&self) -> Place {
        Place { node: 0, depth: 0, below: 0..self.len() as Term }
    }

    /// Advances by one letter; false, and the place is unusable, when no string continues so.
    pub(crate) fn step(&self, place: &mut Place, letter: char) -> bool {
        if place.below.is_empty() {
            return false;
        }
        if place.depth > 0 && place.below.len() == 1 {
            let term = place.below.start;
            if self.len_of(term) > place.depth && self.letter(term, place.depth) == letter {
                place.depth += 1;
                return true;
            }
            place.below.end = place.below.start;
            return false;
        }
        let children = self.nodes[place.node as usize].children();
        let Some(child) = self.child(&children, letter) else {
            place.below.end = place.below.start;
            return false;
        };
        place.below = self.terms_below(child, &children, place.below.end);
        place.node = child;
        place.depth += 1;
        true
    }

    /// The strings at and below a child; `end` is the end of those of its last sibling.
    fn terms_below(&self, child: u32, siblings: &Range<u32>, end: Term) -> Range<Term> {
        let next = child + 1;
        let end = if next < siblings.end { self.nodes[next as usize].first } else { end };
        self.nodes[child as usize].first..end
    }

    /// The child for `letter`.
    fn child(&self, children: &Range<u32>, letter: char) -> Option<u32> {
        let nodes = &self.nodes[children.start as usize..children.end as usize];
        let found = if nodes.len() > 8 {
            nodes.binary_search_by_key(&letter, |child| child.letter).ok()
        } else {
            nodes.iter().position(|child| child.letter == letter)
        };
        found.map(|found| children.start + found as u32)
    }

    /// The string that ends exactly here.
    pub(crate) fn here(&self, place: &Place) -> Option<Term> {
        let term = place.below.start;
        (!place.below.is_empty() && self.len_of(term) == place.depth).then_some(term)
    }

    /// Visits the prefixes that at least two strings share, shorter ones first; `each` gets
    /// the strings with the prefix and returns whether to continue with longer ones.
    pub(crate) fn prefixes(&self, mut each: impl FnMut(Range<Term>) -> bool) {
        let mut open = vec![(0u32, 0..self.len() as Term)];
        while let Some((node, terms)) = open.pop() {
            let mut end = terms.end;
            for child in self.nodes[node as usize].children().rev() {
                let below = self.nodes[child as usize].first..end;
                end = below.start;
                if below.len() > 1 && each(below.clone()) {
                    open.push((child, below));
                }
            }
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.letters.capacity() * size_of::<char>()
            + self.starts.capacity() * size_of::<u32>()
            + self.nodes.capacity() * size_of::<Node>()
    }
}

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

impl Near {
    /// A string as it is typed.
    pub(crate) fn exact(term: Term) -> Self {
        Self { terms: term..term + 1, edits: 0, beginning: false }
    }
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
        let children = trie.nodes[node as usize].children();
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
        let state = self.typed.step(state, trie.nodes[child as usize].letter);
        if !state.is_alive() {
            return;
        }
        let below = trie.terms_below(child, siblings, terms_end);
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
            self.found.push(Near { edits, ..Near::exact(below.start) });
        }
        if self.beginnings {
            self.found.push(Near { terms: below.clone(), edits, beginning: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::distance::edits;
    use super::*;

    fn trie(words: &[&str]) -> Trie {
        let mut words: Vec<Vec<char>> = words.iter().map(|w| w.chars().collect()).collect();
        words.sort();
        words.dedup();
        let mut starts = vec![0];
        let mut letters = Vec::new();
        for word in &words {
            letters.extend(word);
            starts.push(letters.len() as u32);
        }
        Trie::new(letters, starts)
    }

    const WORDS: &[&str] = &[
        "roland",
        "rolls",
        "role",
        "ro",
        "td17",
        "td17kv",
        "td27",
        "td1",
        "pearl",
        "pear",
        "perl",
        "snare",
        "גיטרה",
        "גיטרת",
        "percussion",
        "percussive",
        "a",
        "ab",
        "aba",
        "baa",
    ];

    #[test]
    fn a_walk_finds_words_and_common_prefixes() {
        let trie = trie(WORDS);
        let mut place = trie.root();
        assert!("td17".chars().all(|c| trie.step(&mut place, c)));
        assert!(trie.here(&place).is_some());
        assert_eq!(place.below.len(), 2);
        assert!(!trie.step(&mut place, 'x'));
        let mut place = trie.root();
        assert!("td17k".chars().all(|c| trie.step(&mut place, c)));
        assert_eq!(trie.here(&place), None);
        assert!(trie.step(&mut place, 'v'));
        assert!(trie.here(&place).is_some());
    }

    #[test]
    fn an_empty_trie_has_nothing() {
        let trie = trie(&[]);
        assert!(!trie.step(&mut trie.root(), 'a'));
        assert!(trie.near(&['a'], 2, true).is_empty());
    }

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
