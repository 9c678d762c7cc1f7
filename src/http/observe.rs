//! Counts, times and logs every request by its route, and assigns it an id.
//!
//! The route is the pattern (`/api/price/{query}`), never the path: a path contains customer text, and the number of
//! paths is unbounded.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};
use log::{debug, info};

use super::{Dependencies, client_address, headers, warn_of_unknown_proxy};

/// Header of the request id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of a caller that is used: a UUID and a prefix.
const REQUEST_ID_CHARS: usize = 64;

/// The id of a request, for the log lines that a route writes.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

/// Gives each request an id, counts it and logs it.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let deps = request.app_data::<web::Data<Dependencies>>().cloned();
    let id = given_id(&request).unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let client = client_address(request.request());
    warn_of_unknown_proxy(request.request());
    // Routes turn their own errors into responses; an error here is a middleware's refusal. The request must not be
    // kept for the response: the router needs it alone.
    let mut response = next.call(request).await?.map_into_boxed_body();
    let https_only = deps.as_ref().is_some_and(|deps| deps.https_only);
    headers::protect(response.headers_mut(), https_only);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    let took = began.elapsed();
    if let Some(deps) = deps {
        // A caller may send any method: unknown methods share one label.
        let label = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        };
        deps.metrics.http.answered(label, &route, status, took);
    }
    let took_ms = took.as_secs_f64() * 1_000.0;
    // Probes are frequent; at level info they would be most of the log.
    if matches!(route.as_str(), "/health" | "/ready" | "/ping" | "/metrics") {
        debug!(request:% = id, method:% = method, route:% = route, client:%, status, took_ms; "answered");
    } else {
        info!(request:% = id, method:% = method, route:% = route, client:%, status, took_ms; "answered");
    }
    Ok(response)
}

/// The caller's own id, if it is safe in a log line.
fn given_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!id.is_empty() && id.len() <= REQUEST_ID_CHARS && id.chars().all(plain)).then(|| id.to_owned())
}
