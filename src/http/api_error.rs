//! The table of HTTP errors: code, status, and message for the caller.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request failed. Its form on the wire is the same on every route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[error("{message} ({})", .code.as_str())]
pub struct ApiError {
    /// Stable and machine-readable.
    pub code: ApiErrorCode,
    /// For people.
    pub message: String,
    /// `Retry-After`, if it is known.
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// What a route, or a step of it, returns.
pub(super) type ApiResult<T = HttpResponse> = Result<T, ApiError>;

/// The codes of [`ApiError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ApiErrorCode {
    /// A part of the request is invalid (400).
    InvalidRequest,
    /// Pages of this origin are not allowed (403).
    OriginNotAllowed,
    /// The caller lacks the permission (403).
    Forbidden,
    /// This browser is not signed in (401).
    NotSignedIn,
    /// Mail address and password do not match (401).
    WrongSignIn,
    /// The request lacks the CSRF token of its session (403).
    NoCsrfToken,
    /// The link of the first start was used, or has expired (410).
    LinkSpent,
    /// The password is too easy to guess (422).
    WeakPassword,
    /// The name or the address of an account is invalid (422).
    Unfit,
    /// Too many attempts to sign in (429).
    TooManyTries,
    /// Signing in at the provider failed (502).
    NotVerified,
    /// A part that the route needs is unavailable (503).
    Unavailable,
    /// The catalog would be empty with this file (422).
    UnfitCatalog,
    /// The folder is not writable (409).
    NotWritable,
    /// There is no such actor (404).
    NoSuchActor,
    /// There is no such session (404).
    NoSuchSession,
    /// There is no such dead letter (404).
    NoSuchLetter,
    /// There is no such canned reply (404).
    NoSuchReply,
    /// There is no such account (404).
    NoSuchAccount,
    /// There is an account with this address (409).
    AddressTaken,
    /// No admin would be left (409).
    LastAdmin,
    /// There is no such route (404).
    NoSuchRoute,
    /// There is no such product (404).
    NoSuchProduct,
    /// The product has no manual in the catalog (404).
    NoManual,
    /// No product in the catalog matches the query (404).
    NoMatch,
    /// The best match has no price in the catalog (404).
    NoPrice,
    /// There is no such file (404).
    NoSuchFile,
    /// The route does not take this method (405).
    MethodNotAllowed,
    /// The request is no WebSocket upgrade (426).
    UpgradeRequired,
    /// The server failed (500).
    Internal,
    /// The manual's host did not send it (502).
    ManualUnavailable,
    /// The request lacks the token of a conversation (401).
    NoToken,
    /// The token of the conversation has expired (401).
    TokenExpired,
    /// The token was not issued by this server (403).
    WrongToken,
    /// The code that confirms a mail address is wrong or has expired (403).
    WrongCode,
    /// The conversation has no messages, or is not stored any more (404).
    NothingSaid,
    /// No webhook endpoint is subscribed to this event (409).
    NoWebhook,
    /// The body is larger than the limit, or has more pixels (413).
    TooLarge,
    /// The body is not a picture of an accepted kind (415).
    NotAPicture,
    /// The hourly limit is used up (429).
    TooMany,
    /// The server has reached its limit of sockets (503).
    Full,
    /// The body of the request did not arrive in time (408).
    RequestTimeout,
}

impl ApiErrorCode {
    /// The HTTP status of the code.
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::OriginNotAllowed
            | Self::Forbidden
            | Self::NoCsrfToken
            | Self::WrongToken
            | Self::WrongCode => StatusCode::FORBIDDEN,
            Self::NoSuchActor
            | Self::NoSuchSession
            | Self::NoSuchLetter
            | Self::NoSuchReply
            | Self::NoSuchAccount
            | Self::NoSuchRoute
            | Self::NoSuchProduct
            | Self::NoManual
            | Self::NoMatch
            | Self::NoPrice
            | Self::NoSuchFile
            | Self::NothingSaid => StatusCode::NOT_FOUND,
            Self::NoWebhook | Self::AddressTaken | Self::LastAdmin | Self::NotWritable => {
                StatusCode::CONFLICT
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::LinkSpent => StatusCode::GONE,
            Self::TooManyTries | Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::NotVerified | Self::ManualUnavailable => StatusCode::BAD_GATEWAY,
            Self::Unavailable | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotSignedIn | Self::WrongSignIn | Self::NoToken | Self::TokenExpired => {
                StatusCode::UNAUTHORIZED
            }
            Self::WeakPassword | Self::Unfit | Self::UnfitCatalog => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl ApiError {
    /// An error with this code and message.
    pub fn new(code: ApiErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// A part of the request is invalid.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ApiErrorCode::InvalidRequest, message)
    }

    /// Adds `Retry-After`.
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The hourly limit of `of_what` is used up; the next one is accepted after this wait.
    pub(super) fn too_many(wait: Duration, of_what: &str) -> Self {
        let message = format!("Too many {of_what} within an hour; try again later.");
        Self::new(ApiErrorCode::TooMany, message).retry_after(wait)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        // Long enough to spread a crowd, short enough for a person who waits.
        let crowd = (self.code == ApiErrorCode::Full).then_some(Duration::from_secs(5));
        if let Some(wait) = self.retry_after.or(crowd) {
            response.insert_header(("Retry-After", wait.as_secs().max(1).to_string()));
        }
        response.json(self)
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn every_code_is_serialized_as_its_name() {
        for &code in ApiErrorCode::VARIANTS {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
