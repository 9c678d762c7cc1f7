//! HEAD on every route that takes GET: the same status and headers, and no body.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use bytes::Bytes;

/// A body with a length and no bytes.
struct LengthOnly(BodySize);

impl MessageBody for LengthOnly {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// The middleware. Routes see GET.
pub(super) async fn head(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
        // An upgrade must not happen on HEAD: no client would read the frames.
        request.headers_mut().remove(header::UPGRADE);
    }
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(if is_head {
        response.map_body(|_, body| BoxBody::new(LengthOnly(body.size())))
    } else {
        response
    })
}
