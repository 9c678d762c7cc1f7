//! The visitor's identity, from a token that the embedding site signed.
//!
//! With an invalid token the visitor stays anonymous: an error says why, and the chat continues.

use std::sync::Arc;

use crate::archive::Visitor;
use crate::input::Step;
use crate::protocol::{ErrorCode, MessageId};

/// Verifies visitor tokens.
pub trait VisitorTokenVerifier: Send + Sync + 'static {
    /// The visitor that this token names. Fast: it checks a signature and waits for nothing.
    ///
    /// # Errors
    /// Why the visitor stays anonymous.
    fn visitor(&self, token: &str) -> Result<Visitor, VisitorTokenError>;
}

/// Why a visitor token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VisitorTokenError {
    /// It was valid and has expired.
    Expired,
    /// No key of the settings signed it, or it has no usable claim.
    Wrong,
}

/// The visitor, and the verifier of tokens.
#[derive(Default)]
pub(crate) struct VisitorIdentity {
    verifier: Option<Arc<dyn VisitorTokenVerifier>>,
    visitor: Option<Visitor>,
}

impl VisitorIdentity {
    /// Sets the verifier; without one every visitor is anonymous.
    pub(crate) fn verify_with(&mut self, verifier: Option<Arc<dyn VisitorTokenVerifier>>) {
        self.verifier = verifier;
    }

    /// The visitor, if the site signed a token.
    pub(crate) fn visitor(&self) -> Option<&Visitor> {
        self.visitor.as_ref()
    }

    /// The visitor of an earlier owner of the conversation.
    pub(crate) fn restore(&mut self, visitor: Option<Visitor>) {
        self.visitor = visitor;
    }

    /// Verifies a token; an error if it is invalid. A later visitor replaces an earlier one.
    pub(crate) fn introduce(&mut self, token: &str, id: Option<MessageId>) -> Option<Step> {
        let verifier = self.verifier.as_ref().ok_or(VisitorTokenError::Wrong);
        let (code, message) = match verifier.and_then(|verifier| verifier.visitor(token)) {
            Ok(visitor) => {
                self.visitor = Some(visitor);
                return None;
            }
            Err(VisitorTokenError::Expired) => (
                ErrorCode::VisitorExpired,
                "The visitor's token has expired: ask the site for a new one",
            ),
            Err(VisitorTokenError::Wrong) => (
                ErrorCode::VisitorRefused,
                "The visitor's token is not one that this server accepts: visitors.key is what it has to be signed with",
            ),
        };
        Some(Step::error(code, message, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::input::{Effect, Input};
    use crate::protocol::{ClientFrame, ClientMessage, Hello, ServerMessage};
    use crate::tests::conversation;

    /// A site whose tokens are names.
    struct Site;

    impl VisitorTokenVerifier for Site {
        fn visitor(&self, token: &str) -> Result<Visitor, VisitorTokenError> {
            match token {
                "late" => Err(VisitorTokenError::Expired),
                "forged" => Err(VisitorTokenError::Wrong),
                name => Ok(Visitor { subject: name.to_owned(), ..Visitor::default() }),
            }
        }
    }

    fn error_of(effects: &[Effect]) -> Option<(ErrorCode, Option<MessageId>)> {
        effects.iter().find_map(|effect| match effect {
            Effect::Send { message: ServerMessage::Error { code, .. }, id, .. } => {
                Some((*code, id.clone()))
            }
            _ => None,
        })
    }

    fn hello(token: &str) -> Input {
        let hello = Hello { visitor: Some(token.to_owned()), ..Hello::default() };
        let id = Some(MessageId::Text("h".to_owned()));
        Input::Received(ClientFrame { id, message: ClientMessage::Hello(hello) })
    }

    #[test]
    fn a_visitor_with_a_valid_token_is_identified_also_after_a_crash() {
        let site: Option<Arc<dyn VisitorTokenVerifier>> = Some(Arc::new(Site));
        let mut known = conversation().with_visitor_verifier(site);
        let effects = known.apply(hello("c-17"));
        assert_eq!(error_of(&effects), None);
        assert_eq!(known.visitor().map(|it| it.subject.as_str()), Some("c-17"));
        let mut checkpoint = Checkpoint::default();
        assert!(known.write_checkpoint(&mut checkpoint));
        let decoded = Checkpoint::decode(&checkpoint.encode()).unwrap();
        for checkpoint in [checkpoint, decoded] {
            let mut next = conversation();
            next.recover(checkpoint);
            assert_eq!(next.visitor(), known.visitor());
        }
    }

    #[test]
    fn a_visitor_with_an_expired_or_forged_token_is_notified_and_the_chat_continues() {
        let site: Option<Arc<dyn VisitorTokenVerifier>> = Some(Arc::new(Site));
        for (site, token, code) in [
            (site.clone(), "late", ErrorCode::VisitorExpired),
            (site.clone(), "forged", ErrorCode::VisitorRefused),
            (None, "c-17", ErrorCode::VisitorRefused),
        ] {
            let mut chat = conversation().with_visitor_verifier(site);
            let effects = chat.apply(hello(token));
            assert_eq!(error_of(&effects), Some((code, Some(MessageId::Text("h".to_owned())))));
            assert!(effects.iter().any(|effect| matches!(effect, Effect::Open(_))), "{effects:?}");
            assert_eq!(chat.visitor(), None);
        }
        let mut chat = conversation().with_visitor_verifier(site);
        chat.apply(Input::VisitorToken { token: "c-17".to_owned() });
        let effects = chat.apply(Input::VisitorToken { token: "late".to_owned() });
        assert_eq!(error_of(&effects), Some((ErrorCode::VisitorExpired, None)));
        assert_eq!(chat.visitor().map(|it| it.subject.as_str()), Some("c-17"));
    }
}
