//! Queries for the analytics.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{
    Analytics, ArchiveError, Page, Paged, Period, ProductQuestion, RatingsOfADay, Snapshot,
    Unanswered,
};
use hsc_conversation::archive::MessageOutcome;
use sqlx::Error;
use sqlx::any::AnyRow;

use super::past::{after, limit, within};
use super::rows;
use super::sql::Statement;
use super::store::Store;

impl Analytics for Store {
    fn snapshots(
        &self,
        period: Period,
        product: Option<&str>,
    ) -> BoxFuture<'_, Result<Vec<Snapshot>, ArchiveError>> {
        let mut statement = Statement::new("SELECT * FROM snapshots WHERE 1 = 1");
        within(&mut statement, Some(period), " AND hour_ms >= ", " AND hour_ms < ");
        if let Some(product) = product {
            statement.and(" AND product = ").bind(product);
        }
        statement.and(" ORDER BY hour_ms, product");
        self.with(async move |pool| {
            statement.query().fetch_all(&pool).await?.iter().map(snapshot).collect()
        })
        .boxed()
    }

    fn most_asked(
        &self,
        period: Period,
        product: Option<&str>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<ProductQuestion>, ArchiveError>> {
        let mut statement = Statement::new(
            "SELECT product, CAST(SUM(questions) AS BIGINT) AS questions,
                CAST(SUM(answered) AS BIGINT) AS answered, CAST(SUM(unknown) AS BIGINT) AS unknown
             FROM snapshots WHERE product <> ''",
        );
        within(&mut statement, Some(period), " AND hour_ms >= ", " AND hour_ms < ");
        if let Some(product) = product {
            statement.and(" AND product = ").bind(product);
        }
        statement
            .and(" GROUP BY product HAVING SUM(questions) > 0")
            .and(" ORDER BY SUM(questions) DESC, product LIMIT ")
            .bind(u64::from(limit));
        self.with(async move |pool| {
            statement.query().fetch_all(&pool).await?.iter().map(product_question).collect()
        })
        .boxed()
    }

    fn unanswered(
        &self,
        period: Period,
        product: Option<&str>,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<Unanswered>, ArchiveError>> {
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
        within(&mut statement, Some(period), " AND a.at_ms >= ", " AND a.at_ms < ");
        if let Some(product) = product {
            statement.and(" AND a.product = ").bind(product);
        }
        after(&mut statement, &page, " AND (a.at_ms, a.id) < (");
        statement.and(" ORDER BY a.at_ms DESC, a.id DESC LIMIT ").bind(limit(&page));
        self.with(async move |pool| {
            let rows = statement.query().fetch_all(&pool).await?;
            let most = usize::try_from(limit(&page) - 1).unwrap_or(usize::MAX);
            let items = rows.iter().take(most).map(unanswered).collect::<Result<_, Error>>()?;
            let next = match rows.get(most.wrapping_sub(1)).filter(|_| rows.len() > most) {
                Some(last) => {
                    Some(format!("{}:{}", rows::number(last, "at_ms")?, rows::text(last, "id")?))
                }
                None => None,
            };
            Ok(Paged { items, next })
        })
        .boxed()
    }

    fn ratings(
        &self,
        period: Period,
        product: Option<&str>,
    ) -> BoxFuture<'_, Result<Vec<RatingsOfADay>, ArchiveError>> {
        let mut statement = Statement::new(
            "SELECT hour_ms - hour_ms % 86400000 AS day_ms, CAST(SUM(ratings) AS BIGINT) AS ratings,
                CAST(SUM(rating_sum) AS BIGINT) AS rating_sum
             FROM snapshots WHERE ratings > 0",
        );
        // Either the row of a product or that of the total: both would count a rating twice.
        statement.and(" AND product = ").bind(product.unwrap_or(""));
        within(&mut statement, Some(period), " AND hour_ms >= ", " AND hour_ms < ");
        statement.and(" GROUP BY hour_ms - hour_ms % 86400000 ORDER BY 1");
        let day = |row: &AnyRow| {
            Ok(RatingsOfADay {
                day_ms: rows::number(row, "day_ms")?,
                ratings: rows::number(row, "ratings")?,
                rating_sum: rows::number(row, "rating_sum")?,
            })
        };
        self.with(async move |pool| {
            statement.query().fetch_all(&pool).await?.iter().map(day).collect()
        })
        .boxed()
    }
}

fn snapshot(row: &AnyRow) -> Result<Snapshot, Error> {
    let number = |column| rows::number(row, column);
    Ok(Snapshot {
        hour_ms: number("hour_ms")?,
        product: rows::text(row, "product")?,
        conversations: number("conversations")?,
        questions: number("questions")?,
        answered: number("answered")?,
        unknown: number("unknown")?,
        handed_over: number("handed_over")?,
        cache_hits: number("cache_hits")?,
        timed: number("timed")?,
        first_answer_ms_sum: number("first_answer_ms_sum")?,
        first_answer_ms_most: number("first_answer_ms_most")?,
        ratings: number("ratings")?,
        rating_sum: number("rating_sum")?,
    })
}

fn product_question(row: &AnyRow) -> Result<ProductQuestion, Error> {
    Ok(ProductQuestion {
        product: rows::text(row, "product")?,
        questions: rows::number(row, "questions")?,
        answered: rows::number(row, "answered")?,
        unknown: rows::number(row, "unknown")?,
    })
}

fn unanswered(row: &AnyRow) -> Result<Unanswered, Error> {
    Ok(Unanswered {
        at_ms: rows::number(row, "at_ms")?,
        conversation: rows::text(row, "conversation")?,
        product: rows::maybe(row, "product")?.unwrap_or_default(),
        question: rows::text(row, "question")?,
        outcome: rows::word(row, "outcome", &MessageOutcome::ALL, MessageOutcome::as_str)?,
    })
}
