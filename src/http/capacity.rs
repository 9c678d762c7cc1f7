//! Reports requests to the connection table, and decides who may use the reserved places.
//!
//! A connection that was accepted when all general places were in use has a reserved one. It serves probes and admins
//! only; every other request gets 503 and the connection is closed, so that the next probe finds a place.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError as _};

use super::guard::is_admin;
use super::health::PROBES;
use super::listener::{ConnectionState, Phase, RequestGuard, TrackedBody};
use super::{ApiError, ApiErrorCode};

/// The routes that an admin needs to sign in.
const ENTRANCE: [&str; 3] = ["/sign-in", "/api/sign-in", "/api/me"];

/// Refuses requests when the general places are in use, except those of admins and probes.
pub(super) async fn capacity(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(state) = request.conn_data::<Arc<ConnectionState>>().cloned() else {
        // Only in a test without a listener.
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let answering = RequestGuard::begin(&state);
    if state.is_reserved() && !state.take_general_place() && !is_served(request.request()).await {
        let message = "The server holds as many connections as it may; try again in a few seconds.";
        let refusal = ApiError::new(ApiErrorCode::Full, message);
        let mut response = refusal.error_response();
        response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
        return Ok(request.into_response(response));
    }
    let response = next.call(request).await?.map_into_boxed_body();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        state.enter(Phase::Upgraded);
    }
    Ok(response.map_body(|_, body| BoxBody::new(TrackedBody::new(body, answering))))
}

/// True for a request that a reserved place serves.
async fn is_served(request: &HttpRequest) -> bool {
    if request.headers().contains_key(header::UPGRADE) {
        return false;
    }
    let path = request.path();
    PROBES.contains(&path)
        || ENTRANCE.contains(&path)
        || path.starts_with("/static/")
        || is_admin(request).await
}
