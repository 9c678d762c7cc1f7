//! Notes of the team, for the agents' sockets.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{Archive as _, ArchiveError, Notes, StoredNote};
use hsc_conversation::archive::{AgentRef, Author, StampedRecord};
use sqlx::Error;
use sqlx::any::AnyRow;

use super::rows;
use super::sql::clean;
use super::store::Store;

impl Notes for Store {
    fn notes(
        &self,
        conversation: &str,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<StoredNote>, ArchiveError>> {
        let conversation = clean(conversation);
        self.with(async move |pool| {
            let newest = sqlx::query(
                "SELECT id, at_ms, agent, agent_name, text FROM messages
                 WHERE conversation = $1 AND author = $2 ORDER BY at_ms DESC, id DESC LIMIT $3",
            )
            .bind(conversation)
            .bind(Author::Note.as_str())
            .bind(i64::from(most))
            .fetch_all(&pool)
            .await?;
            newest.iter().rev().map(note).collect()
        })
        .boxed()
    }

    fn write_note(&self, note: Arc<StampedRecord>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.write(vec![note])
    }
}

fn note(row: &AnyRow) -> Result<StoredNote, Error> {
    // The team writes notes, so one without a name was written by another program.
    let unknown = || AgentRef { id: String::new(), name: String::new() };
    Ok(StoredNote {
        id: rows::text(row, "id")?,
        at_ms: rows::number(row, "at_ms")?,
        agent: rows::agent(row, "agent", "agent_name")?.unwrap_or_else(unknown),
        text: rows::text(row, "text")?,
    })
}
