//! `/manuals/{product_id}`: a product's manual as its maker published it.
//!
//! The file is untrusted. A PDF is shown by the browser's viewer, which runs nothing in our origin; a web page is put
//! into a sandbox without an origin and without scripts.

use actix_files::NamedFile;
use actix_web::http::header::{
    self, ContentDisposition, ContentEncoding, DispositionParam, DispositionType, HeaderValue,
};
use actix_web::mime::{self, Mime};
use actix_web::{HttpRequest, HttpResponse, get, web};
use log::warn;

use super::products::no_such_product;
use super::{ApiError, ApiErrorCode, Dependencies};

/// An untrusted web page: it is shown and runs nothing.
const PAGE_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; \
    img-src data:; frame-ancestors 'self'";
/// A PDF: the viewer is a page of the browser, and a stricter policy breaks it.
const PDF_POLICY: &str = "frame-ancestors 'self'";

/// The manual's file; with `Range`, a part of it. `#page=N` after the address opens page N.
#[utoipa::path(get, path = "/manuals/{product_id}", tag = "catalog", params(
        ("product_id" = String, Path, description = "Id of the product"),
        ("Range" = Option<String>, Header, description = "A part of the file, e.g. bytes=0-1023")),
    responses((status = 200, description = "The file", content_type = "application/pdf"),
        (status = 206, description = "The part asked for"), (status = 304, description = "Not changed"),
        (status = 404, body = ApiError), (status = 416, description = "The file has no such part"),
        (status = 502, body = ApiError)))]
#[get("/manuals/{product_id}")]
pub(super) async fn manual(
    parts: web::Data<Dependencies>,
    product_id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let catalog = parts.catalog.load();
    let product = catalog.product(&product_id).ok_or_else(no_such_product)?;
    let Some(documentation) = &product.documentation else {
        let message = "The catalog has no manual for this product.";
        return Err(ApiError::new(ApiErrorCode::NoManual, message));
    };
    let original = parts.manual_files.original(documentation).await.map_err(|error| {
        warn!(product:% = product.id, code = error.code, cause:% = error.cause; "manual cannot be shown");
        ApiError::new(ApiErrorCode::ManualUnavailable, error.words)
    })?;
    let media_type: Mime = original.media_type.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM);
    let (extension, policy) = if media_type.essence_str() == mime::APPLICATION_PDF.essence_str() {
        ("pdf", PDF_POLICY)
    } else {
        ("html", PAGE_POLICY)
    };
    let file = web::block(move || NamedFile::open(original.path)).await;
    let file = file.map_err(std::io::Error::other).flatten().map_err(|error| {
        warn!(product:% = product.id, cause:% = error; "manual cannot be opened");
        ApiError::new(ApiErrorCode::ManualUnavailable, "The manual could not be opened just now.")
    })?;
    let name = format!("{}.{extension}", ascii(&hsc_catalogs::slug(&product.id)));
    let disposition = ContentDisposition {
        disposition: DispositionType::Inline,
        parameters: vec![DispositionParam::Filename(name)],
    };
    let mut response = file
        .set_content_type(media_type)
        .set_content_disposition(disposition)
        // Ranges address the bytes of the file; compressed bytes differ.
        .set_content_encoding(ContentEncoding::Identity)
        .into_response(&request);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // The file may be replaced at the same address; its entity tag makes revalidation cheap.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// A file name for a quoted parameter that every browser accepts.
fn ascii(name: &str) -> String {
    let ascii: String = name.chars().filter(char::is_ascii).collect();
    if ascii.is_empty() { "manual".to_owned() } else { ascii }
}
