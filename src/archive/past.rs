//! Queries for past conversations, offline messages and the audit log.

use std::collections::HashMap;
use std::sync::Arc;

use hsc_actors::ports::archive::{
    Archive, AuditSearch, Audited, ConversationFound, LeftMessage, Page, Paged, Search,
    StoredUpload, Transcript, TranscriptEntry,
};
use hsc_conversation::archive::StampedRecord;
use hsc_conversation::protocol::Thumb;
use sqlx::any::AnyRow;
use sqlx::{Error, Result, Row as _};

use super::database::{Database, Kind};
use super::sql::{Statement, agent, maybe_number, maybe_word, number, sql, truth, visitor, word};
use super::store::{Reply, Store};
use super::words::patterns;

impl Archive for Store {
    fn write(&self, batch: Vec<Arc<StampedRecord>>) -> Reply<'_, ()> {
        self.with(async move { self.write_batch(&batch).await })
    }

    fn reach(&self) -> Reply<'_, ()> {
        self.with(self.look())
    }

    fn transcript(&self, conversation: &str) -> Reply<'_, Option<Transcript>> {
        let conversation = conversation.to_owned();
        self.with(async move { transcript(&self.database, &conversation).await })
    }

    fn search(&self, search: Search, page: Page) -> Reply<'_, Paged<ConversationFound>> {
        let mut statement = search_statement(&search, self.database.kind);
        statement.page(&page, "began_ms", "id");
        self.fetch_page(statement, page, "began_ms", found)
    }

    fn left_messages(&self, page: Page) -> Reply<'_, Paged<LeftMessage>> {
        let mut statement = Statement::new("SELECT * FROM left_messages WHERE 1 = 1");
        statement.page(&page, "at_ms", "id");
        self.fetch_page(statement, page, "at_ms", left_message)
    }

    fn audit(&self, search: AuditSearch, page: Page) -> Reply<'_, Paged<Audited>> {
        let mut statement = Statement::new("SELECT * FROM audit WHERE 1 = 1");
        statement.equals("who", search.who.as_deref());
        statement.equals("action", search.action.as_deref());
        statement.within("at_ms", search.period);
        statement.page(&page, "at_ms", "id");
        self.fetch_page(statement, page, "at_ms", audited)
    }
}

fn search_statement(search: &Search, kind: Kind) -> Statement {
    let mut statement = Statement::new("SELECT * FROM conversations WHERE 1 = 1");
    for pattern in patterns(search.text.as_deref().unwrap_or(""), kind) {
        match kind {
            Kind::Sqlite => statement
                .and(
                    " AND id IN (SELECT m.conversation FROM message_words w
                        JOIN message_numbers n ON n.number = w.rowid
                        JOIN messages m ON m.id = n.message WHERE w.words MATCH ",
                )
                .bind(&*pattern)
                .and(")"),
            Kind::Postgres => statement
                .and(" AND id IN (SELECT conversation FROM messages WHERE words @@ CAST(")
                .bind(&*pattern)
                .and(" AS tsquery))"),
        };
    }
    let of_product = "SELECT conversation FROM conversation_products WHERE product = ";
    let of_agent = "SELECT conversation FROM conversation_agents WHERE agent = ";
    for (listed, value) in [(of_product, &search.product), (of_agent, &search.agent)] {
        if let Some(value) = value.as_deref() {
            statement.and(" AND id IN (").and(listed).bind(value).and(")");
        }
    }
    statement.equals("rating", search.rating.map(u64::from));
    statement.within("began_ms", search.period);
    statement
}

fn found(row: &AnyRow) -> Result<ConversationFound> {
    Ok(ConversationFound {
        conversation: row.try_get("id")?,
        began_ms: number(row, "began_ms")?,
        last_ms: number(row, "last_ms")?,
        ended_ms: maybe_number(row, "ended_ms")?,
        visitor: visitor(row)?,
        language: row.try_get("language")?,
        product: row.try_get("product")?,
        agent: agent(row, "agent", "agent_name")?,
        rating: maybe_number(row, "rating")?.and_then(|rating| u8::try_from(rating).ok()),
        messages: number(row, "messages")?,
        first_words: row.try_get("first_words")?,
        reason: row.try_get("reason")?,
        scenario: row.try_get("scenario")?,
        page: row.try_get("page")?,
    })
}

pub(super) fn left_message(row: &AnyRow) -> Result<LeftMessage> {
    Ok(LeftMessage {
        id: row.try_get("id")?,
        at_ms: number(row, "at_ms")?,
        conversation: row.try_get("conversation")?,
        address: row.try_get("address")?,
        text: row.try_get("text")?,
    })
}

fn audited(row: &AnyRow) -> Result<Audited> {
    Ok(Audited {
        id: row.try_get("id")?,
        at_ms: number(row, "at_ms")?,
        who: row.try_get("who")?,
        role: row.try_get("role")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        address: row.try_get("address")?,
    })
}

/// A complete conversation, if it is known.
pub(super) async fn transcript(
    database: &Database,
    conversation: &str,
) -> Result<Option<Transcript>> {
    let about = sql("SELECT * FROM conversations WHERE id = $1", &[&conversation]);
    let Some(about) = database.fetch_optional(about).await? else { return Ok(None) };
    let mut thumbs = thumbs(database, conversation).await?;
    let messages = sql(
        "SELECT id, at_ms, place, author, agent, agent_name, text, html, product, outcome, confidence,
            citations, upload
         FROM messages WHERE conversation = $1
         -- An answer out of the cache comes within the millisecond of its question.
         ORDER BY at_ms, CASE author WHEN 'visitor' THEN 0 ELSE 1 END, place, id",
        &[&conversation],
    );
    let messages = database.fetch_all(messages).await?;
    let turns = "SELECT * FROM turns WHERE conversation = $1 ORDER BY at_ms, id";
    let turns = database.fetch_all(sql(turns, &[&conversation])).await?;
    let mut entries = Vec::with_capacity(messages.len() + turns.len());
    for row in &messages {
        entries.push((number(row, "at_ms")?, message_entry(row, &mut thumbs)?));
    }
    for row in &turns {
        entries.push((number(row, "at_ms")?, handoff_entry(row)?));
    }
    // Stable, so entries of the same millisecond keep their order.
    entries.sort_by_key(|(at_ms, _)| *at_ms);
    let uploads = "SELECT * FROM uploads WHERE conversation = $1 ORDER BY at_ms, id";
    let uploads = database.fetch_all(sql(uploads, &[&conversation])).await?;
    Ok(Some(Transcript {
        rating_comment: about.try_get("rating_comment")?,
        about: found(&about)?,
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        uploads: uploads.iter().map(kept_upload).collect::<Result<_, _>>()?,
    }))
}

async fn thumbs(
    database: &Database,
    conversation: &str,
) -> Result<HashMap<u64, (Thumb, Option<String>)>> {
    let text = "SELECT place, thumb, comment FROM feedback WHERE conversation = $1";
    let rows = database.fetch_all(sql(text, &[&conversation])).await?;
    let thumb = |row: &AnyRow| {
        let thumb = word(row, "thumb")?;
        Ok((number(row, "place")?, (thumb, row.try_get("comment")?)))
    };
    rows.iter().map(thumb).collect()
}

fn message_entry(
    row: &AnyRow,
    thumbs: &mut HashMap<u64, (Thumb, Option<String>)>,
) -> Result<TranscriptEntry> {
    let offset = maybe_number(row, "place")?;
    let (thumb, comment) = offset.and_then(|offset| thumbs.remove(&offset)).unzip();
    let citations = serde_json::from_str(&row.try_get::<String, _>("citations")?)
        .map_err(|error| Error::Decode(error.into()))?;
    let confidence: Option<f64> = row.try_get("confidence")?;
    Ok(TranscriptEntry::Message {
        at_ms: number(row, "at_ms")?,
        author: word(row, "author")?,
        agent: agent(row, "agent", "agent_name")?,
        offset,
        text: row.try_get("text")?,
        html: row.try_get("html")?,
        product: row.try_get("product")?,
        outcome: maybe_word(row, "outcome")?,
        confidence: confidence.map(|confidence| confidence as f32),
        citations,
        thumb,
        comment: comment.flatten(),
        upload: row.try_get("upload")?,
    })
}

fn handoff_entry(row: &AnyRow) -> Result<TranscriptEntry> {
    Ok(TranscriptEntry::Handoff {
        at_ms: number(row, "at_ms")?,
        turn: word(row, "kind")?,
        agent: agent(row, "agent", "agent_name")?,
        to: agent(row, "to_agent", "to_name")?,
        reason: row.try_get("reason")?,
    })
}

fn kept_upload(row: &AnyRow) -> Result<StoredUpload> {
    Ok(StoredUpload {
        id: row.try_get("id")?,
        media_type: row.try_get("media_type")?,
        bytes: number(row, "bytes")?,
        expires_ms: number(row, "expires_ms")?,
        is_expired: truth(row, "is_expired")?,
    })
}
