//! How sure we are that the manual answers: does one place say what the question is about?
//!
//! A question's words are weighed by how rare they are in the manual; a word the manual does not
//! have weighs most. Confidence is the share of that weight which the best passage covers, helped by
//! its page and by a heading that says the same. So a question about bread asked of a drum's manual
//! finds its `how` and `do` everywhere and its bread nowhere, and is not answered.

use super::asked::Asked;
use super::index::{Index, TermId};
use super::rank::Hit;

/// What a word counts that stands only elsewhere on the page.
const ON_PAGE: f32 = 0.6;
/// How much a heading that is the question adds to what is missing.
const NAMED: f32 = 0.6;

/// Confidence in a hit, 0 to 1.
pub(super) fn confidence(index: &Index, asked: &Asked, hit: &Hit) -> f32 {
    let unit = &index.units()[hit.unit];
    let here = asked.covered(|term| stands_in(index, term, |at| at == hit.unit));
    let page =
        asked.covered(|term| stands_in(index, term, |at| index.units()[at].page == unit.page));
    let covered = here + ON_PAGE * (page - here).max(0.0);
    (covered + NAMED * hit.named * hit.named * (1.0 - covered)).clamp(0.0, 1.0)
}

fn stands_in(index: &Index, term: TermId, place: impl Fn(usize) -> bool) -> bool {
    index.postings(term).iter().any(|posting| place(posting.unit as usize))
}
