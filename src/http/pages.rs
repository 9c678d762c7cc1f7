//! The pages of `web/`, built by Vite and embedded into the binary.
//!
//! A page is found by its name (`/` is `index.html`, `/widget` is `widget.html` if it exists); files with a hash are
//! in `static/`, which `statics` serves.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Dependencies;
use super::headers::PAGE_POLICY;

/// The visitor's page, the only one that another site may frame.
const VISITORS: &str = "index.html";

/// Cache control of every asset (protocol, part 1).
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The output of Vite. Empty in a server that was built without the pages.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
struct Dist;

/// The page with this name, with the policy of its kind.
pub(super) fn page(name: &str, deps: &Dependencies, request: &HttpRequest) -> Option<HttpResponse> {
    if matches!(name, "" | "index" | VISITORS) {
        let mut response = embedded(VISITORS, request)?;
        let policy = HeaderValue::from_str(&deps.frame_ancestors.policy()).ok()?;
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
    // A page keeps its name when it changes, so it is revalidated each time; its entity tag makes that cheap.
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
    // Without a charset a browser guesses, and a wrong guess breaks Hebrew.
    if plain.starts_with("text/") { format!("{plain}; charset=utf-8") } else { plain.to_owned() }
}

/// Compressing compressed data costs time and gains nothing.
fn is_packed(name: &str) -> bool {
    [".png", ".jpg", ".webp", ".avif", ".woff2", ".gz"].iter().any(|end| name.ends_with(end))
}
