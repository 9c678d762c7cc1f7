//! Figures over time. They are counted when records are written and stay when messages are erased.

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveError, Page, Paged, Period};

/// Tells how support went.
pub trait Analytics: Send + Sync + 'static {
    /// Every hour of the period in which something happened, by product, oldest first. The line without
    /// a product is the total; a conversation counts once for each product that it turned to as well.
    fn snapshots(
        &self,
        period: Period,
        product: Option<&str>,
    ) -> BoxFuture<'_, Result<Vec<Snapshot>, ArchiveError>>;

    /// The products that were asked about most, most first; or how often one of them was.
    fn most_asked(
        &self,
        period: Period,
        product: Option<&str>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<ProductQuestion>, ArchiveError>>;

    /// Questions that the machine could not answer, newest first: the list of a content team.
    fn unanswered(
        &self,
        period: Period,
        product: Option<&str>,
        page: Page,
    ) -> BoxFuture<'_, Result<Paged<Unanswered>, ArchiveError>>;

    /// Visitors' marks by day (UTC), oldest first: all, or those of conversations about a product.
    fn ratings(
        &self,
        period: Period,
        product: Option<&str>,
    ) -> BoxFuture<'_, Result<Vec<RatingsOfADay>, ArchiveError>>;
}

/// What happened in one hour, about one product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Snapshot {
    /// The hour's first millisecond.
    pub hour_ms: u64,
    /// The product; empty is the total.
    pub product: String,
    /// Conversations that began, or that asked about the product for the first time.
    pub conversations: u64,
    /// Questions to the machine.
    pub questions: u64,
    /// Those it answered.
    pub answered: u64,
    /// Those the manual does not answer, or that have no manual.
    pub unknown: u64,
    /// Conversations that wanted a person.
    pub handed_over: u64,
    /// Answers out of the cache.
    pub cache_hits: u64,
    /// Answers with a first word that was timed.
    pub timed: u64,
    /// The sum of their times to the first word, in milliseconds.
    pub first_answer_ms_sum: u64,
    /// The longest of them.
    pub first_answer_ms_most: u64,
    /// Marks given.
    pub ratings: u64,
    /// Their sum.
    pub rating_sum: u64,
}

/// A product and what was asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductQuestion {
    /// The product.
    pub product: String,
    /// Questions.
    pub questions: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that were not.
    pub unknown: u64,
}

/// A question that the machine could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unanswered {
    /// When.
    pub at_ms: u64,
    /// In which conversation.
    pub conversation: String,
    /// About which product.
    pub product: String,
    /// The visitor's words.
    pub question: String,
    /// `unknown` or `no_manual`.
    pub outcome: hsc_conversation::archive::MessageOutcome,
}

/// The marks of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RatingsOfADay {
    /// The day's first millisecond, UTC.
    pub day_ms: u64,
    /// Marks given.
    pub ratings: u64,
    /// Their sum.
    pub rating_sum: u64,
}
