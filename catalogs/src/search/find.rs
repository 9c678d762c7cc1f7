//! A search from the query to the hits.
//!
//! It goes from the strict to the lenient and stops as soon as what it has is good: first the
//! query as written, then with a slip in the words nobody knows, then with one in the others, then
//! with two, then with words that stay unexplained. So a query without a slip pays nothing for those with one.

use super::candidates::{of_all, of_some};
use super::document::Hit;
use super::index::Index;
use super::mark::marks;
use super::query::Query;
use super::rank::{Fit, Ranker};
use super::reading::Reading;
use super::trie::Trie;

/// Hits of one search, whatever was asked for.
const MOST_HITS: usize = 100;

/// From this quality on nothing better is looked for.
const GOOD: f32 = 0.84;

/// From this quality on two slips in a word are not looked for.
const FAIR: f32 = 0.70;

impl Index {
    /// The products that `query` fits best, the best first, at most `limit` (and never more than
    /// 100). Empty when nothing fits. Any text is a query; the first 1,000 characters count.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Hit> {
        let limit = limit.min(MOST_HITS);
        let Some(query) = Query::read(query) else { return Vec::new() };
        if limit == 0 || self.is_empty() {
            return Vec::new();
        }
        let found = self.find(&query, limit);
        if found.best < GOOD
            && let Some(varied) = query.varied()
        {
            let other = self.find(&varied, limit);
            // As far as both explain the query alike it was meant as it was typed.
            if other.best > found.best {
                return other.hits();
            }
        }
        found.hits()
    }

    /// Searches from the strict to the lenient, until what is found is good.
    fn find<'s>(&'s self, query: &'s Query, limit: usize) -> Found<'s> {
        let mut found = Found { index: self, query, limit, fits: Vec::new(), best: 0.0 };
        let mut reading = Reading::default();
        reading.literal(&self.trie, query, false);
        found.whole(&reading);
        if found.best < GOOD {
            let mut parts = Reading::default();
            parts.literal_parts(&self.trie, query, true);
            let steps: [(f32, Widen); 3] = [
                (GOOD, Reading::near_unknown_words),
                (GOOD, Reading::near_known_words),
                (FAIR, Reading::far_words),
            ];
            for (enough, widen) in steps {
                if found.best >= enough {
                    break;
                }
                let before = parts.senses.len();
                widen(&mut parts, &self.trie, query);
                if parts.senses.len() > before {
                    found.whole(&parts.whole_ways(query.len()));
                }
            }
            // With one word there is nothing to leave out, unless it is two.
            if found.best < if query.words.len() == 1 { HOPELESS } else { GOOD } {
                found.some(&parts);
            }
        }
        found
    }
}

/// A way to add more strings to a reading.
type Widen = fn(&mut Reading, &Trie, &Query);

/// Below this quality a single word is also searched for in parts.
const HOPELESS: f32 = 0.5;

struct Found<'s> {
    index: &'s Index,
    query: &'s Query,
    limit: usize,
    fits: Vec<(Fit, Vec<super::document::Matched>)>,
    best: f32,
}

impl Found<'_> {
    fn whole(&mut self, reading: &Reading) {
        let documents = of_all(self.index, self.query, reading);
        self.fit(reading, &documents, false);
    }

    fn some(&mut self, reading: &Reading) {
        let documents = of_some(self.index, self.query, reading);
        self.fit(reading, &documents, true);
    }

    fn fit(&mut self, reading: &Reading, documents: &[u32], loose: bool) {
        if documents.is_empty() {
            return;
        }
        let mut ranker = Ranker::new(self.index, self.query, reading, loose);
        let mut fits: Vec<Fit> =
            documents.iter().filter_map(|&document| ranker.fit(document)).collect();
        // Of all of them, not of those that are kept: how far to look must not depend on how many
        // hits were asked for.
        self.best = fits.iter().fold(self.best, |best, fit| best.max(fit.quality));
        let order = |a: &Fit, b: &Fit| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then(b.as_typed.cmp(&a.as_typed)).then(a.document.cmp(&b.document))
        };
        if fits.len() > self.limit {
            fits.select_nth_unstable_by(self.limit, order);
            fits.truncate(self.limit);
        }
        for fit in fits {
            let known = self.fits.iter().position(|(known, _)| known.document == fit.document);
            if known.is_some_and(|known| self.fits[known].0.score >= fit.score) {
                continue;
            }
            ranker.fit(fit.document);
            let found = (fit, marks(self.index, fit.document, ranker.path()));
            match known {
                Some(known) => self.fits[known] = found,
                None => self.fits.push(found),
            }
        }
        self.fits.sort_by(|(a, _), (b, _)| order(a, b));
        self.fits.truncate(self.limit);
    }

    fn hits(self) -> Vec<Hit> {
        let index = self.index;
        self.fits
            .into_iter()
            .map(|(fit, matched)| Hit {
                document: index.outer[fit.document as usize],
                confidence: confidence(&fit),
                score: fit.score,
                matched,
            })
            .collect()
    }
}

/// A query that is the whole name or model number, letter for letter. Not 100: two products may
/// share it.
const CERTAIN: f32 = 97.0;

/// Fits however well, and may yet be chance: just under a match.
const DOUBTFUL: f32 = 45.0;

/// The quality that is as near to chance as to a match, and the confidence a quality point is worth
/// above and below it. By these two, what is not in the catalog at all stays under 50 and a name
/// with one slip in it over; how often each range was right is in `docs/performance.md`.
const EVEN: f32 = 0.72;
const STEEPNESS: f32 = 160.0;

fn confidence(fit: &Fit) -> u8 {
    let sure = match fit {
        Fit { doubtful: true, .. } => DOUBTFUL,
        Fit { whole: true, .. } => CERTAIN,
        _ => 50.0 + (fit.quality - EVEN) * STEEPNESS,
    };
    sure.clamp(1.0, 100.0) as u8
}
