//! Whose conversation it is, by the token of its `welcome`.

use std::sync::Arc;

use actix_web::HttpRequest;
use hsc_actors::TokenError;

use super::super::{Parts, Trouble, TroubleCode};

/// The header that brings the token.
pub(crate) const CONVERSATION_TOKEN: &str = "x-conversation-token";

/// The conversation whose token this request brings.
pub(super) fn conversation(parts: &Parts, request: &HttpRequest) -> Result<Arc<str>, Trouble> {
    let Some(token) = brought(request) else {
        let message = "X-Conversation-Token has to bring the token of the conversation's welcome.";
        return Err(Trouble::new(TroubleCode::NoToken, message));
    };
    parts.tokens.conversation(token).map(Arc::from).map_err(|error| match error {
        TokenError::Expired => {
            let message = "The token is too old; continue the conversation to get a new one.";
            Trouble::new(TroubleCode::TokenExpired, message)
        }
        TokenError::Malformed
        | TokenError::UnknownKey
        | TokenError::WrongSignature
        | TokenError::OtherConversation => {
            let message = "The token was not given by this server for any conversation.";
            Trouble::new(TroubleCode::WrongToken, message)
        }
    })
}

/// The token, where one is brought.
pub(super) fn brought(request: &HttpRequest) -> Option<&str> {
    request.headers().get(CONVERSATION_TOKEN)?.to_str().ok().filter(|token| !token.is_empty())
}

/// Pages that the settings do not name may not call; programs, which have no page, may.
pub(super) fn admitted(parts: &Parts, request: &HttpRequest) -> Result<(), Trouble> {
    if parts.origins.admit(request) {
        return Ok(());
    }
    let message = "Pages of this origin may not do this; server.allowed_origins names who may.";
    Err(Trouble::new(TroubleCode::OriginNotAllowed, message))
}
