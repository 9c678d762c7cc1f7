//! The columns of the tables of figures.

use hsc_actors::ports::archive::{ProductQuestion, RatingsOfADay, Snapshot, Unanswered};

use super::list_query::Named;
use super::table::{Row, day, moment};

impl Row for Named<Snapshot> {
    const HEAD: &'static [&'static str] = &[
        "hour",
        "product",
        "product_name",
        "conversations",
        "questions",
        "answered",
        "unknown",
        "handed_over",
        "cache_hits",
        "timed",
        "first_answer_ms_sum",
        "first_answer_ms_most",
        "ratings",
        "rating_sum",
    ];

    fn cells(&self) -> Vec<String> {
        let Self { it, product_name } = self;
        let name = product_name.as_deref().unwrap_or_default();
        let mut cells = vec![moment(it.hour_ms), it.product.clone(), name.to_owned()];
        let numbers = [
            it.conversations,
            it.questions,
            it.answered,
            it.unknown,
            it.handed_over,
            it.cache_hits,
            it.timed,
            it.first_answer_ms_sum,
            it.first_answer_ms_most,
            it.ratings,
            it.rating_sum,
        ];
        cells.extend(numbers.map(|number| number.to_string()));
        cells
    }
}

impl Row for Named<ProductQuestion> {
    const HEAD: &'static [&'static str] =
        &["product", "product_name", "questions", "answered", "unknown"];

    fn cells(&self) -> Vec<String> {
        let Self { it, product_name } = self;
        let name = product_name.as_deref().unwrap_or_default();
        let mut cells = vec![it.product.clone(), name.to_owned()];
        cells.extend([it.questions, it.answered, it.unknown].map(|number| number.to_string()));
        cells
    }
}

impl Row for Named<Unanswered> {
    const HEAD: &'static [&'static str] =
        &["at", "product", "product_name", "question", "outcome", "conversation"];

    fn cells(&self) -> Vec<String> {
        let Self { it, product_name } = self;
        vec![
            moment(it.at_ms),
            it.product.clone(),
            product_name.as_deref().unwrap_or_default().to_owned(),
            it.question.clone(),
            it.outcome.as_str().to_owned(),
            it.conversation.clone(),
        ]
    }
}

impl Row for RatingsOfADay {
    const HEAD: &'static [&'static str] = &["day", "ratings", "rating_sum", "average"];

    fn cells(&self) -> Vec<String> {
        // A day without a rating has no row.
        let average = self.rating_sum as f64 / self.ratings.max(1) as f64;
        let (ratings, sum) = (self.ratings.to_string(), self.rating_sum.to_string());
        vec![day(self.day_ms), ratings, sum, format!("{average:.2}")]
    }
}
