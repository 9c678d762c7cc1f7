//! `/api/first`: the first account, by the link that a start without any prints.

use actix_web::{HttpRequest, HttpResponse, post, web};
use hsc_actors::ports::First;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::body::JsonBody;
use super::super::{Parts, Trouble, client_address};
use super::guard::{from_our_page, trouble};
use super::sign_in::{Me, welcome};

/// The first account.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FirstAccount {
    /// `token` of the link.
    token: String,
    /// The name that colleagues and visitors see.
    name: String,
    /// The mail address to sign in with.
    address: String,
    /// The password.
    password: String,
}

/// Makes the first account, an admin, and signs it in.
#[utoipa::path(post, path = "/api/first", tag = "team", request_body = FirstAccount,
    responses((status = 200, body = Me), (status = 403, body = Trouble),
        (status = 410, body = Trouble), (status = 422, body = Trouble),
        (status = 429, body = Trouble), (status = 503, body = Trouble)))]
#[post("/api/first")]
pub(crate) async fn first(
    parts: web::Data<Parts>,
    request: HttpRequest,
    said: JsonBody<FirstAccount>,
) -> Result<HttpResponse, Trouble> {
    from_our_page(&parts, &request)?;
    let FirstAccount { token, name, address, password } = said.into_inner();
    let first = First { token, name, address, password, from: client_address(&request) };
    let opened = parts.identify.first(first).await.map_err(trouble)?;
    Ok(welcome(&parts, &request, opened).await)
}
