//! The best path through a query: which parts to use, each for which string of the product.

use super::index::Entry;
use super::query::{Edge, Query};
use super::words::Cut;

/// A part of the query and its string in one product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// The number of the part.
    pub(crate) edge: usize,
    pub(crate) entry: Entry,
    /// How well they fit, 0 to 1.
    pub(crate) quality: f32,
    /// Letters of the entry that are marked.
    pub(crate) marked: u8,
    /// Letters of the entry that are certainly used: another part may continue after them. Fewer than
    /// the marked ones for a prefix with an error, because the error may be an extra letter.
    pub(crate) taken: u8,
}

/// Most steps that are compared for one product. A product has a few; one
/// that repeats a word forty times gains nothing by it.
pub(crate) const MOST_STEPS: usize = 64;

/// The best path to the end of a step.
#[derive(Debug, Clone, Copy)]
struct Way {
    gained: f32,
    /// The previous step, `None` at the beginning.
    before: Option<u16>,
    /// Another step that ends at the same position.
    beside: Option<u16>,
}

/// Finds the best path through a query, product after product.
pub(crate) struct Ways<'q> {
    query: &'q Query,
    /// Words that a path may skip: all or none.
    skippable: &'q [(usize, usize)],
    // Buffers, so that a candidate costs no allocation.
    ways: Vec<Way>,
    /// For each position of the query the last step found that ends there.
    ending: Vec<Option<u16>>,
}

impl<'q> Ways<'q> {
    /// With `loose`, words of the query may stay unexplained.
    pub(crate) fn new(query: &'q Query, loose: bool) -> Self {
        Ways {
            query,
            skippable: if loose { &query.words } else { &[] },
            ways: Vec::with_capacity(MOST_STEPS),
            ending: vec![None; query.len() + 1],
        }
    }

    /// Stores the best path in `path` and returns its gain: 1 for an exactly explained query,
    /// less for omissions and inexact parts. `steps` are sorted by
    /// their start; each extends the paths that end there (at most 64 of them).
    pub(crate) fn best(
        &mut self,
        edges: &[Edge],
        steps: &mut [Step],
        path: &mut Vec<Step>,
    ) -> Option<f32> {
        path.clear();
        steps.sort_unstable_by_key(|step| edges[step.edge].from);
        self.ending.fill(None);
        self.ways.clear();
        let letters = self.query.len() as f32;
        for (number, step) in steps.iter().enumerate() {
            let edge = &edges[step.edge];
            let own = ((edge.to - edge.from) as f32 * step.quality - edge.cost) / letters;
            let mut way = self.way_to(step, edges, steps, own);
            if way.gained > f32::NEG_INFINITY {
                way.beside = self.ending[edge.to].replace(number as u16);
            }
            self.ways.push(way);
        }
        let (mut best, mut last) = (f32::NEG_INFINITY, None);
        self.each_before(self.query.len(), |at, way, _| {
            if way.gained > best {
                (best, last) = (way.gained, Some(at));
            }
        });
        last?;
        while let Some(at) = last {
            path.push(steps[usize::from(at)]);
            last = self.ways[usize::from(at)].before;
        }
        path.reverse();
        Some(best)
    }

    /// The best path to the end of `step`, whose own gain is `own`.
    fn way_to(&self, step: &Step, edges: &[Edge], steps: &[Step], own: f32) -> Way {
        let from = edges[step.edge].from;
        let mut best = Way { gained: f32::NEG_INFINITY, before: None, beside: None };
        if from == 0 || self.skippable.iter().any(|&(word, _)| word == from) {
            best.gained = own;
        }
        self.each_before(from, |at, way, beside| {
            let joint = if beside { self.joint(edges, &steps[usize::from(at)], step) } else { 0.0 };
            let gained = way.gained + own + joint;
            if gained > best.gained {
                best.gained = gained;
                best.before = Some(at);
            }
        });
        best
    }

    /// Visits the steps that end at `place`, and those with only skipped words in between;
    /// `each` gets whether the step ends at `place` itself.
    fn each_before(&self, place: usize, mut each: impl FnMut(u16, &Way, bool)) {
        let mut end = Some(place);
        while let Some(at) = end {
            let mut next = self.ending[at];
            while let Some(number) = next {
                let way = &self.ways[usize::from(number)];
                each(number, way, at == place);
                next = way.beside;
            }
            end = self
                .skippable
                .iter()
                .find(|&&(from, to)| to == at && from > 0)
                .map(|&(from, _)| from);
        }
    }

    /// The value of one step following another, by their positions in the product.
    fn joint(&self, edges: &[Edge], first: &Step, second: &Step) -> f32 {
        let (one, other) = (&edges[first.edge], &edges[second.edge]);
        let written_apart = self.query.cuts[other.from] == Cut::Gap;
        let is_short = self.query.is_short(one) || self.query.is_short(other);
        match relation(first, second) {
            // Adjacent in both: words of one phrase.
            Relation::Follows if written_apart => 0.012,
            // A word that was cut where the product does not cut it.
            Relation::Follows => -0.005,
            // A repeated word in the query; a product that also repeats it is slightly likelier.
            Relation::Overlaps if self.query.typed(one) == self.query.typed(other) => -0.02,
            Relation::Overlaps => -0.2,
            // One written word comes from two places: the shorter it is, the likelier
            // it is chance.
            Relation::Apart if !written_apart && is_short => -0.25,
            Relation::Apart if !written_apart => -0.08,
            // `td 17`, and the product has a `td` here and a `17` there.
            Relation::Apart if is_short => -0.012,
            Relation::Apart => 0.0,
        }
    }
}

/// The relation of two strings of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The second begins where the first ends.
    Follows,
    /// They share letters.
    Overlaps,
    Apart,
}

/// The relation of the strings of two steps in the product.
pub(crate) fn relation(first: &Step, second: &Step) -> Relation {
    let (one, other) = (&first.entry, &second.entry);
    if one.field != other.field {
        return Relation::Apart;
    }
    if one.word == other.word {
        let (one_end, other_end) = (one.offset + first.taken, other.offset + second.taken);
        if one.offset < other_end && other.offset < one_end {
            return Relation::Overlaps;
        }
        // `td 17` uses the beginning of `td17kv` and then `17kv`: it continues inside the word.
        let goes_on =
            other.offset == one_end || (one_end <= other.offset && other.offset < one.end);
        return if goes_on { Relation::Follows } else { Relation::Apart };
    }
    if other.word == one.word + 1 && one.end == one.word_len && other.offset == 0 {
        Relation::Follows
    } else {
        Relation::Apart
    }
}
