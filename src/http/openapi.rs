//! The HTTP routes as an OpenAPI document, made from the handlers and their types.

use utoipa::OpenApi;

use super::{
    TroubleCode, admin, agent, brands, health, identity, manuals, metrics, operations, price,
    products, search, socket, statics, team, visitor,
};

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
    components(schemas(TroubleCode)),
    tags(
        (name = "chat", description = "The socket of the chat"),
        (name = "catalog", description = "What is sold and read"),
        (name = "pages", description = "What pages are made of"),
        (name = "team", description = "Signing in and out; what the team has before it"),
        (name = "operations", description = "How the server is"),
    )
)]
struct Routes;

/// The document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Routes::openapi()
}
