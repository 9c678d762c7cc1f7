//! Steps: the events and effects that a state machine of a conversation returns, in order.
//!
//! A machine does not know offsets. The [`Conversation`](crate::Conversation) assigns them to the events
//! of the steps.

use crate::desk::DeskRequest;
use crate::event::ConversationEvent;
use crate::input::Effect;
use crate::protocol::{ErrorCode, MessageId, ServerMessage};

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    /// An event, caused by the visitor's message with this id.
    Event(Box<ConversationEvent>, Option<MessageId>),
    /// An effect.
    Effect(Effect),
}

impl Step {
    /// The step of an event.
    pub(crate) fn event(event: ConversationEvent, reply_to: Option<MessageId>) -> Self {
        Self::Event(Box::new(event), reply_to)
    }

    /// Sends a message that is not part of the conversation.
    pub(crate) fn send(message: ServerMessage, id: Option<MessageId>) -> Self {
        Self::Effect(Effect::Send { message, id })
    }

    /// Answers the message with this id with an error.
    pub(crate) fn error(
        code: ErrorCode,
        message: impl Into<String>,
        id: Option<MessageId>,
    ) -> Self {
        Self::send(ServerMessage::Error { message: message.into(), code }, id)
    }

    /// Sends a request to the desk.
    pub(crate) fn desk(request: DeskRequest) -> Self {
        Self::Effect(Effect::Desk(request))
    }
}
