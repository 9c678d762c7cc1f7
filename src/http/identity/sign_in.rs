//! `/api/sign-in`, `/api/sign-out`, `/api/me`: signing in and out, and the current user.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use hsc_actors::ports::archive::Role;
use hsc_actors::ports::{Attempt, OpenedSession, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::JsonBody;
use super::super::{ApiError, Dependencies, client_address};
use super::cookie::Cookie;
use super::guard::{Agent, api_error, from_our_page, session};

/// The current user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Id of the account.
    id: String,
    /// The name that colleagues and visitors see.
    name: String,
    /// The role.
    role: Role,
    /// Value of the header `X-CSRF-Token` for requests that change something.
    csrf: String,
}

impl From<SignedIn> for Me {
    fn from(SignedIn { person, csrf }: SignedIn) -> Self {
        Self { id: person.id, name: person.name, role: person.role, csrf }
    }
}

/// The ways to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInMethods {
    /// Display name of the OpenID provider; none if there is none.
    provider: Option<String>,
    /// False before the first account exists: the page then shows how to create it.
    has_accounts: bool,
}

/// Credentials.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignIn {
    /// The mail address of the account.
    address: String,
    /// The password.
    password: String,
}

/// The scope of a sign-out.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SignOut {
    /// True for every browser of the user.
    #[serde(default)]
    everywhere: bool,
}

/// The ways to sign in.
#[utoipa::path(get, path = "/api/sign-in", tag = "team", responses((status = 200, body = SignInMethods)))]
#[get("/api/sign-in")]
pub(crate) async fn ways(deps: web::Data<Dependencies>) -> HttpResponse {
    let provider = deps.identify.provider().map(str::to_owned);
    // While the accounts are unavailable the page does not offer to create one.
    let has_accounts = deps.identify.has_accounts().await.unwrap_or(true);
    let ways = SignInMethods { provider, has_accounts };
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(ways)
}

/// Signs in by mail address and password; the session comes as a cookie.
#[utoipa::path(post, path = "/api/sign-in", tag = "team", request_body = SignIn,
    responses((status = 200, body = Me), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 429, body = ApiError),
        (status = 503, body = ApiError)))]
#[post("/api/sign-in")]
pub(crate) async fn sign_in(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    body: JsonBody<SignIn>,
) -> Result<HttpResponse, ApiError> {
    from_our_page(&deps, &request)?;
    let SignIn { address, password } = body.into_inner();
    let device = Cookie::Device.of(&deps, &request).map(str::to_owned);
    let attempt = Attempt { address, password, from: client_address(&request), device };
    let opened = deps.identify.sign_in(attempt).await.map_err(api_error)?;
    Ok(welcome(&deps, &request, opened).await)
}

/// Signs out, of this browser or of all.
#[utoipa::path(post, path = "/api/sign-out", tag = "team", request_body = SignOut,
    responses((status = 204, description = "Signed out"), (status = 401, body = ApiError),
        (status = 403, body = ApiError)))]
#[post("/api/sign-out")]
pub(crate) async fn sign_out(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    body: JsonBody<SignOut>,
    Agent(person, caller): Agent,
) -> Result<HttpResponse, ApiError> {
    let secret = Cookie::Session.of(&deps, &request).unwrap_or_default();
    deps.identify.sign_out(secret, body.everywhere).await.map_err(api_error)?;
    let how = if body.everywhere { "everywhere" } else { "" };
    caller.audit(&deps, "sign_out", &person.id, how);
    let cleared = Cookie::Session.clear(&deps, &request);
    Ok(HttpResponse::NoContent().insert_header(cleared).finish())
}

/// The current user, and the CSRF token for the pages.
#[utoipa::path(get, path = "/api/me", tag = "team",
    responses((status = 200, body = Me), (status = 401, body = ApiError)))]
#[get("/api/me")]
pub(crate) async fn me(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let signed_in = session(&deps, &request).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(Me::from(signed_in)))
}

/// The response to a successful sign-in. An earlier session of the browser ends.
pub(super) async fn welcome(
    deps: &Dependencies,
    request: &HttpRequest,
    opened: OpenedSession,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    bring(deps, request, &opened, &mut response).await;
    response.insert_header(("Cache-Control", "no-store")).json(Me::from(opened.signed_in))
}

/// Sets the cookie of the new session in place of the earlier one.
pub(super) async fn bring(
    deps: &Dependencies,
    request: &HttpRequest,
    opened: &OpenedSession,
    response: &mut HttpResponseBuilder,
) {
    if let Some(before) = Cookie::Session.of(deps, request) {
        // The new session is valid whether or not the old one can be ended now.
        let _ = deps.identify.sign_out(before, false).await;
    }
    let OpenedSession { secret, lasts, device, device_lasts, .. } = opened;
    response.append_header(Cookie::Session.set(deps, request, secret, *lasts));
    response.append_header(Cookie::Device.set(deps, request, device, *device_lasts));
}
