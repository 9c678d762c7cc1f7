//! `/admin/analytics/…`: figures over time, as JSON and as CSV, and the columns of their tables.

use actix_web::get;
use actix_web::web::Query;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _};
use hsc_actors::ports::archive::{
    Page, Paged, Period, ProductQuestion, RatingsOfADay, Snapshot, Unanswered,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::{DAY_MS, Named, period, piece, word};
use super::super::{ApiError, ApiResult, Dependencies, Deps};
use super::table::{Column, Row, attached, begun, day, further, moment};

/// Longest period in hours. A year of a busy shop is about ten megabytes, built in memory.
const HOURS_OF_DAYS: u64 = 366;

/// The wanted figures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FiguresQuery {
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    product: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

impl FiguresQuery {
    fn period(&self) -> ApiResult<Period> {
        period(self.from_ms, self.to_ms)
    }

    /// A period that is short enough for hours.
    fn hours(&self) -> ApiResult<Period> {
        let period = self.period()?;
        if period.to_ms - period.from_ms > HOURS_OF_DAYS * DAY_MS {
            return Err(ApiError::invalid(format!(
                "Hourly figures cover at most {HOURS_OF_DAYS} days; choose a shorter period."
            )));
        }
        Ok(period)
    }

    fn product(&self) -> Option<String> {
        word(self.product.clone())
    }

    fn piece(&self) -> ApiResult<Page> {
        piece(self.limit, self.after.clone())
    }
}

/// Figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figures<T> {
    /// The rows.
    items: Vec<T>,
}

/// The figures of each hour, by product, the oldest first. Rows with an empty `product` are the totals; `product=`
/// selects only those.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = Figures<Named<Snapshot>>), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/snapshots")]
pub(crate) async fn snapshots(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    Ok(uncached_json(Figures { items: hours(&deps, &over).await? }))
}

/// The same as CSV.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/snapshots.csv")]
pub(crate) async fn snapshots_table(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    let rows = hours(&deps, &over).await?;
    Ok(attached("snapshots", over.period()?).body(begun(&rows)))
}

async fn hours(deps: &Dependencies, over: &FiguresQuery) -> ApiResult<Vec<Named<Snapshot>>> {
    // Empty and absent differ here: empty selects the totals.
    let product = over.product.as_deref().map(str::trim);
    let hours = deps.analytics.snapshots(over.hours()?, product).await?;
    Ok(Named::all(hours, |it| Some(&it.product), &deps.catalog.load()))
}

/// The products with most questions, up to `limit`.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query),
        ("limit" = Option<u32>, Query)),
    responses((status = 200, body = Figures<Named<ProductQuestion>>), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/most-asked")]
pub(crate) async fn most_asked(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    Ok(uncached_json(Figures { items: questions(&deps, &over, over.piece()?.limit).await? }))
}

/// The same as CSV, of all products.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/most-asked.csv")]
pub(crate) async fn most_asked_table(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    let rows = questions(&deps, &over, u32::MAX).await?;
    Ok(attached("most-asked", over.period()?).body(begun(&rows)))
}

async fn questions(
    deps: &Dependencies,
    over: &FiguresQuery,
    limit: u32,
) -> ApiResult<Vec<Named<ProductQuestion>>> {
    let product = over.product();
    let questions = deps.analytics.most_asked(over.period()?, product.as_deref(), limit).await?;
    Ok(Named::all(questions, |it| Some(&it.product), &deps.catalog.load()))
}

/// Questions that the assistant could not answer, the newest first: the work list of a content team.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query),
        ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Named<Unanswered>>), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/unanswered")]
pub(crate) async fn unanswered(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    Ok(uncached_json(open(&deps, over.period()?, over.product(), over.piece()?).await?))
}

/// The same as CSV, complete.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/unanswered.csv")]
pub(crate) async fn unanswered_table(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    let (period, product) = (over.period()?, over.product());
    let first = Page { after: None, limit: Page::MOST };
    // The first page is awaited, so that an unavailable archive returns an error.
    let Paged { items, next } = open(&deps, period, product.clone(), first).await?;
    let rest = rest(deps, period, product, next);
    let table = stream::iter([Ok(begun(&items))]).chain(rest);
    Ok(attached("unanswered", period).streaming(table))
}

/// The rest of the table. If the archive becomes unavailable the download is aborted: half a list that looks complete
/// would be worse.
fn rest(
    deps: Deps,
    period: Period,
    product: Option<String>,
    next: Option<String>,
) -> impl Stream<Item = ApiResult<Bytes>> {
    stream::try_unfold((deps, product, next), move |(deps, product, next)| async move {
        let Some(mark) = next else { return Ok(None) };
        let page = Page { after: Some(mark), limit: Page::MOST };
        let Paged { items, next } = open(&deps, period, product.clone(), page).await?;
        Ok(Some((further(&items), (deps, product, next))))
    })
}

async fn open(
    deps: &Dependencies,
    period: Period,
    product: Option<String>,
    page: Page,
) -> ApiResult<Paged<Named<Unanswered>>> {
    let Paged { items, next } = deps.analytics.unanswered(period, product.as_deref(), page).await?;
    let items = Named::all(items, |it| Some(&it.product), &deps.catalog.load());
    Ok(Paged { items, next })
}

/// Visitors' ratings by day (UTC), the oldest first.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = Figures<RatingsOfADay>), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/ratings")]
pub(crate) async fn ratings(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    Ok(uncached_json(Figures { items: marks(&deps, &over).await? }))
}

/// The same as CSV.
#[utoipa::path(tag = "operations",
    params(("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("product" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400), Admin, (status = 503)))]
#[get("/admin/analytics/ratings.csv")]
pub(crate) async fn ratings_table(_: Admin, deps: Deps, over: Query<FiguresQuery>) -> ApiResult {
    let rows = marks(&deps, &over).await?;
    Ok(attached("ratings", over.period()?).body(begun(&rows)))
}

async fn marks(deps: &Dependencies, over: &FiguresQuery) -> ApiResult<Vec<RatingsOfADay>> {
    let product = over.product();
    Ok(deps.analytics.ratings(over.period()?, product.as_deref()).await?)
}

impl<T> Named<T> {
    fn name(&self) -> String {
        self.product_name.as_deref().unwrap_or_default().to_owned()
    }
}

impl Row for Named<Snapshot> {
    const COLUMNS: &'static [Column<Self>] = &[
        ("hour", |row| moment(row.it.hour_ms)),
        ("product", |row| row.it.product.clone()),
        ("product_name", Self::name),
        ("conversations", |row| row.it.conversations.to_string()),
        ("questions", |row| row.it.questions.to_string()),
        ("answered", |row| row.it.answered.to_string()),
        ("unknown", |row| row.it.unknown.to_string()),
        ("handed_over", |row| row.it.handed_over.to_string()),
        ("cache_hits", |row| row.it.cache_hits.to_string()),
        ("timed", |row| row.it.timed.to_string()),
        ("first_answer_ms_sum", |row| row.it.first_answer_ms_sum.to_string()),
        ("first_answer_ms_most", |row| row.it.first_answer_ms_most.to_string()),
        ("ratings", |row| row.it.ratings.to_string()),
        ("rating_sum", |row| row.it.rating_sum.to_string()),
    ];
}

impl Row for Named<ProductQuestion> {
    const COLUMNS: &'static [Column<Self>] = &[
        ("product", |row| row.it.product.clone()),
        ("product_name", Self::name),
        ("questions", |row| row.it.questions.to_string()),
        ("answered", |row| row.it.answered.to_string()),
        ("unknown", |row| row.it.unknown.to_string()),
    ];
}

impl Row for Named<Unanswered> {
    const COLUMNS: &'static [Column<Self>] = &[
        ("at", |row| moment(row.it.at_ms)),
        ("product", |row| row.it.product.clone()),
        ("product_name", Self::name),
        ("question", |row| row.it.question.clone()),
        ("outcome", |row| row.it.outcome.as_str().to_owned()),
        ("conversation", |row| row.it.conversation.clone()),
    ];
}

impl Row for RatingsOfADay {
    const COLUMNS: &'static [Column<Self>] = &[
        ("day", |row| day(row.day_ms)),
        ("ratings", |row| row.ratings.to_string()),
        ("rating_sum", |row| row.rating_sum.to_string()),
        // A day without a rating has no row.
        ("average", |row| format!("{:.2}", row.rating_sum as f64 / row.ratings.max(1) as f64)),
    ];
}
