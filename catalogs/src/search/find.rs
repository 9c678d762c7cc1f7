//! A search from the query to the hits.
//!
//! It goes from strict to lenient and stops as soon as the result is good: first the
//! query as written, then with an error in the unknown words, then with one in the others, then
//! with two, then with unexplained words. So a query without an error does not pay for error tolerance.

use super::candidates::{of_all, of_some};
use super::document::{Hit, Matched};
use super::fold::{Kind, fold, kind};
use super::index::Index;
use super::query::Query;
use super::rank::{Fit, Ranker};
use super::reading::Reading;
use super::trie::Trie;
use super::way::Step;

/// Most hits of one search, whatever the limit.
const MOST_HITS: usize = 100;

/// From this quality on the search stops.
const GOOD: f32 = 0.84;

/// From this quality on two errors in a word are not tried.
const FAIR: f32 = 0.70;

impl Index {
    /// The products that fit `query` best, best first, at most `limit` (and never more than
    /// 100). Empty when nothing fits. Any text is a query; the first 1,000 characters are used.
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
            // If both explain the query equally well, the typed form is preferred.
            if other.best > found.best {
                return other.hits();
            }
        }
        found.hits()
    }

    /// Searches from strict to lenient, until the result is good.
    fn find<'s>(&'s self, query: &'s Query, limit: usize) -> Found<'s> {
        let mut found = Found { index: self, query, limit, fits: Vec::new(), best: 0.0 };
        found.whole(&Reading::literal(&self.trie, query));
        if found.best < GOOD {
            let mut parts = Reading::literal_parts(&self.trie, query, true);
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
            // With one word there is nothing to leave out, unless it may be two.
            if found.best < if query.words.len() == 1 { HOPELESS } else { GOOD } {
                found.some(&parts);
            }
        }
        found
    }
}

/// A way to add more strings to a reading.
type Widen = fn(&mut Reading, &Trie, &Query);

/// Below this quality a single word is also searched in parts.
const HOPELESS: f32 = 0.5;

struct Found<'s> {
    index: &'s Index,
    query: &'s Query,
    limit: usize,
    fits: Vec<(Fit, Vec<Matched>)>,
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
        // Over all fits, not only the returned ones: how far to search must not depend on the
        // requested number of hits.
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
            let found = (fit, marks(self.index, fit.document, &ranker.path));
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

/// For a query that is exactly the whole name or model number. Not 100: two products may share it.
const CERTAIN: f32 = 97.0;

/// Upper bound for a match that may be chance: just below 50.
const DOUBTFUL: f32 = 45.0;

/// The quality at which chance and match are equally likely, and the confidence per point of quality
/// above and below it. With these two, a query for a product that is not in the catalog stays below 50 and a name
/// with one error above it; `docs/performance.md` has the accuracy of each range.
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

/// The ranges of a product's texts that the query explains, sorted; ranges of one field do not touch.
fn marks(index: &Index, document: u32, path: &[Step]) -> Vec<Matched> {
    let mut marks: Vec<(Matched, &str)> = path
        .iter()
        .filter_map(|step| {
            let field = step.entry.field;
            // The text of a field that is never marked is empty here.
            let text = index.text(document, field);
            let start = u32::from(step.entry.start);
            let end = end_of(text, start, u32::from(step.marked));
            (end > start).then_some((Matched { field, start, end }, text))
        })
        .collect();
    marks.sort_unstable();
    marks.dedup_by(|(next, text), (last, _)| {
        let touches = next.field == last.field
            && (next.start <= last.end || only_joints(text, last.end, next.start));
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    marks.into_iter().map(|(mark, _)| mark).collect()
}

/// Whether only joints are between two positions: `td 17` marks `TD-17` as one range.
fn only_joints(text: &str, from: u32, to: u32) -> bool {
    let mut between = text.chars().skip(from as usize).take(to.saturating_sub(from) as usize);
    between.all(|c| matches!(kind(c), Kind::Joint | Kind::Nothing))
}

/// The character after the `letters` folded letters that begin at character `start`. Marks of
/// the last letter (niqqud) are included.
fn end_of(text: &str, start: u32, letters: u32) -> u32 {
    let (mut seen, mut end) = (0, start);
    for (number, c) in text.chars().enumerate().skip(start as usize) {
        match kind(c) {
            Kind::Text if seen < letters => {
                fold(c, |_| seen += 1);
                end = number as u32 + 1;
            }
            Kind::Nothing if end == number as u32 => end += 1,
            _ if seen >= letters => break,
            _ => {}
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_counts_letters_and_spans_joints() {
        assert_eq!(end_of("TD-17KV", 0, 4), 5);
        assert_eq!(end_of("TD-17KV", 3, 2), 5);
        assert_eq!(end_of("a b", 0, 1), 1);
    }

    #[test]
    fn a_range_takes_the_marks_of_its_last_letter() {
        assert_eq!(end_of("שִׁיר", 0, 1), 3);
        assert_eq!(end_of("ﬁne", 0, 2), 1);
        assert_eq!(end_of("ab", 0, 9), 2);
    }
}
