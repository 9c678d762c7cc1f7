//! The routes, put into an actix app.

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpRequest, ResponseError as _, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::capacity::capacity;
use super::openapi::allowed_methods;
use super::request_body::request_body;
use super::{
    ApiError, ApiErrorCode, Dependencies, admin, agent, brands, docs, fallback, head, health,
    identity, manuals, metrics, observe, operations, price, products, search, socket, statics,
    team, visitor,
};

/// Where `/health` has its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Here, and `/metrics` too.
    Whole,
    /// At `server.operations_listen`; here only the status.
    Status,
}

/// The sockets, with their place in the OpenAPI document.
pub(super) fn sockets(routes: &mut ServiceConfig<'_>) {
    routes.service(socket::socket).service(agent::agent_socket);
}

/// The other routes of the OpenAPI document, in its order.
pub(super) fn documented(routes: &mut ServiceConfig<'_>, health: Health) {
    match health {
        Health::Whole => routes.service(health::health).service(metrics::metrics),
        Health::Status => routes.map(|routes| routes.service(health::health_status)),
    };
    routes
        .service(visitor::options)
        .service(visitor::upload)
        .service(visitor::shown)
        .service(visitor::leave_message)
        .service(visitor::transcript)
        .service(visitor::send_transcript)
        .service(search::search)
        .service(products::one_product)
        .service(products::sections)
        .service(brands::brands)
        .service(price::price)
        .service(manuals::manual)
        .service(statics::asset)
        .service(health::ready)
        .service(health::ping)
        .service(admin::actors)
        .service(admin::pods)
        .service(admin::drain)
        .service(admin::invalidate)
        .service(admin::broadcast)
        .service(admin::chaos)
        .service(operations::series)
        .service(operations::settings)
        .service(operations::sessions)
        .service(operations::close_session)
        .service(operations::catalog)
        .service(operations::reload_catalog)
        .service(operations::place_file)
        .service(operations::manuals)
        .service(operations::refetch)
        .service(operations::webhooks)
        .service(operations::dead_letters)
        .service(operations::retry_dead_letter)
        .service(operations::discard_dead_letter)
        .service(operations::test_webhooks)
        .service(identity::ways)
        .service(identity::sign_in)
        .service(identity::sign_out)
        .service(identity::me)
        .service(identity::first)
        .service(identity::openid)
        .service(identity::openid_return)
        .service(team::replies)
        .service(team::put_reply)
        .service(team::remove_reply)
        .service(team::conversations)
        .service(team::conversation)
        .service(team::left_messages)
        .service(team::audit)
        .service(team::users)
        .service(team::add_user)
        .service(team::change_user)
        .service(team::snapshots)
        .service(team::snapshots_table)
        .service(team::most_asked)
        .service(team::most_asked_table)
        .service(team::unanswered)
        .service(team::unanswered_table)
        .service(team::ratings)
        .service(team::ratings_table);
}

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
