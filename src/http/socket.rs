//! `/ws`: the visitors' socket.
//!
//! The handshake is met here (origin, upgrade); what is said over it belongs to the session.

use actix_web::{HttpRequest, HttpResponse, get, web};
use log::debug;

use super::observe::RequestId;
use super::{ApiError, ApiErrorCode, Dependencies, client_address};

/// Opens the visitors' socket (WebSocket upgrade).
///
/// The messages are in the AsyncAPI document, `/docs/asyncapi.json`.
#[utoipa::path(get, path = "/ws", tag = "chat",
    params(("client_id" = Option<String>, Query, description = "Opaque id of the client, for its own use"),
        ("visitor" = Option<String>, Query, description = "Who the visitor is, a JWT that the embedding site has signed")),
    responses((status = 101, description = "The socket is open"), (status = 403, body = ApiError),
        (status = 426, body = ApiError), (status = 503, body = ApiError)))]
#[get("/ws")]
pub(super) async fn socket(
    parts: web::Data<Dependencies>,
    request_id: web::ReqData<RequestId>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if !parts.origins.admit(&request) {
        debug!(request:% = request_id.0; "socket of a foreign page refused");
        let message =
            "Pages of this origin may not open the socket; server.allowed_origins names who may.";
        return Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message).into());
    }
    parts.house.connect(&request, payload, client_address(&request)).map_err(|error| {
        debug!(request:% = request_id.0, cause:% = error; "no WebSocket upgrade");
        let message = "This address is a WebSocket: ask for an upgrade, version 13.";
        ApiError::new(ApiErrorCode::UpgradeRequired, message).into()
    })
}
