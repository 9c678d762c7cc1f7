//! Pending webhook deliveries.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{
    ArchiveError, Deliveries, Delivery, EndpointBacklog, Page, Paged,
};
use sqlx::Error;
use sqlx::any::AnyRow;

use super::past::{after, limit, paged};
use super::rows;
use super::sql::{Statement, clean, signed};
use super::store::Store;

impl Deliveries for Store {
    fn take_due(
        &self,
        endpoint: &str,
        now_ms: u64,
        until_ms: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, ArchiveError>> {
        let endpoint = clean(endpoint);
        self.with(async move |_| {
            let mut transaction = self.begin().await?;
            // The outer condition decides: a pod that waited for another pod's row lock evaluates
            // it again, and the row is no longer due.
            let rows = sqlx::query(
                "UPDATE deliveries SET next_try_ms = $2, attempts = attempts + 1
                 WHERE next_try_ms <= $1 AND id IN (SELECT id FROM deliveries
                    WHERE next_try_ms <= $1 AND endpoint = $4 ORDER BY next_try_ms, at_ms, id LIMIT $3)
                 RETURNING *",
            )
            .bind(signed(now_ms))
            .bind(signed(until_ms))
            .bind(i64::from(limit))
            .bind(endpoint)
            .fetch_all(&mut *transaction)
            .await?;
            transaction.commit().await?;
            let mut due: Vec<Delivery> = rows.iter().map(delivery).collect::<Result<_, _>>()?;
            // Neither database returns them in the order of the subquery.
            due.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
            Ok(due)
        })
        .boxed()
    }

    fn delivered(&self, id: &str) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let id = clean(id);
        self.writing(async move |pool| {
            sqlx::query("DELETE FROM deliveries WHERE id = $1")
                .bind(id)
                .execute(&pool)
                .await
                .map(drop)
        })
        .boxed()
    }

    fn failed(
        &self,
        id: &str,
        why: &str,
        next_try_ms: Option<u64>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let (id, why) = (clean(id), clean(why));
        self.writing(async move |pool| {
            sqlx::query("UPDATE deliveries SET last_error = $2, next_try_ms = $3 WHERE id = $1")
                .bind(id)
                .bind(why)
                .bind(next_try_ms.map(signed))
                .execute(&pool)
                .await
                .map(drop)
        })
        .boxed()
    }

    fn standing(&self) -> BoxFuture<'_, Result<Vec<EndpointBacklog>, ArchiveError>> {
        self.with(async move |pool| {
            let rows = sqlx::query(
                "SELECT endpoint, COUNT(next_try_ms) AS waiting, COUNT(*) - COUNT(next_try_ms) AS dead
                 FROM deliveries GROUP BY endpoint ORDER BY endpoint",
            )
            .fetch_all(&pool)
            .await?;
            let standing = |row| {
                let endpoint = rows::text(row, "endpoint")?;
                let (waiting, dead) = (rows::number(row, "waiting")?, rows::number(row, "dead")?);
                Ok(EndpointBacklog { endpoint, waiting, dead })
            };
            rows.iter().map(standing).collect()
        })
        .boxed()
    }

    fn dead_letters(&self, page: Page) -> BoxFuture<'_, Result<Paged<Delivery>, ArchiveError>> {
        self.with(async move |pool| {
            let mut statement =
                Statement::new("SELECT * FROM deliveries WHERE next_try_ms IS NULL");
            after(&mut statement, &page, " AND (at_ms, id) < (");
            statement.and(" ORDER BY at_ms DESC, id DESC LIMIT ").bind(limit(&page));
            let rows = statement.query().fetch_all(&pool).await?;
            paged(&rows, &page, delivery, |it| (it.at_ms, &it.id))
        })
        .boxed()
    }

    fn try_again(&self, id: &str, now_ms: u64) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let id = clean(id);
        self.writing(async move |pool| {
            let tried = sqlx::query(
                "UPDATE deliveries SET next_try_ms = $2, attempts = 0
                 WHERE id = $1 AND next_try_ms IS NULL",
            )
            .bind(id)
            .bind(signed(now_ms))
            .execute(&pool)
            .await?;
            Ok(tried.rows_affected() > 0)
        })
        .boxed()
    }

    fn discard(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let id = clean(id);
        self.writing(async move |pool| {
            let gone = sqlx::query("DELETE FROM deliveries WHERE id = $1 AND next_try_ms IS NULL")
                .bind(id)
                .execute(&pool)
                .await?;
            Ok(gone.rows_affected() > 0)
        })
        .boxed()
    }
}

fn delivery(row: &AnyRow) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: rows::text(row, "id")?,
        at_ms: rows::number(row, "at_ms")?,
        endpoint: rows::text(row, "endpoint")?,
        event: rows::text(row, "event")?,
        body: rows::text(row, "body")?,
        attempts: u32::try_from(rows::number(row, "attempts")?).unwrap_or(u32::MAX),
        last_error: rows::maybe(row, "last_error")?,
    })
}
