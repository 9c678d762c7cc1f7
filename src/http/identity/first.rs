//! `/api/first`: creates the first account, by the link that a start without accounts prints.

use actix_web::{HttpRequest, HttpResponse, post, web};
use hsc_actors::ports::FirstAdmin;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::body::JsonBody;
use super::super::{ApiError, Dependencies, client_address};
use super::guard::{api_error, from_our_page};
use super::sign_in::{Me, welcome};

/// The first account.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FirstAccount {
    /// `token` from the link.
    token: String,
    /// The name that colleagues and visitors see.
    name: String,
    /// The mail address to sign in with.
    address: String,
    /// The password.
    password: String,
}

/// Creates the first account, an admin, and signs it in.
#[utoipa::path(post, path = "/api/first", tag = "team", request_body = FirstAccount,
    responses((status = 200, body = Me), (status = 403, body = ApiError),
        (status = 410, body = ApiError), (status = 422, body = ApiError),
        (status = 429, body = ApiError), (status = 503, body = ApiError)))]
#[post("/api/first")]
pub(crate) async fn first(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    body: JsonBody<FirstAccount>,
) -> Result<HttpResponse, ApiError> {
    from_our_page(&deps, &request)?;
    let FirstAccount { token, name, address, password } = body.into_inner();
    let first = FirstAdmin { token, name, address, password, from: client_address(&request) };
    let opened = deps.identify.first(first).await.map_err(api_error)?;
    Ok(welcome(&deps, &request, opened).await)
}
