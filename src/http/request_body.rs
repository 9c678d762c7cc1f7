//! The body of a request: its time limits (in total, and a minimum rate), and JSON.
//!
//! One middleware for every route that reads a body. A route reads as usual, JSON as [`JsonBody`]; when the client is
//! too slow, the read fails and the response is 408, whatever the route returns.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, ResponseError as _, web};
use bytes::{Bytes, BytesMut};
use futures::future::LocalBoxFuture;
use futures::stream::unfold;
use futures::{FutureExt as _, StreamExt as _};
use hsc_config::ServerSettings;
use hsc_conversation::protocol::without_lone_surrogates;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::listener::{ConnectionState, Phase};
use super::{ApiError, ApiErrorCode, Deps};

/// Largest JSON body, in bytes: a form with some thousand characters, each of them escaped. Small, because every
/// connection may hold one.
const JSON_BYTES: usize = 64 * 1024;

/// Limits the time in which the body of a request arrives.
pub(super) async fn request_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !may_have_body(request.request()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let deps = request.app_data::<Deps>().expect("routes() gives its parts").clone();
    let is_late = Rc::new(Cell::new(false));
    let timed = Timed {
        payload: request.take_payload(),
        deps: deps.clone(),
        began: Instant::now(),
        received: 0,
        is_late: Rc::clone(&is_late),
        state: request.conn_data::<Arc<ConnectionState>>().cloned(),
    };
    let pieces = unfold(timed, async |mut timed| Some((timed.next().await?, timed)));
    // An unfolded stream must not be polled after its end.
    request.set_payload(Payload::Stream { payload: pieces.fuse().boxed_local() });
    let response = next.call(request).await?;
    if !is_late.get() {
        return Ok(response.map_into_boxed_body());
    }
    deps.metrics.connections.closed("body_timeout");
    let message = "The body of the request did not come in time.";
    let mut late = ApiError::new(ApiErrorCode::RequestTimeout, message).error_response();
    late.head_mut().set_connection_type(actix_http::ConnectionType::Close);
    Ok(response.into_response(late))
}

fn may_have_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    // The bytes after an upgrade are a body without an end.
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.contains_key(header::UPGRADE)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// A body whose read fails when its client is too slow.
struct Timed {
    payload: Payload,
    deps: Deps,
    began: Instant,
    received: u64,
    is_late: Rc<Cell<bool>>,
    state: Option<Arc<ConnectionState>>,
}

impl Timed {
    /// The next piece of the body; none at its end.
    async fn next(&mut self) -> Option<Result<Bytes, PayloadError>> {
        let piece = match self.payload.next().now_or_never() {
            Some(piece) => piece,
            None => {
                self.enter(Phase::Body);
                let until = self.began + allowed_after(&self.deps.server, self.received);
                let piece = timeout_at(until, self.payload.next()).await;
                self.enter(Phase::Answering);
                piece.unwrap_or_else(|_| {
                    self.is_late.set(true);
                    Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
                })
            }
        };
        if let Some(Ok(bytes)) = &piece {
            self.received = self.received.saturating_add(bytes.len() as u64);
        }
        piece
    }

    fn enter(&self, phase: Phase) {
        if let Some(state) = &self.state {
            state.enter(phase);
        }
    }
}

/// Time since the beginning by which more bytes must arrive after `received` bytes: each one extends it, up to the total.
fn allowed_after(settings: &ServerSettings, received: u64) -> Duration {
    let total = Duration::from_millis(settings.body_timeout_ms);
    if settings.body_bytes_per_second == 0 {
        return total;
    }
    // The rate counts from the beginning, and the first packet may be late.
    let grace = Duration::from_millis(settings.header_timeout_ms);
    let earned = received.saturating_mul(1_000) / u64::from(settings.body_bytes_per_second);
    grace.saturating_add(Duration::from_millis(earned)).min(total)
}

/// The whole body; none as soon as it is longer than `most` bytes.
pub(super) async fn read_body(
    mut payload: web::Payload,
    most: usize,
) -> Result<Option<BytesMut>, PayloadError> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece?;
        if body.len() + piece.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

/// A JSON body as `T`. Lone surrogate escapes are removed.
pub(super) struct JsonBody<T>(pub(super) T);

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
                return Err(ApiError::invalid("the body is not application/json").into());
            }
            let body = read_body(payload?, JSON_BYTES).await;
            let body = body.map_err(|error| ApiError::invalid(error.to_string()))?;
            let Some(body) = body else {
                let message = format!("The body is larger than {JSON_BYTES} bytes.");
                return Err(ApiError::new(ApiErrorCode::TooLarge, message).into());
            };
            read(&body).map(Self).map_err(|error| ApiError::invalid(error.to_string()).into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_extends_the_deadline_up_to_the_total() {
        let second = Duration::from_secs(1);
        let mut settings = hsc_config::Settings::load(None, []).expect("the defaults").server;
        settings.body_timeout_ms = 120_000;
        settings.header_timeout_ms = 10_000;
        settings.body_bytes_per_second = 1_024;
        assert_eq!(allowed_after(&settings, 0), second * 10);
        assert_eq!(allowed_after(&settings, 1_024), second * 11);
        assert_eq!(allowed_after(&settings, 1_024 * 50), second * 60);
        assert_eq!(allowed_after(&settings, u64::MAX), second * 120);
        settings.body_bytes_per_second = 0;
        assert_eq!(allowed_after(&settings, 0), second * 120);
    }
}
