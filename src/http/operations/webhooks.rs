//! `/admin/webhooks`: the endpoints, their deliveries, and the dead letters.

use actix_web::{HttpResponse, delete, get, post, web};
use hsc_actors::ports::EndpointCounters;
use hsc_actors::ports::archive::{ArchiveError, Delivery, Page, Paged};
use hsc_conversation::now_ms;
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::PageRequest;
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, Dependencies};

/// An endpoint and its deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endpoint {
    /// Its address.
    url: String,
    /// Its events; `all` is every event. Empty if the endpoint is not in the settings any more.
    events: Vec<String>,
    /// Deliveries that this pod made since its start.
    delivered: u64,
    /// Failed attempts of this pod since its start.
    failed: u64,
    /// Waiting deliveries of all pods.
    waiting: u64,
    /// Dead letters of all pods.
    dead: u64,
}

impl From<EndpointCounters> for Endpoint {
    fn from(EndpointCounters { url, events, delivered, failed }: EndpointCounters) -> Self {
        Self { url, events, delivered, failed, waiting: 0, dead: 0 }
    }
}

/// The endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endpoints {
    /// In the order of the settings.
    endpoints: Vec<Endpoint>,
}

/// The webhook endpoints: events, deliveries, waiting deliveries, dead letters.
#[utoipa::path(get, path = "/admin/webhooks", tag = "operations",
    responses((status = 200, body = Endpoints), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 503, body = ApiError)))]
#[get("/admin/webhooks")]
pub(crate) async fn webhooks(
    deps: web::Data<Dependencies>,
    _: Admin,
) -> Result<HttpResponse, ApiError> {
    let counted = deps.webhooks.endpoints();
    let mut endpoints: Vec<Endpoint> = counted.into_iter().map(Endpoint::from).collect();
    for standing in deps.deliveries.standing().await.map_err(away)? {
        let known = endpoints.iter_mut().find(|it| it.url == standing.endpoint);
        let (waiting, dead) = (standing.waiting, standing.dead);
        match known {
            Some(known) => (known.waiting, known.dead) = (waiting, dead),
            // Its deliveries wait until it is in the settings again.
            None => endpoints.push(Endpoint {
                url: standing.endpoint,
                events: Vec::new(),
                delivered: 0,
                failed: 0,
                waiting,
                dead,
            }),
        }
    }
    Ok(uncached_json(Endpoints { endpoints }))
}

/// Dead letters, the newest first.
#[utoipa::path(get, path = "/admin/webhooks/dead-letters", tag = "operations",
    params(("limit" = Option<usize>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Delivery>), (status = 400, body = ApiError), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 503, body = ApiError)))]
#[get("/admin/webhooks/dead-letters")]
pub(crate) async fn dead_letters(
    deps: web::Data<Dependencies>,
    _: Admin,
    params: web::Query<PageRequest>,
) -> Result<HttpResponse, ApiError> {
    let page = Page { after: params.after.clone(), limit: params.limit()? };
    Ok(uncached_json(deps.deliveries.dead_letters(page).await.map_err(away)?))
}

/// Delivers a dead letter again, from the first attempt.
#[utoipa::path(post, path = "/admin/webhooks/dead-letters/{id}/retry", tag = "operations",
    params(("id" = String, Path)),
    responses((status = 202, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
#[post("/admin/webhooks/dead-letters/{id}/retry")]
pub(crate) async fn retry_dead_letter(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    if !deps.deliveries.try_again(&id, now_ms()).await.map_err(away)? {
        return Err(unknown(&id));
    }
    caller.audit(&deps, "webhook.retry", &id, "");
    Ok(HttpResponse::Accepted().json(json!({ "id": *id })))
}

/// Deletes a dead letter.
#[utoipa::path(delete, path = "/admin/webhooks/dead-letters/{id}", tag = "operations",
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
#[delete("/admin/webhooks/dead-letters/{id}")]
pub(crate) async fn discard_dead_letter(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
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
#[utoipa::path(post, path = "/admin/webhooks/test", tag = "operations", request_body = Tested,
    responses((status = 202, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 409, body = ApiError)))]
#[post("/admin/webhooks/test")]
pub(crate) async fn test_webhooks(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    tested: Option<JsonBody<Tested>>,
) -> Result<HttpResponse, ApiError> {
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
