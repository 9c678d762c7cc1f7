//! Lists in pages: the parameters of a list, from memory ([`PageRequest`]) or from the archive ([`piece`], [`period`],
//! [`word`]), its items, and the error when the archive fails.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hsc_actors::ports::archive::{self, ArchiveError, Period};
use hsc_catalogs::Catalog;
use hsc_conversation::now_ms;
use log::warn;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiError, ApiErrorCode, ApiResult};

/// Default number of items of a page.
const USUAL: usize = 50;
/// Most items of a page: as much as a person looks through.
const MOST: u32 = archive::Page::MOST;
/// Default period: the last thirty days.
const USUAL_SPAN_MS: u64 = 30 * DAY_MS;
pub(super) const DAY_MS: u64 = 86_400_000;

/// The wanted page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageRequest {
    /// A part of the shown text; none for all.
    text: Option<String>,
    /// A state, if the items have one.
    state: Option<String>,
    limit: Option<usize>,
    /// The `next` of the previous page.
    pub(super) after: Option<String>,
}

/// A page of a list from memory.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// The start of the next page; none on the last page.
    pub(super) next: Option<String>,
}

impl PageRequest {
    pub(super) fn limit(&self) -> ApiResult<u32> {
        checked_limit(self.limit)
    }

    /// The searched text in lower case.
    pub(super) fn text(&self) -> String {
        self.text.as_deref().unwrap_or_default().trim().to_lowercase()
    }

    /// The wanted state.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| !state.is_empty())
    }
}

impl<T> Page<T> {
    /// A page from up to one item more than it holds, which tells whether there is a next page.
    pub(super) fn of(mut items: Vec<T>, limit: u32, mark: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { next: items.last().filter(|_| has_more).map(mark), items }
    }
}

/// A time in milliseconds since 1970.
pub(super) fn ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The wanted number of items.
fn checked_limit(limit: Option<usize>) -> ApiResult<u32> {
    match u32::try_from(limit.unwrap_or(USUAL)) {
        Ok(limit @ 1..=MOST) => Ok(limit),
        _ => Err(ApiError::invalid(format!("limit has to be a whole number from 1 to {MOST}."))),
    }
}

/// The wanted page of a list from the archive.
pub(super) fn piece(limit: Option<u32>, after: Option<String>) -> ApiResult<archive::Page> {
    let after = after.filter(|mark| !mark.is_empty());
    Ok(archive::Page { after, limit: checked_limit(limit.map(|it| it as usize))? })
}

/// The period of figures: by default it ends now and begins thirty days before its end.
pub(super) fn period(from_ms: Option<u64>, to_ms: Option<u64>) -> ApiResult<Period> {
    // The current millisecond is included.
    let to_ms = to_ms.unwrap_or_else(|| now_ms().saturating_add(1));
    in_order(from_ms.unwrap_or_else(|| to_ms.saturating_sub(USUAL_SPAN_MS)), to_ms)
}

/// The period of a list. By default it is unlimited, because a list comes in pages.
pub(super) fn narrowed(from_ms: Option<u64>, to_ms: Option<u64>) -> ApiResult<Option<Period>> {
    if from_ms.is_none() && to_ms.is_none() {
        return Ok(None);
    }
    in_order(from_ms.unwrap_or(0), to_ms.unwrap_or(u64::MAX)).map(Some)
}

fn in_order(from_ms: u64, to_ms: u64) -> ApiResult<Period> {
    if from_ms > to_ms {
        return Err(ApiError::invalid(
            "from_ms is after to_ms: the period would end before it begins.",
        ));
    }
    Ok(Period { from_ms, to_ms })
}

/// An optional filter: an empty one counts as absent.
pub(super) fn word(word: Option<String>) -> Option<String> {
    word.map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
}

/// An item about a product, with the product's name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Named<T> {
    #[serde(flatten)]
    pub(super) it: T,
    /// The product's name; none without a product, or if the catalog does not have it any more.
    #[schema(value_type = Option<String>)]
    pub(super) product_name: Option<Arc<str>>,
}

impl<T> Named<T> {
    /// The item, whose product's id `product` returns.
    pub(super) fn of(it: T, product: impl Fn(&T) -> Option<&str>, catalog: &Catalog) -> Self {
        let found = product(&it).and_then(|id| catalog.product(id));
        Self { product_name: found.map(|it| Arc::clone(&it.name)), it }
    }

    /// The same for several items.
    pub(super) fn all(
        items: Vec<T>,
        product: impl Fn(&T) -> Option<&str>,
        catalog: &Catalog,
    ) -> Vec<Self> {
        items.into_iter().map(|it| Self::of(it, &product, catalog)).collect()
    }
}

/// The error of a list that the archive does not give.
impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Unavailable { cause } => {
                warn!(cause:%; "the archive is away from the team");
                let message =
                    "The archive cannot be reached just now. Chats go on; try again in a moment.";
                ApiError::new(ApiErrorCode::Unavailable, message)
            }
            ArchiveError::Excluded { cause } => {
                warn!(cause:%; "the archive excludes this release");
                let message = "The archive was changed by a newer release of the server, and this one must not use it. \
                           Chats go on.";
                ApiError::new(ApiErrorCode::Unavailable, message)
            }
            ArchiveError::Refused { cause } => {
                warn!(cause:%; "the archive refused a query of the team");
                let message = "The archive did not take this; the log of the server says why.";
                ApiError::new(ApiErrorCode::Internal, message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_cursor_only_if_there_is_a_next_page() {
        let page = |items: Vec<u8>| Page::of(items, 2, u8::to_string);
        assert_eq!(
            (page(vec![1, 2, 3]).items, page(vec![1, 2, 3]).next),
            (vec![1, 2], Some("2".into()))
        );
        assert_eq!((page(vec![1, 2]).items, page(vec![1, 2]).next), (vec![1, 2], None));
        assert_eq!(page(Vec::new()).next, None);
    }

    #[test]
    fn the_default_period_of_figures_is_thirty_days() {
        let whole = period(None, None).expect("a period");
        assert_eq!(whole.to_ms - whole.from_ms, USUAL_SPAN_MS);
        let ended = period(None, Some(40 * DAY_MS)).expect("a period");
        assert_eq!(ended, Period { from_ms: 10 * DAY_MS, to_ms: 40 * DAY_MS });
        assert_eq!(period(None, Some(5)).expect("a period"), Period { from_ms: 0, to_ms: 5 });
    }

    #[test]
    fn a_period_that_ends_before_it_begins_is_refused_with_a_reason() {
        for error in [period(Some(2), Some(1)).err(), narrowed(Some(2), Some(1)).err()] {
            let error = error.expect("a refusal");
            assert_eq!(error.code, ApiErrorCode::InvalidRequest);
            assert!(error.message.contains("from_ms is after to_ms"), "{error}");
        }
    }

    #[test]
    fn a_list_without_a_period_is_not_narrowed() {
        assert_eq!(narrowed(None, None).expect("none"), None);
        let since = narrowed(Some(7), None).expect("a period");
        assert_eq!(since, Some(Period { from_ms: 7, to_ms: u64::MAX }));
    }

    #[test]
    fn a_page_size_is_bounded() {
        let first = piece(None, Some(String::new())).expect("a piece");
        assert_eq!(first, archive::Page { after: None, limit: 50 });
        assert!(piece(Some(0), None).is_err() && piece(Some(201), None).is_err());
        assert!(piece(Some(200), None).is_ok());
    }
}
