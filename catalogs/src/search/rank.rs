//! How well one product fits a query. The rules are explained in the [module](super).

use super::distance::slips;
use super::index::{Entry, FieldNumber, Index};
use super::query::Query;
use super::reading::{Edge, Reading, Sense};
use super::trie::Term;
use super::words::Cut;

/// How well a product fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit {
    /// Inner number of the product.
    pub(crate) document: u32,
    /// What products are ordered by.
    pub(crate) score: f32,
    /// How much of the query is explained and how well, 0 to 1.
    pub(crate) quality: f32,
    /// Letters of the product's name that the query spells, over all of them.
    pub(crate) named: f32,
    /// Whether the query is, letter for letter, the whole name, model number or id.
    pub(crate) whole: bool,
}

/// A part of the query and what it stands for in one product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) edge: usize,
    pub(crate) entry: Entry,
    pub(crate) quality: f32,
    /// Letters of the entry that are marked.
    pub(crate) marked: u8,
}

/// Fits products to one query.
pub(crate) struct Ranker<'q> {
    index: &'q Index,
    query: &'q Query,
    edges: Vec<Edge>,
    /// Edge numbers by where they begin.
    by_start: Vec<u16>,
    senses: Vec<Sense>,
    /// For each sense the furthest end of it and all before it.
    furthest: Vec<Term>,
    /// Whether words may stay unexplained; then the words of a product are also compared one by one.
    loose: bool,
    /// For each word its edge and the letters in it, when loose.
    word_edges: Vec<usize>,
    word_masks: Vec<u64>,
    // Scratch, so that a candidate costs no allocation.
    best: Vec<Option<Step>>,
    ways: Vec<Way>,
    path: Vec<Step>,
}

/// The best way to a place of the query.
#[derive(Debug, Clone, Copy)]
struct Way {
    gained: f32,
    /// The edge it came by, and where from. `None`: a word that stays unexplained.
    edge: Option<u16>,
    from: usize,
}

const NOWHERE: Way = Way { gained: f32::NEG_INFINITY, edge: None, from: 0 };

impl<'q> Ranker<'q> {
    pub(crate) fn new(index: &'q Index, query: &'q Query, reading: &Reading, loose: bool) -> Self {
        let mut edges = reading.edges.clone();
        let mut word_edges = Vec::new();
        let mut word_masks = Vec::new();
        if loose {
            for &(from, to) in &query.words {
                let edge = edges.iter().position(|edge| edge.from == from && edge.to == to);
                word_edges.push(edge.unwrap_or_else(|| {
                    edges.push(Edge { from, to, cost: 0.0 });
                    edges.len() - 1
                }));
                word_masks.push(mask(&query.letters[from..to]));
            }
        }
        let mut by_start: Vec<u16> = (0..edges.len() as u16).collect();
        by_start.sort_unstable_by_key(|&edge| edges[usize::from(edge)].from);
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
            best: vec![None; edges.len()],
            ways: vec![NOWHERE; query.len() + 1],
            path: Vec::new(),
            edges,
            by_start,
            senses,
            furthest,
            loose,
            word_edges,
            word_masks,
        }
    }

    /// Fits one product; `None` when the query cannot be read as being about it.
    pub(crate) fn fit(&mut self, document: u32) -> Option<Fit> {
        self.match_entries(document);
        if self.loose {
            self.compare_words(document);
        }
        let gained = self.best_way()?;
        if self.path.is_empty() {
            return None;
        }
        Some(self.judge(document, gained))
    }

    /// The parts of the query and what they stand for, of the product fitted last.
    pub(crate) fn path(&self) -> &[Step] {
        &self.path
    }

    /// For each part of the query the string of the product it fits best.
    fn match_entries(&mut self, document: u32) {
        self.best.fill(None);
        for &entry in self.index.entries_of(document) {
            let mut at = self.senses.partition_point(|sense| sense.terms.start <= entry.term);
            while at > 0 && self.furthest[at - 1] > entry.term {
                at -= 1;
                let sense = &self.senses[at];
                if sense.terms.end <= entry.term {
                    continue;
                }
                let edge_number = usize::from(sense.edge);
                let edge = &self.edges[edge_number];
                let typed = edge.to - edge.from;
                let quality = quality(
                    &entry,
                    typed,
                    usize::from(entry.end - entry.offset),
                    sense.slips,
                    sense.beginning,
                    edge.to == self.query.len(),
                );
                let marked = if sense.beginning {
                    typed.min(usize::from(entry.end - entry.offset)) as u8
                } else {
                    entry.end - entry.offset
                };
                if self.best[edge_number].is_none_or(|step| step.quality < quality) {
                    self.best[edge_number] =
                        Some(Step { edge: edge_number, entry, quality, marked });
                }
            }
        }
    }

    /// Compares words that are not explained with each word of the product.
    fn compare_words(&mut self, document: u32) {
        for word in 0..self.word_edges.len() {
            let edge_number = self.word_edges[word];
            let Edge { from, to, .. } = self.edges[edge_number];
            if self.best[edge_number].is_some() {
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
                    || !entry.at_joint
                {
                    continue;
                }
                let letters = self.index.trie.letters_of(entry.term);
                if (self.word_masks[word] & !mask(letters)).count_ones() > u32::from(most) {
                    continue;
                }
                let found = slips(typed, letters, most);
                let (count, beginning) = if at_end && found.beginning < found.whole {
                    (found.beginning, true)
                } else {
                    (found.whole, false)
                };
                if count > most {
                    continue;
                }
                let quality = quality(&entry, typed.len(), len, count, beginning, at_end);
                let marked = if beginning { typed.len().min(len) as u8 } else { len as u8 };
                if self.best[edge_number].is_none_or(|step| step.quality < quality) {
                    self.best[edge_number] =
                        Some(Step { edge: edge_number, entry, quality, marked });
                }
            }
        }
    }

    /// Finds the best way through the query, puts it into `path` and returns what it gains, in
    /// letters.
    fn best_way(&mut self) -> Option<f32> {
        self.ways.fill(NOWHERE);
        self.ways[0].gained = 0.0;
        let mut next = 0;
        let mut word = 0;
        for at in 0..self.query.len() {
            let here = self.ways[at].gained;
            if self.loose && self.query.words.get(word).is_some_and(|&(from, _)| from == at) {
                let to = self.query.words[word].1;
                word += 1;
                if here > self.ways[to].gained {
                    self.ways[to] = Way { gained: here, edge: None, from: at };
                }
            }
            while let Some(&number) = self.by_start.get(next) {
                let edge = &self.edges[usize::from(number)];
                if edge.from != at {
                    break;
                }
                next += 1;
                let Some(step) = self.best[usize::from(number)] else { continue };
                let gained = here + (edge.to - edge.from) as f32 * step.quality - edge.cost;
                if gained > self.ways[edge.to].gained {
                    self.ways[edge.to] = Way { gained, edge: Some(number), from: at };
                }
            }
        }
        let end = self.ways[self.query.len()];
        if end.gained == f32::NEG_INFINITY {
            return None;
        }
        self.path.clear();
        let mut at = self.query.len();
        while at > 0 {
            let way = self.ways[at];
            if let Some(edge) = way.edge {
                self.path.extend(self.best[usize::from(edge)]);
            }
            at = way.from;
        }
        self.path.reverse();
        Some(end.gained)
    }

    /// Turns the way into a score: where the parts stand, and how much of the name is spelled.
    fn judge(&self, document: u32, gained: f32) -> Fit {
        let letters = self.query.len() as f32;
        let mut quality: f32 = gained / letters;
        let mut bonus = 0.0f32;
        for pair in self.path.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            let written_apart = self.query.cuts[self.edges[second.edge].from] == Cut::Gap;
            match relation(&first.entry, &second.entry) {
                Relation::Follows => bonus += 0.02,
                Relation::Overlaps => quality -= 0.2,
                Relation::Apart if !written_apart => quality -= 0.08,
                Relation::Apart => {
                    if short(self.query, &self.edges[first.edge])
                        || short(self.query, &self.edges[second.edge])
                    {
                        quality -= 0.04;
                    }
                }
            }
        }
        let mut named = 0.0;
        for step in &self.path {
            if step.entry.field == FieldNumber::NAME {
                named += f32::from(step.marked) * step.quality.min(1.0);
            }
        }
        let named = (named / f32::from(self.index.name_letters[document as usize].max(1))).min(1.0);
        let whole = match self.path.as_slice() {
            [one] => {
                one.quality > 0.985
                    && one.marked == one.entry.word_len
                    && (one.entry.field == FieldNumber::MODEL || one.entry.word_len >= 3)
                    && self.edges[one.edge].to - self.edges[one.edge].from == self.query.len()
            }
            _ => false,
        } || (named > 0.985 && quality > 0.985);
        let score = quality + bonus.min(0.1) + 0.06 * named + if whole { 0.02 } else { 0.0 };
        Fit { document, score, quality: quality.clamp(0.0, 1.0), named, whole }
    }
}

/// How well a part of the query fits one string, 0 to 1.
fn quality(
    entry: &Entry,
    typed: usize,
    len: usize,
    slips: u8,
    beginning: bool,
    at_end: bool,
) -> f32 {
    let mut quality = match entry.field {
        FieldNumber::NAME | FieldNumber::MODEL => 1.0,
        FieldNumber::BRAND => 0.98,
        FieldNumber::ID | FieldNumber::BRAND_ID => 0.95,
        FieldNumber::CATEGORY => 0.92,
        _ => 0.99,
    };
    debug_assert!(!entry.field.is_alias() || quality > 0.98);
    if entry.offset > 0 {
        quality -= if entry.at_joint { 0.02 } else { 0.07 };
    } else if entry.end < entry.word_len {
        quality -= 0.01;
    }
    if beginning {
        let spelled = (typed as f32 / len as f32).min(1.0);
        quality -=
            if at_end { 0.03 + 0.05 * (1.0 - spelled) } else { 0.1 + 0.12 * (1.0 - spelled) };
    }
    if slips > 0 {
        quality -= f32::from(slips) * (0.06 + 0.9 / (typed as f32 + 1.0));
    }
    quality.max(0.0)
}

/// How two strings of a product stand to each other.
enum Relation {
    Follows,
    Overlaps,
    Apart,
}

fn relation(first: &Entry, second: &Entry) -> Relation {
    if first.field != second.field {
        return Relation::Apart;
    }
    if first.word == second.word {
        if first.offset < second.end && second.offset < first.end {
            return if second.offset > first.offset {
                Relation::Follows
            } else {
                Relation::Overlaps
            };
        }
        return if second.offset == first.end { Relation::Follows } else { Relation::Apart };
    }
    if second.word == first.word + 1 && first.end == first.word_len && second.offset == 0 {
        Relation::Follows
    } else {
        Relation::Apart
    }
}

fn short(query: &Query, edge: &Edge) -> bool {
    edge.to - edge.from <= 2 || query.letters[edge.from..edge.to].iter().all(|c| c.is_numeric())
}

/// The letters of a word as bits, for a quick no.
fn mask(letters: &[char]) -> u64 {
    letters.iter().fold(0, |mask, &letter| mask | 1 << (letter as u32 % 64))
}
