//! The routes, put into an actix app; HEAD, which every route with GET takes; and requests without a route, which get
//! one of our pages or an error.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use bytes::Bytes;
use hsc_actors::ports::archive::Role;
use utoipa_actix_web::service_config::ServiceConfig;

use super::capacity::capacity;
use super::guard::admits_page;
use super::headers::NO_STORE;
use super::openapi::{Health, READ_ONLY, allowed_methods, documented, sockets};
use super::pages::page;
use super::request_body::request_body;
use super::{ApiError, ApiErrorCode, Dependencies, Deps, docs, health, observe};

/// The pages of the team, and the role that each requires.
const TEAM: [(&str, Role); 2] = [("agent", Role::Agent), ("admin", Role::Admin)];

/// Every route, with the middleware for all: request id, metrics, security headers, CORS.
pub fn routes(deps: web::Data<Dependencies>) -> impl HttpServiceFactory {
    let cors = deps.origins.cors();
    let health = if deps.operations_apart { Health::Status } else { Health::Whole };
    // The sockets are outside of the compression: their frames are not a body.
    let compressed = web::scope("")
        .wrap(Compress::default())
        .wrap(from_fn(request_body))
        .configure(|routes| documented(&mut ServiceConfig::new(routes), health))
        .service(docs::front)
        .service(docs::openapi_json)
        .service(docs::asyncapi_json)
        .service(docs::page)
        .default_service(web::to(fallback));
    web::scope("")
        .app_data(web::Data::new(deps.trusted_proxies.clone()))
        .app_data(deps)
        .app_data(web::QueryConfig::default().error_handler(|error, _| invalid(&error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| invalid(&error)))
        .configure(|routes| sockets(&mut ServiceConfig::new(routes)))
        .service(compressed)
        .wrap(cors)
        .wrap(from_fn(head))
        .wrap(from_fn(observe::observe))
        .wrap(from_fn(capacity))
}

/// The routes of `server.operations_listen`: health and metrics only.
pub fn operations_routes(deps: web::Data<Dependencies>) -> impl HttpServiceFactory {
    web::scope("")
        .app_data(web::Data::new(deps.trusted_proxies.clone()))
        .app_data(deps)
        .service(health::health)
        .service(health::ready)
        .service(health::ping)
        .service(health::metrics)
        .default_service(web::to(|request: HttpRequest| async move {
            if let Some(pattern) = request.match_pattern() {
                return not_allowed(&request, &allowed_methods(&pattern));
            }
            let message = "This address has /health, /ready, /ping and /metrics alone.";
            ApiError::new(ApiErrorCode::NoSuchRoute, message).error_response()
        }))
        .wrap(from_fn(request_body))
        .wrap(from_fn(head))
        .wrap(from_fn(observe::observe))
        .wrap(from_fn(capacity))
}

fn invalid(error: &dyn std::fmt::Display) -> actix_web::Error {
    ApiError::invalid(error.to_string()).into()
}

/// Returns one of our pages, or an error that names the reason.
async fn fallback(deps: Deps, request: HttpRequest) -> HttpResponse {
    if let Some(pattern) = request.match_pattern() {
        return not_allowed(&request, &allowed_methods(&pattern));
    }
    let name = request.path().trim_start_matches('/');
    let role = TEAM.iter().find(|(page, _)| *page == name.trim_end_matches(".html"));
    if let Some((page, role)) = role
        && !admits_page(&deps, &request, *role).await
    {
        let to = format!("/sign-in?next=/{page}");
        let mut response = HttpResponse::Found();
        return response.insert_header((header::LOCATION, to)).insert_header(NO_STORE).finish();
    }
    let shown = page(name, &deps, &request);
    if shown.is_some() && *request.method() != Method::GET {
        return not_allowed(&request, READ_ONLY);
    }
    shown.unwrap_or_else(|| {
        let message = if name.is_empty() {
            "This server was built without its pages: run `make web` and build again."
        } else {
            "There is no such route; /docs/ lists all."
        };
        ApiError::new(ApiErrorCode::NoSuchRoute, message).error_response()
    })
}

/// The response to a method that is not in `Allow`.
fn not_allowed(request: &HttpRequest, allowed: &str) -> HttpResponse {
    let message = format!("This route does not take {}; it takes {allowed}.", request.method());
    let mut response = ApiError::new(ApiErrorCode::MethodNotAllowed, message).error_response();
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// HEAD on every route that takes GET: the same status and headers, and no body. Routes see GET.
async fn head(
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
