//! Signing in and out, and the current user: `/api/sign-in`, `/api/sign-out`, `/api/me`.
//!
//! A user signs in with a password, by the link that a start without accounts prints (`/api/first`), or at the OpenID
//! provider (`/sign-in/openid`), which redirects the browser back.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post};
use hsc_actors::ports::archive::Role;
use hsc_actors::ports::{
    Attempt, FirstAdmin, IdentityError, OpenedSession, ProviderCallback, SignedIn,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Agent, Cookie, from_our_page, session};
use super::headers::{NO_STORE, uncached_json};
use super::request_body::JsonBody;
use super::{ApiError, ApiResult, Dependencies, Deps, client_address};

/// Longest time at the provider: enough to find the second factor.
const AT_THE_PROVIDER: Duration = Duration::from_secs(10 * 60);
/// The address at this server to which the provider redirects.
const RETURN: &str = "/sign-in/openid/return";

/// The current user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
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
pub(super) struct SignInMethods {
    /// Display name of the OpenID provider; none if there is none.
    provider: Option<String>,
    /// False before the first account exists: the page then shows how to create it.
    has_accounts: bool,
}

/// Credentials.
#[derive(Deserialize, ToSchema)]
pub(super) struct SignIn {
    /// The mail address of the account.
    address: String,
    /// The password.
    password: String,
}

/// The scope of a sign-out.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct SignOut {
    /// True for every browser of the user.
    #[serde(default)]
    everywhere: bool,
}

/// The page to open after the sign-in.
#[derive(Debug, Deserialize)]
pub(super) struct Begin {
    next: Option<String>,
}

/// The parameters that the provider adds to the return address.
#[derive(Deserialize)]
pub(super) struct Return {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// The ways to sign in.
#[utoipa::path(tag = "team", responses((status = 200, body = SignInMethods)))]
#[get("/api/sign-in")]
pub(super) async fn ways(deps: Deps) -> HttpResponse {
    let provider = deps.identify.provider().map(str::to_owned);
    // While the accounts are unavailable the page does not offer to create one.
    let has_accounts = deps.identify.has_accounts().await.unwrap_or(true);
    uncached_json(SignInMethods { provider, has_accounts })
}

/// Signs in by mail address and password; the session comes as a cookie.
#[utoipa::path(tag = "team", request_body = SignIn,
    responses((status = 200, body = Me), (status = 401), (status = 403), (status = 429), (status = 503)))]
#[post("/api/sign-in")]
pub(super) async fn sign_in(
    deps: Deps,
    request: HttpRequest,
    JsonBody(SignIn { address, password }): JsonBody<SignIn>,
) -> ApiResult {
    from_our_page(&deps, &request)?;
    let device = Cookie::Device.of(&deps, &request).map(str::to_owned);
    let attempt = Attempt { address, password, from: client_address(&request), device };
    let opened = deps.identify.sign_in(attempt).await?;
    Ok(welcome(&deps, &request, opened).await)
}

/// Signs out, of this browser or of all.
#[utoipa::path(tag = "team", request_body = SignOut,
    responses((status = 204, description = "Signed out"), (status = 401), (status = 403)))]
#[post("/api/sign-out")]
pub(super) async fn sign_out(
    deps: Deps,
    request: HttpRequest,
    JsonBody(SignOut { everywhere }): JsonBody<SignOut>,
    Agent(person, caller): Agent,
) -> ApiResult {
    let secret = Cookie::Session.of(&deps, &request).unwrap_or_default();
    deps.identify.sign_out(secret, everywhere).await?;
    let how = if everywhere { "everywhere" } else { "" };
    caller.audit(&deps, "sign_out", &person.id, how);
    let cleared = Cookie::Session.clear(&deps, &request);
    Ok(HttpResponse::NoContent().insert_header(cleared).finish())
}

/// The current user, and the CSRF token for the pages.
#[utoipa::path(tag = "team", responses((status = 200, body = Me), (status = 401)))]
#[get("/api/me")]
pub(super) async fn me(deps: Deps, request: HttpRequest) -> ApiResult {
    Ok(uncached_json(Me::from(session(&deps, &request).await?)))
}

/// Creates the first account, an admin, and signs it in.
#[utoipa::path(tag = "team", request_body = FirstAdmin,
    responses((status = 200, body = Me), (status = 403), (status = 410), (status = 422), (status = 429),
        (status = 503)))]
#[post("/api/first")]
pub(super) async fn first(
    deps: Deps,
    request: HttpRequest,
    JsonBody(account): JsonBody<FirstAdmin>,
) -> ApiResult {
    from_our_page(&deps, &request)?;
    let opened = deps.identify.first(account, client_address(&request)).await?;
    Ok(welcome(&deps, &request, opened).await)
}

/// Sends the browser to the OpenID provider.
#[utoipa::path(tag = "team",
    params(("next" = Option<String>, Query, description = "`/agent` or `/admin`: where to go then")),
    responses((status = 302, description = "To the provider, or to the sign-in page with `failed`")))]
#[get("/sign-in/openid")]
pub(super) async fn openid(deps: Deps, request: HttpRequest, query: Query<Begin>) -> HttpResponse {
    let next = page(query.next.as_deref());
    match deps.identify.begin(back_to(&deps, &request)).await {
        Ok(begun) => {
            let cookie = format!("{}~{next}", begun.state_cookie);
            let cookie = Cookie::OpenId.set(&deps, &request, &cookie, AT_THE_PROVIDER);
            to(&begun.address).insert_header(cookie).finish()
        }
        Err(error) => failed(error, next).finish(),
    }
}

/// Return address of the provider; signs in.
#[utoipa::path(tag = "team",
    params(("state" = String, Query, description = "As it was sent to the provider"),
        ("code" = Option<String>, Query, description = "What the provider gives"),
        ("error" = Option<String>, Query, description = "Why it gives none")),
    responses((status = 302, description = "To the page, or to the sign-in page with `failed`")))]
#[get("/sign-in/openid/return")]
pub(super) async fn openid_return(
    deps: Deps,
    request: HttpRequest,
    query: Query<Return>,
) -> HttpResponse {
    let Return { state, code, error } = query.into_inner();
    let brought = Cookie::OpenId.of(&deps, &request).and_then(|it| it.split_once('~'));
    let next = page(brought.map(|(_, next)| next));
    let returned = ProviderCallback {
        state_cookie: brought.map(|(cookie, _)| cookie.to_owned()),
        state,
        code: code.ok_or_else(|| error.unwrap_or_else(|| "nothing".to_owned())),
        back_to: back_to(&deps, &request),
        from: client_address(&request),
    };
    let mut response = match deps.identify.end(returned).await {
        Ok(opened) => {
            let mut response = to(next);
            bring(&deps, &request, &opened, &mut response).await;
            response
        }
        Err(error) => failed(error, next),
    };
    // Valid for one attempt, successful or not.
    response.append_header(Cookie::OpenId.clear(&deps, &request)).finish()
}

/// The response to a successful sign-in. An earlier session of the browser ends.
async fn welcome(
    deps: &Dependencies,
    request: &HttpRequest,
    opened: OpenedSession,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    bring(deps, request, &opened, &mut response).await;
    response.insert_header(NO_STORE).json(Me::from(opened.signed_in))
}

/// Sets the cookie of the new session in place of the earlier one.
async fn bring(
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

fn back_to(deps: &Dependencies, request: &HttpRequest) -> String {
    format!("{}{RETURN}", deps.origins.own(request))
}

/// One of our two pages: an address parameter must not redirect anywhere else.
fn page(next: Option<&str>) -> &'static str {
    match next {
        Some("/admin") => "/admin",
        _ => "/agent",
    }
}

fn to(address: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Found();
    response
        .insert_header((header::LOCATION, address))
        .insert_header(NO_STORE)
        // The address of this response contains a code, which must not leak as a referrer.
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    response
}

fn failed(error: IdentityError, next: &str) -> HttpResponseBuilder {
    let ApiError { code, .. } = error.into();
    to(&format!("/sign-in?failed={}&next={next}", code.as_str()))
}
