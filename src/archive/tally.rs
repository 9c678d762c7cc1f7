//! Counts a batch for the analytics: collected in memory, written at its end.
//!
//! All rows are written in one fixed order, so that two pods that write at once wait for each other and never
//! deadlock. Only records that were new in the archive are counted, in the same transaction, so a batch
//! that is written twice counts once.

use std::collections::BTreeMap;

use hsc_conversation::archive::{ArchivedMessage, MessageOutcome};

use super::database::Transaction;
use super::sql::{clean, signed, sql};

/// An hour, in milliseconds.
const HOUR: u64 = 3_600_000;

/// Increments of a batch, by hour and product.
#[derive(Default)]
pub(super) struct Tally {
    lines: BTreeMap<(i64, String), Counts>,
}

/// Increments of one row. A changed rating may subtract.
#[derive(Default, Clone, Copy)]
struct Counts {
    conversations: i64,
    questions: i64,
    answered: i64,
    unknown: i64,
    handed_over: i64,
    cache_hits: i64,
    timed: i64,
    first_answer_ms_sum: i64,
    first_answer_ms_most: i64,
    ratings: i64,
    rating_sum: i64,
}

impl Tally {
    pub(super) fn began(&mut self, at_ms: u64) {
        self.line(at_ms, "").conversations += 1;
    }

    /// A conversation selected a product for the first time.
    pub(super) fn turned_to(&mut self, at_ms: u64, product: &str) {
        self.line(at_ms, product).conversations += 1;
    }

    /// The assistant completed an answer.
    pub(super) fn answered(&mut self, at_ms: u64, message: &ArchivedMessage) {
        let Some(outcome) = message.outcome else { return };
        self.both(at_ms, message.product.as_deref(), |counts| {
            counts.questions += 1;
            match outcome {
                MessageOutcome::Answered => counts.answered += 1,
                MessageOutcome::Unknown | MessageOutcome::NoManual => counts.unknown += 1,
                MessageOutcome::Cancelled | MessageOutcome::Failed => {}
            }
            counts.cache_hits += i64::from(message.cached);
            if let Some(took) = message.first_answer_ms.map(signed) {
                counts.timed += 1;
                counts.first_answer_ms_sum = counts.first_answer_ms_sum.saturating_add(took);
                counts.first_answer_ms_most = counts.first_answer_ms_most.max(took);
            }
        });
    }

    /// A conversation requested an agent for the first time.
    pub(super) fn handed_over(&mut self, at_ms: u64, product: Option<&str>) {
        self.both(at_ms, product, |counts| counts.handed_over += 1);
    }

    /// A rating was given or changed.
    pub(super) fn rated(
        &mut self,
        at_ms: u64,
        product: Option<&str>,
        rating: i64,
        before: Option<i64>,
    ) {
        self.both(at_ms, product, |counts| {
            counts.ratings += i64::from(before.is_none());
            counts.rating_sum += rating - before.unwrap_or(0);
        });
    }

    /// Adds the increments to the analytics tables.
    pub(super) async fn write(self, transaction: &mut Transaction) -> sqlx::Result<()> {
        for ((hour, product), counts) in self.lines {
            let add = sql(
                ADD,
                &[
                    &hour,
                    &product,
                    &counts.conversations,
                    &counts.questions,
                    &counts.answered,
                    &counts.unknown,
                    &counts.handed_over,
                    &counts.cache_hits,
                    &counts.timed,
                    &counts.first_answer_ms_sum,
                    &counts.first_answer_ms_most,
                    &counts.ratings,
                    &counts.rating_sum,
                ],
            );
            transaction.execute(add).await?;
        }
        Ok(())
    }

    /// The row of the total and that of the product.
    fn both(&mut self, at_ms: u64, product: Option<&str>, count: impl Fn(&mut Counts)) {
        count(self.line(at_ms, ""));
        if let Some(product) = product.filter(|product| !product.is_empty()) {
            count(self.line(at_ms, product));
        }
    }

    fn line(&mut self, at_ms: u64, product: &str) -> &mut Counts {
        let hour = signed(at_ms - at_ms % HOUR);
        self.lines.entry((hour, clean(product))).or_default()
    }
}

const ADD: &str = "
    INSERT INTO snapshots (hour_ms, product, conversations, questions, answered, unknown, handed_over,
        cache_hits, timed, first_answer_ms_sum, first_answer_ms_most, ratings, rating_sum)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (hour_ms, product) DO UPDATE SET
        conversations = snapshots.conversations + excluded.conversations,
        questions = snapshots.questions + excluded.questions,
        answered = snapshots.answered + excluded.answered,
        unknown = snapshots.unknown + excluded.unknown,
        handed_over = snapshots.handed_over + excluded.handed_over,
        cache_hits = snapshots.cache_hits + excluded.cache_hits,
        timed = snapshots.timed + excluded.timed,
        first_answer_ms_sum = snapshots.first_answer_ms_sum + excluded.first_answer_ms_sum,
        first_answer_ms_most = CASE
            WHEN excluded.first_answer_ms_most > snapshots.first_answer_ms_most
            THEN excluded.first_answer_ms_most ELSE snapshots.first_answer_ms_most END,
        ratings = snapshots.ratings + excluded.ratings,
        rating_sum = snapshots.rating_sum + excluded.rating_sum";
