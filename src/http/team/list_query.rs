//! Parameters of lists from the archive, and the response when the archive fails.

use std::sync::Arc;

use actix_web::HttpResponse;
use hsc_actors::ports::archive::{ArchiveError, Page, Period};
use hsc_catalogs::Catalog;
use hsc_conversation::now_ms;
use log::warn;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{ApiError, ApiErrorCode};

/// Default number of items of a page.
const USUAL: u32 = 50;
/// Default period: the last thirty days.
const USUAL_SPAN_MS: u64 = 30 * DAY_MS;
pub(super) const DAY_MS: u64 = 86_400_000;

/// The wanted page of a list.
pub(super) fn piece(limit: Option<u32>, after: Option<String>) -> Result<Page, ApiError> {
    match limit.unwrap_or(USUAL) {
        limit if (1..=Page::MOST).contains(&limit) => {
            Ok(Page { after: after.filter(|mark| !mark.is_empty()), limit })
        }
        _ => Err(invalid(format!("limit has to be a whole number from 1 to {}.", Page::MOST))),
    }
}

/// The period of figures: by default it ends now and begins thirty days before its end.
pub(super) fn period(from_ms: Option<u64>, to_ms: Option<u64>) -> Result<Period, ApiError> {
    // The current millisecond is included.
    let to_ms = to_ms.unwrap_or_else(|| now_ms().saturating_add(1));
    in_order(from_ms.unwrap_or_else(|| to_ms.saturating_sub(USUAL_SPAN_MS)), to_ms)
}

/// The period of a list. By default it is unlimited, because a list comes in pages.
pub(super) fn narrowed(
    from_ms: Option<u64>,
    to_ms: Option<u64>,
) -> Result<Option<Period>, ApiError> {
    if from_ms.is_none() && to_ms.is_none() {
        return Ok(None);
    }
    in_order(from_ms.unwrap_or(0), to_ms.unwrap_or(u64::MAX)).map(Some)
}

fn in_order(from_ms: u64, to_ms: u64) -> Result<Period, ApiError> {
    if from_ms > to_ms {
        return Err(invalid("from_ms is after to_ms: the period would end before it begins."));
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
    pub(super) fn of(it: T, product: Option<&str>, catalog: &Catalog) -> Self {
        let product_name =
            product.and_then(|id| catalog.product(id)).map(|it| Arc::clone(&it.name));
        Self { it, product_name }
    }
}

/// A response that is never cached: it contains people's text.
pub(super) fn uncached_json(answer: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(answer)
}

/// The error when the archive fails.
pub(super) fn archive_error(error: ArchiveError) -> ApiError {
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

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ApiErrorCode::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            piece(None, Some(String::new())).expect("a piece"),
            Page { after: None, limit: 50 }
        );
        assert!(piece(Some(0), None).is_err() && piece(Some(201), None).is_err());
        assert!(piece(Some(200), None).is_ok());
    }
}
