//! All strings of the index, sorted, as a trie.
//!
//! The strings are sorted, so all with the same prefix are adjacent, and the strings below a node are
//! a range of numbers: a prefix costs as little as a word. A branch with one string has no
//! further nodes but is compared with the string itself, which keeps the trie about as small
//! as the list. Immutable once built.

use std::ops::Range;

/// A string of the index: its position in the sorted list.
pub(crate) type Term = u32;

/// A letter on the path to some strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) letter: char,
    /// The first string at or below this node; the last one is before the next sibling's first.
    pub(super) first: Term,
    pub(super) children: u32,
    pub(super) child_count: u32,
}

/// The sorted strings and the trie over them.
#[derive(Debug)]
pub(crate) struct Trie {
    letters: Vec<char>,
    /// The start of each string in `letters`, and the end of the last one.
    starts: Vec<u32>,
    pub(super) nodes: Vec<Node>,
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
        trie.nodes.push(Node { letter: '\0', first: 0, children: 0, child_count: 0 });
        // Breadth first, so that the children of a node are adjacent.
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

    /// The child for `letter`.
    pub(super) fn child(&self, children: &Range<u32>, letter: char) -> Option<u32> {
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

    pub(crate) fn memory_bytes(&self) -> usize {
        self.letters.capacity() * size_of::<char>()
            + self.starts.capacity() * size_of::<u32>()
            + self.nodes.capacity() * size_of::<Node>()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn trie(words: &[&str]) -> Trie {
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

    pub(crate) const WORDS: &[&str] = &[
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
}
