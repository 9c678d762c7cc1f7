//! Pending webhook deliveries.

use futures::{FutureExt as _, TryFutureExt as _};
use hsc_actors::ports::archive::{Deliveries, Delivery, EndpointBacklog, Page, Paged};
use sqlx::any::AnyRow;
use sqlx::{Result, Row as _};

use super::sql::{Statement, number, sql};
use super::store::{Reply, Store};

impl Deliveries for Store {
    fn take_due(
        &self,
        endpoint: &str,
        now_ms: u64,
        until_ms: u64,
        limit: u32,
    ) -> Reply<'_, Vec<Delivery>> {
        // The outer condition decides: a pod that waited for another pod's row lock evaluates
        // it again, and the row is no longer due.
        let taken = sql(
            "UPDATE deliveries SET next_try_ms = $2, attempts = attempts + 1
             WHERE next_try_ms <= $1 AND id IN (SELECT id FROM deliveries
                WHERE next_try_ms <= $1 AND endpoint = $4 ORDER BY next_try_ms, at_ms, id LIMIT $3)
             RETURNING *",
            &[&now_ms, &until_ms, &limit, &endpoint],
        );
        self.with(async move {
            let mut transaction = self.begin().await?;
            let rows = transaction.fetch_all(taken).await?;
            transaction.commit().await?;
            let mut due: Vec<Delivery> = rows.iter().map(delivery).collect::<Result<_, _>>()?;
            // Neither database returns them in the order of the subquery.
            due.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
            Ok(due)
        })
    }

    fn delivered(&self, id: &str) -> Reply<'_, ()> {
        let gone = sql("DELETE FROM deliveries WHERE id = $1", &[&id]);
        self.execute(gone).map_ok(drop).boxed()
    }

    fn failed(&self, id: &str, why: &str, next_try_ms: Option<u64>) -> Reply<'_, ()> {
        let failed = sql(
            "UPDATE deliveries SET last_error = $2, next_try_ms = $3 WHERE id = $1",
            &[&id, &why, &next_try_ms],
        );
        self.execute(failed).map_ok(drop).boxed()
    }

    fn standing(&self) -> Reply<'_, Vec<EndpointBacklog>> {
        let standing = sql(
            "SELECT endpoint, COUNT(next_try_ms) AS waiting, COUNT(*) - COUNT(next_try_ms) AS dead
             FROM deliveries GROUP BY endpoint ORDER BY endpoint",
            &[],
        );
        self.fetch_all(standing, |row| {
            let (waiting, dead) = (number(row, "waiting")?, number(row, "dead")?);
            Ok(EndpointBacklog { endpoint: row.try_get("endpoint")?, waiting, dead })
        })
    }

    fn dead_letters(&self, page: Page) -> Reply<'_, Paged<Delivery>> {
        let mut statement = Statement::new("SELECT * FROM deliveries WHERE next_try_ms IS NULL");
        statement.page(&page, "at_ms", "id");
        self.fetch_page(statement, page, "at_ms", delivery)
    }

    fn try_again(&self, id: &str, now_ms: u64) -> Reply<'_, bool> {
        let again = sql(
            "UPDATE deliveries SET next_try_ms = $2, attempts = 0
             WHERE id = $1 AND next_try_ms IS NULL",
            &[&id, &now_ms],
        );
        self.execute(again).map_ok(|tried| tried > 0).boxed()
    }

    fn discard(&self, id: &str) -> Reply<'_, bool> {
        let discarded = sql("DELETE FROM deliveries WHERE id = $1 AND next_try_ms IS NULL", &[&id]);
        self.execute(discarded).map_ok(|gone| gone > 0).boxed()
    }
}

fn delivery(row: &AnyRow) -> Result<Delivery> {
    Ok(Delivery {
        id: row.try_get("id")?,
        at_ms: number(row, "at_ms")?,
        endpoint: row.try_get("endpoint")?,
        event: row.try_get("event")?,
        body: row.try_get("body")?,
        attempts: u32::try_from(number(row, "attempts")?).unwrap_or(u32::MAX),
        last_error: row.try_get("last_error")?,
    })
}
