//! Counts, times and logs every request by its route, and assigns it an id.
//!
//! The route is the pattern (`/api/price/{query}`), never the path: a path contains customer text, and the number of
//! paths is unbounded.

use std::time::{Instant, SystemTime};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, web};
use hsc_actors::{begin_trace, logged_trace};
use hsc_conversation::TraceContext;
use hsc_monitoring::{FinishedSpan, SpanKind, SpanValue};
use log::{debug, info};

use super::health::PROBES;
use super::{Dependencies, client_address, headers, warn_of_unknown_proxy};

/// Header of the request id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Header of the caller's span (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
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
    let incoming = incoming_trace(request.request());
    let trace = deps.as_ref().and_then(|deps| begin_trace(&deps.metrics.traces, incoming));
    let start = SystemTime::now();
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
    let is_probe = PROBES.contains(&&*route);
    if let Some(deps) = deps {
        // A caller may send any method: unknown methods share one label.
        let label = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        };
        deps.metrics.http.answered(label, &route, status, took);
        if let Some(context) = trace.filter(|trace| trace.sampled && !is_probe) {
            deps.metrics.traces.record(FinishedSpan {
                name: format!("{label} {route}").into(),
                kind: SpanKind::Server,
                trace_id: context.trace_id,
                span_id: context.span_id,
                parent_span_id: incoming.map(|parent| parent.span_id),
                start,
                end: start + took,
                attributes: vec![
                    ("http.request.method", label.into()),
                    ("http.route", route.as_str().into()),
                    ("http.response.status_code", SpanValue::Number(status.into())),
                ],
                is_error: status >= 500,
            });
        }
    }
    let took_ms = took.as_secs_f64() * 1_000.0;
    // Probes are frequent; at level info they would be most of the log.
    let trace = logged_trace(trace);
    if is_probe {
        debug!(request:% = id, trace, method:% = method, route:% = route, client:%, status, took_ms; "answered");
    } else {
        info!(request:% = id, trace, method:% = method, route:% = route, client:%, status, took_ms; "answered");
    }
    Ok(response)
}

/// The span of the caller. None without a header, with an invalid one or with several.
pub(super) fn incoming_trace(request: &HttpRequest) -> Option<TraceContext> {
    let mut headers = request.headers().get_all(&TRACEPARENT);
    let (header, other) = (headers.next()?, headers.next());
    TraceContext::parse(header.to_str().ok()?.trim()).filter(|_| other.is_none())
}

/// The caller's own id, if it is safe in a log line.
fn given_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!id.is_empty() && id.len() <= REQUEST_ID_CHARS && id.chars().all(plain)).then(|| id.to_owned())
}
