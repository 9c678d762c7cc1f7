//! What the team writes: internal notes in a conversation, for the agents' sockets, and canned replies.

use std::sync::Arc;

use futures::{FutureExt as _, TryFutureExt as _};
use hsc_actors::ports::archive::{Archive as _, CannedReply, Notes, Replies};
use hsc_conversation::archive::{AgentRef, Author, StampedRecord};
use hsc_conversation::protocol::{Agent, Note};
use sqlx::any::AnyRow;
use sqlx::{Result, Row as _};

use super::sql::{agent, number, sql};
use super::store::{Reply, Store};

impl Notes for Store {
    fn notes(&self, conversation: &str, most: u32) -> Reply<'_, Vec<Note>> {
        let newest = sql(
            "SELECT id, at_ms, agent, agent_name, text FROM messages
             WHERE conversation = $1 AND author = $2 ORDER BY at_ms DESC, id DESC LIMIT $3",
            &[&conversation, &Author::Note.as_str(), &most],
        );
        let conversation = conversation.to_owned();
        self.with(async move {
            let rows = self.database.fetch_all(newest).await?;
            rows.iter().rev().map(|row| note(row, &conversation)).collect()
        })
    }

    fn write_note(&self, note: Arc<StampedRecord>) -> Reply<'_, ()> {
        self.write(vec![note])
    }
}

impl Replies for Store {
    fn replies(&self) -> Reply<'_, Vec<CannedReply>> {
        self.fetch_all(sql("SELECT * FROM replies ORDER BY shortcut, product", &[]), reply)
    }

    fn put_reply(&self, reply: CannedReply) -> Reply<'_, ()> {
        let CannedReply { id, shortcut, text, product } = &reply;
        // A renamed reply frees its old shortcut.
        let replaced = sql("DELETE FROM replies WHERE id = $1", &[id]);
        let stored = sql(
            "INSERT INTO replies (id, shortcut, text, product) VALUES ($1, $2, $3, $4)
             ON CONFLICT (shortcut, product) DO UPDATE SET id = excluded.id, text = excluded.text",
            &[id, shortcut, text, &product.as_deref().unwrap_or("")],
        );
        self.execute_all(vec![replaced, stored])
    }

    fn remove_reply(&self, id: &str) -> Reply<'_, bool> {
        let removed = sql("DELETE FROM replies WHERE id = $1", &[&id]);
        self.execute(removed).map_ok(|gone| gone > 0).boxed()
    }
}

fn note(row: &AnyRow, conversation: &str) -> Result<Note> {
    // The team writes notes, so one without a name was written by another program.
    let unknown = || AgentRef { id: String::new(), name: String::new() };
    let AgentRef { id, name } = agent(row, "agent", "agent_name")?.unwrap_or_else(unknown);
    Ok(Note {
        note_id: row.try_get("id")?,
        conversation: conversation.to_owned(),
        agent: Agent { id, name },
        content: row.try_get("text")?,
        at_ms: number(row, "at_ms")?,
    })
}

fn reply(row: &AnyRow) -> Result<CannedReply> {
    let product: String = row.try_get("product")?;
    Ok(CannedReply {
        id: row.try_get("id")?,
        shortcut: row.try_get("shortcut")?,
        text: row.try_get("text")?,
        product: Some(product).filter(|product| !product.is_empty()),
    })
}
