//! Analytics. Figures are counted when records are written and stay when messages are erased.

use serde::Serialize;
use utoipa::ToSchema;

use super::{ArchiveReply, Page, Paged, Period};

/// Returns the analytics.
pub trait Analytics: Send + Sync + 'static {
    /// Every hour of the period with events, by product, oldest first. The row without a product is the total; a
    /// conversation also counts once for each of its products.
    fn snapshots(&self, period: Period, product: Option<&str>) -> ArchiveReply<'_, Vec<Snapshot>>;

    /// The products with most questions, most first; or the number of one product.
    fn most_asked(
        &self,
        period: Period,
        product: Option<&str>,
        limit: u32,
    ) -> ArchiveReply<'_, Vec<ProductQuestion>>;

    /// Questions that the assistant could not answer, newest first: the work list of a content team.
    fn unanswered(
        &self,
        period: Period,
        product: Option<&str>,
        page: Page,
    ) -> ArchiveReply<'_, Paged<Unanswered>>;

    /// Visitors' ratings by day (UTC), oldest first: all, or those of conversations about a product.
    fn ratings(
        &self,
        period: Period,
        product: Option<&str>,
    ) -> ArchiveReply<'_, Vec<RatingsOfADay>>;
}

/// The figures of one hour and one product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Snapshot {
    /// The hour's first millisecond.
    pub hour_ms: u64,
    /// The product; empty is the total.
    pub product: String,
    /// Conversations that began, or that asked about the product for the first time.
    pub conversations: u64,
    /// Questions to the assistant.
    pub questions: u64,
    /// Answered questions.
    pub answered: u64,
    /// Questions that the manual does not answer, or without a manual.
    pub unknown: u64,
    /// Conversations with a handoff.
    pub handed_over: u64,
    /// Answers from the cache.
    pub cache_hits: u64,
    /// Answers with a measured time to the first words.
    pub timed: u64,
    /// The sum of these times, in milliseconds.
    pub first_answer_ms_sum: u64,
    /// The longest of these times, in milliseconds.
    pub first_answer_ms_most: u64,
    /// Number of ratings.
    pub ratings: u64,
    /// Sum of the ratings.
    pub rating_sum: u64,
}

/// A product and its questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductQuestion {
    /// The product.
    pub product: String,
    /// Number of questions.
    pub questions: u64,
    /// Number of answered questions.
    pub answered: u64,
    /// Number of unanswered questions.
    pub unknown: u64,
}

/// A question that the assistant could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unanswered {
    /// When.
    pub at_ms: u64,
    /// Its conversation.
    pub conversation: String,
    /// Its product.
    pub product: String,
    /// The visitor's text.
    pub question: String,
    /// `unknown` or `no_manual`.
    pub outcome: hsc_conversation::archive::MessageOutcome,
}

/// The ratings of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RatingsOfADay {
    /// The day's first millisecond, UTC.
    pub day_ms: u64,
    /// Number of ratings.
    pub ratings: u64,
    /// Sum of the ratings.
    pub rating_sum: u64,
}
