//! `/api/left-messages`: offline messages of visitors.

use actix_web::{HttpResponse, get, web};
use hsc_actors::ports::archive::{LeftMessage, Paged};
use serde::Deserialize;

use super::super::identity::Agent;
use super::super::{ApiError, Dependencies};
use super::list_query::{archive_error, piece, uncached_json};

/// The wanted page of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessagesFilter {
    limit: Option<u32>,
    after: Option<String>,
}

/// Offline messages, the newest first, each with the address for the reply.
#[utoipa::path(get, path = "/api/left-messages", tag = "team",
    params(("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<LeftMessage>), (status = 400, body = ApiError),
        (status = 401, body = ApiError), (status = 503, body = ApiError)))]
#[get("/api/left-messages")]
pub(crate) async fn left_messages(
    _: Agent,
    deps: web::Data<Dependencies>,
    params: web::Query<MessagesFilter>,
) -> Result<HttpResponse, ApiError> {
    let MessagesFilter { limit, after } = params.into_inner();
    let messages = deps.archive.left_messages(piece(limit, after)?).await.map_err(archive_error)?;
    Ok(uncached_json(messages))
}
