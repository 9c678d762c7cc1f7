//! The readings of a query.
//!
//! A reading cuts the letters of the query into parts and maps each part to a string of the
//! index. All readings together form a lattice: an [`Edge`] is a part of the query, its [`Sense`]s
//! are the strings it may stand for. Nothing is decided here; the best path through the lattice
//! depends on the product and is found for each candidate in [`rank`](super::rank).

use std::ops::Range;

use super::fold::family;
use super::query::{Edge, Query};
use super::trie::{Near, Term, Trie};
use super::words::{Cut, LONGEST_WORD};

/// Most parts of a query over all readings. A query of ten words needs about thirty.
const MOST_EDGES: usize = 160;

/// Most strings or ranges of strings of all parts together. Approximate matches are most of them.
const MOST_SENSES: usize = 4096;

/// Most positions inside words where a joined query (`rolandtd17`) may be cut.
const MOST_INNER_CUTS: usize = 24;

/// Most words of one query that are searched with one error, and with two: this bounds the cost.
/// Further words are still compared with the words of the candidates.
const MOST_NEAR_WORDS: usize = 8;
const MOST_FAR_WORDS: usize = 2;

/// Letters from which on a part is searched approximately. Shorter ones are near to every word;
/// they too are compared with the words of candidates.
const SHORTEST_NEAR: usize = 3;

/// Letters from which on a word may have two errors.
const TWO_SLIPS: usize = 7;

/// Strings a part of the query may stand for.
#[derive(Debug, Clone)]
pub(crate) struct Sense {
    pub(crate) terms: Range<Term>,
    pub(crate) edge: u16,
    pub(crate) edits: u8,
    /// The part is a prefix of the strings, not the whole.
    pub(crate) beginning: bool,
}

/// All readings of a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) edges: Vec<Edge>,
    pub(crate) senses: Vec<Sense>,
}

impl Reading {
    /// The exact readings: every part is a string of the index or a prefix of one. Words that are not strings are
    /// cut inside as well.
    pub(crate) fn literal(trie: &Trie, query: &Query) -> Reading {
        let mut reading = Reading::literal_parts(trie, query, false);
        reading.keep_whole_ways(query.len());
        reading
    }

    /// The same, including parts that lead to no reading of the whole query; with `every_word` all words are cut
    /// inside.
    pub(crate) fn literal_parts(trie: &Trie, query: &Query, every_word: bool) -> Reading {
        let mut reading = Reading::default();
        let mut starts: Vec<bool> = query.cuts.iter().map(|&cut| cut != Cut::None).collect();
        reading.walk_all(trie, query, &mut starts, &vec![false; query.len()]);
        let cuttable = reading.cuttable(query, every_word);
        if cuttable.iter().any(|&may| may) {
            reading.edges.clear();
            reading.senses.clear();
            reading.walk_all(trie, query, &mut starts, &cuttable);
        }
        reading
    }

    /// The letters in words that no string explains.
    fn cuttable(&self, query: &Query, every_word: bool) -> Vec<bool> {
        let mut cuttable = vec![false; query.len()];
        for &(from, to) in &query.words {
            let mut reached = vec![false; to - from + 1];
            reached[0] = true;
            for at in from..to {
                for edge in self.edges.iter().filter(|edge| edge.from == at && edge.to <= to) {
                    reached[edge.to - from] |= reached[at - from];
                }
            }
            if every_word || !reached[to - from] {
                cuttable[from..to].fill(true);
            }
        }
        cuttable
    }

    fn walk_all(&mut self, trie: &Trie, query: &Query, starts: &mut [bool], cuttable: &[bool]) {
        let mut inner_cuts = 0;
        for from in 0..query.len() {
            if !starts[from] {
                continue;
            }
            let mut place = trie.root();
            for to in from + 1..=query.len().min(from + LONGEST_WORD) {
                if !trie.step(&mut place, query.letters[to - 1]) {
                    break;
                }
                let cut = query.cuts[to];
                let whole = trie.here(&place);
                if let Some(term) = whole {
                    if cut != Cut::None {
                        self.add(query, from, to, Near::exact(term));
                    } else if cuttable[to]
                        && to - from >= 2
                        && (starts[to] || inner_cuts < MOST_INNER_CUTS)
                    {
                        inner_cuts += usize::from(!starts[to]);
                        starts[to] = true;
                        self.add(query, from, to, Near::exact(term));
                    }
                }
                if cut == Cut::Gap && place.below.len() > usize::from(whole.is_some()) {
                    let begun = Near { terms: place.below.clone(), edits: 0, beginning: true };
                    self.add(query, from, to, begun);
                }
            }
        }
    }

    /// Adds the strings with one error from words that no string explains.
    pub(crate) fn near_unknown_words(&mut self, trie: &Trie, query: &Query) {
        let unknown: Vec<usize> = self.words_where(query, |known| !known);
        for &number in unknown.iter().take(MOST_NEAR_WORDS) {
            let (from, to) = query.words[number];
            let mut found = self.near_part(trie, query, from, to, 1);
            // The error may also be in one part of a word with joints.
            let mut part = from;
            for at in from + 1..=to {
                if query.cuts[at] >= Cut::Joint {
                    if at - part < to - from && at - part >= 3 {
                        found |= self.near_part(trie, query, part, at, 1);
                    }
                    part = at;
                }
            }
            // Two words that are one in the index, with an error.
            if let Some(&(_, next_to)) = query.words.get(number + 1)
                && next_to - from <= 12
                && (to - from <= 3 || next_to - to <= 3)
            {
                found |= self.near_part(trie, query, from, next_to, 1);
            }
            if !found {
                self.near_halves(trie, query, from, to);
            }
        }
    }

    /// Adds the strings with one error from words that are strings themselves.
    pub(crate) fn near_known_words(&mut self, trie: &Trie, query: &Query) {
        for &number in self.words_where(query, |known| known).iter().take(MOST_NEAR_WORDS) {
            let (from, to) = query.words[number];
            self.near_part(trie, query, from, to, 1);
        }
    }

    /// Adds the strings with two errors from long words without a near string.
    pub(crate) fn far_words(&mut self, trie: &Trie, query: &Query) {
        let mut searched = 0;
        for &(from, to) in &query.words {
            let is_near = self.edges.iter().any(|edge| edge.from == from && edge.to == to);
            if !is_near && to - from >= TWO_SLIPS && searched < MOST_FAR_WORDS {
                searched += 1;
                self.near_part(trie, query, from, to, 2);
            }
        }
    }

    /// The words for which `is` accepts whether a string explains them as written.
    fn words_where(&self, query: &Query, is: impl Fn(bool) -> bool) -> Vec<usize> {
        let known = |&(from, to): &(usize, usize)| {
            self.senses.iter().any(|sense| {
                let edge = &self.edges[usize::from(sense.edge)];
                edge.from <= from && edge.to >= to && sense.edits == 0 && edge.cost < 0.35
            })
        };
        (0..query.words.len()).filter(|&number| is(known(&query.words[number]))).collect()
    }

    /// Adds the strings near a part; true if there were any.
    fn near_part(&mut self, trie: &Trie, query: &Query, from: usize, to: usize, most: u8) -> bool {
        if !(SHORTEST_NEAR..=LONGEST_WORD).contains(&(to - from)) {
            return false;
        }
        let near = trie.near(&query.letters[from..to], most, to == query.len());
        let found = !near.is_empty();
        for near in near {
            self.add_near(query, from, to, near);
        }
        found
    }

    fn add_near(&mut self, query: &Query, from: usize, to: usize, near: Near) {
        if near.edits > 0 {
            self.add(query, from, to, near);
        }
    }

    /// Two words written as one, with an error in one of them.
    fn near_halves(&mut self, trie: &Trie, query: &Query, from: usize, to: usize) {
        let letters = &query.letters[from..to];
        if letters.len() < 6 {
            return;
        }
        let mut place = trie.root();
        let mut tried = 0;
        for at in 1..letters.len() - 2 {
            if !trie.step(&mut place, letters[at - 1]) || tried == 4 {
                break;
            }
            if at >= 3
                && let Some(term) = trie.here(&place)
            {
                tried += 1;
                self.add(query, from, from + at, Near::exact(term));
                for near in trie.near(&letters[at..], 1, to == query.len()) {
                    self.add_near(query, from + at, to, near);
                }
            }
        }
        for at in 3..=letters.len() - 3 {
            if let Some(term) = exact(trie, &letters[at..])
                && tried < 6
            {
                tried += 1;
                self.add(query, from + at, to, Near::exact(term));
                for near in trie.near(&letters[..at], 1, false) {
                    self.add_near(query, from, from + at, near);
                }
            }
        }
    }

    fn add(&mut self, query: &Query, from: usize, to: usize, near: Near) {
        if self.senses.len() == MOST_SENSES {
            return;
        }
        let found = self.edges.iter().position(|edge| edge.from == from && edge.to == to);
        let edge = match found {
            Some(edge) => edge,
            None if self.edges.len() == MOST_EDGES => return,
            None => {
                self.edges.push(Edge { from, to, cost: cost(query, from, to) });
                self.edges.len() - 1
            }
        };
        let Near { terms, edits, beginning } = near;
        self.senses.push(Sense { terms, edge: edge as u16, edits, beginning });
    }

    /// The same without the parts that no reading of the whole query uses.
    pub(crate) fn whole_ways(&self, len: usize) -> Reading {
        let mut reading = self.clone();
        reading.keep_whole_ways(len);
        reading
    }

    /// Drops every part that no reading of the whole query uses.
    fn keep_whole_ways(&mut self, len: usize) {
        let mut order: Vec<usize> = (0..self.edges.len()).collect();
        order.sort_unstable_by_key(|&edge| self.edges[edge].from);
        let (mut forth, mut back) = (vec![false; len + 1], vec![false; len + 1]);
        forth[0] = true;
        back[len] = true;
        for &edge in &order {
            forth[self.edges[edge].to] |= forth[self.edges[edge].from];
        }
        for &edge in order.iter().rev() {
            back[self.edges[edge].from] |= back[self.edges[edge].to];
        }
        let mut number = vec![None; self.edges.len()];
        let mut edges = Vec::with_capacity(self.edges.len());
        for (old, edge) in self.edges.iter().enumerate() {
            if forth[edge.from] && back[edge.to] {
                number[old] = Some(edges.len() as u16);
                edges.push(edge.clone());
            }
        }
        if edges.len() == self.edges.len() {
            return;
        }
        self.edges = edges;
        self.senses.retain_mut(|sense| match number[usize::from(sense.edge)] {
            Some(new) => {
                sense.edge = new;
                true
            }
            None => false,
        });
    }
}

fn exact(trie: &Trie, letters: &[char]) -> Option<Term> {
    let mut place = trie.root();
    let is_there = letters.iter().all(|&letter| trie.step(&mut place, letter));
    if is_there { trie.here(&place) } else { None }
}

/// The cost, in letters, of reading `from..to` as one part.
fn cost(query: &Query, from: usize, to: usize) -> f32 {
    let mut cost = 0.0;
    if query.cuts[from] == Cut::None {
        cost += 0.5;
        // The shorter the parts, the likelier the match is chance.
        cost += match from.min(to - from) {
            0..=2 => 0.6,
            _ => 0.0,
        };
    }
    for at in from + 1..to {
        if query.cuts[at] == Cut::Gap {
            let changes = family(query.letters[at - 1]) != family(query.letters[at]);
            cost += if changes { 0.02 } else { 0.3 };
        }
    }
    cost
}
