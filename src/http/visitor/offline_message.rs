//! `/api/leave-message`: an offline message, with an address for the reply.

use actix_web::{HttpRequest, HttpResponse, post, web};
use hsc_actors::ports::Announcement;
use hsc_conversation::archive::Record;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::body::JsonBody;
use super::super::{ApiError, ApiErrorCode, Dependencies, client_address};
use super::address::{mail_address, words};
use super::token::{admitted, brought, conversation};

/// Longest message, in characters: two pages.
const TEXT_CHARS: usize = 5_000;

/// An offline message.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LeftMessage {
    /// Mail address for the reply.
    address: String,
    /// The message, 1 to 5,000 characters.
    text: String,
}

/// An accepted message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// Its id, by which the team finds it.
    id: String,
}

/// Stores an offline message.
///
/// It needs no conversation; with the conversation's token the team sees its conversation.
#[utoipa::path(post, path = "/api/leave-message", tag = "chat", request_body = LeftMessage,
    params(("X-Conversation-Token" = Option<String>, Header, description = "The token of welcome")),
    responses((status = 202, body = Taken), (status = 400, body = ApiError),
        (status = 403, body = ApiError), (status = 429, body = ApiError)))]
#[post("/api/leave-message")]
pub(crate) async fn leave_message(
    deps: web::Data<Dependencies>,
    request: HttpRequest,
    body: JsonBody<LeftMessage>,
) -> Result<HttpResponse, ApiError> {
    admitted(&deps, &request)?;
    let LeftMessage { address, text } = body.into_inner();
    let address = mail_address(&address).ok_or_else(no_address)?;
    let text = words(&text);
    if text.is_empty() || text.chars().count() > TEXT_CHARS {
        let message = format!("The message needs 1 to {TEXT_CHARS} characters.");
        return Err(ApiError::new(ApiErrorCode::InvalidRequest, message));
    }
    // With an expired token the message is stored without a conversation.
    let of = match brought(&request) {
        Some(_) => conversation(&deps, &request).await.ok(),
        None => None,
    };
    let of = of.map(|of| of.to_string());
    if let Err(wait) =
        deps.allowances.offline_message(of.as_deref(), client_address(&request).key()).await
    {
        deps.metrics.uploads.offline_message("message", "too_many");
        return Err(ApiError::too_many(wait, "messages"));
    }
    let data = json!({ "address": address, "text": text });
    let record = Record::OfflineMessage { conversation: of.clone(), address, text };
    let id = deps.pod.archive().record_and_name(record);
    let mut announcement = Announcement { event: "message.left", conversation: of, data };
    announcement.data["id"] = id.clone().into();
    deps.announcer.announce(announcement);
    deps.metrics.uploads.offline_message("message", "taken");
    Ok(HttpResponse::Accepted().insert_header(("Cache-Control", "no-store")).json(Taken { id }))
}

/// The error for an invalid address.
pub(super) fn no_address() -> ApiError {
    let message = "The address has to be a mail address, such as name@example.com.";
    ApiError::new(ApiErrorCode::InvalidRequest, message)
}
