//! Queries for past conversations, offline messages and the audit log.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{
    Archive, ArchiveError, AuditSearch, Audited, ConversationFound, LeftMessage, Page, Paged,
    Period, Search, StoredUpload, Transcript, TranscriptEntry,
};
use hsc_conversation::archive::{Author, HandoffRecordKind, MessageOutcome, StampedRecord, Thumb};
use sqlx::any::AnyRow;
use sqlx::{Error, Row as _};

use super::backend::Kind;
use super::database::Database;
use super::rows;
use super::sql::{Statement, clean};
use super::store::Store;
use super::words;

impl Archive for Store {
    fn write(&self, batch: Vec<Arc<StampedRecord>>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move |_| self.write_batch(&batch).await).boxed()
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async |_| self.look().await).boxed()
    }

    fn transcript(
        &self,
        conversation: &str,
    ) -> BoxFuture<'_, Result<Option<Transcript>, ArchiveError>> {
        let conversation = clean(conversation);
        self.with(async move |pool| transcript(&pool, &conversation).await).boxed()
    }

    fn search(
        &self,
        search: Search,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<ConversationFound>, ArchiveError>> {
        self.with(async move |pool| {
            let statement = search_statement(&search, &page, self.kind());
            let rows = statement.query().fetch_all(&pool).await?;
            paged(&rows, &page, found, |it| (it.began_ms, &it.conversation))
        })
        .boxed()
    }

    fn left_messages(&self, page: Page) -> BoxFuture<'_, Result<Paged<LeftMessage>, ArchiveError>> {
        self.with(async move |pool| {
            let mut statement = Statement::new("SELECT * FROM left_messages WHERE 1 = 1");
            after(&mut statement, &page, " AND (at_ms, id) < (");
            statement.and(" ORDER BY at_ms DESC, id DESC LIMIT ").bind(limit(&page));
            let rows = statement.query().fetch_all(&pool).await?;
            paged(&rows, &page, left_message, |it| (it.at_ms, &it.id))
        })
        .boxed()
    }

    fn audit(
        &self,
        search: AuditSearch,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<Audited>, ArchiveError>> {
        self.with(async move |pool| {
            let mut statement = Statement::new("SELECT * FROM audit WHERE 1 = 1");
            if let Some(who) = &search.who {
                statement.and(" AND who = ").bind(&**who);
            }
            if let Some(action) = &search.action {
                statement.and(" AND action = ").bind(&**action);
            }
            within(&mut statement, search.period, " AND at_ms >= ", " AND at_ms < ");
            after(&mut statement, &page, " AND (at_ms, id) < (");
            statement.and(" ORDER BY at_ms DESC, id DESC LIMIT ").bind(limit(&page));
            let rows = statement.query().fetch_all(&pool).await?;
            paged(&rows, &page, audited, |it| (it.at_ms, &it.id))
        })
        .boxed()
    }
}

fn search_statement(search: &Search, page: &Page, kind: Kind) -> Statement {
    let mut statement = Statement::new("SELECT * FROM conversations WHERE 1 = 1");
    for pattern in words::patterns(search.text.as_deref().unwrap_or(""), kind) {
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
    if let Some(product) = &search.product {
        statement
            .and(" AND id IN (SELECT conversation FROM conversation_products WHERE product = ")
            .bind(&**product)
            .and(")");
    }
    if let Some(agent) = &search.agent {
        statement
            .and(" AND id IN (SELECT conversation FROM conversation_agents WHERE agent = ")
            .bind(&**agent)
            .and(")");
    }
    if let Some(rating) = search.rating {
        statement.and(" AND rating = ").bind(u64::from(rating));
    }
    within(&mut statement, search.period, " AND began_ms >= ", " AND began_ms < ");
    after(&mut statement, page, " AND (began_ms, id) < (");
    statement.and(" ORDER BY began_ms DESC, id DESC LIMIT ").bind(limit(page));
    statement
}

/// Adds a time range.
pub(super) fn within(
    statement: &mut Statement,
    period: Option<Period>,
    from: &'static str,
    to: &'static str,
) {
    if let Some(period) = period {
        statement.and(from).bind(period.from_ms).and(to).bind(period.to_ms);
    }
}

/// Continues after the previous page. An invalid cursor starts at the beginning.
pub(super) fn after(statement: &mut Statement, page: &Page, condition: &'static str) {
    let mark = page.after.as_deref().and_then(|mark| mark.split_once(':'));
    if let Some((at_ms, id)) = mark.and_then(|(at_ms, id)| Some((at_ms.parse::<u64>().ok()?, id))) {
        statement.and(condition).bind(at_ms).and(", ").bind(id).and(")");
    }
}

/// One more than the page size: the extra row shows that there is a next page.
pub(super) fn limit(page: &Page) -> u64 {
    u64::from(page.limit.clamp(1, Page::MOST)) + 1
}

/// A page of a list from its rows.
pub(super) fn paged<T>(
    rows: &[AnyRow],
    page: &Page,
    read: impl Fn(&AnyRow) -> Result<T, Error>,
    mark: impl Fn(&T) -> (u64, &String),
) -> Result<Paged<T>, Error> {
    let most = usize::try_from(limit(page) - 1).unwrap_or(usize::MAX);
    let items: Vec<T> = rows.iter().take(most).map(read).collect::<Result<_, _>>()?;
    let next = items.last().filter(|_| rows.len() > most).map(|last| {
        let (at_ms, id) = mark(last);
        format!("{at_ms}:{id}")
    });
    Ok(Paged { items, next })
}

fn found(row: &AnyRow) -> Result<ConversationFound, Error> {
    Ok(ConversationFound {
        conversation: rows::text(row, "id")?,
        began_ms: rows::number(row, "began_ms")?,
        last_ms: rows::number(row, "last_ms")?,
        ended_ms: rows::maybe_number(row, "ended_ms")?,
        visitor: rows::visitor(row)?,
        language: rows::maybe(row, "language")?,
        product: rows::maybe(row, "product")?,
        agent: rows::agent(row, "agent", "agent_name")?,
        rating: rows::maybe_number(row, "rating")?.and_then(|rating| u8::try_from(rating).ok()),
        messages: rows::number(row, "messages")?,
        first_words: rows::text(row, "first_words")?,
        reason: rows::maybe(row, "reason")?,
        scenario: rows::maybe(row, "scenario")?,
        page: rows::maybe(row, "page")?,
    })
}

pub(super) fn left_message(row: &AnyRow) -> Result<LeftMessage, Error> {
    Ok(LeftMessage {
        id: rows::text(row, "id")?,
        at_ms: rows::number(row, "at_ms")?,
        conversation: rows::maybe(row, "conversation")?,
        address: rows::text(row, "address")?,
        text: rows::text(row, "text")?,
    })
}

fn audited(row: &AnyRow) -> Result<Audited, Error> {
    Ok(Audited {
        id: rows::text(row, "id")?,
        at_ms: rows::number(row, "at_ms")?,
        who: rows::text(row, "who")?,
        role: rows::text(row, "role")?,
        action: rows::text(row, "action")?,
        subject: rows::text(row, "subject")?,
        detail: rows::text(row, "detail")?,
        address: rows::text(row, "address")?,
    })
}

/// A complete conversation, if it is known.
pub(super) async fn transcript(
    pool: &Database,
    conversation: &str,
) -> Result<Option<Transcript>, Error> {
    let about = sqlx::query("SELECT * FROM conversations WHERE id = $1")
        .bind(conversation)
        .fetch_optional(pool)
        .await?;
    let Some(about) = about else { return Ok(None) };
    let mut thumbs = thumbs(pool, conversation).await?;
    let messages = sqlx::query(
        "SELECT id, at_ms, place, author, agent, agent_name, text, html, product, outcome, confidence,
            citations, upload
         FROM messages WHERE conversation = $1
         -- An answer out of the cache comes within the millisecond of its question.
         ORDER BY at_ms, CASE author WHEN 'visitor' THEN 0 ELSE 1 END, place, id",
    )
    .bind(conversation)
    .fetch_all(pool)
    .await?;
    let turns = sqlx::query("SELECT * FROM turns WHERE conversation = $1 ORDER BY at_ms, id")
        .bind(conversation)
        .fetch_all(pool)
        .await?;
    let mut entries = Vec::with_capacity(messages.len() + turns.len());
    for row in &messages {
        entries.push((rows::number(row, "at_ms")?, message_entry(row, &mut thumbs)?));
    }
    for row in &turns {
        entries.push((rows::number(row, "at_ms")?, handoff_entry(row)?));
    }
    // Stable, so entries of the same millisecond keep their order.
    entries.sort_by_key(|(at_ms, _)| *at_ms);
    let uploads = sqlx::query("SELECT * FROM uploads WHERE conversation = $1 ORDER BY at_ms, id")
        .bind(conversation)
        .fetch_all(pool)
        .await?;
    Ok(Some(Transcript {
        rating_comment: rows::maybe(&about, "rating_comment")?,
        about: found(&about)?,
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        uploads: uploads.iter().map(kept_upload).collect::<Result<_, _>>()?,
    }))
}

async fn thumbs(
    pool: &Database,
    conversation: &str,
) -> Result<HashMap<u64, (Thumb, Option<String>)>, Error> {
    let rows = sqlx::query("SELECT place, thumb, comment FROM feedback WHERE conversation = $1")
        .bind(conversation)
        .fetch_all(pool)
        .await?;
    let thumb = |row: &AnyRow| {
        let thumb = rows::word(row, "thumb", &[Thumb::Up, Thumb::Down], Thumb::as_str)?;
        Ok((rows::number(row, "place")?, (thumb, rows::maybe(row, "comment")?)))
    };
    rows.iter().map(thumb).collect()
}

fn message_entry(
    row: &AnyRow,
    thumbs: &mut HashMap<u64, (Thumb, Option<String>)>,
) -> Result<TranscriptEntry, Error> {
    let offset = rows::maybe_number(row, "place")?;
    let (thumb, comment) = match offset.and_then(|offset| thumbs.remove(&offset)) {
        Some((thumb, comment)) => (Some(thumb), comment),
        None => (None, None),
    };
    let citations = serde_json::from_str(&rows::text(row, "citations")?)
        .map_err(|error| Error::Decode(error.into()))?;
    let confidence: Option<f64> = row.try_get("confidence")?;
    Ok(TranscriptEntry::Message {
        at_ms: rows::number(row, "at_ms")?,
        author: rows::word(row, "author", &Author::ALL, Author::as_str)?,
        agent: rows::agent(row, "agent", "agent_name")?,
        offset,
        text: rows::text(row, "text")?,
        html: rows::text(row, "html")?,
        product: rows::maybe(row, "product")?,
        outcome: rows::maybe_word(row, "outcome", &MessageOutcome::ALL, MessageOutcome::as_str)?,
        confidence: confidence.map(|confidence| confidence as f32),
        citations,
        thumb,
        comment,
        upload: rows::maybe(row, "upload")?,
    })
}

fn handoff_entry(row: &AnyRow) -> Result<TranscriptEntry, Error> {
    Ok(TranscriptEntry::Handoff {
        at_ms: rows::number(row, "at_ms")?,
        turn: rows::word(row, "kind", &HandoffRecordKind::ALL, HandoffRecordKind::as_str)?,
        agent: rows::agent(row, "agent", "agent_name")?,
        to: rows::agent(row, "to_agent", "to_name")?,
        reason: rows::maybe(row, "reason")?,
    })
}

fn kept_upload(row: &AnyRow) -> Result<StoredUpload, Error> {
    Ok(StoredUpload {
        id: rows::text(row, "id")?,
        media_type: rows::text(row, "media_type")?,
        bytes: rows::number(row, "bytes")?,
        expires_ms: rows::number(row, "expires_ms")?,
        is_expired: rows::truth(row, "is_expired")?,
    })
}
