//! The metric label of an event.

use crate::event::ConversationEvent;

/// The value of the label `event`; none for an event that is part of another one: chunks and context of an answer,
/// and new facts about the visitor.
#[must_use]
pub fn counted_as(event: &ConversationEvent) -> Option<&'static str> {
    match event {
        ConversationEvent::VisitorDescribed(_)
        | ConversationEvent::AnswerChunk { .. }
        | ConversationEvent::AnswerContext(_) => None,
        ConversationEvent::QuestionAsked { .. } => Some("question_asked"),
        ConversationEvent::AnswerCompleted(_) => Some("answer_completed"),
        ConversationEvent::HandoffRequested { .. } => Some("handoff_requested"),
        ConversationEvent::HandoffUnavailable { .. } => Some("handoff_unavailable"),
        ConversationEvent::HandoffAccepted => Some("handoff_accepted"),
        ConversationEvent::HandoffReturned { .. } => Some("handoff_returned"),
        ConversationEvent::AgentJoined { .. } => Some("agent_joined"),
        ConversationEvent::AgentLeft { .. } => Some("agent_left"),
        ConversationEvent::MessageSent(_) => Some("message_sent"),
        ConversationEvent::AnswerRated { .. } => Some("answer_rated"),
        ConversationEvent::ConversationRated { .. } => Some("conversation_rated"),
        ConversationEvent::ConversationClosed { .. } => Some("conversation_closed"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::protocol::Thumb;

    #[test]
    fn the_label_is_the_name_that_the_log_stores() {
        let (message, comment) = (None, None);
        let events = [
            ConversationEvent::QuestionAsked {
                question: String::new(),
                product: String::new(),
                language: None,
            },
            ConversationEvent::HandoffRequested { message: message.clone() },
            ConversationEvent::HandoffUnavailable { message: message.clone(), form: true },
            ConversationEvent::HandoffAccepted,
            ConversationEvent::HandoffReturned { message },
            ConversationEvent::AnswerRated {
                answer: 1,
                thumb: Thumb::Up,
                comment: comment.clone(),
            },
            ConversationEvent::ConversationRated { rating: 5, comment },
            ConversationEvent::ConversationClosed { by: None, at_desk: false },
        ];
        for event in events {
            let stored = serde_json::to_value(&event).expect("an event is JSON");
            let name = match &stored {
                Value::String(name) => Some(name.as_str()),
                Value::Object(fields) => fields.keys().next().map(String::as_str),
                _ => None,
            };
            assert!(name.is_some());
            assert_eq!(counted_as(&event), name);
        }
        let piece = ConversationEvent::AnswerChunk { content: String::new() };
        assert_eq!(counted_as(&piece), None);
    }
}
