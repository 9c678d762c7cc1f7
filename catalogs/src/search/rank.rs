//! Scores one product against a query. The rules are explained in the [module](super).

use super::distance::edits;
use super::document::Field;
use super::index::{Index, joints};
use super::likeness::Likeness;
use super::query::{Edge, Query};
use super::reading::{Reading, Sense};
use super::trie::Term;
use super::way::{MOST_STEPS, Relation, Step, Ways, relation};

/// The score of a product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit {
    /// Inner number of the product.
    pub(crate) document: u32,
    /// The sort key of products.
    pub(crate) score: f32,
    /// How much of the query is explained and how well, 0 to 1.
    pub(crate) quality: f32,
    /// Whether the query is exactly the whole name, model number or id.
    pub(crate) whole: bool,
    /// Whether the match may be chance, however good it is.
    pub(crate) doubtful: bool,
    /// Whether its joints are where they were typed. Breaks ties.
    pub(crate) as_typed: bool,
}

/// Quality from which on a query counts as exactly spelled. Not 1, because sums of fractions
/// rarely reach it, and a part of a word by itself (`17kv`) may count as exact.
const ALL: f32 = 0.985;

/// Scores products against one query.
pub(crate) struct Ranker<'q> {
    index: &'q Index,
    query: &'q Query,
    edges: Vec<Edge>,
    senses: Vec<Sense>,
    /// For each sense the maximum end of it and all before it.
    furthest: Vec<Term>,
    /// Whether words may stay unexplained; then the words of a product are also compared one by one.
    loose: bool,
    /// For each word its edge and the letters in it, when loose.
    words: Vec<(usize, u64)>,
    ways: Ways<'q>,
    // Buffers, so that a candidate costs no allocation.
    steps: Vec<Step>,
    /// The path of the last scored product: the parts of the query and their strings.
    pub(crate) path: Vec<Step>,
}

impl<'q> Ranker<'q> {
    pub(crate) fn new(index: &'q Index, query: &'q Query, reading: &Reading, loose: bool) -> Self {
        let mut edges = reading.edges.clone();
        let mut words = Vec::new();
        if loose {
            for &(from, to) in &query.words {
                let edge = edges.iter().position(|edge| edge.from == from && edge.to == to);
                let edge = edge.unwrap_or_else(|| {
                    edges.push(Edge { from, to, cost: 0.0 });
                    edges.len() - 1
                });
                words.push((edge, mask(&query.letters[from..to])));
            }
        }
        let mut senses = reading.senses.clone();
        senses.sort_unstable_by_key(|sense| (sense.terms.start, sense.terms.end));
        let mut end = 0;
        let furthest = senses
            .iter()
            .map(|sense| {
                end = end.max(sense.terms.end);
                end
            })
            .collect();
        Ranker {
            index,
            query,
            edges,
            senses,
            furthest,
            loose,
            words,
            ways: Ways::new(query, loose),
            steps: Vec::with_capacity(MOST_STEPS),
            path: Vec::new(),
        }
    }

    /// Scores one product; `None` when no reading of the query fits it.
    pub(crate) fn fit(&mut self, document: u32) -> Option<Fit> {
        self.steps.clear();
        self.match_entries(document);
        if self.loose {
            self.compare_words(document);
        }
        let gained = self.ways.best(&self.edges, &mut self.steps, &mut self.path)?;
        Some(self.judge(document, gained))
    }

    /// Finds the strings of this product that the parts of the query may stand for.
    fn match_entries(&mut self, document: u32) {
        for &entry in self.index.entries_of(document) {
            let mut at = self.senses.partition_point(|sense| sense.terms.start <= entry.term);
            let first = self.steps.len();
            while at > 0 && self.furthest[at - 1] > entry.term {
                at -= 1;
                let sense = &self.senses[at];
                if sense.terms.end <= entry.term || self.steps.len() == MOST_STEPS {
                    continue;
                }
                let edge = usize::from(sense.edge);
                let letters = self.index.trie.letters_of(entry.term);
                let new = Likeness::new(
                    self.query,
                    &self.edges[edge],
                    &entry,
                    letters,
                    sense.edits,
                    sense.beginning,
                )
                .step(edge, entry);
                let known = self.steps[first..].iter_mut().find(|step| step.edge == edge);
                match known {
                    Some(step) if step.quality >= new.quality => {}
                    Some(step) => *step = new,
                    None => self.steps.push(new),
                }
            }
        }
    }

    /// Compares unexplained words with each word of the product.
    fn compare_words(&mut self, document: u32) {
        for &(edge, word_mask) in &self.words {
            let Edge { from, to, .. } = self.edges[edge];
            if self.steps.iter().any(|step| step.edge == edge) {
                continue;
            }
            let typed = &self.query.letters[from..to];
            let most: u8 = match typed.len() {
                0 | 1 => continue,
                2 | 3 => 1,
                4..=8 => 2,
                _ => 3,
            };
            let at_end = to == self.query.len();
            for &entry in self.index.entries_of(document) {
                let len = usize::from(entry.end - entry.offset);
                if len + usize::from(most) < typed.len()
                    || (!at_end && typed.len() + usize::from(most) < len)
                    || !entry.begins_word
                    || self.steps.len() == MOST_STEPS
                {
                    continue;
                }
                let letters = self.index.trie.letters_of(entry.term);
                if (word_mask & !mask(letters)).count_ones() > u32::from(most) {
                    continue;
                }
                let found = edits(typed, letters, most);
                let (count, beginning) = if at_end && found.beginning < found.whole {
                    (found.beginning, true)
                } else {
                    (found.whole, false)
                };
                if count <= most {
                    let part = &self.edges[edge];
                    let like = Likeness::new(self.query, part, &entry, letters, count, beginning);
                    self.steps.push(like.step(edge, entry));
                }
            }
        }
    }

    /// Turns the path into a score: how much of the name is spelled, and whether that is all.
    fn judge(&self, document: u32, quality: f32) -> Fit {
        let (mut named, mut spelled) = (0.0, 0.0);
        for step in &self.path {
            if step.entry.field == Field::Name {
                named += f32::from(step.marked) * step.quality;
            }
            let edge = &self.edges[step.edge];
            spelled += (edge.to - edge.from) as f32 * step.quality - edge.cost;
        }
        let named = (named / f32::from(self.index.name_letters[document as usize].max(1))).min(1.0);
        let spelled = spelled / self.query.len() as f32;
        let taken_twice = self.taken_twice();
        let quality = quality - taken_twice;
        let mut whole = named > ALL && spelled > ALL && taken_twice == 0.0;
        let is_one_number =
            self.query.words.len() == 1 && self.query.letters.iter().all(|c| c.is_numeric());
        // A number that is found only with an error or a cut is another number.
        let mut doubtful = is_one_number && spelled < 0.9;
        if let [one] = self.path.as_slice()
            && self.edges[one.edge].to - self.edges[one.edge].from == self.query.len()
        {
            let whole_word = one.marked == one.entry.word_len;
            whole |= one.quality > ALL && whole_word && one.entry.word_len >= 3;
            // A number alone that is a part of a model number, or a shop's number in an id.
            doubtful |= is_one_number
                && match one.entry.field {
                    Field::Id if one.entry.word_len < 3 => true,
                    _ => !whole_word && (self.query.len() < 4 || one.entry.offset > 0),
                };
        }
        let mut score = quality + 0.06 * named;
        if whole {
            score += 0.02;
        } else if self.begins_name() {
            score += 0.015;
        }
        let as_typed = self.path.iter().all(|step| {
            if !self.query.has_joints {
                return step.entry.joints == 0;
            }
            let edge = &self.edges[step.edge];
            step.entry.joints == joints(&self.query.cuts[edge.from..edge.to])
        });
        Fit { document, score, quality: quality.clamp(0.0, 1.0), whole, doubtful, as_typed }
    }

    /// The share of the query that uses letters of the product which another part has used: `2002
    /// flat 20` is not about a product with one `2002`. Adjacent parts are checked by
    /// [`Ways`] during the search, these afterwards.
    fn taken_twice(&self) -> f32 {
        let mut twice = 0;
        for (at, step) in self.path.iter().enumerate().skip(2) {
            let edge = &self.edges[step.edge];
            if self.path[..at - 1].iter().any(|earlier| {
                relation(earlier, step) == Relation::Overlaps
                    && self.query.typed(&self.edges[earlier.edge]) != self.query.typed(edge)
            }) {
                twice += edge.to - edge.from;
            }
        }
        twice as f32 / self.query.len() as f32
    }

    /// Whether the query is a prefix of the name, word for word: most people type a name from
    /// its first letter on.
    fn begins_name(&self) -> bool {
        let first = &self.path[0];
        first.entry.field == Field::Name
            && first.entry.word == 0
            && first.entry.offset == 0
            && self.path.windows(2).all(|two| relation(&two[0], &two[1]) == Relation::Follows)
    }
}

/// The letters of a word as bits, for a fast rejection.
fn mask(letters: &[char]) -> u64 {
    letters.iter().fold(0, |mask, &letter| mask | 1 << (letter as u32 % 64))
}
