//! Every string the index knows, in order, as a tree of their letters.
//!
//! The strings are sorted, so all that begin alike are neighbours, and what lies below a node is
//! a range of numbers: a prefix costs as little as a word. A branch with one string left is not
//! spelled out in nodes but compared with the string itself, which keeps the tree about as small
//! as the list. Immutable once built.

use std::ops::Range;

use super::automaton::{State, Typed};
use super::distance::LONGEST;

/// A string of the index: its place in the sorted list.
pub(crate) type Term = u32;

/// Nodes that one search for slips may look at: it keeps the time of a search bounded however many
/// products there are. One slip takes some hundred of them, two would take tens of thousands; the
/// likeliest ways are gone first, so what is given up is two slips at the beginning of a word.
const MOST_NODES: u32 = 2_500;

#[derive(Debug, Clone, Copy)]
struct Node {
    letter: char,
    /// The first string at or below this node; the last one is before the next sibling's first.
    first: Term,
    children: u32,
    child_count: u32,
}

/// The sorted strings and the tree over them.
#[derive(Debug)]
pub(crate) struct Trie {
    letters: Vec<char>,
    /// Where each string begins in `letters`, and one more for the end.
    starts: Vec<u32>,
    nodes: Vec<Node>,
}

/// A place in the tree that the letters so far lead to.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    node: u32,
    depth: u32,
    /// All strings that begin with the letters so far.
    pub(crate) below: Range<Term>,
}

/// Strings that are what was typed but for some slips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Near {
    /// The strings.
    pub(crate) terms: Range<Term>,
    /// How many slips.
    pub(crate) slips: u8,
    /// Whether it is their beginning that is near, or the whole.
    pub(crate) beginning: bool,
}

impl Trie {
    /// Builds the tree. `letters` and `starts` hold strings that are sorted, different and not empty.
    pub(crate) fn new(letters: Vec<char>, starts: Vec<u32>) -> Trie {
        let count = starts.len() as u32 - 1;
        let mut trie = Trie { letters, starts, nodes: Vec::new() };
        trie.nodes.push(Node { letter: '\0', first: 0, children: 0, child_count: 0 });
        // Breadth first, so that the children of a node lie side by side.
        let mut open = std::collections::VecDeque::from([(0u32, 0..count, 0u32)]);
        while let Some((node, terms, depth)) = open.pop_front() {
            if depth > 0 && terms.len() == 1 {
                continue;
            }
            let children = trie.nodes.len() as u32;
            let mut at = terms.start;
            if at < terms.end && trie.len_of(at) == depth {
                at += 1;
            }
            while at < terms.end {
                let letter = trie.letter(at, depth);
                let same = trie.run(at, terms.end, depth, letter);
                let child = trie.nodes.len() as u32;
                trie.nodes.push(Node { letter, first: at, children: 0, child_count: 0 });
                open.push_back((child, at..same, depth + 1));
                at = same;
            }
            let end = trie.nodes.len() as u32;
            let node = &mut trie.nodes[node as usize];
            node.children = children;
            node.child_count = end - children;
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

    /// How many strings there are.
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

    /// Where a walk begins.
    pub(crate) fn root(&self) -> Place {
        Place { node: 0, depth: 0, below: 0..self.len() as Term }
    }

    /// Goes one letter on; false, and the place is spent, when no string goes that way.
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
        let node = self.nodes[place.node as usize];
        let children = node.children..node.children + node.child_count;
        let Some(child) = self.child(&children, letter) else {
            place.below.end = place.below.start;
            return false;
        };
        let end = if child + 1 < children.end {
            self.nodes[child as usize + 1].first
        } else {
            place.below.end
        };
        place.below = self.nodes[child as usize].first..end;
        place.node = child;
        place.depth += 1;
        true
    }

    /// The one of these children that stands for `letter`.
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

    /// All strings at most `most` slips from `typed`; with `beginnings`, also those whose
    /// beginning is. Returns at once when nothing can be found.
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

    /// Goes through the prefixes that at least two strings share, shorter ones first; `each` gets
    /// the strings that begin so and says whether to go on to longer ones.
    pub(crate) fn prefixes(&self, mut each: impl FnMut(Range<Term>) -> bool) {
        let mut open = vec![(0u32, 0..self.len() as Term)];
        while let Some((node, terms)) = open.pop() {
            let node = self.nodes[node as usize];
            let mut end = terms.end;
            for child in (node.children..node.children + node.child_count).rev() {
                let below = self.nodes[child as usize].first..end;
                end = below.start;
                if below.len() > 1 && each(below.clone()) {
                    open.push((child, below));
                }
            }
        }
    }

    /// Bytes held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.letters.capacity() * size_of::<char>()
            + self.starts.capacity() * size_of::<u32>()
            + self.nodes.capacity() * size_of::<Node>()
    }
}

/// One walk over all strings near to what was typed.
struct NearSearch<'t> {
    trie: &'t Trie,
    typed: Typed<'t>,
    beginnings: bool,
    nodes_left: u32,
    found: Vec<Near>,
}

impl NearSearch<'_> {
    /// Goes through what lies below a node, which `state` is the state of.
    fn below(&mut self, node: u32, terms: Range<Term>, state: &State, depth: u32) {
        let trie = self.trie;
        let node = trie.nodes[node as usize];
        let children = node.children..node.children + node.child_count;
        let (mut wanted, slips_left) = self.typed.ways_on(state);
        if slips_left {
            // The way without a slip first, then the others.
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
            // Every slip is used up: only the letters that go on from here are worth a look.
            let mut gone = 0u64;
            while wanted != 0 {
                let at = wanted.trailing_zeros();
                wanted &= wanted - 1;
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

    /// Looks at one child and what lies below it.
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

    /// Follows the one string that is left.
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

    /// Notes what is found at a node.
    fn take(&mut self, state: &State, depth: u32, below: &Range<Term>) {
        let Some(slips) = self.typed.slips(state) else { return };
        if self.trie.len_of(below.start) == depth {
            let terms = below.start..below.start + 1;
            self.found.push(Near { terms, slips, beginning: false });
        }
        if self.beginnings {
            self.found.push(Near { terms: below.clone(), slips, beginning: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::distance::slips;
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
    fn a_walk_finds_words_and_what_begins_alike() {
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
                    let expected = slips(&typed, trie.letters_of(term), most);
                    let best = |beginning| {
                        near.iter()
                            .filter(|n| n.terms.contains(&term) && n.beginning == beginning)
                            .map(|n| n.slips)
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
