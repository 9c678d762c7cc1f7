//! The pages of `web/`, built by Vite and embedded into the binary; and `/static/…`, their assets and the catalog's own
//! (logos, product pictures).
//!
//! A page is found by its name (`/` is `index.html`, `/widget` is `widget.html` if it exists). An asset never changes
//! under its name, so browsers cache it for a year: our names contain a hash, and a catalog gives a new picture a new
//! name.

use std::path::{Component, Path, PathBuf};

use actix_files::NamedFile;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::headers::PAGE_POLICY;
use super::{ApiError, ApiErrorCode, ApiResult, Dependencies, Deps};

/// The visitor's page, the only one that another site may frame.
const VISITORS: &str = "index.html";

/// Cache control of every asset (protocol, part 1).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

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
fn embedded(name: &str, request: &HttpRequest) -> Option<HttpResponse> {
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
    let is_same = |one: &str| one.trim().trim_start_matches("W/") == tag;
    if known.is_some_and(|tags| tags.split(',').any(is_same)) {
        return Some(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    if is_packed(name) {
        response.insert_header(ContentEncoding::Identity);
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

/// An asset of the catalog folder's `static/`, else one of our pages.
#[utoipa::path(tag = "pages", params(("path" = String, Path, description = "Path of the asset")),
    responses((status = 200, description = "The asset"), (status = 404)))]
#[get("/static/{path:.*}")]
pub(super) async fn asset(deps: Deps, path: web::Path<String>, request: HttpRequest) -> ApiResult {
    let missing = || ApiError::new(ApiErrorCode::NoSuchFile, "There is no such file.");
    let path = below(&path).ok_or_else(missing)?;
    if let Some(file) = own_file(&deps.statics, &path).await {
        let mut response =
            file.disable_content_disposition().prefer_utf8(true).into_response(&request);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
        return Ok(response);
    }
    let name = format!("static/{}", path.to_str().ok_or_else(missing)?);
    embedded(&name, &request).ok_or_else(missing)
}

/// The path, if it stays below its folder and names no hidden file.
fn below(path: &str) -> Option<PathBuf> {
    // A backslash separates names on one system and is a letter on another; no asset has one.
    if path.is_empty() || path.contains(['\\', '\0']) {
        return None;
    }
    let path = Path::new(path);
    let plain = |part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    };
    path.components().all(plain).then(|| path.to_owned())
}

/// The file, if it is a regular file and no link leads out of the folder.
async fn own_file(folder: &Path, path: &Path) -> Option<NamedFile> {
    let (folder, path) = (folder.to_owned(), folder.join(path));
    let found = web::block(move || {
        let (folder, path) = (folder.canonicalize().ok()?, path.canonicalize().ok()?);
        (path.starts_with(folder) && path.is_file()).then(|| NamedFile::open(path).ok()).flatten()
    });
    found.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_path_stays_below_its_folder() {
        for bad in [
            "",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a/./../..",
            ".git/config",
            "a/.b",
            "a\\..\\b",
            "a\0b",
        ] {
            assert_eq!(below(bad), None, "{bad:?}");
        }
        assert!(below("logos/red fern.svg").is_some());
    }
}
