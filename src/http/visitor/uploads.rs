//! `/api/uploads` and `/uploads/{id}`: uploading and showing pictures.
//!
//! The content decides what a picture is; the sender's media type and file name are not read. A request with the id
//! may see the picture: the id cannot be guessed, and only the people in the conversation have it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, get, post, web};
use hsc_actors::ports::{StoredImage, UploadError};
use hsc_conversation::UploadId;
use hsc_conversation::archive::{Record, Upload};
use log::warn;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::super::guard::Agent;
use super::super::headers::NO_STORE;
use super::super::request_body::read_body;
use super::super::{ApiError, ApiErrorCode, ApiResult, Dependencies, Deps, client_address};
use super::token::{admitted, brought, open_conversation};

/// Longest time for an upload: a slow phone sends 8 MiB in less.
const COMES_WITHIN: Duration = Duration::from_secs(120);
/// Longest id of a conversation. Ours have 32 characters.
const CONVERSATION_CHARS: usize = 64;
/// A picture that is opened by itself runs nothing.
const PICTURE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// How long a browser caches a picture: it may be erased.
const KEPT_BY_BROWSERS: &str = "private, max-age=3600";

/// The conversation of a team member's upload.
#[derive(Debug, Deserialize)]
pub(crate) struct For {
    conversation: Option<String>,
}

/// A stored picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptPicture {
    #[serde(flatten)]
    picture: StoredImage,
    /// Its address.
    url: String,
}

/// Stores a picture of a conversation; a `message` then refers to it by its id.
///
/// The body is the file, a PNG or JPEG. A visitor sends the conversation's token; a signed-in team member
/// names the conversation.
#[utoipa::path(tag = "chat",
    params(("X-Conversation-Token" = Option<String>, Header, description = "The token of welcome"),
        ("conversation" = Option<String>, Query, description = "Of agents: which conversation")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = KeptPicture), (status = 401), (status = 403), (status = 413), (status = 415),
        (status = 429), (status = 503)))]
#[post("/api/uploads")]
pub(crate) async fn upload(
    deps: Deps,
    request: HttpRequest,
    query: web::Query<For>,
    payload: web::Payload,
) -> ApiResult {
    let taken = take(&deps, &request, query.into_inner(), payload).await;
    deps.metrics.uploads.upload(match &taken {
        Ok(_) => "kept",
        Err(error) => match error.code {
            ApiErrorCode::TooLarge => "too_large",
            ApiErrorCode::NotAPicture => "not_a_picture",
            ApiErrorCode::TooMany => "too_many",
            ApiErrorCode::Unavailable => "busy",
            ApiErrorCode::Internal => "failed",
            // The request was not authenticated: the guards count that.
            _ => return Err(taken.expect_err("it is one")),
        },
    });
    let picture = taken?;
    let url = format!("/uploads/{}", picture.id);
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, url.clone()));
    Ok(response.insert_header(NO_STORE).json(KeptPicture { picture, url }))
}

async fn take(
    deps: &Dependencies,
    request: &HttpRequest,
    For { conversation: named }: For,
    payload: web::Payload,
) -> ApiResult<StoredImage> {
    let limits = deps.uploads.limits();
    if !limits.enabled {
        let message = "This server takes no pictures; uploads.enabled lets it.";
        return Err(ApiError::new(ApiErrorCode::Forbidden, message));
    }
    let (of, is_visitor) = match named {
        Some(named) if brought(request).is_none() => {
            let Agent(_, caller) = Agent::extract(request).await?;
            let fits = (1..=CONVERSATION_CHARS).contains(&named.len())
                && named.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
            if !fits {
                let message = "This is no id of a conversation.";
                return Err(ApiError::invalid(message));
            }
            caller.audit(deps, "upload.keep", &named, "");
            (Arc::from(named), false)
        }
        _ => {
            admitted(deps, request)?;
            (open_conversation(deps, request).await?, true)
        }
    };
    let too_large = || {
        let message = format!("A picture may have {} bytes.", limits.max_bytes);
        ApiError::new(ApiErrorCode::TooLarge, message)
    };
    // An announced length saves both sides the bytes; otherwise they are counted below.
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|declared| declared > limits.max_bytes) {
        return Err(too_large());
    }
    // A team shares an address and is authenticated: it is not counted by address.
    let from = is_visitor.then(|| client_address(request).key());
    deps.allowances.upload(&of, from).await.map_err(|wait| ApiError::too_many(wait, "pictures"))?;
    let Some(_place) = deps.allowances.place(from) else {
        return Err(UploadError::Busy.into());
    };
    let bytes = timeout(COMES_WITHIN, read_body(payload, limits.max_bytes)).await;
    let bytes = bytes.map_err(|_| ApiError::invalid("The picture did not come in time."))?;
    let bytes = bytes.map_err(|_| ApiError::invalid("The picture did not come whole."))?;
    let bytes = bytes.ok_or_else(too_large)?.freeze();
    let picture = deps.uploads.keep(Arc::clone(&of), bytes).await?;
    deps.pod.archive().record(Record::UploadKept(Upload {
        conversation: of.to_string(),
        id: picture.id.clone(),
        file: picture.id.clone(),
        media_type: picture.media_type.to_owned(),
        bytes: picture.bytes,
        expires_ms: picture.expires_ms,
    }));
    Ok(picture)
}

/// The error for a picture that is not stored or shown.
impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let code = match &error {
            UploadError::NotAPicture => ApiErrorCode::NotAPicture,
            UploadError::TooManyPixels { .. } => ApiErrorCode::TooLarge,
            UploadError::Busy => ApiErrorCode::Unavailable,
            UploadError::NoRoom => {
                warn!("there is no room for more pictures: uploads.max_total_bytes");
                ApiErrorCode::Unavailable
            }
            UploadError::Failed { cause } => {
                warn!(cause:%; "a picture cannot be kept or shown");
                ApiErrorCode::Internal
            }
        };
        Self::new(code, error.to_string())
    }
}

/// A picture of a conversation. A request with its address may see it, until it expires.
#[utoipa::path(tag = "chat", params(("id" = String, Path, description = "Id of the picture")),
    responses((status = 200, description = "The picture", content_type = "image/png"), (status = 404),
        (status = 500)))]
#[get("/uploads/{id}")]
pub(crate) async fn shown(deps: Deps, id: web::Path<String>) -> ApiResult {
    let missing =
        || ApiError::new(ApiErrorCode::NoSuchFile, "There is no such picture, or it has expired.");
    // Text that is not an id never becomes a path.
    let id = UploadId::parse(&id).ok_or_else(missing)?;
    let picture = deps.uploads.show(id).await?.ok_or_else(missing)?;
    let name = if picture.media_type == "image/png" { "picture.png" } else { "picture.jpg" };
    let mut response = HttpResponse::Ok();
    response
        .content_type(picture.media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .insert_header((header::CONTENT_SECURITY_POLICY, PICTURE_POLICY))
        .insert_header((header::CACHE_CONTROL, KEPT_BY_BROWSERS))
        // The address is the permission: it must not leak as a referrer.
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .insert_header((header::CONTENT_ENCODING, "identity"));
    Ok(response.body(picture.bytes))
}
