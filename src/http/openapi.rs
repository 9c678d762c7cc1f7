//! The documented routes, each once: served from here, and described from here by the OpenAPI document, which is
//! generated from the handlers and their types.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::App;
use actix_web::http::StatusCode;
use hsc_monitoring::Metrics;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, Ref, RefOr};
use utoipa::{OpenApi, ToSchema as _};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    ApiError, ApiErrorCode, health, manuals, operations, pages, products, search, sign_in, socket,
    team, visitor,
};

/// `Allow` of a route with GET.
pub(super) const READ_ONLY: &str = "GET, HEAD";

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
    routes.service(socket::socket).service(socket::agent_socket);
}

/// The other routes of the OpenAPI document, in its order.
pub(super) fn documented(routes: &mut ServiceConfig<'_>, health: Health) {
    match health {
        Health::Whole => routes.service(health::health).service(health::metrics),
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
        .service(manuals::sections)
        .service(search::brands)
        .service(search::price)
        .service(manuals::manual)
        .service(pages::asset)
        .service(health::ready)
        .service(health::ping)
        .service(operations::actors)
        .service(operations::pods)
        .service(operations::drain)
        .service(operations::invalidate)
        .service(operations::broadcast)
        .service(operations::chaos)
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
        .service(sign_in::ways)
        .service(sign_in::sign_in)
        .service(sign_in::sign_out)
        .service(sign_in::me)
        .service(sign_in::first)
        .service(sign_in::openid)
        .service(sign_in::openid_return)
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

#[derive(OpenApi)]
#[openapi(
    info(title = "HSC-JIT", description = "Just-in-time technical support. The messages of the socket are in /docs/asyncapi.json."),
    components(schemas(ApiError, ApiErrorCode)),
    tags(
        (name = "chat", description = "The socket of the chat"),
        (name = "catalog", description = "What is sold and read"),
        (name = "pages", description = "What pages are made of"),
        (name = "team", description = "Signing in and out; what the team has before it"),
        (name = "operations", description = "How the server is"),
    )
)]
struct About;

/// The OpenAPI document of every route.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(About::openapi());
    let app = app.configure(sockets).configure(|routes| documented(routes, Health::Whole));
    let (_, mut document) = app.split_for_parts();
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(describe_responses);
    }
    document
}

/// Describes the responses that their route does not describe: OpenAPI requires it, and generators refuse
/// a document without. An error for which the route names no body has that of every error.
fn describe_responses(operation: &mut Operation) {
    let summary = operation.summary.clone().unwrap_or_default();
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if !response.description.is_empty() {
            continue;
        }
        let status = status.parse::<u16>().ok().and_then(|it| StatusCode::from_u16(it).ok());
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or("Response");
        response.description = match status {
            Some(status) if status.is_success() && !summary.is_empty() => {
                format!("{reason}: {summary}")
            }
            Some(status) if status.is_client_error() || status.is_server_error() => {
                if response.content.is_empty() {
                    let body = Content::new(Some(Ref::from_schema_name(ApiError::name())));
                    response.content.insert("application/json".to_owned(), body.into());
                }
                format!("{reason}. `code` of the body says why.")
            }
            _ => reason.to_owned(),
        };
    }
}

/// The paths whose parameter has an expression in the pattern of the router, which the document cannot have.
const WITH_EXPRESSION: [(&str, &str); 2] = [
    ("/static/{path}", "/static/{path:.*}"),
    ("/admin/catalog/files/{file}", "/admin/catalog/files/{file:.*}"),
];

/// The pattern of the router for a path of the document.
fn pattern(path: &str) -> &str {
    let found = WITH_EXPRESSION.into_iter().find(|(documented, _)| *documented == path);
    found.map_or(path, |(_, pattern)| pattern)
}

/// Starts the counters of HTTP requests: a series, at zero, for each status that the document has of a route and for 500,
/// which any route may answer. About 310 series; statuses that only a wrong request gets (405, 408) begin with it.
pub fn start_counters(metrics: &Metrics) {
    for (path, item) in &openapi().paths.paths {
        for (method, operation) in operations(item) {
            let statuses = operation.responses.responses.keys();
            let statuses = statuses.filter_map(|status| status.parse::<u16>().ok());
            for status in statuses.chain([StatusCode::INTERNAL_SERVER_ERROR.as_u16()]) {
                metrics.http.start(method, pattern(path), status);
            }
        }
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// The methods of a route for `Allow`, by its pattern of the router.
pub(super) fn allowed_methods(route: &str) -> String {
    static METHODS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let paths = openapi().paths.paths.into_iter();
        paths.map(|(path, item)| (pattern(&path).to_owned(), allow(&item))).collect()
    });
    // Only the files of `/docs/` are not in the document.
    METHODS.get(route).cloned().unwrap_or_else(|| READ_ONLY.to_owned())
}

fn allow(item: &PathItem) -> String {
    let methods =
        operations(item).map(|(method, _)| if method == "GET" { READ_ONLY } else { method });
    methods.collect::<Vec<_>>().join(", ")
}
