//! `/api/search`: the search of the chat without a socket.

use actix_web::{HttpResponse, get, web};
use hsc_conversation::predictions;
use hsc_conversation::protocol::Prediction;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ApiError, ApiErrorCode, Dependencies};

/// Longest query, in characters: the same as for `typing` over the socket.
pub(super) const QUERY_CHARS: usize = 1_000;
/// Default number of products, as for `typing`.
const DEFAULT_LIMIT: usize = 10;
/// Most products in a response: the number for an empty `typing`.
const MAX_LIMIT: usize = 50;

/// The query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The customer's text, at most 1,000 characters.
    #[param(max_length = 1000)]
    q: String,
    /// Most products in the response, 1 to 50; 10 when absent.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// The results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    /// Best first, in the form of a `compact` prediction.
    results: Vec<Prediction>,
}

/// The products that match the text, best first.
#[utoipa::path(get, path = "/api/search", tag = "catalog", params(Wanted), responses(
    (status = 200, body = Results), (status = 400, body = ApiError)))]
#[get("/api/search")]
pub(super) async fn search(
    deps: web::Data<Dependencies>,
    params: web::Query<Wanted>,
) -> Result<HttpResponse, ApiError> {
    let query = checked("q", &params.q)?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("'limit' must be from 1 to {MAX_LIMIT}");
        return Err(ApiError::new(ApiErrorCode::InvalidRequest, message));
    }
    let catalog = deps.catalog.load();
    let found = catalog.search(&query, limit);
    Ok(HttpResponse::Ok().json(Results { results: predictions(&catalog, &found, true) }))
}

/// A query without control characters.
///
/// # Errors
/// If it is too long.
pub(super) fn checked(name: &str, query: &str) -> Result<String, ApiError> {
    if query.chars().count() > QUERY_CHARS {
        let message = format!("'{name}' has more than {QUERY_CHARS} characters");
        return Err(ApiError::new(ApiErrorCode::InvalidRequest, message));
    }
    Ok(query.chars().filter(|c| !c.is_control()).collect())
}
