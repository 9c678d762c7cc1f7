//! Authenticates a conversation by the token of its `welcome`.

use std::sync::Arc;

use actix_web::HttpRequest;
use hsc_conversation::{TokenError, Tokens};

use super::super::headers::CONVERSATION_TOKEN;
use super::super::{ApiError, ApiErrorCode, ApiResult, Dependencies};

/// The conversation of this request's token, also one that its visitor has just ended.
pub(super) async fn conversation(
    deps: &Dependencies,
    request: &HttpRequest,
) -> ApiResult<Arc<str>> {
    let Some(token) = brought(request) else {
        let message = "X-Conversation-Token has to bring the token of the conversation's welcome.";
        return Err(ApiError::new(ApiErrorCode::NoToken, message));
    };
    let expired = || {
        let message = "The token is too old; continue the conversation to get a new one.";
        ApiError::new(ApiErrorCode::TokenExpired, message)
    };
    let named =
        deps.tokens.conversation(token).map(Arc::<str>::from).map_err(|error| match error {
            TokenError::Expired => expired(),
            TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::WrongSignature
            | TokenError::OtherConversation => {
                let message = "The token was not given by this server for any conversation.";
                ApiError::new(ApiErrorCode::WrongToken, message)
            }
        })?;
    // An unavailable log cannot tell; then the token is valid until it expires.
    let is_ended = !Tokens::is_of_ended(token)
        && deps.log.are_tokens_ended(Arc::clone(&named)).await.unwrap_or(false);
    if is_ended { Err(expired()) } else { Ok(named) }
}

/// The same, for a conversation that has not ended.
pub(super) async fn open_conversation(
    deps: &Dependencies,
    request: &HttpRequest,
) -> ApiResult<Arc<str>> {
    let named = conversation(deps, request).await?;
    if brought(request).is_some_and(Tokens::is_of_ended) {
        let message = "The conversation is ended; begin a new one.";
        return Err(ApiError::new(ApiErrorCode::TokenExpired, message));
    }
    Ok(named)
}

/// The token of the request; none without one.
pub(super) fn brought(request: &HttpRequest) -> Option<&str> {
    request.headers().get(CONVERSATION_TOKEN)?.to_str().ok().filter(|token| !token.is_empty())
}

/// Refuses pages of origins that are not in the settings; programs, which have no origin, are allowed.
pub(super) fn admitted(deps: &Dependencies, request: &HttpRequest) -> ApiResult<()> {
    if deps.origins.admit(request) {
        return Ok(());
    }
    let message = "Pages of this origin may not do this; server.allowed_origins names who may.";
    Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message))
}
