//! `/ws` and `/ws/agent`: the sockets of visitors and agents.
//!
//! The handshakes are handled here (origin, upgrade); the messages belong to the session and to the agent's actor. Only
//! a signed-in agent on one of our own pages opens the agents' socket: the guard checks this, and checks the session
//! again while the socket is open.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use hsc_actors::SocketRefused;
use hsc_actors::ports::archive::Role;
use hsc_actors::socket::turn_away;
use hsc_conversation::desk::OnBehalfOf;
use hsc_conversation::protocol::Agent as Speaker;
use log::debug;
use serde::Deserialize;

use super::guard::{Agent, still_in};
use super::observe::{RequestId, incoming_trace};
use super::{ApiError, ApiErrorCode, Deps, client_address};

/// Opens the visitors' socket (WebSocket upgrade).
///
/// The messages are in the AsyncAPI document, `/docs/asyncapi.json`.
#[utoipa::path(tag = "chat",
    params(("client_id" = Option<String>, Query, description = "Opaque id of the client, for its own use"),
        ("visitor" = Option<String>, Query, description = "Who the visitor is, a JWT that the embedding site has signed")),
    responses((status = 101, description = "The socket is open"), (status = 403), (status = 426),
        (status = 503)))]
#[get("/ws")]
pub(super) async fn socket(
    deps: Deps,
    request_id: web::ReqData<RequestId>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if !deps.origins.admit(&request) {
        debug!(request:% = request_id.0; "socket of a foreign page refused");
        let message =
            "Pages of this origin may not open the socket; server.allowed_origins names who may.";
        return Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message).into());
    }
    let address = client_address(&request);
    let trace = incoming_trace(&request);
    let opened = deps.pod.connect(&request, payload, address, visitor_token(&request), trace);
    opened.or_else(|refused| not_opened(&request, &request_id, refused))
}

/// Opens the agents' socket (WebSocket upgrade), for a signed-in agent.
///
/// The messages are in the AsyncAPI document, `/docs/asyncapi.json`.
#[utoipa::path(tag = "team",
    responses((status = 101, description = "The socket is open"), (status = 401), (status = 403), (status = 426),
        (status = 503)))]
#[get("/ws/agent")]
pub(super) async fn agent_socket(
    deps: Deps,
    request_id: web::ReqData<RequestId>,
    Agent(person, caller): Agent,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let still_in = still_in(&deps, &request, person.role);
    let is_admin = person.role == Role::Admin;
    let me = OnBehalfOf { agent: Speaker { id: person.id, name: person.name }, is_admin };
    match deps.pod.connect_agent(&request, payload, (me, &caller.from), still_in) {
        Ok(opened) => {
            caller.audit(&deps, "desk.open", "", "");
            Ok(opened)
        }
        Err(refused) => not_opened(&request, &request_id, refused),
    }
}

/// The response to a handshake without a session. A page in a browser cannot read a refused handshake, so its socket
/// is opened and closed at once (1013 or 1012); any other client gets 503 and `Retry-After`.
fn not_opened(
    request: &HttpRequest,
    request_id: &RequestId,
    refused: SocketRefused,
) -> Result<HttpResponse, actix_web::Error> {
    let no_upgrade = |error: actix_web::Error| -> actix_web::Error {
        debug!(request:% = request_id.0, cause:% = error; "no WebSocket upgrade");
        let message = "This address is a WebSocket: ask for an upgrade, version 13.";
        ApiError::new(ApiErrorCode::UpgradeRequired, message).into()
    };
    match refused {
        SocketRefused::NoUpgrade(error) => Err(no_upgrade(error)),
        SocketRefused::Admission(refused) if request.headers().contains_key(header::ORIGIN) => {
            turn_away(request, refused.into()).map_err(no_upgrade)
        }
        SocketRefused::Admission(refused) => {
            Err(ApiError::new(ApiErrorCode::Full, refused.to_string()).into())
        }
    }
}

/// The visitor token, from the query string.
fn visitor_token(request: &HttpRequest) -> Option<String> {
    #[derive(Deserialize)]
    struct SocketQuery {
        visitor: Option<String>,
    }
    let query = web::Query::<SocketQuery>::from_query(request.query_string());
    query.ok()?.into_inner().visitor.filter(|token| !token.is_empty())
}
