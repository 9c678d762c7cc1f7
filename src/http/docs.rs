//! `/docs/`: the API documents as pages (Swagger UI, embedded in the binary) and as JSON.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::Config;

use super::{ApiError, ApiErrorCode, ApiResult, asyncapi, openapi};

/// Swagger UI creates styles at run time; its scripts are embedded files.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// `/docs` without the slash.
#[get("/docs")]
pub(super) async fn front() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The HTTP routes as OpenAPI.
#[get("/docs/openapi.json")]
pub(super) async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}

/// The messages of the socket as AsyncAPI.
#[get("/docs/asyncapi.json")]
pub(super) async fn asyncapi_json() -> HttpResponse {
    HttpResponse::Ok().json(asyncapi())
}

/// A file of Swagger UI.
#[get("/docs/{file:.*}")]
pub(super) async fn page(file: web::Path<String>) -> ApiResult {
    let config = Arc::new(Config::from("/docs/openapi.json"));
    let missing = || ApiError::new(ApiErrorCode::NoSuchFile, "There is no such file.");
    let file = utoipa_swagger_ui::serve(&file, config).map_err(|error| {
        ApiError::new(
            ApiErrorCode::Internal,
            format!("the page of the routes cannot be made: {error}"),
        )
    })?;
    let file = file.ok_or_else(missing)?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, header::ContentEncoding::Gzip));
    }
    Ok(response
        .content_type(file.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, DOCS_POLICY))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(file.bytes.into_owned()))
}
