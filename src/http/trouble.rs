//! The one table of what can go wrong with a request: code, status, and what the caller reads.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request failed. Its form on the wire is the same on every route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trouble {
    /// Stable and machine-readable.
    pub code: TroubleCode,
    /// For people.
    pub message: String,
}

/// The codes of [`Trouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TroubleCode {
    /// A part of the request is not what the route takes (400).
    InvalidRequest,
    /// Pages of this origin may not call (403).
    OriginNotAllowed,
    /// The caller may not do this (403).
    Forbidden,
    /// Nobody is signed in with this browser (401).
    NotSignedIn,
    /// This address and password do not belong together (401).
    WrongSignIn,
    /// The request does not bring the token of its session (403).
    NoCsrfToken,
    /// The link of the first start was used, or is too old (410).
    LinkSpent,
    /// The password is too easy to guess (422).
    WeakPassword,
    /// The name or the address of an account will not do (422).
    Unfit,
    /// Too many tries to sign in (429).
    TooManyTries,
    /// Signing in at the provider did not work (502).
    NotVerified,
    /// A part that this needs does not work just now (503).
    Unavailable,
    /// There is no such actor (404).
    NoSuchActor,
    /// There is no such session (404).
    NoSuchSession,
    /// There is no such route (404).
    NoSuchRoute,
    /// There is no such product (404).
    NoSuchProduct,
    /// The product has no manual in the catalog (404).
    NoManual,
    /// Nothing in the catalog is close to what was asked for (404).
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
    /// The manual's host did not give it (502).
    ManualUnavailable,
    /// The server takes no more sockets just now (503).
    Full,
}

impl TroubleCode {
    /// Every code, for the documents that list them.
    pub const ALL: [Self; 25] = [
        Self::InvalidRequest,
        Self::OriginNotAllowed,
        Self::Forbidden,
        Self::NotSignedIn,
        Self::WrongSignIn,
        Self::NoCsrfToken,
        Self::LinkSpent,
        Self::WeakPassword,
        Self::Unfit,
        Self::TooManyTries,
        Self::NotVerified,
        Self::Unavailable,
        Self::NoSuchActor,
        Self::NoSuchSession,
        Self::NoSuchRoute,
        Self::NoSuchProduct,
        Self::NoManual,
        Self::NoMatch,
        Self::NoPrice,
        Self::NoSuchFile,
        Self::MethodNotAllowed,
        Self::UpgradeRequired,
        Self::Internal,
        Self::ManualUnavailable,
        Self::Full,
    ];

    /// The status that goes with it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::OriginNotAllowed | Self::Forbidden | Self::NoCsrfToken => StatusCode::FORBIDDEN,
            Self::NoSuchActor
            | Self::NoSuchSession
            | Self::NoSuchRoute
            | Self::NoSuchProduct
            | Self::NoManual
            | Self::NoMatch
            | Self::NoPrice
            | Self::NoSuchFile => StatusCode::NOT_FOUND,
            Self::LinkSpent => StatusCode::GONE,
            Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Self::NotVerified => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotSignedIn | Self::WrongSignIn => StatusCode::UNAUTHORIZED,
            Self::WeakPassword | Self::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ManualUnavailable => StatusCode::BAD_GATEWAY,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::Forbidden => "forbidden",
            Self::NotSignedIn => "not_signed_in",
            Self::WrongSignIn => "wrong_sign_in",
            Self::NoCsrfToken => "no_csrf_token",
            Self::LinkSpent => "link_spent",
            Self::WeakPassword => "weak_password",
            Self::Unfit => "unfit",
            Self::TooManyTries => "too_many_tries",
            Self::NotVerified => "not_verified",
            Self::Unavailable => "unavailable",
            Self::NoSuchActor => "no_such_actor",
            Self::NoSuchSession => "no_such_session",
            Self::NoSuchRoute => "no_such_route",
            Self::NoSuchProduct => "no_such_product",
            Self::NoManual => "no_manual",
            Self::NoMatch => "no_match",
            Self::NoPrice => "no_price",
            Self::NoSuchFile => "no_such_file",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UpgradeRequired => "upgrade_required",
            Self::Internal => "internal",
            Self::ManualUnavailable => "manual_unavailable",
            Self::Full => "full",
        }
    }
}

impl Trouble {
    /// Puts a sentence to a code.
    pub fn new(code: TroubleCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.as_str())
    }
}

impl std::error::Error for Trouble {}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.code == TroubleCode::Full {
            // Long enough that a crowd thins, short enough that a person still waits.
            response.insert_header(("Retry-After", "5"));
        }
        response.json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_written_as_it_is_named() {
        for code in TroubleCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
