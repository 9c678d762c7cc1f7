//! `/sign-in/openid`: redirects to the OpenID provider and handles the return.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use hsc_actors::ports::{IdentityError, ProviderCallback};
use serde::Deserialize;

use super::super::{ApiError, Dependencies, client_address};
use super::cookie::Cookie;
use super::guard::api_error;
use super::sign_in::bring;

/// Longest time at the provider: enough to find the second factor.
const AT_THE_PROVIDER: Duration = Duration::from_secs(10 * 60);
/// The return address at this server.
const RETURN: &str = "/sign-in/openid/return";

/// The page to open after the sign-in.
#[derive(Debug, Deserialize)]
pub(crate) struct Begin {
    next: Option<String>,
}

/// The parameters that the provider adds to the return address.
#[derive(Deserialize)]
pub(crate) struct Return {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// Sends the browser to the OpenID provider.
#[utoipa::path(get, path = "/sign-in/openid", tag = "team",
    params(("next" = Option<String>, Query, description = "`/agent` or `/admin`: where to go then")),
    responses((status = 302, description = "To the provider, or to the sign-in page with `failed`")))]
#[get("/sign-in/openid")]
pub(crate) async fn openid(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    query: web::Query<Begin>,
) -> HttpResponse {
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
#[utoipa::path(get, path = "/sign-in/openid/return", tag = "team",
    params(("state" = String, Query, description = "As it was sent to the provider"),
        ("code" = Option<String>, Query, description = "What the provider gives"),
        ("error" = Option<String>, Query, description = "Why it gives none")),
    responses((status = 302, description = "To the page, or to the sign-in page with `failed`")))]
#[get("/sign-in/openid/return")]
pub(crate) async fn openid_return(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    query: web::Query<Return>,
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

fn to(address: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Found();
    response
        .insert_header((header::LOCATION, address))
        .insert_header(("Cache-Control", "no-store"))
        // The address of this response contains a code, which must not leak as a referrer.
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    response
}

fn failed(error: IdentityError, next: &str) -> actix_web::HttpResponseBuilder {
    let ApiError { code, .. } = api_error(error);
    to(&format!("/sign-in?failed={}&next={next}", code.as_str()))
}
