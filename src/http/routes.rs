//! The routes, put into an actix app.

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpRequest, ResponseError as _, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::capacity::capacity;
use super::openapi::allowed_methods;
use super::request_body::request_body;
use super::route_list::{Health, documented, sockets};
use super::{ApiError, ApiErrorCode, Dependencies, docs, fallback, head, health, metrics, observe};

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
        .default_service(web::to(fallback::fallback));
    web::scope("")
        .app_data(web::Data::new(deps.trusted_proxies.clone()))
        .app_data(deps)
        .app_data(web::QueryConfig::default().error_handler(|error, _| invalid(&error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| invalid(&error)))
        .configure(|routes| sockets(&mut ServiceConfig::new(routes)))
        .service(compressed)
        .wrap(cors)
        .wrap(from_fn(head::head))
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
        .service(metrics::metrics)
        .default_service(web::to(|request: HttpRequest| async move {
            if let Some(pattern) = request.match_pattern() {
                return fallback::not_allowed(&request, &allowed_methods(&pattern));
            }
            let message = "This address has /health, /ready, /ping and /metrics alone.";
            ApiError::new(ApiErrorCode::NoSuchRoute, message).error_response()
        }))
        .wrap(from_fn(request_body))
        .wrap(from_fn(head::head))
        .wrap(from_fn(observe::observe))
        .wrap(from_fn(capacity))
}

fn invalid(error: &dyn std::fmt::Display) -> actix_web::Error {
    ApiError::new(ApiErrorCode::InvalidRequest, error.to_string()).into()
}
