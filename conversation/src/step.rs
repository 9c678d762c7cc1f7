//! What a state machine of a conversation returns: events and effects, in order.
//!
//! A machine does not know offsets. The [`Conversation`](crate::Conversation) numbers the events when it takes the
//! steps over.

use crate::desk::DeskRequest;
use crate::event::ConversationEvent;
use crate::input::Effect;
use crate::protocol::{ErrorCode, MessageId, ServerMessage};

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    /// This happened, caused by the visitor's message with this id.
    Event(Box<ConversationEvent>, Option<MessageId>),
    /// This is to be done.
    Effect(Effect),
}

impl Step {
    /// The event happened.
    pub(crate) fn event(event: ConversationEvent, reply_to: Option<MessageId>) -> Self {
        Self::Event(Box::new(event), reply_to)
    }

    /// The message is sent and is not part of the conversation.
    pub(crate) fn send(message: ServerMessage, id: Option<MessageId>) -> Self {
        Self::Effect(Effect::Send { message, id })
    }

    /// The message with this id is answered with an error.
    pub(crate) fn error(
        code: ErrorCode,
        message: impl Into<String>,
        id: Option<MessageId>,
    ) -> Self {
        Self::send(ServerMessage::Error { message: message.into(), code }, id)
    }

    /// The desk is asked, or told.
    pub(crate) fn desk(request: DeskRequest) -> Self {
        Self::Effect(Effect::Desk(request))
    }
}
