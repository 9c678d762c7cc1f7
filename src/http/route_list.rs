//! The routes that the OpenAPI document has, each once: served from here, and documented from here.

use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    admin, agent, brands, health, identity, manuals, metrics, operations, price, products, search,
    socket, statics, team, visitor,
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
