//! Which products are worth a closer look.
//!
//! Whoever matches the whole query matches each letter of it, so the candidates of one letter hold
//! them all: of all letters the one with the fewest candidates is taken, and only those are looked
//! at. That is never more than [`MOST`] of them, however many products there are.

use super::index::Index;
use super::query::Query;
use super::reading::{Reading, Sense};
use super::words::Cut;

/// Candidates of one search that are looked at closely. Lists are ordered by the length of the
/// name, so what is cut off are the longest names among equals.
pub(crate) const MOST: usize = 640;

/// Documents that may be gone through to find candidates; beyond that the list is cut.
const MOST_GONE_THROUGH: usize = 1 << 16;

/// Documents that match the query in all its letters, as far as one letter can tell; sorted.
pub(crate) fn of_all(index: &Index, query: &Query, reading: &Reading) -> Vec<u32> {
    let mut columns = columns(index, query, reading);
    columns.sort_unstable_by_key(|column| column.size);
    let Some(narrowest) = columns.first() else { return Vec::new() };
    let mut found = narrowest.documents(index, reading);
    if found.len() > MOST
        && let Some(second) = other_words(&columns, narrowest)
        && second.size <= 4 * MOST_GONE_THROUGH
    {
        let mut there = vec![0u64; index.len().div_ceil(64)];
        second.each(index, reading, |document| {
            there[document as usize / 64] |= 1 << (document % 64);
        });
        let both: Vec<u32> = found
            .iter()
            .copied()
            .filter(|&document| there[document as usize / 64] >> (document % 64) & 1 == 1)
            .collect();
        // A crowded prefix is only known by its best; then nothing can be said about the others.
        if !both.is_empty() {
            found = both;
        }
    }
    found.truncate(MOST);
    found
}

/// The narrowest column that shares no part with `first`, so that it says something new.
fn other_words<'c>(columns: &'c [Column], first: &Column) -> Option<&'c Column> {
    columns.iter().find(|column| column.senses.iter().all(|sense| !first.senses.contains(sense)))
}

/// Documents that match the query in some of its words, those first that match much of it.
pub(crate) fn of_some(index: &Index, query: &Query, reading: &Reading) -> Vec<u32> {
    let mut columns = columns(index, query, reading);
    columns.sort_unstable_by_key(|column| column.size);
    columns.truncate(8);
    let mut weighed: Vec<(u32, f32)> = Vec::new();
    let total = index.len() as f32;
    for column in &columns {
        if column.size == 0 {
            continue;
        }
        let weight = (1.0 + total / (1.0 + column.size as f32)).ln() + 0.2 * column.letters as f32;
        let documents = column.documents(index, reading);
        weighed.extend(documents.into_iter().take(2 * MOST).map(|document| (document, weight)));
    }
    weighed.sort_unstable_by_key(|&(document, _)| document);
    weighed.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    let some = MOST / 3;
    if weighed.len() > some {
        weighed.select_nth_unstable_by(some, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        weighed.truncate(some);
    }
    weighed.into_iter().map(|(document, _)| document).collect()
}

/// The parts of all readings that cover one letter.
struct Column {
    senses: Vec<usize>,
    /// Documents of all of them together, counted several times where in several.
    size: usize,
    /// Letters of the longest part.
    letters: usize,
}

impl Column {
    fn each(&self, index: &Index, reading: &Reading, mut each: impl FnMut(u32)) {
        for &sense in &self.senses {
            index
                .documents(&reading.senses[sense].terms)
                .iter()
                .for_each(|&document| each(document));
        }
    }

    /// Its documents, sorted, each once.
    fn documents(&self, index: &Index, reading: &Reading) -> Vec<u32> {
        let mut found = Vec::with_capacity(self.size.min(MOST_GONE_THROUGH));
        let mut lists = 0;
        for &sense in &self.senses {
            let Sense { terms, .. } = &reading.senses[sense];
            let documents = index.documents(terms);
            let room = MOST_GONE_THROUGH - found.len();
            found.extend_from_slice(&documents[..documents.len().min(room)]);
            lists += terms.len();
        }
        if lists > 1 {
            found.sort_unstable();
            found.dedup();
        }
        found
    }
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
            // What is written as it is comes before what begins so, and that before what is near.
            column.senses.sort_unstable_by_key(|&number| {
                let sense = &reading.senses[number];
                (sense.slips, sense.beginning)
            });
            column
        })
        .collect()
}
