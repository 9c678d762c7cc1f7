//! The JSON body of a request.

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use hsc_conversation::protocol::without_lone_surrogates;
use serde::de::DeserializeOwned;

use super::{ApiError, ApiErrorCode};

/// Largest JSON body, in bytes: a form with some thousand characters, each of them escaped. Small, because every
/// connection may hold one.
const JSON_BYTES: usize = 64 * 1024;

/// A JSON body as `T`. Lone surrogate escapes are removed.
pub(super) struct JsonBody<T>(T);

impl<T> JsonBody<T> {
    pub(super) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for JsonBody<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mime = request.mime_type().ok().flatten();
        // A form on a foreign page can send any other type without a CORS preflight.
        let is_json = mime.is_some_and(|mime| {
            mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json")
        });
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            if !is_json {
                return Err(invalid("the body is not application/json"));
            }
            let mut body = web::BytesMut::new();
            let mut payload = payload?;
            while let Some(bytes) = payload.next().await {
                body.extend_from_slice(&bytes.map_err(|error| invalid(&error.to_string()))?);
                if body.len() > JSON_BYTES {
                    let message = format!("The body is larger than {JSON_BYTES} bytes.");
                    return Err(ApiError::new(ApiErrorCode::TooLarge, message).into());
                }
            }
            read(&body).map(Self).map_err(|error| invalid(&error.to_string()))
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        match std::str::from_utf8(body).ok().and_then(without_lone_surrogates) {
            Some(whole) => serde_json::from_str(&whole),
            None => Err(error),
        }
    })
}

fn invalid(reason: &str) -> actix_web::Error {
    ApiError::new(ApiErrorCode::InvalidRequest, reason).into()
}
