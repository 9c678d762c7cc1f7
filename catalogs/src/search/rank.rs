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
    /// Whether the query is, letter for letter, the whole name, model number or id.
    pub(crate) whole: bool,
    /// Whether it may well be chance, however well it fits.
    pub(crate) doubtful: bool,
}

/// A part of the query and what it stands for in one product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    edge: usize,
    pub(crate) entry: Entry,
    quality: f32,
    /// Letters of the entry that are marked.
    pub(crate) marked: u8,
    /// Letters of the entry that are surely taken: another part may go on behind them. Fewer than
    /// are marked where a beginning has a slip in it, for the slip may be a letter too many.
    taken: u8,
}

/// Quality from which on a query counts as spelled letter for letter. Not 1, for sums of fractions
/// seldom are, and a part of a word by itself (`17kv`) may count as one.
const ALL: f32 = 0.985;

/// Ways to take the parts of a query that are compared for one product. A product has a few; one
/// that says the same word forty times does not get more for it.
const MOST_STEPS: usize = 64;

/// Fits products to one query.
pub(crate) struct Ranker<'q> {
    index: &'q Index,
    query: &'q Query,
    edges: Vec<Edge>,
    senses: Vec<Sense>,
    /// For each sense the furthest end of it and all before it.
    furthest: Vec<Term>,
    /// Whether words may stay unexplained; then the words of a product are also compared one by one.
    loose: bool,
    /// For each word its edge and the letters in it, when loose.
    word_edges: Vec<usize>,
    word_masks: Vec<u64>,
    // Scratch, so that a candidate costs no allocation.
    steps: Vec<Step>,
    ways: Vec<Way>,
    /// For each place of the query the last step found that ends there.
    ending: Vec<Option<u16>>,
    path: Vec<Step>,
}

/// The best way to the end of a step.
#[derive(Debug, Clone, Copy)]
struct Way {
    gained: f32,
    /// The step before, none at the beginning.
    before: Option<u16>,
    /// Another step that ends at the same place.
    beside: Option<u16>,
}

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
            word_edges,
            word_masks,
            steps: Vec::with_capacity(MOST_STEPS),
            ways: Vec::with_capacity(MOST_STEPS),
            ending: vec![None; query.len() + 1],
            path: Vec::new(),
        }
    }

    /// Fits one product; `None` when the query cannot be read as being about it.
    pub(crate) fn fit(&mut self, document: u32) -> Option<Fit> {
        self.steps.clear();
        self.match_entries(document);
        if self.loose {
            self.compare_words(document);
        }
        let score = self.best_way()?;
        Some(self.judge(document, score))
    }

    /// The parts of the query and what they stand for, of the product fitted last.
    pub(crate) fn path(&self) -> &[Step] {
        &self.path
    }

    /// Finds what the parts of the query may stand for in this product.
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
                let like = self.likeness(edge, &entry, sense.slips, sense.beginning);
                let quality = quality(&entry, like);
                let known = self.steps[first..].iter_mut().find(|step| step.edge == edge);
                match known {
                    Some(step) if step.quality >= quality => {}
                    Some(step) => *step = like.step(edge, entry, quality),
                    None => self.steps.push(like.step(edge, entry, quality)),
                }
            }
        }
    }

    fn likeness(&self, edge: usize, entry: &Entry, slips: u8, beginning: bool) -> Likeness {
        let Edge { from, to, .. } = self.edges[edge];
        let (mut same_first, mut digits_kept, mut likely) = (true, true, true);
        if slips > 0 {
            let typed = &self.query.letters[from..to];
            let letters = self.index.trie.letters_of(entry.term);
            same_first = typed[0] == letters[0];
            let digits = |letters: &'q [char]| letters.iter().filter(|letter| letter.is_numeric());
            digits_kept = is_within(digits(typed), digits(letters));
            likely = forgotten_or_swapped(typed, letters, slips, beginning);
        }
        Likeness {
            typed: to - from,
            len: usize::from(entry.end - entry.offset),
            slips,
            beginning,
            at_end: to == self.query.len(),
            same_first,
            digits_kept,
            likely,
        }
    }

    /// Compares words that are not explained with each word of the product.
    fn compare_words(&mut self, document: u32) {
        for word in 0..self.word_edges.len() {
            let edge = self.word_edges[word];
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
                if (self.word_masks[word] & !mask(letters)).count_ones() > u32::from(most) {
                    continue;
                }
                let found = slips(typed, letters, most);
                let (count, beginning) = if at_end && found.beginning < found.whole {
                    (found.beginning, true)
                } else {
                    (found.whole, false)
                };
                if count <= most {
                    let like = self.likeness(edge, &entry, count, beginning);
                    let quality = quality(&entry, like);
                    self.steps.push(like.step(edge, entry, quality));
                }
            }
        }
    }

    /// Finds the best way through the query, puts it into `path` and returns its score.
    fn best_way(&mut self) -> Option<f32> {
        self.path.clear();
        if self.steps.is_empty() {
            return None;
        }
        let edges = &self.edges;
        self.steps.sort_unstable_by_key(|step| edges[step.edge].from);
        self.ending.fill(None);
        self.ways.clear();
        let letters = self.query.len() as f32;
        let mut skipped = SkippedWords::new(self.query, self.loose);
        for number in 0..self.steps.len() {
            let step = self.steps[number];
            let edge = &self.edges[step.edge];
            let own = ((edge.to - edge.from) as f32 * step.quality - edge.cost) / letters;
            let mut way = Way { gained: f32::NEG_INFINITY, before: None, beside: None };
            if edge.from == 0 || skipped.reach_beginning(edge.from) {
                way.gained = own;
            }
            // The steps that end where this one begins, or only skipped words before it.
            let mut place = edge.from;
            loop {
                let mut before = self.ending[place];
                while let Some(at) = before {
                    let earlier = self.ways[usize::from(at)];
                    let joint = if place == edge.from {
                        self.joint(&self.steps[usize::from(at)], &step)
                    } else {
                        0.0
                    };
                    let gained = earlier.gained + own + joint;
                    if gained > way.gained {
                        way.gained = gained;
                        way.before = Some(at);
                    }
                    before = earlier.beside;
                }
                match skipped.word_ending(place) {
                    Some(from) if from > 0 => place = from,
                    _ => break,
                }
            }
            if way.gained > f32::NEG_INFINITY {
                way.beside = self.ending[edge.to];
                self.ending[edge.to] = Some(number as u16);
            }
            self.ways.push(way);
        }
        let mut best: Option<(f32, u16)> = None;
        let mut place = self.query.len();
        loop {
            let mut last = self.ending[place];
            while let Some(at) = last {
                let way = self.ways[usize::from(at)];
                if best.is_none_or(|(gained, _)| way.gained > gained) {
                    best = Some((way.gained, at));
                }
                last = way.beside;
            }
            match skipped.word_ending(place) {
                Some(from) if from > 0 => place = from,
                _ => break,
            }
        }
        let (gained, last) = best?;
        let mut at = Some(last);
        while let Some(step) = at {
            self.path.push(self.steps[usize::from(step)]);
            at = self.ways[usize::from(step)].before;
        }
        self.path.reverse();
        Some(gained)
    }

    /// What it is worth that one step follows another, for how they stand in the product.
    fn joint(&self, first: &Step, second: &Step) -> f32 {
        let edges = (&self.edges[first.edge], &self.edges[second.edge]);
        let written_apart = self.query.cuts[edges.1.from] == Cut::Gap;
        let is_short = short(self.query, edges.0) || short(self.query, edges.1);
        match relation(first, second) {
            Relation::Follows if written_apart => 0.012,
            Relation::Follows => -0.005,
            // A word said twice is said twice; a product that has it twice is a little likelier.
            Relation::Overlaps if self.typed(edges.0) == self.typed(edges.1) => -0.02,
            Relation::Overlaps => -0.2,
            Relation::Apart if !written_apart => {
                if is_short {
                    -0.25
                } else {
                    -0.08
                }
            }
            Relation::Apart if is_short => -0.012,
            Relation::Apart => 0.0,
        }
    }

    fn typed(&self, edge: &Edge) -> &[char] {
        &self.query.letters[edge.from..edge.to]
    }

    /// Turns the way into a fit: how much of the name is spelled, and whether that is all.
    fn judge(&self, document: u32, quality: f32) -> Fit {
        let (mut named, mut spelled) = (0.0, 0.0);
        for step in &self.path {
            if step.entry.field == FieldNumber::NAME {
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
        // A number that takes a slip or a cut to be found is another number.
        let mut doubtful = is_one_number && spelled < 0.9;
        if let [one] = self.path.as_slice()
            && self.edges[one.edge].to - self.edges[one.edge].from == self.query.len()
        {
            let whole_word = one.marked == one.entry.word_len;
            whole |= one.quality > ALL && whole_word && one.entry.word_len >= 3;
            // A number alone that is a part of a model number, or a shop's number in an id.
            doubtful |= is_one_number
                && match one.entry.field {
                    FieldNumber::ID if one.entry.word_len < 3 => true,
                    _ => !whole_word && (self.query.len() < 4 || one.entry.offset > 0),
                };
        }
        let mut score = quality + 0.06 * named;
        if whole {
            score += 0.02;
        } else if self.begins_name() {
            score += 0.015;
        }
        Fit { document, score, quality: quality.clamp(0.0, 1.0), whole, doubtful }
    }

    /// The share of the query that takes letters of the product which another part has taken: `2002
    /// flat 20` is not about a product with one `2002`. Neighbours are told apart by
    /// [`joint`](Self::joint) while the way is sought, these only once it is found.
    fn taken_twice(&self) -> f32 {
        let mut twice = 0;
        for (at, step) in self.path.iter().enumerate().skip(2) {
            let edge = &self.edges[step.edge];
            if self.path[..at - 1].iter().any(|earlier| {
                matches!(relation(earlier, step), Relation::Overlaps)
                    && self.typed(&self.edges[earlier.edge]) != self.typed(edge)
            }) {
                twice += edge.to - edge.from;
            }
        }
        twice as f32 / self.query.len() as f32
    }

    /// Whether the query is the beginning of the name, word for word: most people type a name from
    /// its first letter on.
    fn begins_name(&self) -> bool {
        let first = &self.path[0];
        first.entry.field == FieldNumber::NAME
            && first.entry.word == 0
            && first.entry.offset == 0
            && self
                .path
                .windows(2)
                .all(|two| matches!(relation(&two[0], &two[1]), Relation::Follows))
    }
}

/// Which words of a query a way may pass over.
struct SkippedWords<'q> {
    words: &'q [(usize, usize)],
}

impl<'q> SkippedWords<'q> {
    fn new(query: &'q Query, allowed: bool) -> Self {
        SkippedWords { words: if allowed { &query.words } else { &[] } }
    }

    /// The beginning of the word that ends at `place`.
    fn word_ending(&mut self, place: usize) -> Option<usize> {
        self.words.iter().find(|&&(_, to)| to == place).map(|&(from, _)| from)
    }

    /// Whether all words before `place` may be passed over.
    fn reach_beginning(&mut self, place: usize) -> bool {
        self.words.iter().any(|&(from, _)| from == place)
    }
}

/// How a part of the query is like a string.
#[derive(Debug, Clone, Copy)]
struct Likeness {
    typed: usize,
    len: usize,
    slips: u8,
    /// The part is the beginning of the string.
    beginning: bool,
    /// The part ends the query: it may still be being typed.
    at_end: bool,
    /// Both begin with the same letter.
    same_first: bool,
    /// The string has all the digits that were typed, in their order.
    digits_kept: bool,
    /// The slips are of the likelier kinds.
    likely: bool,
}

impl Likeness {
    /// The step that takes the part for this string.
    fn step(self, edge: usize, entry: Entry, quality: f32) -> Step {
        let marked = if self.beginning { self.typed.min(self.len) } else { self.len } as u8;
        let taken = if self.beginning { marked.saturating_sub(self.slips) } else { marked };
        Step { edge, entry, quality, marked, taken }
    }
}

/// How well a part of the query fits one string, 0 to 1.
fn quality(entry: &Entry, like: Likeness) -> f32 {
    let mut quality: f32 = match entry.field {
        FieldNumber::NAME | FieldNumber::MODEL => 1.0,
        FieldNumber::BRAND => 0.98,
        // The numbers in an id are a shop's, not the maker's.
        FieldNumber::ID | FieldNumber::BRAND_ID if entry.numeric && entry.word_len < 3 => 0.85,
        FieldNumber::ID | FieldNumber::BRAND_ID => 0.95,
        FieldNumber::CATEGORY => 0.92,
        _alias => 0.99,
    };
    if !entry.begins_word {
        quality -= if entry.numeric { 0.07 } else { 0.25 };
    } else if entry.offset > 0 {
        quality -= 0.02;
    } else if entry.end < entry.word_len {
        quality -= 0.01;
    }
    let typed = like.typed as f32;
    if like.beginning {
        let left = 1.0 - (typed / like.len as f32).min(1.0);
        quality -= if like.at_end { 0.03 + 0.05 * left } else { 0.04 + 0.06 * left + 0.4 / typed };
    }
    if like.slips > 0 {
        quality -= f32::from(like.slips) * (0.06 + 0.9 / (typed + 1.0));
        if !like.same_first {
            quality -= 0.08;
        }
        // Another number is another product.
        if !like.digits_kept {
            quality -= 0.06;
        }
        if !like.likely {
            quality -= 0.02;
        }
        // Half a word and a slip in it: two guesses at once.
        if like.beginning {
            quality -= 0.05;
        }
    }
    quality.max(0.0)
}

/// How two strings of a product stand to each other.
enum Relation {
    Follows,
    Overlaps,
    Apart,
}

fn relation(first: &Step, second: &Step) -> Relation {
    let (one, other) = (&first.entry, &second.entry);
    if one.field != other.field {
        return Relation::Apart;
    }
    if one.word == other.word {
        let (one_end, other_end) = (one.offset + first.taken, other.offset + second.taken);
        if one.offset < other_end && other.offset < one_end {
            return Relation::Overlaps;
        }
        // `td 17` takes the beginning of `td17kv` and then `17kv`: it goes on inside the word.
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

/// Whether letters were only forgotten or swapped. There is one way to forget a letter or to swap
/// two, but as many ways to type a wrong one or one too many as there are keys: of two words that
/// are as near, the one that explains what was typed by the former is much likelier meant.
fn forgotten_or_swapped(typed: &[char], letters: &[char], slips: u8, beginning: bool) -> bool {
    let with_forgotten = typed.len() + usize::from(slips);
    let whole = if beginning { &letters[..letters.len().min(with_forgotten)] } else { letters };
    if whole.len() == with_forgotten && is_within(typed.iter(), whole.iter()) {
        return true;
    }
    let whole = if beginning { &letters[..letters.len().min(typed.len())] } else { letters };
    let wrong = typed.iter().zip(whole).filter(|(typed, letter)| typed != letter).count();
    whole.len() == typed.len() && wrong == 2 * usize::from(slips)
}

/// Whether all of `some` are in `all`, in their order.
fn is_within<'a>(
    some: impl Iterator<Item = &'a char>,
    mut all: impl Iterator<Item = &'a char>,
) -> bool {
    let mut some = some;
    some.all(|one| all.any(|other| other == one))
}

fn short(query: &Query, edge: &Edge) -> bool {
    edge.to - edge.from <= 2 || query.letters[edge.from..edge.to].iter().all(|c| c.is_numeric())
}

/// The letters of a word as bits, for a quick no.
fn mask(letters: &[char]) -> u64 {
    letters.iter().fold(0, |mask, &letter| mask | 1 << (letter as u32 % 64))
}
