//! `/ws/agent`: the agents' socket.
//!
//! Only a signed-in agent on one of our own pages opens it: the guard checks this, and checks the session again while
//! the socket is open. The messages belong to the agent's actor.

use actix_web::{HttpRequest, HttpResponse, get, web};
use hsc_actors::ports::archive::Role;
use hsc_conversation::desk::OnBehalfOf;
use hsc_conversation::protocol::Agent as Speaker;

use super::identity::{Agent, still_in};
use super::observe::RequestId;
use super::socket::not_opened;
use super::{ApiError, Dependencies};

/// Opens the agents' socket (WebSocket upgrade), for a signed-in agent.
///
/// The messages are in the AsyncAPI document, `/docs/asyncapi.json`.
#[utoipa::path(get, path = "/ws/agent", tag = "team",
    responses((status = 101, description = "The socket is open"), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 426, body = ApiError), (status = 503, body = ApiError)))]
#[get("/ws/agent")]
pub(super) async fn agent_socket(
    deps: web::Data<Dependencies>,
    request_id: web::ReqData<RequestId>,
    Agent(person, caller): Agent,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let still_in = still_in(&deps, &request, person.role);
    let is_admin = person.role == Role::Admin;
    let me = OnBehalfOf { agent: Speaker { id: person.id, name: person.name }, is_admin };
    let who = (me, caller.from());
    match deps.pod.connect_agent(&request, payload, who, still_in) {
        Ok(opened) => {
            caller.audit(&deps, "desk.open", "", "");
            Ok(opened)
        }
        Err(refused) => not_opened(&request, &request_id, refused),
    }
}
