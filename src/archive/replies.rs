//! Canned replies.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{ArchiveError, CannedReply, Replies};
use sqlx::Error;
use sqlx::any::AnyRow;

use super::rows;
use super::sql::clean;
use super::store::Store;

impl Replies for Store {
    fn replies(&self) -> BoxFuture<'_, Result<Vec<CannedReply>, ArchiveError>> {
        self.with(async |pool| {
            let rows = sqlx::query("SELECT * FROM replies ORDER BY shortcut, product")
                .fetch_all(&pool)
                .await?;
            rows.iter().map(reply).collect()
        })
        .boxed()
    }

    fn put_reply(&self, reply: CannedReply) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move |_| {
            let mut transaction = self.begin().await?;
            // A renamed reply frees its old shortcut.
            sqlx::query("DELETE FROM replies WHERE id = $1")
                .bind(clean(&reply.id))
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT INTO replies (id, shortcut, text, product) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (shortcut, product) DO UPDATE SET id = excluded.id, text = excluded.text",
            )
            .bind(clean(&reply.id))
            .bind(clean(&reply.shortcut))
            .bind(clean(&reply.text))
            .bind(clean(reply.product.as_deref().unwrap_or("")))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        })
        .boxed()
    }

    fn remove_reply(&self, id: &str) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let id = clean(id);
        self.writing(async move |pool| {
            let gone =
                sqlx::query("DELETE FROM replies WHERE id = $1").bind(id).execute(&pool).await?;
            Ok(gone.rows_affected() > 0)
        })
        .boxed()
    }
}

fn reply(row: &AnyRow) -> Result<CannedReply, Error> {
    Ok(CannedReply {
        id: rows::text(row, "id")?,
        shortcut: rows::text(row, "shortcut")?,
        text: rows::text(row, "text")?,
        product: rows::maybe(row, "product")?.filter(|product| !product.is_empty()),
    })
}
