//! The pages of `web/`, built by Vite and embedded into the binary.
//!
//! A page is found by its name (`/` is `index.html`, `/widget` is `widget.html` where there is one);
//! what bears a hash lies in `static/` and is served by `statics`.

use actix_web::http::header::{self, ContentEncoding, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use hsc_actors::ports::archive::Role;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::headers::PAGE_POLICY;
use super::identity::admits_page;
use super::openapi::{READ_ONLY, allowed_methods};
use super::statics::FOR_EVER;
use super::{Parts, Trouble, TroubleCode};

/// The visitor's page, the only one that another site may put into a frame.
const VISITORS: &str = "index.html";

/// The pages of the team, and what their readers must be.
const TEAM: [(&str, Role); 2] = [("agent", Role::Agent), ("admin", Role::Admin)];

/// What Vite built. Empty in a server that was built before its pages.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
struct Dist;

/// What no route takes: one of our pages, or an error that says which.
pub(super) async fn fallback(parts: web::Data<Parts>, request: HttpRequest) -> HttpResponse {
    if let Some(pattern) = request.match_pattern() {
        return not_allowed(&request, &allowed_methods(&pattern));
    }
    let name = request.path().trim_start_matches('/');
    let role = TEAM.iter().find(|(page, _)| *page == name.trim_end_matches(".html"));
    if let Some((page, role)) = role
        && !admits_page(&parts, &request, *role).await
    {
        let to = format!("/sign-in?next=/{page}");
        let mut response = HttpResponse::Found();
        return response
            .insert_header((header::LOCATION, to))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish();
    }
    let shown = page(name, &parts, &request);
    if shown.is_some() && *request.method() != Method::GET {
        return not_allowed(&request, READ_ONLY);
    }
    shown.unwrap_or_else(|| {
        let message = if name.is_empty() {
            "This server was built without its pages: run `make web` and build again."
        } else {
            "There is no such route; /docs/ lists all."
        };
        Trouble::new(TroubleCode::NoSuchRoute, message).error_response()
    })
}

/// The method is none of those that are taken, which `Allow` lists.
pub(super) fn not_allowed(request: &HttpRequest, allowed: &str) -> HttpResponse {
    let message = format!("This route does not take {}; it takes {allowed}.", request.method());
    let mut response = Trouble::new(TroubleCode::MethodNotAllowed, message).error_response();
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn page(name: &str, parts: &Parts, request: &HttpRequest) -> Option<HttpResponse> {
    if matches!(name, "" | "index" | VISITORS) {
        let mut response = embedded(VISITORS, request)?;
        let policy = HeaderValue::from_str(&parts.frame_ancestors.policy()).ok()?;
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        return Some(response);
    }
    embedded(name, request).or_else(|| embedded(&format!("{name}.html"), request))
}

/// A file of the built pages.
pub(super) fn embedded(name: &str, request: &HttpRequest) -> Option<HttpResponse> {
    let file = Dist::get(name)?;
    let tag = entity_tag(&file);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, tag.clone()));
    // A page keeps its name when it changes, so it is asked for each time; its tag makes that cheap.
    let keep = if name.starts_with("static/") { FOR_EVER } else { "no-cache" };
    response.insert_header((header::CACHE_CONTROL, keep));
    response.content_type(media_type(&file));
    if name.ends_with(".html") {
        response.insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY));
    }
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known
        .is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
    {
        return Some(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let packed = is_packed(name).then_some(ContentEncoding::Identity);
    if let Some(encoding) = packed {
        response.insert_header(encoding);
    }
    Some(response.body(file.data.into_owned()))
}

fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let short: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{short}\"")
}

fn media_type(file: &EmbeddedFile) -> String {
    let plain = file.metadata.mimetype();
    // Without it a browser guesses, and Hebrew is what a wrong guess breaks first.
    if plain.starts_with("text/") { format!("{plain}; charset=utf-8") } else { plain.to_owned() }
}

/// Packing again what is packed already costs time and gains nothing.
fn is_packed(name: &str) -> bool {
    [".png", ".jpg", ".webp", ".avif", ".woff2", ".gz"].iter().any(|end| name.ends_with(end))
}
