//! Checks which suggested questions a manual answers.

use hsc_catalogs::{Manual, Product, Scenario, Suggestion};

use super::answer::{Answer, Outcome};
use super::compose::{Measure, compose};
use super::index::Index;
use super::question::Question;
use super::turn::Turn;

/// For each suggestion, in order: whether the first cited page of its answer is one that the suggestion names.
///
/// By words alone, so that the result does not depend on whether the manual is embedded yet. The index
/// caches the results.
#[must_use]
pub fn confirm(
    product: &Product,
    manual: &Manual,
    index: &Index,
    measure: Measure,
    suggestions: &[Suggestion],
) -> Vec<bool> {
    index.confirmed(suggestions, |suggestion| confirms(product, manual, index, measure, suggestion))
}

fn confirms(
    product: &Product,
    manual: &Manual,
    index: &Index,
    measure: Measure,
    Suggestion { text, pages }: &Suggestion,
) -> bool {
    let question = Question {
        product,
        related: &[],
        text,
        previous: &[],
        scenario: Scenario::default(),
        has_image: false,
        locale: None,
    };
    if let Turn::SmallTalk(_) = Turn::of(&question) {
        return false;
    }
    let Answer { outcome, citations, .. } = compose(&question, manual, index, &[], measure).answer;
    let first = citations.first().map(|citation| citation.page);
    outcome == Outcome::Answered && first.is_some_and(|page| (pages.0..=pages.1).contains(&page))
}
