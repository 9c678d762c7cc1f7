//! A request without a matching route: one of our pages, or an error.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use hsc_actors::ports::archive::Role;

use super::identity::admits_page;
use super::openapi::{READ_ONLY, allowed_methods};
use super::pages::page;
use super::{ApiError, ApiErrorCode, Dependencies};

/// The pages of the team, and the role that each requires.
const TEAM: [(&str, Role); 2] = [("agent", Role::Agent), ("admin", Role::Admin)];

/// Returns one of our pages, or an error that names the reason.
pub(super) async fn fallback(deps: web::Data<Dependencies>, request: HttpRequest) -> HttpResponse {
    if let Some(pattern) = request.match_pattern() {
        return not_allowed(&request, &allowed_methods(&pattern));
    }
    let name = request.path().trim_start_matches('/');
    let role = TEAM.iter().find(|(page, _)| *page == name.trim_end_matches(".html"));
    if let Some((page, role)) = role
        && !admits_page(&deps, &request, *role).await
    {
        let to = format!("/sign-in?next=/{page}");
        let mut response = HttpResponse::Found();
        return response
            .insert_header((header::LOCATION, to))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish();
    }
    let shown = page(name, &deps, &request);
    if shown.is_some() && *request.method() != Method::GET {
        return not_allowed(&request, READ_ONLY);
    }
    shown.unwrap_or_else(|| {
        let message = if name.is_empty() {
            "This server was built without its pages: run `make web` and build again."
        } else {
            "There is no such route; /docs/ lists all."
        };
        ApiError::new(ApiErrorCode::NoSuchRoute, message).error_response()
    })
}

/// The response to a method that is not in `Allow`.
pub(super) fn not_allowed(request: &HttpRequest, allowed: &str) -> HttpResponse {
    let message = format!("This route does not take {}; it takes {allowed}.", request.method());
    let mut response = ApiError::new(ApiErrorCode::MethodNotAllowed, message).error_response();
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
