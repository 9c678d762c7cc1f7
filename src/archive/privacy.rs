//! Export and deletion of one visitor's data, and retention. Analytics stay.

use hsc_actors::ports::archive::{DataSubject, Erased, Export, Privacy};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Error, Result, Row as _};

use super::database::{Database, Kind, Transaction};
use super::past::{left_message, transcript};
use super::sql::{AnyQuery, sql};
use super::store::{Reply, Store};
use super::write::lock;

/// The tables with rows of a conversation, and their key column. The conversation itself is the last one; a trigger
/// erases its events with it.
const OF_A_CONVERSATION: &[(&str, &str)] = &[
    ("messages", "conversation"),
    ("feedback", "conversation"),
    ("turns", "conversation"),
    ("conversation_products", "conversation"),
    ("conversation_agents", "conversation"),
    ("uploads", "conversation"),
    ("deliveries", "conversation"),
    ("left_messages", "conversation"),
    ("conversations", "id"),
];

impl Privacy for Store {
    fn export(&self, subject: DataSubject) -> Reply<'_, Export> {
        self.with(async move {
            let mut export = Export::default();
            for conversation in conversations(&self.database, &subject).await? {
                export.conversations.extend(transcript(&self.database, &conversation).await?);
                export.events.extend(events(&self.database, &conversation).await?);
            }
            let rows = self.database.fetch_all(offline_messages("SELECT *", &subject)).await?;
            export.left_messages = rows.iter().map(left_message).collect::<Result<_, _>>()?;
            Ok(export)
        })
    }

    fn erase(&self, subject: DataSubject) -> Reply<'_, Erased> {
        self.with(async move {
            let conversations = conversations(&self.database, &subject).await?;
            let mut transaction = self.begin().await?;
            let left_messages = transaction.execute(offline_messages("DELETE", &subject)).await?;
            let mut erased = Erased { left_messages, ..Erased::default() };
            for conversation in conversations {
                erase(&mut transaction, &conversation, &mut erased).await?;
            }
            transaction.commit().await?;
            self.forget(&erased).await?;
            Ok(erased)
        })
    }

    fn expire(&self, before_ms: u64, most: u32) -> Reply<'_, Erased> {
        self.with(async move {
            let mut transaction = self.begin().await?;
            let mut erased = Erased::default();
            let old = sql(
                "SELECT id FROM conversations WHERE last_ms < $1 ORDER BY last_ms LIMIT $2",
                &[&before_ms, &most],
            );
            for row in transaction.fetch_all(old).await? {
                let conversation: String = row.try_get("id")?;
                erase(&mut transaction, &conversation, &mut erased).await?;
            }
            for (table, count) in
                [("left_messages", &mut erased.left_messages), ("audit", &mut erased.audit)]
            {
                // Both names are constants of the list above.
                let text = format!(
                    "DELETE FROM {table} WHERE id IN
                        (SELECT id FROM {table} WHERE at_ms < $1 ORDER BY at_ms, id LIMIT $2)"
                );
                let gone = sql(AssertSqlSafe(text), &[&before_ms, &most]);
                *count += transaction.execute(gone).await?;
            }
            // Dead letters contain text of visitors; pending deliveries are never that old.
            for text in [
                "DELETE FROM deliveries WHERE next_try_ms IS NULL AND at_ms < $1",
                "DELETE FROM account_sessions WHERE expires_ms < $1",
            ] {
                transaction.execute(sql(text, &[&before_ms])).await?;
            }
            transaction.commit().await?;
            Ok(erased)
        })
    }
}

impl Store {
    /// Removes deleted data from SQLite's files: deleted words stay in an index until its segments are
    /// merged, and deleted pages in the log until it is folded into the file.
    async fn forget(&self, erased: &Erased) -> Result<()> {
        if self.database.kind == Kind::Sqlite && !erased.is_empty() {
            let merged = sql("INSERT INTO message_words (message_words) VALUES ('optimize')", &[]);
            self.database.execute(merged).await?;
            self.database.execute(sql("PRAGMA wal_checkpoint(TRUNCATE)", &[])).await?;
        }
        Ok(())
    }
}

/// The value to bind.
fn who(subject: &DataSubject) -> &str {
    match subject {
        DataSubject::Conversation(id) => id,
        DataSubject::Visitor(name) => name,
    }
}

async fn conversations(database: &Database, subject: &DataSubject) -> Result<Vec<String>> {
    let text = match subject {
        DataSubject::Conversation(_) => "SELECT id FROM conversations WHERE id = $1",
        DataSubject::Visitor(_) => {
            "SELECT id FROM conversations WHERE subject = $1 OR LOWER(visitor_address) = LOWER($1)
             ORDER BY began_ms, id"
        }
    };
    let rows = database.fetch_all(sql(text, &[&who(subject)])).await?;
    rows.iter().map(|row| row.try_get("id")).collect()
}

/// The stored events of a conversation, in order.
async fn events(database: &Database, conversation: &str) -> Result<Vec<serde_json::Value>> {
    let text = "SELECT entry FROM events WHERE conversation = $1 ORDER BY place, at_ms, id";
    let rows = database.fetch_all(sql(text, &[&conversation])).await?;
    let event = |row: &AnyRow| {
        let entry: String = row.try_get("entry")?;
        serde_json::from_str(&entry).map_err(|error| Error::Decode(error.into()))
    };
    rows.iter().map(event).collect()
}

/// Selects or deletes the offline messages.
fn offline_messages(verb: &str, subject: &DataSubject) -> AnyQuery {
    let condition = match subject {
        DataSubject::Conversation(_) => "conversation = $1",
        DataSubject::Visitor(_) => {
            "LOWER(address) = LOWER($1) OR conversation IN (SELECT id FROM conversations
                WHERE subject = $1 OR LOWER(visitor_address) = LOWER($1))"
        }
    };
    // Both are constants.
    let text = format!("{verb} FROM left_messages WHERE {condition}");
    sql(AssertSqlSafe(text), &[&who(subject)])
}

async fn erase(
    transaction: &mut Transaction,
    conversation: &str,
    erased: &mut Erased,
) -> Result<()> {
    // First, so that rows which are being written again are seen here, and none is written after.
    lock(transaction, conversation).await?;
    let files = sql("SELECT file FROM uploads WHERE conversation = $1", &[&conversation]);
    for row in transaction.fetch_all(files).await? {
        erased.files.push(row.try_get("file")?);
    }
    for (table, column) in OF_A_CONVERSATION {
        // Both are constants of the list above.
        let text = format!("DELETE FROM {table} WHERE {column} = $1");
        let gone = transaction.execute(sql(AssertSqlSafe(text), &[&conversation])).await?;
        match *table {
            "messages" => erased.messages += gone,
            "conversations" => erased.conversations += gone,
            "left_messages" => erased.left_messages += gone,
            _ => {}
        }
    }
    Ok(())
}
