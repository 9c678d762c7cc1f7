//! Queries for the analytics.

use hsc_actors::ports::archive::{
    Analytics, Page, Paged, Period, ProductQuestion, RatingsOfADay, Snapshot, Unanswered,
};
use sqlx::any::AnyRow;
use sqlx::{Result, Row as _};

use super::sql::{Statement, number, word};
use super::store::{Reply, Store};

impl Analytics for Store {
    fn snapshots(&self, period: Period, product: Option<&str>) -> Reply<'_, Vec<Snapshot>> {
        let mut statement = Statement::new("SELECT * FROM snapshots WHERE 1 = 1");
        statement.within("hour_ms", Some(period));
        statement.equals("product", product);
        statement.and(" ORDER BY hour_ms, product");
        self.fetch_all(statement.query(), snapshot)
    }

    fn most_asked(
        &self,
        period: Period,
        product: Option<&str>,
        limit: u32,
    ) -> Reply<'_, Vec<ProductQuestion>> {
        let mut statement = Statement::new(
            "SELECT product, CAST(SUM(questions) AS BIGINT) AS questions,
                CAST(SUM(answered) AS BIGINT) AS answered, CAST(SUM(unknown) AS BIGINT) AS unknown
             FROM snapshots WHERE product <> ''",
        );
        statement.within("hour_ms", Some(period));
        statement.equals("product", product);
        statement
            .and(" GROUP BY product HAVING SUM(questions) > 0")
            .and(" ORDER BY SUM(questions) DESC, product LIMIT ")
            .bind(u64::from(limit));
        self.fetch_all(statement.query(), product_question)
    }

    fn unanswered(
        &self,
        period: Period,
        product: Option<&str>,
        page: Page,
    ) -> Reply<'_, Paged<Unanswered>> {
        // The question by its id; a client without ids rates the latest question before.
        let mut statement = Statement::new(
            "SELECT a.id, a.at_ms, a.conversation, a.product, a.outcome, COALESCE(
                (SELECT q.text FROM messages q WHERE q.conversation = a.conversation
                    AND q.author = 'visitor' AND q.question = a.question
                    ORDER BY q.at_ms LIMIT 1),
                (SELECT q.text FROM messages q WHERE q.conversation = a.conversation
                    AND q.author = 'visitor' AND q.at_ms <= a.at_ms
                    ORDER BY q.at_ms DESC, q.id DESC LIMIT 1),
                '') AS question
             FROM messages a WHERE a.outcome IN ('unknown', 'no_manual')",
        );
        statement.within("a.at_ms", Some(period));
        statement.equals("a.product", product);
        statement.page(&page, "a.at_ms", "a.id");
        self.fetch_page(statement, page, "at_ms", unanswered)
    }

    fn ratings(&self, period: Period, product: Option<&str>) -> Reply<'_, Vec<RatingsOfADay>> {
        let mut statement = Statement::new(
            "SELECT hour_ms - hour_ms % 86400000 AS day_ms, CAST(SUM(ratings) AS BIGINT) AS ratings,
                CAST(SUM(rating_sum) AS BIGINT) AS rating_sum
             FROM snapshots WHERE ratings > 0",
        );
        // Either the row of a product or that of the total: both would count a rating twice.
        statement.equals("product", Some(product.unwrap_or("")));
        statement.within("hour_ms", Some(period));
        statement.and(" GROUP BY hour_ms - hour_ms % 86400000 ORDER BY 1");
        self.fetch_all(statement.query(), day)
    }
}

fn snapshot(row: &AnyRow) -> Result<Snapshot> {
    Ok(Snapshot {
        hour_ms: number(row, "hour_ms")?,
        product: row.try_get("product")?,
        conversations: number(row, "conversations")?,
        questions: number(row, "questions")?,
        answered: number(row, "answered")?,
        unknown: number(row, "unknown")?,
        handed_over: number(row, "handed_over")?,
        cache_hits: number(row, "cache_hits")?,
        timed: number(row, "timed")?,
        first_answer_ms_sum: number(row, "first_answer_ms_sum")?,
        first_answer_ms_most: number(row, "first_answer_ms_most")?,
        ratings: number(row, "ratings")?,
        rating_sum: number(row, "rating_sum")?,
    })
}

fn product_question(row: &AnyRow) -> Result<ProductQuestion> {
    Ok(ProductQuestion {
        product: row.try_get("product")?,
        questions: number(row, "questions")?,
        answered: number(row, "answered")?,
        unknown: number(row, "unknown")?,
    })
}

fn day(row: &AnyRow) -> Result<RatingsOfADay> {
    Ok(RatingsOfADay {
        day_ms: number(row, "day_ms")?,
        ratings: number(row, "ratings")?,
        rating_sum: number(row, "rating_sum")?,
    })
}

fn unanswered(row: &AnyRow) -> Result<Unanswered> {
    Ok(Unanswered {
        at_ms: number(row, "at_ms")?,
        conversation: row.try_get("conversation")?,
        product: row.try_get::<Option<String>, _>("product")?.unwrap_or_default(),
        question: row.try_get("question")?,
        outcome: word(row, "outcome")?,
    })
}
