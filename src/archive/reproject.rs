//! Writes the rows of stored events again, for a release that projects an event to another row than the one before it.
//!
//! Never: a row without an event (notes, decisions of the desk, conversations from before events were stored), the row of
//! the conversation itself, an hourly figure, a conversation that was erased.

use hsc_actors::ports::archive::ArchiveError;
use hsc_conversation::archive::StampedRecord;
use hsc_conversation::archive_row;
use hsc_conversation::log::StoredEntry;
use sqlx::any::AnyRow;
use sqlx::{Result, Row as _};

use super::sql::{number, sql};
use super::store::Store;
use super::write::{Writing, lock};

/// Events of one transaction: short enough that the chats of running pods are written in between.
const PAGE: i64 = 200;

/// What [`Store::reproject`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reprojected {
    /// Events read.
    pub events: u64,
    /// Rows written again.
    pub rows: u64,
    /// Events of a later version, whose rows stay as they are.
    pub unreadable: u64,
}

/// The last event of a page.
#[derive(Clone, Default)]
struct Cursor {
    conversation: String,
    place: u64,
    at_ms: u64,
    id: String,
}

impl Store {
    /// Writes the rows of all stored events again. Safe beside running servers, and safe to repeat.
    ///
    /// # Errors
    /// If the database is down or excludes this release. What was written until then stays.
    pub async fn reproject(&self) -> Result<Reprojected, ArchiveError> {
        let mut done = Reprojected::default();
        let mut after = Cursor::default();
        loop {
            let page = self.with(self.reproject_page(&after, &mut done)).await?;
            let Some(last) = page else { return Ok(done) };
            after = last;
        }
    }

    /// One page; returns its end, or none after the last event.
    async fn reproject_page(
        &self,
        after: &Cursor,
        done: &mut Reprojected,
    ) -> Result<Option<Cursor>> {
        let mut writing = Writing::new(self.begin().await?);
        let events = sql(
            "SELECT id, conversation, at_ms, place, entry FROM events
             WHERE (conversation, place, at_ms, id) > ($1, $2, $3, $4)
             ORDER BY conversation, place, at_ms, id LIMIT $5",
            &[&after.conversation, &after.place, &after.at_ms, &after.id, &PAGE],
        );
        let rows = writing.transaction.fetch_all(events).await?;
        let mut last: Option<Cursor> = None;
        let mut is_there = false;
        for event in rows.iter().map(event) {
            let (cursor, entry) = event?;
            done.events += 1;
            if last.as_ref().is_none_or(|last| last.conversation != cursor.conversation) {
                is_there = lock(&mut writing.transaction, &cursor.conversation).await?;
            }
            match entry.read() {
                // Erased since the page was read.
                _ if !is_there => {}
                Ok(entry) => {
                    if let Some(record) = archive_row(&cursor.conversation, &entry) {
                        let (id, at_ms) = (cursor.id.clone(), cursor.at_ms);
                        let row = StampedRecord { id, at_ms, record };
                        done.rows += u64::from(writing.replace(&row).await?);
                    }
                }
                Err(_) => done.unreadable += 1,
            }
            last = Some(cursor);
        }
        // Without the tally: the rows were counted in the hourly figures when they were first written.
        writing.transaction.commit().await?;
        Ok(last)
    }
}

fn event(row: &AnyRow) -> Result<(Cursor, StoredEntry)> {
    let place = number(row, "place")?;
    let text: String = row.try_get("entry")?;
    let cursor = Cursor {
        conversation: row.try_get("conversation")?,
        place,
        at_ms: number(row, "at_ms")?,
        id: row.try_get("id")?,
    };
    Ok((cursor, StoredEntry { offset: place, text: text.into() }))
}
