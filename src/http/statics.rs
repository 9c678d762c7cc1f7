//! `/static/…`: the catalog's own assets (logos, product pictures) and those of our pages.
//!
//! An asset never changes under its name, so browsers cache it for a year: our names contain a hash, and a catalog
//! gives a new picture a new name.

use std::path::{Component, Path, PathBuf};

use actix_files::NamedFile;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, web};

use super::pages::{self, FOR_EVER};
use super::{ApiError, ApiErrorCode, Dependencies};

/// An asset of the catalog folder's `static/`, else one of our pages.
#[utoipa::path(get, path = "/static/{path}", tag = "pages",
    params(("path" = String, Path, description = "Path of the asset")),
    responses((status = 200, description = "The asset"), (status = 404, body = ApiError)))]
#[get("/static/{path:.*}")]
pub(super) async fn asset(
    deps: web::Data<Dependencies>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::new(ApiErrorCode::NoSuchFile, "There is no such file.");
    let path = below(&path).ok_or_else(missing)?;
    if let Some(file) = own_file(&deps.statics, &path).await {
        let mut response =
            file.disable_content_disposition().prefer_utf8(true).into_response(&request);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
        return Ok(response);
    }
    let name = format!("static/{}", path.to_str().ok_or_else(missing)?);
    pages::embedded(&name, &request).ok_or_else(missing)
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
