//! Selects the candidates of a search.
//!
//! A document that matches the whole query matches each letter of it, so the candidates of one letter contain
//! all matches: the letter with the fewest candidates is used. At most [`MOST`] documents are scored, whatever the
//! size of the catalog.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::index::{Index, QuickHasher};
use super::query::Query;
use super::reading::{Reading, Sense};
use super::words::Cut;

/// Most scored candidates of one search. Lists are ordered by the length of the
/// name, so truncation drops the longest names among equals.
const MOST: usize = 512;

/// Most candidates that match only some words: they are compared word by word, which costs more.
const MOST_OF_SOME: usize = 128;

/// Most documents that are visited to find candidates; beyond that the list is truncated.
const MOST_GONE_THROUGH: usize = 1 << 16;

/// Words of a query that contribute partial matches, the rarest first, and how
/// many each contributes.
const COLUMNS_OF_SOME: usize = 6;
const EACH_OF_SOME: usize = 512;

/// Documents that match the query in all its letters, as far as one letter can tell. Those with an exact
/// word come first, then those with a prefix or an approximate match.
pub(crate) fn of_all(index: &Index, query: &Query, reading: &Reading) -> Vec<u32> {
    let mut columns = columns(index, query, reading);
    columns.sort_unstable_by_key(|column| column.size);
    let Some(narrowest) = columns.first() else { return Vec::new() };
    let both = (narrowest.size > MOST)
        .then(|| other_words(&columns, narrowest))
        .flatten()
        .filter(|second| second.size <= 4 * MOST_GONE_THROUGH)
        .map(|second| second.set(index, reading, |_| true));

    let mut found: Vec<u32> = Vec::with_capacity(narrowest.size.min(MOST));
    let written = |sense: &Sense| sense.edits == 0 && !sense.beginning;
    // Some space is reserved for the second kind.
    for (room, first) in [(MOST * 3 / 4, true), (MOST, false)] {
        let mut set = narrowest.set(index, reading, |sense| written(sense) == first);
        if let Some(both) = &both {
            set.keep(both);
        }
        let known = found.len();
        for document in set.iter() {
            if found.len() >= room {
                break;
            }
            if found[..known].binary_search(&document).is_err() {
                found.push(document);
            }
        }
    }
    // A crowded prefix has only its best documents; others may match as well.
    if found.is_empty() && both.is_some() {
        found.extend(narrowest.set(index, reading, |_| true).iter().take(MOST));
    }
    found
}

/// The narrowest column that shares no part with `first`, so that it adds information.
fn other_words<'c>(columns: &'c [Column], first: &Column) -> Option<&'c Column> {
    columns.iter().find(|column| column.senses.iter().all(|sense| !first.senses.contains(sense)))
}

/// Documents that match the query in some of its words: those that match much of it.
pub(crate) fn of_some(index: &Index, query: &Query, reading: &Reading) -> Vec<u32> {
    let mut columns = columns(index, query, reading);
    columns.retain(|column| column.size > 0);
    columns.sort_unstable_by_key(|column| column.size);
    columns.truncate(COLUMNS_OF_SOME);
    let mut weights =
        Weights::with_capacity_and_hasher(columns.len() * EACH_OF_SOME, Default::default());
    let total = index.len() as f32;
    for column in &columns {
        let weight = (1.0 + total / (1.0 + column.size as f32)).ln() + 0.2 * column.letters as f32;
        for document in column.set(index, reading, |_| true).iter().take(EACH_OF_SOME) {
            *weights.entry(document).or_default() += weight;
        }
    }
    heaviest(weights, MOST_OF_SOME)
}

/// The summed weights of documents.
type Weights = HashMap<u32, f32, BuildHasherDefault<QuickHasher>>;

/// The parts of all readings that cover one letter.
struct Column {
    senses: Vec<usize>,
    /// Sum of the documents of all parts; a document may count several times.
    size: usize,
    /// Letters of the longest part.
    letters: usize,
}

impl Column {
    /// The documents of the senses that `matches` accepts.
    fn set(&self, index: &Index, reading: &Reading, matches: impl Fn(&Sense) -> bool) -> Documents {
        let mut set = Documents { numbers: Vec::new(), bits: Vec::new(), sorted: true };
        let mut room = MOST_GONE_THROUGH;
        for sense in self.senses.iter().map(|&sense| &reading.senses[sense]) {
            if matches(sense) {
                let documents = index.documents(&sense.terms);
                let documents = &documents[..documents.len().min(room)];
                room -= documents.len();
                set.add(documents, index.len());
            }
        }
        set.finish();
        set
    }
}

/// A set of documents that is read in order: a list while it is small, a bit set otherwise.
struct Documents {
    numbers: Vec<u32>,
    bits: Vec<u64>,
    sorted: bool,
}

/// Above this a list costs more to sort than a bit set costs to scan.
const LONG_LIST: usize = 192;

impl Documents {
    fn add(&mut self, documents: &[u32], total: usize) {
        if self.bits.is_empty() && self.numbers.len() + documents.len() <= LONG_LIST {
            self.sorted &= self.numbers.is_empty() || documents.is_empty();
            // A list over several strings is sorted within each string only.
            self.sorted &= documents.is_sorted();
            self.numbers.extend_from_slice(documents);
            return;
        }
        if self.bits.is_empty() {
            self.bits = vec![0; total.div_ceil(64)];
        }
        for &document in std::mem::take(&mut self.numbers).iter().chain(documents) {
            self.bits[document as usize / 64] |= 1 << (document % 64);
        }
    }

    fn finish(&mut self) {
        if !self.sorted {
            self.numbers.sort_unstable();
        }
        self.numbers.dedup();
    }

    fn contains(&self, document: u32) -> bool {
        if self.bits.is_empty() {
            self.numbers.binary_search(&document).is_ok()
        } else {
            self.bits[document as usize / 64] >> (document % 64) & 1 == 1
        }
    }

    /// Intersects with `other`.
    fn keep(&mut self, other: &Documents) {
        self.numbers.retain(|&document| other.contains(document));
        for (word, bits) in self.bits.iter_mut().enumerate() {
            if *bits != 0 {
                *bits &= other.word(word);
            }
        }
    }

    /// The bits of 64 documents.
    fn word(&self, word: usize) -> u64 {
        if let Some(&bits) = self.bits.get(word) {
            return bits;
        }
        let first = word as u32 * 64;
        let from = self.numbers.partition_point(|&document| document < first);
        self.numbers[from..]
            .iter()
            .take_while(|&&document| document < first + 64)
            .fold(0, |bits, document| bits | 1 << (document % 64))
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        let in_bits = self.bits.iter().enumerate().filter(|(_, bits)| **bits != 0).flat_map(
            |(word, &bits)| {
                std::iter::successors(Some(bits), |remaining| {
                    Some(remaining & remaining.wrapping_sub(1))
                })
                .take_while(|&remaining| remaining != 0)
                .map(move |remaining| word as u32 * 64 + remaining.trailing_zeros())
            },
        );
        self.numbers.iter().copied().chain(in_bits)
    }
}

/// The documents with the largest weights, at most `most` of them, in no order.
fn heaviest(weights: Weights, most: usize) -> Vec<u32> {
    let mut all: Vec<(u32, f32)> = weights.into_iter().collect();
    if all.len() > most {
        all.select_nth_unstable_by(most, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(most);
    }
    all.into_iter().map(|(document, _)| document).collect()
}

fn columns(index: &Index, query: &Query, reading: &Reading) -> Vec<Column> {
    let mut starts: Vec<usize> = reading.edges.iter().map(|edge| edge.from).collect();
    starts.extend((0..query.len()).filter(|&at| query.cuts[at] != Cut::None));
    starts.sort_unstable();
    starts.dedup();
    let sizes: Vec<usize> = reading.senses.iter().map(|sense| index.count(&sense.terms)).collect();
    starts
        .into_iter()
        .map(|at| {
            let mut column = Column { senses: Vec::new(), size: 0, letters: 0 };
            for (number, sense) in reading.senses.iter().enumerate() {
                let edge = &reading.edges[usize::from(sense.edge)];
                if edge.from <= at && at < edge.to {
                    column.senses.push(number);
                    column.size += sizes[number];
                    column.letters = column.letters.max(edge.to - edge.from);
                }
            }
            // Exact matches before prefixes, prefixes before approximate matches.
            column.senses.sort_unstable_by_key(|&number| {
                let sense = &reading.senses[number];
                (sense.edits, sense.beginning)
            });
            column
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(lists: &[&[u32]], total: usize) -> Documents {
        let mut set = Documents { numbers: Vec::new(), bits: Vec::new(), sorted: true };
        lists.iter().for_each(|list| set.add(list, total));
        set.finish();
        set
    }

    #[test]
    fn a_set_is_read_in_order_small_or_large() {
        let small = set(&[&[5, 900], &[7, 5]], 1000);
        assert_eq!(small.iter().collect::<Vec<_>>(), [5, 7, 900]);
        let many: Vec<u32> = (0..1000).filter(|n| n % 3 == 0).collect();
        let large = set(&[&[1, 2], &many], 1000);
        assert_eq!(large.iter().count(), many.len() + 2);
        assert!(large.iter().is_sorted());
    }

    #[test]
    fn sets_of_both_kinds_are_intersected() {
        let many: Vec<u32> = (0..1000).filter(|n| n % 3 == 0).collect();
        let few: &[u32] = &[3, 4, 66, 67, 999];
        for (one, other) in [(&many[..], few), (few, &many[..]), (&many[..], &many[..])] {
            let mut common = set(&[one], 1000);
            common.keep(&set(&[other], 1000));
            let expected: Vec<u32> = one.iter().copied().filter(|n| other.contains(n)).collect();
            assert_eq!(common.iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_heaviest_documents_are_taken() {
        let weights = Weights::from_iter([(9, 2.0), (2, 1.5), (4, 0.5)]);
        let mut best = heaviest(weights, 2);
        best.sort_unstable();
        assert_eq!(best, [2, 9]);
    }
}
