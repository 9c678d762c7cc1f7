//! The HTTP routes as an OpenAPI document, generated from the handlers and their types.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;

use super::{
    ApiErrorCode, admin, agent, brands, health, identity, manuals, metrics, operations, price,
    products, search, socket, statics, team, visitor,
};

/// `Allow` of a route with GET.
pub(super) const READ_ONLY: &str = "GET, HEAD";

#[derive(OpenApi)]
#[openapi(
    info(title = "HSC-JIT", description = "Just-in-time technical support. The messages of the socket are in /docs/asyncapi.json."),
    paths(
        socket::socket,
        agent::agent_socket,
        visitor::options,
        visitor::upload,
        visitor::shown,
        visitor::leave_message,
        visitor::transcript,
        visitor::send_transcript,
        search::search,
        products::one_product,
        products::sections,
        brands::brands,
        price::price,
        manuals::manual,
        statics::asset,
        health::health,
        health::ready,
        health::ping,
        metrics::metrics,
        admin::actors,
        admin::pods,
        admin::drain,
        admin::invalidate,
        admin::broadcast,
        admin::chaos,
        operations::series,
        operations::settings,
        operations::sessions,
        operations::close_session,
        operations::catalog,
        operations::reload_catalog,
        operations::place_file,
        operations::manuals,
        operations::refetch,
        operations::webhooks,
        operations::dead_letters,
        operations::retry_dead_letter,
        operations::discard_dead_letter,
        operations::test_webhooks,
        identity::ways,
        identity::sign_in,
        identity::sign_out,
        identity::me,
        identity::first,
        identity::openid,
        identity::openid_return,
        team::replies,
        team::put_reply,
        team::remove_reply,
        team::conversations,
        team::conversation,
        team::left_messages,
        team::audit,
        team::users,
        team::add_user,
        team::change_user,
        team::snapshots,
        team::snapshots_table,
        team::most_asked,
        team::most_asked_table,
        team::unanswered,
        team::unanswered_table,
        team::ratings,
        team::ratings_table,
    ),
    components(schemas(ApiErrorCode)),
    tags(
        (name = "chat", description = "The socket of the chat"),
        (name = "catalog", description = "What is sold and read"),
        (name = "pages", description = "What pages are made of"),
        (name = "team", description = "Signing in and out; what the team has before it"),
        (name = "operations", description = "How the server is"),
    )
)]
struct Routes;

/// The OpenAPI document of every route.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Routes::openapi();
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(describe_responses);
    }
    document
}

/// Describes the responses that their route does not describe: OpenAPI requires it, and generators refuse
/// a document without.
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
                format!("{reason}. `code` of the body says why.")
            }
            _ => reason.to_owned(),
        };
    }
}

/// The methods of a route for `Allow`. `pattern` is the pattern of the router, whose parameters may have
/// an expression: `/static/{path:.*}`.
pub(super) fn allowed_methods(pattern: &str) -> String {
    static METHODS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let paths = openapi().paths.paths.into_iter();
        paths.map(|(path, item)| (path, allow(&item))).collect()
    });
    let mut plain = String::with_capacity(pattern.len());
    for (at, piece) in pattern.split('{').enumerate() {
        if at > 0 {
            let (parameter, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let name = parameter.split(':').next().unwrap_or(parameter);
            plain.extend(["{", name, "}", rest]);
        } else {
            plain.push_str(piece);
        }
    }
    // Only the files of `/docs/` are not in the document.
    METHODS.get(&plain).cloned().unwrap_or_else(|| READ_ONLY.to_owned())
}

fn allow(item: &utoipa::openapi::PathItem) -> String {
    let methods = [
        (item.get.is_some(), READ_ONLY),
        (item.post.is_some(), "POST"),
        (item.put.is_some(), "PUT"),
        (item.patch.is_some(), "PATCH"),
        (item.delete.is_some(), "DELETE"),
    ];
    let taken: Vec<&str> = methods.iter().filter(|(taken, _)| *taken).map(|(_, it)| *it).collect();
    taken.join(", ")
}
