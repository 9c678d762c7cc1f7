//! `/admin/webhooks`: the endpoints, their deliveries, and the dead letters.

use actix_web::web::{Path, Query};
use actix_web::{HttpResponse, delete, get, post};
use hsc_actors::ports::EndpointCounters;
use hsc_actors::ports::archive::{ArchiveError, Delivery, EndpointBacklog, Page, Paged};
use hsc_conversation::now_ms;
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::PageRequest;
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// The endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endpoints {
    /// In the order of the settings.
    endpoints: Vec<EndpointCounters>,
}

/// The webhook endpoints: events, deliveries, waiting deliveries, dead letters.
#[utoipa::path(tag = "operations", responses((status = 200, body = Endpoints), Admin, (status = 503)))]
#[get("/admin/webhooks")]
pub(crate) async fn webhooks(deps: Deps, _: Admin) -> ApiResult {
    let mut endpoints = deps.webhooks.endpoints();
    for EndpointBacklog { endpoint: url, waiting, dead } in
        deps.deliveries.standing().await.map_err(away)?
    {
        match endpoints.iter_mut().find(|it| it.url == url) {
            Some(known) => (known.waiting, known.dead) = (waiting, dead),
            // Its deliveries wait until it is in the settings again.
            None => {
                let counters =
                    EndpointCounters { url, waiting, dead, ..EndpointCounters::default() };
                endpoints.push(counters);
            }
        }
    }
    Ok(uncached_json(Endpoints { endpoints }))
}

/// Dead letters, the newest first.
#[utoipa::path(tag = "operations", params(("limit" = Option<usize>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Delivery>), (status = 400), Admin, (status = 503)))]
#[get("/admin/webhooks/dead-letters")]
pub(crate) async fn dead_letters(deps: Deps, _: Admin, params: Query<PageRequest>) -> ApiResult {
    let page = Page { after: params.after.clone(), limit: params.limit()? };
    Ok(uncached_json(deps.deliveries.dead_letters(page).await.map_err(away)?))
}

/// Delivers a dead letter again, from the first attempt.
#[utoipa::path(tag = "operations",
    responses((status = 202, body = Object), Admin, (status = 404), (status = 503)))]
#[post("/admin/webhooks/dead-letters/{id}/retry")]
pub(crate) async fn retry_dead_letter(
    deps: Deps,
    Admin(caller): Admin,
    id: Path<String>,
) -> ApiResult {
    if !deps.deliveries.try_again(&id, now_ms()).await.map_err(away)? {
        return Err(unknown(&id));
    }
    caller.audit(&deps, "webhook.retry", &id, "");
    Ok(HttpResponse::Accepted().json(json!({ "id": *id })))
}

/// Deletes a dead letter.
#[utoipa::path(tag = "operations", responses((status = 204), Admin, (status = 404), (status = 503)))]
#[delete("/admin/webhooks/dead-letters/{id}")]
pub(crate) async fn discard_dead_letter(
    deps: Deps,
    Admin(caller): Admin,
    id: Path<String>,
) -> ApiResult {
    if !deps.deliveries.discard(&id).await.map_err(away)? {
        return Err(unknown(&id));
    }
    caller.audit(&deps, "webhook.discard", &id, "");
    Ok(HttpResponse::NoContent().finish())
}

/// The endpoint to test.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tested {
    /// Its address; none for all.
    #[serde(default)]
    url: Option<String>,
}

/// Sends a `test` event to the endpoint of this address, or to all, whatever events they subscribe to.
#[utoipa::path(tag = "operations", request_body = Tested,
    responses((status = 202, body = Object), Admin, (status = 409)))]
#[post("/admin/webhooks/test")]
pub(crate) async fn test_webhooks(
    deps: Deps,
    Admin(caller): Admin,
    tested: Option<JsonBody<Tested>>,
) -> ApiResult {
    let Tested { url } = tested.map(|JsonBody(tested)| tested).unwrap_or_default();
    let ids = deps.webhooks.test(url.as_deref());
    if ids.is_empty() {
        let message = "There is no such endpoint; webhooks.endpoints has them.";
        return Err(ApiError::new(ApiErrorCode::NoWebhook, message));
    }
    caller.audit(&deps, "webhook.test", url.as_deref().unwrap_or("all"), "");
    Ok(HttpResponse::Accepted().json(json!({ "ids": ids })))
}

fn away(error: ArchiveError) -> ApiError {
    warn!(error:%; "webhooks cannot be looked up");
    let message = "The archive does not answer just now; try again soon.";
    ApiError::new(ApiErrorCode::Unavailable, message)
}

fn unknown(id: &str) -> ApiError {
    let message = format!("There is no dead letter {id}; it may have been tried again.");
    ApiError::new(ApiErrorCode::NoSuchLetter, message)
}
